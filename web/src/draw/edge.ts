// One edge on the map.

import type { Place, Rect } from '../layout/frame';
import type { Lane, Point, Route } from '../layout/route';
import { route } from '../layout/route';
import type { EdgeRow, NodeRow } from '../wire/columns';
import type { Legend } from '../wire/generated';
import type { NodeView } from './node';
import { element, set, setText } from './svg';
import { shortPath, textWidth } from './text';

export const STALE_COLOR = '#8a8f98';
const STALE_WIDTH = 2.5;
/** The server keeps what has ended for so long. */
const STALE_MS = 15_000;
const FALLBACK_COLOR = '#7f7f7f';

/** Dashes by TCP state; other states are drawn solid. */
export const STATE_DASHES: Readonly<Record<string, string>> = {
  SYN_SENT: '2 6',
  SYN_RECEIVED: '6 6',
  TIME_WAIT: '10 6',
  CLOSE_WAIT: '4 6',
};

/** The dots of UNIX sockets, which have no state worth a dash. */
export const UNIX_DASHES = '2 3';

export function edgeDashes(edge: EdgeRow): string | undefined {
  if (edge.stale) return undefined;
  return edge.protocol === 'unix' ? UNIX_DASHES : STATE_DASHES[edge.state];
}

export function edgeColor(edge: EdgeRow, legend: Legend): string {
  if (edge.stale) return STALE_COLOR;
  if (edge.protocol === 'udp') return legend.udp_color;
  if (edge.protocol === 'unix') return legend.unix_color;
  return legend.classes.find((info) => info.name === edge.class)?.color ?? FALLBACK_COLOR;
}

export function edgeWidth(edge: EdgeRow): number {
  if (edge.stale) return STALE_WIDTH;
  return Math.min(6, 1.5 + Math.log2(Math.max(1, edge.sockets)) * 0.6);
}

/**
 * `:5432`, `:443 ×12`, `docker.sock`, `×3`: the port or path, and how many sockets if there are
 * several.
 */
export function edgeLabel(edge: EdgeRow, withPort: boolean): string {
  const port = edge.path ? shortPath(edge.path) : withPort && edge.port > 0 ? `:${edge.port}` : '';
  const count = edge.sockets > 1 ? `×${edge.sockets}` : '';
  return [port, count].filter(Boolean).join(' ');
}

export class EdgeView {
  readonly root: SVGGElement;
  readonly label = element('text', { class: 'edge-label' });
  edge: EdgeRow;
  private route: Route | undefined;
  private fromPlace: Place | undefined;
  private toPlace: Place | undefined;
  private lanes: readonly Lane[] = [];
  private color = '';
  /** What is written where there is room: not the port, if the server's node shows it. */
  quietLabel = '';
  private lit = false;
  private staleSince: number | undefined;
  private readonly line = element('path', { class: 'line' });
  private readonly hit = element('path', { class: 'hit' });

  constructor(
    edge: EdgeRow,
    readonly parallel: number,
  ) {
    this.edge = edge;
    this.root = element('g', { class: 'edge', 'data-key': edge.key }, this.hit, this.line);
  }

  update(
    edge: EdgeRow,
    from: NodeView,
    to: NodeView,
    lanes: readonly Lane[],
    color: string,
    markerUrl: string,
  ): void {
    const moved =
      from.place !== this.fromPlace || to.place !== this.toPlace || this.lanesChanged(lanes);
    if (!moved && edge === this.edge && color === this.color) return;
    if (moved || !this.route) {
      this.route = route(from.place, to.place, lanes, this.parallel, shadeOf(from.node.key));
      this.fromPlace = from.place;
      this.toPlace = to.place;
      this.lanes = lanes;
    }
    const next = this.route;
    this.edge = edge;
    this.color = color;
    set(this.line, {
      d: next.path,
      stroke: color,
      'stroke-width': Math.round(edgeWidth(edge) * 100) / 100,
      'stroke-dasharray': edgeDashes(edge),
      // Neither end of a socket pair is the server.
      'marker-end': edge.evidence === 'none' ? undefined : markerUrl,
    });
    set(this.hit, { d: next.path });
    this.root.classList.toggle('stale', edge.stale);
    if (moved) this.placeLabel(next.labels[0] ?? { x: 0, y: 0 });
    this.quietLabel = edgeLabel(edge, !showsPort(to.node, edge.port));
    this.writeLabel();
  }

  /**
   * Fades what has ended, in steps. An animation would be smoother, but gives every such edge a
   * layer of its own, which costs more than all other drawing where there is no GPU.
   */
  fade(now: number): void {
    if (!this.edge.stale) {
      this.staleSince = undefined;
      set(this.root, { opacity: undefined });
      return;
    }
    this.staleSince ??= now;
    const gone = Math.min(1, (now - this.staleSince) / STALE_MS);
    set(this.root, { opacity: (0.9 - 0.7 * gone).toFixed(2) });
  }

  /** Says everything while it is in the light. */
  light(on: boolean): void {
    this.root.classList.toggle('lit', on);
    if (on !== this.lit) {
      this.lit = on;
      this.writeLabel();
    }
  }

  private writeLabel(): void {
    setText(this.label, this.lit ? this.fullLabel : this.quietLabel);
  }

  get isLit(): boolean {
    return this.lit;
  }

  get fullLabel(): string {
    return edgeLabel(this.edge, true);
  }

  /** Where a label may stand, the best point first. */
  get labelPoints(): readonly Point[] {
    return this.route?.labels ?? [];
  }

  /** What `text` would cover as this edge's label at `at`. */
  labelBox(text: string, size: number, at: Point): Rect {
    const width = textWidth(text, size, 500) + 8;
    const height = size + 6;
    return { x: at.x - width / 2, y: at.y - height / 2, width, height };
  }

  placeLabel(at: Point): void {
    set(this.label, { x: Math.round(at.x), y: Math.round(at.y) + 4 });
  }

  private lanesChanged(lanes: readonly Lane[]): boolean {
    if (lanes === this.lanes) return false;
    if (lanes.length !== this.lanes.length) return true;
    return this.route?.passes.some((i) => lanes[i] !== this.lanes[i]) ?? true;
  }
}

function showsPort(node: NodeRow, port: number): boolean {
  const suffix = `:${port}`;
  return node.label.endsWith(suffix) || node.listeners.some((text) => text.endsWith(suffix));
}

/** A number from -1 to 1 that stays the same for node `key`: its edges run together. */
function shadeOf(key: string): number {
  let hash = 7;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return ((hash >>> 4) % 201) / 100 - 1;
}
