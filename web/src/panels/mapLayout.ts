// Which layout the map has, and where its places are kept.

import type { FlowLayout as Flow } from '../layout/flow';
import { FlowLayout } from '../layout/flow';
import type { Size, Zone } from '../layout/frame';
import type { FreeLayout } from '../layout/freeStart';
import type { LayoutGraph } from '../layout/graph';
import type { MapLayout } from '../layout/layout';
import { parseSavedLayout } from '../layout/saved';
import { scene } from '../scene/live';
import type { PictureLayout } from '../scene/picture';
import { readStored, writeStored } from '../scene/settings';

const FLOW_PREFIX = 'procnet.layout.';
const FREE_PREFIX = 'procnet.free.';
const SAVE_DELAY_MS = 800;

function zoneOf(kind: string): Zone {
  return kind === 'client' || kind === 'server' ? kind : 'process';
}

function layoutGraph(): LayoutGraph {
  const nodes = [...scene.nodes.values()].map((node) => ({
    key: node.key,
    label: node.label,
    zone: zoneOf(node.kind),
  }));
  const edges = [...scene.edges.values()].flatMap((edge) => {
    const from = scene.nodes.get(edge.from)?.key;
    const to = scene.nodes.get(edge.to)?.key;
    return from !== undefined && to !== undefined ? [{ from, to }] : [];
  });
  return { nodes, edges };
}

export class MapLayouts {
  current: MapLayout;
  private level: string;
  private kind: PictureLayout = 'flow';
  private flow: Flow | undefined;
  private free: FreeLayout | undefined;
  /** Which structure of the scene it followed last. */
  private seen = -1;
  private saveTimer = 0;

  /**
   * `onPlaced` hears that the free layout has found places, the first time that it has for all;
   * `onChosen` that another layout is there.
   */
  constructor(
    private readonly onPlaced: (first: boolean) => void,
    private readonly onChosen: () => void,
  ) {
    this.level = scene.grouping.value.level;
    this.current = this.startFlow();
  }

  /** Follows the scene. `other` means that it is another picture, `anew` that all was laid out. */
  follow(whole: boolean, room: Size): { other: boolean; anew: boolean } {
    const { level } = scene.grouping.value;
    const other = level !== this.level;
    if (other) {
      this.level = level;
      this.seen = -1;
      this.flow = undefined;
      if (this.kind === 'flow') this.current = this.startFlow();
      else void this.choose('free');
    }
    if (!whole && scene.structure === this.seen) return { other, anew: false };
    this.seen = scene.structure;
    const anew = this.current.update(layoutGraph(), room);
    this.save();
    return { other, anew };
  }

  tidy(room: Size): void {
    this.current.tidy(layoutGraph(), room);
    this.save();
  }

  /** True if a person may put nodes where they like. */
  get movable(): boolean {
    return this.current === this.free;
  }

  move(key: string, x: number, y: number): void {
    this.free?.move(key, x, y);
    this.save();
  }

  /** Changes the layout, or starts it for another level of grouping. */
  async choose(kind: PictureLayout): Promise<void> {
    this.kind = kind;
    this.seen = -1;
    if (kind === 'flow') {
      this.current = this.flow ?? this.startFlow();
      this.onChosen();
      return;
    }
    const { level } = this;
    const { parseSavedSpots, startFree } = await import('../layout/freeStart');
    if (this.kind !== 'free' || level !== this.level) return;
    const saved = parseSavedSpots(readStored(`${FREE_PREFIX}${level}`));
    this.free = startFree(saved, (first) => {
      this.save();
      this.onPlaced(first);
    });
    this.current = this.free;
    this.onChosen();
  }

  private startFlow(): Flow {
    this.flow = new FlowLayout(parseSavedLayout(readStored(`${FLOW_PREFIX}${this.level}`)));
    return this.flow;
  }

  private save(): void {
    window.clearTimeout(this.saveTimer);
    this.saveTimer = window.setTimeout(() => {
      const { level } = this;
      if (this.current === this.free) writeStored(`${FREE_PREFIX}${level}`, this.free.saved());
      else {
        const saved = this.flow?.save();
        if (saved) writeStored(`${FLOW_PREFIX}${level}`, saved);
      }
    }, SAVE_DELAY_MS);
  }
}
