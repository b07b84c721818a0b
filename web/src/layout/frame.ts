// The grid that nodes stand in: columns of slots for the flow, a compact grid for idle listeners.

/** Room for an icon and some twenty letters, `python web_client.py`. */
export const NODE_WIDTH = 196;
export const NODE_HEIGHT = 40;
/** From one row to the next. */
export const ROW_PITCH = 52;
/** Between the lanes of one column. */
export const LANE_GAP = 24;
export const CHIP_WIDTH = 180;
export const CHIP_HEIGHT = 28;
export const CHIP_PITCH_X = CHIP_WIDTH + 14;
export const CHIP_PITCH_Y = 38;
/** From the flow's last row to the first row of the idle grid; holds the grid's heading. */
export const IDLE_GAP = 46;

const MIN_COLUMN_GAP = 60;
const MAX_COLUMN_GAP = 190;
const MAX_ROWS = 160;
const MIN_ROWS = 4;

export type Zone = 'client' | 'process' | 'server';

export interface Column {
  readonly zone: Zone;
  readonly x: number;
  /** How many nodes stand side by side in it. */
  readonly lanes: number;
}

/** Where the slots are. The flow's last row is `rows - 1`; it grows upwards, above row 0. */
export interface Frame {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly width: number;
  readonly idleColumns: number;
}

/** The column number of slots in the idle grid. */
export const IDLE = -1;

export interface Slot {
  readonly column: number;
  readonly lane: number;
  readonly row: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** True in the idle grid. */
  readonly compact: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export function slotId(slot: Slot): string {
  return `${slot.column}:${slot.lane}:${slot.row}`;
}

export function idleTop(frame: Frame): number {
  return frame.rows * ROW_PITCH + IDLE_GAP;
}

export function placeOf(frame: Frame, slot: Slot): Place {
  if (slot.column === IDLE) {
    return {
      x: slot.lane * CHIP_PITCH_X,
      y: idleTop(frame) + slot.row * CHIP_PITCH_Y,
      width: CHIP_WIDTH,
      height: CHIP_HEIGHT,
      compact: true,
    };
  }
  const column = frame.columns[slot.column];
  // Every other lane stands half a row lower, so that an edge out of the lane behind it passes
  // between two nodes rather than under one.
  const stagger = slot.lane % 2 === 1 ? ROW_PITCH / 2 : 0;
  return {
    x: (column?.x ?? 0) + slot.lane * (NODE_WIDTH + LANE_GAP),
    y: slot.row * ROW_PITCH + stagger,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    compact: false,
  };
}

function columnWidth(lanes: number): number {
  return lanes * NODE_WIDTH + (lanes - 1) * LANE_GAP;
}

interface Plan {
  lanes: number[];
  rows: number;
  width: number;
  idleColumns: number;
  scale: number;
}

function planFor(rows: number, counts: readonly number[], idle: number, viewport: Size): Plan {
  const lanes = counts.map((count) => Math.max(1, Math.ceil(count / rows)));
  const width =
    lanes.reduce((sum, count) => sum + columnWidth(count), 0) +
    MIN_COLUMN_GAP * (counts.length - 1);
  const idleColumns = Math.max(1, Math.floor((width - CHIP_WIDTH) / CHIP_PITCH_X) + 1);
  const height = rows * ROW_PITCH + idleHeight(idle, idleColumns);
  const scale = Math.min(viewport.width / width, viewport.height / height, 1);
  return { lanes, rows, width, idleColumns, scale };
}

/** How good a plan is: its size on the screen; a hundredth less for each lane to look through. */
function worth({ scale, lanes }: Plan): number {
  return scale * (1 - 0.01 * lanes.reduce((sum, count) => sum + count, 0));
}

function idleHeight(idle: number, idleColumns: number): number {
  return idle > 0 ? IDLE_GAP + Math.ceil(idle / idleColumns) * CHIP_PITCH_Y : 0;
}

/**
 * The frame in which `counts` nodes per column and `idle` idle listeners are drawn largest in
 * `viewport`. What height and width are then left over becomes free rows and wider gaps.
 */
export function planFrame(
  zones: readonly Zone[],
  counts: readonly number[],
  idle: number,
  viewport: Size,
): Frame {
  const most = Math.max(MIN_ROWS, ...counts);
  let best = planFor(Math.min(most, MAX_ROWS), counts, idle, viewport);
  for (let rows = Math.min(most, MAX_ROWS) - 1; rows >= MIN_ROWS; rows--) {
    const plan = planFor(rows, counts, idle, viewport);
    if (worth(plan) > worth(best)) best = plan;
  }
  const gaps = zones.length - 1;
  const spareWidth = viewport.width / best.scale - best.width;
  const gap = Math.min(MAX_COLUMN_GAP, MIN_COLUMN_GAP + Math.max(0, spareWidth / gaps));
  const columns: Column[] = [];
  let x = 0;
  zones.forEach((zone, i) => {
    const lanes = best.lanes[i] ?? 1;
    columns.push({ zone, x, lanes });
    x += columnWidth(lanes) + gap;
  });
  const width = x - gap;
  const idleColumns = Math.max(1, Math.floor((width - CHIP_WIDTH) / CHIP_PITCH_X) + 1);
  const spareRows = Math.floor(
    (viewport.height / best.scale - idleHeight(idle, idleColumns)) / ROW_PITCH,
  );
  const roomy = Math.ceil(best.rows * 1.3) + 1;
  const rows = Math.min(MAX_ROWS, Math.max(best.rows, Math.min(spareRows, roomy)));
  return { columns, rows, width, idleColumns };
}
