// How an edge runs from node to node.

import type { Frame, Place } from './frame';
import { LANE_GAP, NODE_HEIGHT, NODE_WIDTH, ROW_PITCH } from './frame';

/** How much of an edge's end is its arrowhead. */
export const ARROW_LENGTH = 9;

/** Half of what a row leaves free between two nodes. */
const HALF_GAP = (ROW_PITCH - NODE_HEIGHT) / 2;
/** Edges in one gap lie at most so far from its middle. */
const GAP_SPREAD = HALF_GAP - 2;
/** An edge straightens so far before it passes a lane. */
const LEAD = 8;

export interface Route {
  /** An SVG path of cubic curves. */
  readonly path: string;
  /** A point on the edge where a label reads well. */
  readonly labelX: number;
  readonly labelY: number;
}

/** One vertical row of slots that edges must not run under. */
export interface Lane {
  readonly x: number;
  /** How much lower its slots stand than a frame's rows. */
  readonly stagger: number;
}

/** Every lane of `frame`, from left to right. */
export function lanesOf(frame: Frame): Lane[] {
  return frame.columns.flatMap((column) =>
    Array.from({ length: column.lanes }, (_, lane) => ({
      x: column.x + lane * (NODE_WIDTH + LANE_GAP),
      stagger: lane % 2 === 1 ? ROW_PITCH / 2 : 0,
    })),
  );
}

/** Offsets of parallel edges, by the order in which they came: 0, +1, -1, +2, … */
function offsetOf(parallel: number): number {
  const step = Math.ceil(parallel / 2);
  return parallel % 2 === 1 ? step : -step;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The way from `from` to `to`. Between lanes it bends; past a lane that it does not belong to it
 * runs level through the gap between two rows. That depends on nothing but the two nodes, so no
 * other node's coming or going bends it. `parallel` counts other edges between the same nodes;
 * `shade` from -1 to 1 keeps edges of one gap apart.
 */
export function route(
  from: Place,
  to: Place,
  lanes: readonly Lane[],
  parallel: number,
  shade: number,
): Route {
  const offset = offsetOf(parallel);
  const reach = from.height / 2 - 6;
  const shift = Math.max(-reach, Math.min(reach, offset * 8));
  const y1 = from.y + from.height / 2 + shift;
  const y2 = to.y + to.height / 2 + shift;
  if (from === to || overlapping(from, to)) return loop(from, to, y1, y2, offset);

  const forward = to.x > from.x;
  const x1 = forward ? from.x + from.width : from.x;
  const x2 = forward ? to.x - ARROW_LENGTH : to.x + to.width + ARROW_LENGTH;
  const between = lanes.filter(
    (lane) => lane.x >= Math.min(x1, x2) - 1 && lane.x + NODE_WIDTH <= Math.max(x1, x2) + 1,
  );
  if (!forward) between.reverse();
  const points: Point[] = [{ x: x1, y: y1 }];
  for (const lane of between) {
    const wanted = y1 + ((y2 - y1) * (lane.x + NODE_WIDTH / 2 - x1)) / (x2 - x1);
    const y = gapNear(wanted, lane) + Math.max(-1, Math.min(1, shade + offset * 0.5)) * GAP_SPREAD;
    const [near, far] = [lane.x - LEAD, lane.x + NODE_WIDTH + LEAD];
    points.push({ x: forward ? near : far, y }, { x: forward ? far : near, y });
  }
  points.push({ x: x2, y: y2 });
  return through(points, between.length === 0 ? offset * 10 : 0, forward);
}

function overlapping(from: Place, to: Place): boolean {
  return from.x < to.x + to.width && to.x < from.x + from.width;
}

/** The middle of the gap between two rows of `lane` that is nearest to `y`. */
function gapNear(y: number, lane: Lane): number {
  const base = lane.stagger - HALF_GAP;
  return base + Math.round((y - base) / ROW_PITCH) * ROW_PITCH;
}

/** Both ends in one column: out on the right and back in on the right. */
function loop(from: Place, to: Place, y1: number, y2: number, offset: number): Route {
  const x1 = from.x + from.width;
  const x2 = to.x + to.width + ARROW_LENGTH;
  const aside = Math.abs(offset) * 12;
  if (from === to) {
    const out = x1 + 38 + aside;
    return {
      path: `M${n(x1)},${n(y1 - 8)}${curve(out, y1 - 28, out, y1 + 28, x2, y1 + 8)}`,
      labelX: out - 6,
      labelY: y1,
    };
  }
  const out = Math.max(x1, x2) + Math.min(84, 26 + Math.abs(y2 - y1) * 0.16) + aside;
  return {
    path: `M${n(x1)},${n(y1)}${curve(out, y1, out, y2, x2, y2)}`,
    labelX: (x1 + 6 * out + x2) / 8,
    labelY: (y1 + y2) / 2,
  };
}

/** A smooth way through `points`, level at each. */
function through(points: readonly Point[], bow: number, forward: boolean): Route {
  const [start] = points;
  if (!start) return { path: '', labelX: 0, labelY: 0 };
  let path = `M${n(start.x)},${n(start.y)}`;
  let label = start;
  let longest = -1;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1] ?? start;
    const b = points[i] ?? start;
    const pull = Math.max(10, Math.abs(b.x - a.x) * 0.48) * (forward ? 1 : -1);
    path += curve(a.x + pull, a.y + bow, b.x - pull, b.y + bow, b.x, b.y);
    // Level stretches run between nodes, where a label has no room.
    const level = a.y === b.y && points.length > 2;
    if (!level && Math.abs(b.x - a.x) > longest) {
      longest = Math.abs(b.x - a.x);
      label = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 + bow * 0.75 };
    }
  }
  return { path, labelX: label.x, labelY: label.y };
}

function curve(cx1: number, cy1: number, cx2: number, cy2: number, x: number, y: number): string {
  return `C${n(cx1)},${n(cy1)} ${n(cx2)},${n(cy2)} ${n(x)},${n(y)}`;
}

function n(value: number): number {
  return Math.round(value * 10) / 10;
}
