// How an edge runs from node to node.

import type { Place } from './frame';

/** How much of an edge's end is its arrowhead. */
export const ARROW_LENGTH = 9;

export interface Route {
  /** An SVG path: one cubic curve. */
  readonly path: string;
  /** A point on the middle of the curve. */
  readonly middleX: number;
  readonly middleY: number;
}

/** Offsets of parallel edges, by the order in which they came: 0, +1, -1, +2, … */
function offsetOf(parallel: number): number {
  const step = Math.ceil(parallel / 2);
  return parallel % 2 === 1 ? step : -step;
}

/** The curve from `from` to `to`; `parallel` counts other edges between the same two nodes. */
export function route(from: Place, to: Place, parallel: number): Route {
  const offset = offsetOf(parallel);
  const reach = from.height / 2 - 5;
  const shift = Math.max(-reach, Math.min(reach, offset * 8));
  const y1 = from.y + from.height / 2 + shift;
  const y2 = to.y + to.height / 2 + shift;
  const bow = offset * 10;
  if (from === to) {
    // Within one group: a loop at its right side.
    const x = from.x + from.width;
    const out = x + 38 + Math.abs(offset) * 12;
    return cubic(x, y1 - 8, out, y1 - 26, out, y1 + 26, x + ARROW_LENGTH, y1 + 8);
  }
  if (to.x >= from.x + from.width) {
    const x1 = from.x + from.width;
    const x2 = to.x - ARROW_LENGTH;
    const pull = Math.max(18, (x2 - x1) * 0.48);
    return cubic(x1, y1, x1 + pull, y1 + bow, x2 - pull, y2 + bow, x2, y2);
  }
  if (to.x + to.width <= from.x) {
    // Against the flow: out on the left, back in on the right, bowed away from what runs forward.
    const x1 = from.x;
    const x2 = to.x + to.width + ARROW_LENGTH;
    const pull = Math.max(18, (x1 - x2) * 0.48);
    const away = bow + (bow < 0 ? -22 : 22);
    return cubic(x1, y1, x1 - pull, y1 + away, x2 + pull, y2 + away, x2, y2);
  }
  const x1 = from.x + from.width;
  const x2 = to.x + to.width + ARROW_LENGTH;
  const out =
    Math.max(x1, x2) + Math.min(90, 28 + Math.abs(y2 - y1) * 0.14) + Math.abs(offset) * 12;
  return cubic(x1, y1, out, y1, out, y2, x2, y2);
}

function cubic(
  x1: number,
  y1: number,
  cx1: number,
  cy1: number,
  cx2: number,
  cy2: number,
  x2: number,
  y2: number,
): Route {
  const n = (value: number) => Math.round(value * 10) / 10;
  return {
    path: `M${n(x1)},${n(y1)}C${n(cx1)},${n(cy1)} ${n(cx2)},${n(cy2)} ${n(x2)},${n(y2)}`,
    middleX: (x1 + 3 * cx1 + 3 * cx2 + x2) / 8,
    middleY: (y1 + 3 * cy1 + 3 * cy2 + y2) / 8,
  };
}
