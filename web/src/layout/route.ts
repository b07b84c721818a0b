// How an edge runs from node to node.

import type { Place } from './frame';

/** How much of an edge's end is its arrowhead. */
export const ARROW_LENGTH = 9;
/** An edge keeps so far from nodes that it passes. */
const CLEARANCE = 4;
/** Where there is room, it keeps so far. */
const COMFORT = 12;
/** So many points of a bend are looked at. */
const SAMPLES = 24;
/** An edge straightens so far before it passes a lane. */
const LEAD = 10;
/** Edges in one narrow gap lie at most so far from its middle. */
const GAP_SPREAD = 7;

export interface Route {
  /** An SVG path of cubic curves. */
  readonly path: string;
  /** Points on the edge where a label reads well, the best first. */
  readonly labels: readonly LabelPoint[];
  /** Numbers of the lanes that it passes: what it depends on beside its ends. */
  readonly passes: readonly number[];
}

/** One vertical row of slots that edges must not run under, and where nodes stand in it. */
export interface Lane {
  readonly x: number;
  readonly width: number;
  readonly nodeHeight: number;
  /** The tops of the nodes, from the highest to the lowest. */
  readonly tops: readonly number[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LabelPoint extends Point {
  /** How far along the edge it is, from 0 to 1. */
  readonly along: number;
}

/** Offsets of parallel edges, by the order in which they came: 0, +1, -1, +2, … */
function offsetOf(parallel: number): number {
  const step = Math.ceil(parallel / 2);
  return parallel % 2 === 1 ? step : -step;
}

/** How far above or below its middle an edge leaves a node that leads `dy` up or down. */
function lean(dy: number, reach: number): number {
  return reach * Math.tanh(dy / 160);
}

/**
 * The way from `from` to `to`. Between lanes it bends; past a lane that it does not belong to it
 * runs level where nothing stands. `parallel` counts other edges between the same nodes; `shade`
 * from -1 to 1, the same for all edges out of one node, keeps those of different nodes apart.
 */
export function route(
  from: Place,
  to: Place,
  lanes: readonly Lane[],
  parallel: number,
  shade: number,
): Route {
  if (!from.down) return routeAcross(from, to, lanes, parallel, shade);
  const start = turnedPlace(from);
  // A loop is told by its ends being the same.
  const end = from === to ? start : turnedPlace(to);
  const { path, labels, passes } = routeAcross(start, end, lanes, parallel, shade);
  return {
    path: path.replace(/(-?[\d.]+),(-?[\d.]+)/g, '$2,$1'),
    labels: labels.map(({ x, y, along }) => ({ x: y, y: x, along })),
    passes,
  };
}

/** `place` as it is planned: as if requests ran to the right. */
function turnedPlace(place: Place): Place {
  const { x, y, width, height } = place;
  return { ...place, x: y, y: x, width: height, height: width };
}

function routeAcross(
  from: Place,
  to: Place,
  lanes: readonly Lane[],
  parallel: number,
  shade: number,
): Route {
  const offset = offsetOf(parallel);
  const middle1 = from.y + from.height / 2;
  const middle2 = to.y + to.height / 2;
  const reach = (place: Place) => place.height / 2 - 7;
  const at = (place: Place, middle: number, dy: number) => {
    const far = reach(place);
    return middle + Math.max(-far, Math.min(far, lean(dy, far * 0.8) + offset * 7));
  };
  const y1 = at(from, middle1, middle2 - middle1);
  const y2 = at(to, middle2, middle1 - middle2);
  if (from === to || overlapping(from, to)) return loop(from, to, lanes, y1, y2, offset);

  const forward = to.x > from.x;
  const x1 = forward ? from.x + from.width : from.x;
  const x2 = forward ? to.x - ARROW_LENGTH : to.x + to.width + ARROW_LENGTH;
  const passes: number[] = [];
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  lanes.forEach((lane, i) => {
    if (lane.x >= left - 1 && lane.x + lane.width <= right + 1) passes.push(i);
  });
  if (!forward) passes.reverse();
  const between = passes.flatMap((i) => lanes[i] ?? []);
  const start = { x: x1, y: y1 };
  const end = { x: x2, y: y2 };
  const bow = offset * 10;
  if (between.every((lane) => passesFreely(lane, start, end, bow))) {
    return { ...through([start, end], bow), passes };
  }
  const levels = levelsPast(between, y1, y2, shade, offset);
  const pointsPast = (first: number, last: number) => {
    const points: Point[] = [start];
    for (let i = first; i <= last; i++) {
      const lane = between[i];
      if (!lane) continue;
      const y = levels[i] ?? y1;
      const [near, far] = [lane.x - LEAD, lane.x + lane.width + LEAD];
      points.push({ x: forward ? near : far, y }, { x: forward ? far : near, y });
    }
    points.push(end);
    return points;
  };
  // Level only as far as need be: before and after, one long bend is calmer than a short one.
  let first = 0;
  let last = between.length - 1;
  const freeBefore = (i: number) => {
    const next = pointsPast(i, i)[1] ?? end;
    return between.slice(0, i).every((lane) => passesFreely(lane, start, next, 0));
  };
  const freeAfter = (i: number) => {
    const before = pointsPast(i, i)[2] ?? start;
    return between.slice(i + 1).every((lane) => passesFreely(lane, before, end, 0));
  };
  while (first < last && freeBefore(first + 1)) first++;
  while (last > first && freeAfter(last - 1)) last--;
  return { ...through(pointsPast(first, last), 0), passes };
}

/** True if the bend from `a` to `b` touches nothing in `lane`. */
function passesFreely(lane: Lane, a: Point, b: Point, bow: number): boolean {
  const pull = pullOf(a, b);
  let [top, bottom] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i <= SAMPLES; i++) {
    const at = bend(a, b, pull, bow, i / SAMPLES);
    if (at.x < lane.x - LEAD || at.x > lane.x + lane.width + LEAD) continue;
    top = Math.min(top, at.y);
    bottom = Math.max(bottom, at.y);
  }
  if (top > bottom) return true;
  const below = lane.tops[firstBelow(lane, top)];
  return below === undefined || bottom < below - CLEARANCE;
}

function pullOf(a: Point, b: Point): number {
  return Math.max(10, Math.abs(b.x - a.x) * 0.48) * Math.sign(b.x - a.x);
}

/** A point of the bend from `a` to `b`, level at both. */
function bend(a: Point, b: Point, pull: number, bow: number, t: number): Point {
  return cubic(a.x, a.y, a.x + pull, a.y + bow, b.x - pull, b.y + bow, b.x, b.y, t);
}

/** The way between nodes that stand anywhere: nearly straight, from border to border. */
export function straight(from: Place, to: Place, parallel: number): Route {
  const offset = offsetOf(parallel);
  if (from === to) {
    const y = from.y + from.height / 2;
    return loop(from, to, [], y, y, offset);
  }
  const middle = (place: Place) => ({
    x: place.x + place.width / 2,
    y: place.y + place.height / 2,
  });
  const [a, b] = [middle(from), middle(to)];
  const far = Math.max(1, Math.hypot(b.x - a.x, b.y - a.y));
  const bow = Math.min(60, far * 0.06) + offset * 16;
  const top = {
    x: (a.x + b.x) / 2 - ((b.y - a.y) / far) * bow,
    y: (a.y + b.y) / 2 + ((b.x - a.x) / far) * bow,
  };
  const start = borderTowards(from, a, top, 0);
  const end = borderTowards(to, b, top, ARROW_LENGTH);
  const third = (p: Point) => ({ x: (p.x + 2 * top.x) / 3, y: (p.y + 2 * top.y) / 3 });
  const [c, d] = [third(start), third(end)];
  return {
    path: `M${n(start.x)},${n(start.y)}${curve(c.x, c.y, d.x, d.y, end.x, end.y)}`,
    labels: [0.5, 0.35, 0.65, 0.22, 0.78].map((t) => ({
      ...cubic(start.x, start.y, c.x, c.y, d.x, d.y, end.x, end.y, t),
      along: t,
    })),
    passes: [],
  };
}

/** Where the line from the `middle` of `place` to `goal` leaves its border, `gap` further out. */
function borderTowards(place: Place, middle: Point, goal: Point, gap: number): Point {
  const [dx, dy] = [goal.x - middle.x, goal.y - middle.y];
  const length = Math.max(1, Math.hypot(dx, dy));
  const reach = Math.min(
    place.width / 2 / Math.max(0.001, Math.abs(dx) / length),
    place.height / 2 / Math.max(0.001, Math.abs(dy) / length),
  );
  const out = Math.min(length, reach + gap);
  return { x: middle.x + (dx / length) * out, y: middle.y + (dy / length) * out };
}

function overlapping(from: Place, to: Place): boolean {
  return from.x < to.x + to.width && to.x < from.x + from.width;
}

/**
 * How high an edge passes each of `between`: on one level if there is one that is free in all of
 * them, the nearest to both ends; else in each lane on its own.
 */
function levelsPast(
  between: readonly Lane[],
  y1: number,
  y2: number,
  shade: number,
  offset: number,
): number[] {
  if (between.length === 0) return [];
  const side = Math.max(-1, Math.min(1, shade + offset * 0.5));
  const wanted = [y2, y1, (y1 + y2) / 2];
  let best: number | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const lane of between) {
    for (const y of wanted) {
      const level = freeNear(lane, y, side);
      const cost = Math.abs(level - y1) + Math.abs(level - y2);
      if (cost >= bestCost || !between.every((other) => isFree(other, level))) continue;
      best = level;
      bestCost = cost;
    }
  }
  const direct = Math.abs(y2 - y1);
  // A long way round is worse than a bend or two.
  if (best !== undefined && (between.length === 1 || bestCost < direct + 160)) {
    return between.map(() => best);
  }
  let y = y1;
  return between.map((lane, i) => {
    y = freeNear(lane, y + (y2 - y) / (between.length - i + 1), side);
    return y;
  });
}

/** The number of the first node of `lane` whose bottom is below `y`. */
function firstBelow({ tops, nodeHeight }: Lane, y: number): number {
  let low = 0;
  let high = tops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tops[middle] ?? 0) + nodeHeight + CLEARANCE > y) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isFree(lane: Lane, y: number): boolean {
  const top = lane.tops[firstBelow(lane, y)];
  return top === undefined || y < top - CLEARANCE;
}

/** The height nearest to `y` at which nothing stands in `lane`. */
function freeNear(lane: Lane, y: number, side: number): number {
  const { tops, nodeHeight } = lane;
  const next = firstBelow(lane, y);
  // Gaps are counted by the node below them. The nearest one may lie past a node on either side.
  let best = y;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let gap = Math.max(0, next - 2); gap <= Math.min(tops.length, next + 2); gap++) {
    const above = tops[gap - 1];
    const below = tops[gap];
    const high = above === undefined ? Number.NEGATIVE_INFINITY : above + nodeHeight + CLEARANCE;
    const low = below === undefined ? Number.POSITIVE_INFINITY : below - CLEARANCE;
    if (low <= high) continue;
    const level = inGap(high, low, y, side);
    const cost = Math.abs(level - y);
    if (cost < bestCost) {
      best = level;
      bestCost = cost;
    }
  }
  return best;
}

/** The height nearest to `y` between `high` and `low`, with an edge's own offset where it is narrow. */
function inGap(high: number, low: number, y: number, side: number): number {
  const comfort = Math.min(COMFORT, (low - high) / 2);
  if (low - high > 2 * COMFORT + 2 * GAP_SPREAD) {
    const spread = side * GAP_SPREAD;
    return Math.max(high + comfort + spread, Math.min(low - comfort + spread, y));
  }
  return (high + low) / 2 + side * Math.min(GAP_SPREAD, (low - high) / 2 - 1);
}

/** Both ends in one column: out on the right and back in on the right. */
function loop(
  from: Place,
  to: Place,
  lanes: readonly Lane[],
  y1: number,
  y2: number,
  offset: number,
): Route {
  const x1 = from.x + from.width;
  const x2 = to.x + to.width + ARROW_LENGTH;
  const next = lanes.find((lane) => lane.x > Math.max(x1, x2) - ARROW_LENGTH + 1);
  // A cubic's middle goes three quarters of the way to its control points.
  const most = next ? (next.x - CLEARANCE - Math.max(x1, x2)) * 1.25 : 90;
  const aside = Math.abs(offset) * 12;
  if (from === to) {
    const out = x1 + Math.max(24, Math.min(most, 40 + aside));
    const y = from.y + from.height / 2;
    return {
      path: `M${n(x1)},${n(y - 8)}${curve(out, y - 28, out, y + 28, x2, y + 8)}`,
      labels: [{ x: out - 6, y, along: 0.5 }],
      passes: [],
    };
  }
  const reach = Math.max(20, Math.min(most, 26 + Math.abs(y2 - y1) * 0.16 + aside));
  const out = Math.max(x1, x2) + reach;
  return {
    path: `M${n(x1)},${n(y1)}${curve(out, y1, out, y2, x2, y2)}`,
    labels: [0.5, 0.35, 0.65].map((t) => ({
      ...cubic(x1, y1, out, y1, out, y2, x2, y2, t),
      along: t,
    })),
    passes: [],
  };
}

/** A smooth way through `points`, level at each. */
function through(points: readonly Point[], bow: number): { path: string; labels: LabelPoint[] } {
  const [start] = points;
  if (!start) return { path: '', labels: [] };
  let path = `M${n(start.x)},${n(start.y)}`;
  const labels: { at: Point; room: number }[] = [];
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1] ?? start;
    const b = points[i] ?? start;
    // Level stretches run between nodes, where a label has no room.
    if (a.y === b.y && points.length > 2 && i > 1 && i < points.length - 1) {
      path += `L${n(b.x)},${n(b.y)}`;
      continue;
    }
    const wide = Math.abs(b.x - a.x);
    const pull = pullOf(a, b);
    path += curve(a.x + pull, a.y + bow, b.x - pull, b.y + bow, b.x, b.y);
    for (const t of [0.5, 0.28, 0.72, 0.39, 0.61, 0.18, 0.82]) {
      labels.push({ at: bend(a, b, pull, bow, t), room: wide - Math.abs(t - 0.5) });
    }
  }
  labels.sort((a, b) => b.room - a.room);
  const end = points.at(-1) ?? start;
  const whole = end.x - start.x || 1;
  return {
    path,
    labels: labels.slice(0, 8).map(({ at }) => ({ ...at, along: (at.x - start.x) / whole })),
  };
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
  t: number,
): Point {
  const u = 1 - t;
  const [a, b, c, d] = [u ** 3, 3 * u * u * t, 3 * u * t * t, t ** 3];
  return {
    x: a * x1 + b * cx1 + c * cx2 + d * x2,
    y: a * y1 + b * cy1 + c * cy2 + d * y2,
  };
}

function curve(cx1: number, cy1: number, cx2: number, cy2: number, x: number, y: number): string {
  return `C${n(cx1)},${n(cy1)} ${n(cx2)},${n(cy2)} ${n(x)},${n(y)}`;
}

function n(value: number): number {
  return Math.round(value * 10) / 10;
}
