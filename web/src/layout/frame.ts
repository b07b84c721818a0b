// The grid that nodes stand in: columns of slots for the flow, a compact grid for idle listeners.

export type Zone = 'client' | 'process' | 'server';

/** How much a node shows: the more nodes there are, the smaller they stand. */
export type Density = 'roomy' | 'regular' | 'compact';

export interface Metrics {
  /** A node is wider where there is room. */
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly nodeHeight: number;
  /** From one row to the next, at least and at most. */
  readonly minPitch: number;
  readonly maxPitch: number;
  /** Between columns, at least and at most. */
  readonly minGap: number;
  readonly maxGap: number;
  /** Between the lanes of one column. */
  readonly laneGap: number;
  /** How large the name is written, by zoom: the smaller the picture, the larger the letters. */
  readonly label: Readonly<Record<Detail, number>>;
}

/** How much of a node is written out, by zoom. */
export type Detail = 'full' | 'label' | 'large';

export function detailAt(scale: number): Detail {
  return scale >= 0.76 ? 'full' : scale >= 0.5 ? 'label' : 'large';
}

/** How large names are on the screen. */
export function labelPx(density: Density, scale: number): number {
  return METRICS[density].label[detailAt(scale)] * scale;
}

export const METRICS: Readonly<Record<Density, Metrics>> = {
  roomy: {
    minWidth: 204,
    maxWidth: 256,
    nodeHeight: 52,
    minPitch: 78,
    maxPitch: 128,
    minGap: 84,
    maxGap: 180,
    laneGap: 34,
    label: { full: 14.5, label: 18, large: 23 },
  },
  regular: {
    minWidth: 184,
    maxWidth: 240,
    nodeHeight: 44,
    minPitch: 62,
    maxPitch: 84,
    minGap: 70,
    maxGap: 160,
    laneGap: 30,
    label: { full: 13.5, label: 16.5, large: 20 },
  },
  compact: {
    minWidth: 160,
    maxWidth: 216,
    nodeHeight: 30,
    minPitch: 40,
    maxPitch: 50,
    minGap: 54,
    maxGap: 120,
    laneGap: 24,
    label: { full: 13.5, label: 15, large: 17 },
  },
};

/** In windows that are narrower than this, requests run from top to bottom. */
const NARROW = 520;
/** How wide a node is there: two stand side by side on a phone. */
const DOWN_WIDTH = 176;

export function runsDown(window: Size): boolean {
  return window.width < NARROW;
}

/**
 * The measures of a frame: where requests run down, everything is planned as if they ran to the
 * right, and turned when it is placed. What is called width there is seen as height.
 */
export function metricsOf({ density, down }: Pick<Frame, 'density' | 'down'>): Metrics {
  const metrics = METRICS[density];
  if (!down) return metrics;
  return {
    ...metrics,
    minWidth: metrics.nodeHeight,
    maxWidth: metrics.nodeHeight,
    nodeHeight: DOWN_WIDTH,
    minPitch: DOWN_WIDTH + 16,
    maxPitch: DOWN_WIDTH + 56,
    minGap: 66,
    maxGap: 120,
  };
}

export const DENSITIES: readonly Density[] = ['roomy', 'regular', 'compact'];

export const CHIP_WIDTH = 176;
export const CHIP_HEIGHT = 30;
export const CHIP_PITCH_X = CHIP_WIDTH + 14;
export const CHIP_PITCH_Y = 40;
/** From the flow's last row to the first row of the idle grid; holds the grid's heading. */
export const IDLE_GAP = 58;
/** A slot's row is counted in half pitches, so that a node can stand between two others. */
export const STEPS_PER_ROW = 2;

export interface Column {
  readonly zone: Zone;
  readonly x: number;
  /** How many nodes stand side by side in it. */
  readonly lanes: number;
  /** Columns of one strand belong together: a whole flow from clients to remotes. */
  readonly strand: number;
}

/** Where the slots are. The flow's last step is `steps - 1`; it grows upwards, above step 0. */
export interface Frame {
  readonly density: Density;
  readonly columns: readonly Column[];
  readonly steps: number;
  readonly pitch: number;
  readonly width: number;
  readonly nodeWidth: number;
  readonly idleColumns: number;
  /** True if requests run from top to bottom. */
  readonly down: boolean;
}

/** The column number of slots in the idle grid. */
export const IDLE = -1;

export interface Slot {
  readonly column: number;
  readonly lane: number;
  /** In half pitches; in the idle grid in whole rows. */
  readonly row: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly density: Density;
  /** True in the idle grid. */
  readonly compact: boolean;
  /** True where no columns are: edges run straight. */
  readonly free?: boolean;
  /** True where requests run from top to bottom. */
  readonly down?: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export function slotId(column: number, lane: number, row: number): string {
  return `${column}:${lane}:${row}`;
}

export function idleTop(frame: Frame): number {
  if (frame.down) return frame.width + IDLE_GAP;
  return (frame.steps / STEPS_PER_ROW) * frame.pitch - rowGap(frame) + IDLE_GAP;
}

function rowGap(frame: Frame): number {
  return frame.pitch - metricsOf(frame).nodeHeight;
}

/** Where lane `lane` of `column` begins. */
export function laneX(frame: Frame, column: Column, lane: number): number {
  return column.x + lane * (frame.nodeWidth + metricsOf(frame).laneGap);
}

export function columnWidth(nodeWidth: number, laneGap: number, lanes: number): number {
  return lanes * nodeWidth + (lanes - 1) * laneGap;
}

export function placeOf(frame: Frame, slot: Slot): Place {
  if (slot.column === IDLE) {
    return {
      x: slot.lane * CHIP_PITCH_X,
      y: idleTop(frame) + slot.row * CHIP_PITCH_Y,
      width: CHIP_WIDTH,
      height: CHIP_HEIGHT,
      density: frame.density,
      compact: true,
    };
  }
  const column = frame.columns[slot.column];
  const { density, down } = frame;
  const [along, across] = [column ? laneX(frame, column, slot.lane) : 0, rowY(frame, slot)];
  const [long, wide] = [frame.nodeWidth, metricsOf(frame).nodeHeight];
  return down
    ? { x: across, y: along, width: wide, height: long, density, compact: false, down }
    : { x: along, y: across, width: long, height: wide, density, compact: false };
}

/** Where the row of `slot` begins. */
export function rowY({ pitch }: Frame, { row }: Slot): number {
  return (row / STEPS_PER_ROW) * pitch;
}
