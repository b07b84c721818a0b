// The free layout: forces in a worker place what is new; what stands stays, and can be dragged.

import type { ForceProblem, Spot } from './forces';
import type { Frame, Place, Rect, Size } from './frame';
import { METRICS } from './frame';
import type { LayoutGraph } from './graph';
import type { MapLayout } from './layout';
import type { Lane } from './route';

const WIDTH = 190;
const DENSITY = 'regular';
const MAX_REMEMBERED = 2000;
const MAX_EXTENT = 1_000_000;

/** Where nodes stand, as it is kept across reloads. */
export type SavedSpots = readonly (readonly [key: string, x: number, y: number])[];

/** The spots in `value`, which may be anything. */
export function parseSavedSpots(value: unknown): SavedSpots {
  if (!Array.isArray(value)) return [];
  return value.slice(-MAX_REMEMBERED).flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    const [key, x, y] = entry as unknown[];
    const inside = (n: unknown): n is number =>
      typeof n === 'number' && Number.isFinite(n) && Math.abs(n) <= MAX_EXTENT;
    return typeof key === 'string' && inside(x) && inside(y) ? [[key, x, y] as const] : [];
  });
}

export class FreeLayout implements MapLayout {
  version = 0;
  readonly currentFrame: Frame | undefined = undefined;
  readonly lanes: readonly Lane[] = [];
  private readonly spots = new Map<string, Spot>();
  private readonly places = new Map<string, Place>();
  private graph: LayoutGraph = { nodes: [], edges: [] };
  private asked = 0;
  private waiting = false;

  /** `run` solves a problem elsewhere; `onPlaced` hears that nodes have got places. */
  constructor(
    private readonly run: (problem: ForceProblem) => Promise<Spot[]>,
    private readonly onPlaced: (first: boolean) => void,
    saved: SavedSpots = [],
  ) {
    for (const [key, x, y] of saved) this.spots.set(key, { x, y });
  }

  place(key: string): Place | undefined {
    return this.places.get(key);
  }

  update(graph: LayoutGraph, viewport: Size): boolean {
    this.graph = graph;
    const present = new Set(graph.nodes.map((node) => node.key));
    for (const key of this.places.keys()) {
      if (present.has(key)) continue;
      this.places.delete(key);
      this.version++;
    }
    let missing = false;
    for (const key of present) {
      const spot = this.spots.get(key);
      if (spot) this.put(key, spot);
      else missing = true;
    }
    if (missing && !this.waiting) void this.solve(viewport);
    return false;
  }

  turned(): boolean {
    return false;
  }

  tidy(graph: LayoutGraph, viewport: Size): void {
    this.spots.clear();
    this.graph = graph;
    void this.solve(viewport);
  }

  /** A person put `key` there. */
  move(key: string, x: number, y: number): void {
    this.places.delete(key);
    this.spots.delete(key);
    const spot = { x, y };
    this.spots.set(key, spot);
    this.put(key, spot);
  }

  bounds(): Rect {
    return this.flowBounds() ?? { x: 0, y: 0, width: 1, height: 1 };
  }

  flowBounds(): Rect | undefined {
    let [left, top] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    let [right, bottom] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const place of this.places.values()) {
      left = Math.min(left, place.x);
      top = Math.min(top, place.y);
      right = Math.max(right, place.x + place.width);
      bottom = Math.max(bottom, place.y + place.height);
    }
    if (left > right) return undefined;
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  boundsOf(): Rect | undefined {
    return undefined;
  }

  idleBounds(): Rect | undefined {
    return undefined;
  }

  saved(): SavedSpots {
    return [...this.spots].slice(-MAX_REMEMBERED).map(([key, { x, y }]) => [key, x, y] as const);
  }

  private put(key: string, { x, y }: Spot): void {
    const before = this.places.get(key);
    const height = METRICS[DENSITY].nodeHeight;
    const place = { x: x - WIDTH / 2, y: y - height / 2, width: WIDTH, height };
    if (before && before.x === place.x && before.y === place.y) return;
    this.version++;
    this.places.set(key, { ...place, density: DENSITY, compact: false, free: true });
  }

  private async solve(viewport: Size): Promise<void> {
    this.waiting = true;
    const asked = ++this.asked;
    const keys = this.graph.nodes.map((node) => node.key);
    const numbers = new Map(keys.map((key, i) => [key, i]));
    const edges = this.graph.edges.flatMap(({ from, to }) => {
      const [a, b] = [numbers.get(from), numbers.get(to)];
      return a !== undefined && b !== undefined && a !== b ? [[a, b] as const] : [];
    });
    const first = this.places.size === 0 || this.spots.size === 0;
    const spots = await this.run({
      count: keys.length,
      edges,
      placed: keys.map((key) => this.spots.get(key)),
      aspect: viewport.width / viewport.height,
      scale: 1,
    });
    // A later question is under way: its answer holds this one's too.
    if (asked !== this.asked) return;
    this.waiting = false;
    keys.forEach((key, i) => {
      const spot = spots[i];
      if (spot && !this.spots.has(key)) this.spots.set(key, spot);
    });
    for (const oldest of this.spots.keys()) {
      if (this.spots.size <= MAX_REMEMBERED) break;
      if (!numbers.has(oldest)) this.spots.delete(oldest);
      else break;
    }
    this.update(this.graph, viewport);
    this.onPlaced(first);
  }
}
