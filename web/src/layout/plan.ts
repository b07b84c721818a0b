// Plans the frame: which size, how many strands and lanes fill a window best.

import type { Column, Density, Detail, Frame, Size, Zone } from './frame';
import {
  CHIP_PITCH_X,
  CHIP_PITCH_Y,
  CHIP_WIDTH,
  columnWidth,
  DENSITIES,
  detailAt,
  IDLE_GAP,
  labelPx,
  metricsOf,
  runsDown,
  STEPS_PER_ROW,
} from './frame';

/** A picture is never drawn larger than this by itself. */
export const MAX_FIT_SCALE = 1.25;
/** Letters smaller than this on the screen are not read but guessed. */
export const READABLE_PX = 9;
/** In a narrow window a picture of rows that do not fit is drawn so small at most. */
const SMALLEST_ABREAST = 0.62;
/** Letters larger than this are no gain. */
const LARGE_ENOUGH_PX = 16;
const MAX_STRANDS = 6;
const MAX_STRANDS_DOWN = 40;
/** Between one strand and the next, in gaps between columns. */
const STRAND_GAP = 1.5;
/** Between one component and the next below it, in rows: a newcomer finds a slot there. */
const COMPONENT_GAP = 1;
/** A picture so small that only names are written is worth less. */
const NAME_ONLY: Readonly<Record<Detail, number>> = { full: 1, label: 0.85, large: 0.65 };
/** What a density shows beside the name makes its letters worth more. */
const WORTH: Readonly<Record<Density, number>> = { roomy: 1.04, regular: 1, compact: 0.84 };
/** Each further lane to look through. */
const LANE_COST = 0.15;
const STRAND_COST = 0.025;

/** How many nodes a component has in each column: clients, every tier, remotes. */
export type Shape = readonly number[];

/** Where a component stands: its strand, its first row (in steps), how many rows it has. */
export interface Berth {
  readonly strand: number;
  readonly top: number;
  readonly rows: number;
  /** The frame's column of each of its columns; -1 where it has none. */
  readonly columns: readonly number[];
}

export interface Plan {
  readonly frame: Frame;
  readonly berths: readonly Berth[];
}

interface Candidate {
  readonly density: Density;
  readonly down: boolean;
  readonly rows: readonly number[];
  readonly strandOf: readonly number[];
  readonly tops: readonly number[];
  /** Lanes by strand and column. */
  readonly lanes: readonly (readonly number[])[];
  readonly height: number;
  readonly width: number;
  readonly columns: number;
  readonly idleColumns: number;
  readonly extraLanes: number;
  readonly lanesInAll: number;
}

function gapOf(down: boolean): number {
  return down ? 0 : COMPONENT_GAP;
}

/** How many nodes may stand side by side in a narrow window: none is out of it, nor too small. */
function mostAbreast({ width }: Size): number {
  const { minPitch } = metricsOf({ density: 'regular', down: true });
  return Math.max(1, Math.floor(width / (minPitch * SMALLEST_ABREAST)));
}

function idleColumnsOf(width: number): number {
  return Math.max(1, Math.floor((width - CHIP_WIDTH) / CHIP_PITCH_X) + 1);
}

function idleHeight(idle: number, idleColumns: number): number {
  return idle > 0 ? IDLE_GAP + Math.ceil(idle / idleColumns) * CHIP_PITCH_Y : 0;
}

function candidate(
  shapes: readonly Shape[],
  idle: number,
  density: Density,
  down: boolean,
  strands: number,
  cap: number,
): Candidate {
  const metrics = metricsOf({ density, down });
  const apart = gapOf(down);
  const width = shapes[0]?.length ?? 3;
  const rows = shapes.map((shape) => Math.max(1, Math.min(cap, Math.max(...shape))));
  const filled = Array<number>(strands).fill(0);
  const lanes = filled.map(() => Array<number>(width).fill(0));
  const strandOf: number[] = [];
  const tops: number[] = [];
  shapes.forEach((shape, i) => {
    const strand = filled.indexOf(Math.min(...filled));
    const own = rows[i] ?? 1;
    const top = filled[strand] ?? 0;
    strandOf.push(strand);
    tops.push(top);
    filled[strand] = top + own + apart;
    const taken = lanes[strand];
    shape.forEach((count, column) => {
      if (taken) taken[column] = Math.max(taken[column] ?? 0, Math.ceil(count / own));
    });
  });
  const used = lanes.flatMap((counts) => counts.filter((count) => count > 0));
  const total =
    used.reduce((sum, count) => sum + columnWidth(metrics.minWidth, metrics.laneGap, count), 0) +
    metrics.minGap * Math.max(0, used.length - 1 + (strands - 1) * (STRAND_GAP - 1));
  const flow = Math.max(1, Math.max(...filled) - apart);
  const across = (flow - 1) * metrics.minPitch + metrics.nodeHeight;
  const [wide, high] = down ? [across, total] : [total, across];
  const idleColumns = idleColumnsOf(Math.max(wide, CHIP_WIDTH));
  return {
    density,
    down,
    rows,
    strandOf,
    tops,
    lanes,
    height: high + idleHeight(idle, idleColumns),
    width: Math.max(1, wide),
    columns: used.length,
    idleColumns,
    // Down a narrow window there is nowhere else to go.
    extraLanes: down ? 0 : used.reduce((sum, count) => sum + count - 1, 0),
    lanesInAll: used.reduce((sum, count) => sum + count, 0),
  };
}

function fitScale({ width, height }: Candidate, viewport: Size): number {
  return Math.min(viewport.width / width, viewport.height / height, MAX_FIT_SCALE);
}

/** How good a candidate is that is seen whole: its letters' size, and what they tell. */
function worth(plan: Candidate, strands: number, viewport: Size): number {
  const scale = fitScale(plan, viewport);
  const px = labelPx(plan.density, scale);
  const readable = px < READABLE_PX ? px * 0.5 : Math.min(px, LARGE_ENOUGH_PX);
  const strandCost = plan.down ? 0 : STRAND_COST * (strands - 1);
  const calm = (1 - strandCost) / (1 + LANE_COST * plan.extraLanes);
  const told = WORTH[plan.density] * NAME_ONLY[detailAt(scale)];
  return readable * told * calm;
}

/** Of a candidate that is larger than the window: how many windows high it is, the fewer the better. */
function length(plan: Candidate, viewport: Size): number {
  const scale = Math.min(1, viewport.width / plan.width);
  const px = labelPx(plan.density, scale);
  // Narrower than a window cannot be helped on a phone; then its width counts too.
  const tooSmall = px < READABLE_PX ? 2 * (READABLE_PX / px) ** 2 : 1;
  return ((plan.height * scale) / viewport.height) * tooSmall * (1 + 0.2 * plan.extraLanes);
}

/**
 * The frame in which components of `shapes` (the largest first) and `idle` idle listeners are read
 * best in `viewport`: whole, if that leaves the letters readable; else as wide as the window and as
 * long as need be. What height and width are then left over become higher rows and wider gaps.
 */
export function planFrame(shapes: readonly Shape[], idle: number, viewport: Size): Plan {
  const tallest = Math.max(1, ...shapes.map((shape) => Math.max(...shape)));
  const caps = new Set<number>();
  const down = runsDown(viewport);
  if (down) for (let i = 1; i <= mostAbreast(viewport); i++) caps.add(i);
  else for (let lanes = 1; lanes <= 8; lanes++) caps.add(Math.max(3, Math.ceil(tallest / lanes)));
  const mostStrands = Math.max(1, Math.min(down ? MAX_STRANDS_DOWN : MAX_STRANDS, shapes.length));
  // Down a narrow window components stand below each other rather than out of it.
  const widest = down ? viewport.width / SMALLEST_ABREAST : Number.POSITIVE_INFINITY;
  let best: Candidate | undefined;
  let most = Number.NEGATIVE_INFINITY;
  let shortest: Candidate | undefined;
  let least = Number.POSITIVE_INFINITY;
  let readable = false;
  for (const density of DENSITIES) {
    for (let strands = 1; strands <= mostStrands; strands++) {
      for (const cap of caps) {
        const plan = candidate(shapes, idle, density, down, strands, cap);
        if (plan.width > widest && strands < mostStrands) continue;
        const value = worth(plan, strands, viewport);
        if (value > most) {
          most = value;
          best = plan;
          readable = labelPx(density, fitScale(plan, viewport)) >= READABLE_PX;
        }
        const windows = density === 'roomy' ? least : length(plan, viewport);
        if (windows < least) {
          least = windows;
          shortest = plan;
        }
      }
    }
  }
  const chosen = (readable ? best : (shortest ?? best)) ?? candidate([], idle, 'roomy', down, 1, 1);
  return drawn(chosen, idle, viewport);
}

/** Gives the chosen candidate its measures. */
function drawn(plan: Candidate, idle: number, viewport: Size): Plan {
  const { down } = plan;
  const metrics = metricsOf(plan);
  const whole = fitScale(plan, viewport);
  const seenWhole = labelPx(plan.density, whole) >= READABLE_PX;
  const scale = seenWhole ? whole : Math.min(1, viewport.width / plan.width);
  // Room goes to the names first, then to the gaps.
  const [long, wide] = [viewport.width / scale, viewport.height / scale];
  let spare = Math.max(0, down ? wide - plan.height : long - plan.width);
  const all = plan.lanesInAll;
  const nodeWidth = Math.min(metrics.maxWidth, metrics.minWidth + (spare * 0.6) / Math.max(1, all));
  spare -= (nodeWidth - metrics.minWidth) * all;
  const gaps = Math.max(1, plan.columns - 1 + (plan.lanes.length - 1) * (STRAND_GAP - 1));
  const gap = Math.min(metrics.maxGap, metrics.minGap + spare / gaps);
  const widthOf = (lanes: number) => columnWidth(nodeWidth, metrics.laneGap, lanes);

  const last = plan.lanes.length - 1;
  const columns: Column[] = [];
  const numbers: number[][] = [];
  let x = 0;
  plan.lanes.forEach((lanes, strand) => {
    if (strand > 0) x += gap * (STRAND_GAP - 1);
    const mine = lanes.map(() => -1);
    lanes.forEach((count, i) => {
      const zone: Zone = i === 0 ? 'client' : i === lanes.length - 1 ? 'server' : 'process';
      // The outermost columns are always there: outside the picture, until somebody needs them.
      const outermost = (i === 0 && strand === 0) || (zone === 'server' && strand === last);
      const only = zone === 'process' && i === 1 && lanes.slice(1, -1).every((c) => c === 0);
      if (count === 0 && !outermost && !only) return;
      mine[i] = columns.length;
      if (count === 0 && outermost) {
        const outside = i === 0 ? -(nodeWidth + gap) : x;
        columns.push({ zone, x: outside, lanes: 1, strand });
        return;
      }
      columns.push({ zone, x, lanes: Math.max(1, count), strand });
      x += widthOf(Math.max(1, count)) + gap;
    });
    numbers.push(mine);
  });
  const width = Math.max(x - gap, nodeWidth);
  const rows = Math.max(1, ...plan.tops.map((top, i) => top + (plan.rows[i] ?? 1)));
  const idleColumns = idleColumnsOf(
    down ? (rows - 1) * metrics.minPitch + metrics.nodeHeight : width,
  );
  const room = (down ? long : wide - idleHeight(idle, idleColumns)) - metrics.nodeHeight;
  const wanted = rows > 1 ? room / (rows - 1) : metrics.maxPitch;
  const pitch = Math.round(Math.max(metrics.minPitch, Math.min(metrics.maxPitch, wanted)) / 2) * 2;
  // Lower lanes reach half a row further.
  const steps = Math.ceil(rows) * STEPS_PER_ROW + (plan.extraLanes > 0 ? 1 : 0);
  return {
    frame: { density: plan.density, columns, steps, pitch, width, nodeWidth, idleColumns, down },
    berths: plan.tops.map((top, i) => ({
      strand: plan.strandOf[i] ?? 0,
      top: Math.round(top * STEPS_PER_ROW),
      rows: plan.rows[i] ?? 1,
      columns: numbers[plan.strandOf[i] ?? 0] ?? [],
    })),
  };
}
