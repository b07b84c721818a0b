// Checks a stored layout before it is trusted: storage may hold anything.

import type { SavedLayout } from './flow';
import type { Column, Frame, Slot } from './frame';
import { DENSITIES } from './frame';

const MAX_EXTENT = 100_000;
const MAX_COLUMNS = 60;
const MAX_STEPS = 10_000;
const MAX_LANES = 200;
const MAX_ENTRIES = 5000;

function isNumber(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && isNumber(value, least, most);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parseColumn(value: unknown): Column | undefined {
  const { zone, x, lanes, strand } = record(value);
  if (zone !== 'client' && zone !== 'process' && zone !== 'server') return undefined;
  if (!isNumber(x, -MAX_EXTENT, MAX_EXTENT) || !isWhole(lanes, 1, MAX_LANES)) return undefined;
  if (!isWhole(strand, 0, MAX_COLUMNS)) return undefined;
  return { zone, x, lanes, strand };
}

function parseFrame(value: unknown): Frame | undefined {
  const { density, columns, steps, pitch, width, nodeWidth, idleColumns, down } = record(value);
  const known = DENSITIES.find((name) => name === density);
  if (!known || !Array.isArray(columns) || columns.length > MAX_COLUMNS) return undefined;
  const parsed = columns.flatMap((column) => parseColumn(column) ?? []);
  // New nodes need a column of every kind.
  const kinds = new Set(parsed.map((column) => column.zone));
  if (parsed.length !== columns.length || kinds.size < 3) return undefined;
  if (!isWhole(steps, 1, MAX_STEPS) || !isNumber(pitch, 10, 500)) return undefined;
  if (!isNumber(width, 1, MAX_EXTENT) || !isWhole(idleColumns, 1, MAX_LANES)) return undefined;
  if (!isNumber(nodeWidth, 20, 1000)) return undefined;
  const frame = { density: known, columns: parsed, steps, pitch, width, nodeWidth, idleColumns };
  return { ...frame, down: down === true };
}

function parseSlot(value: unknown, columns: readonly Column[]): Slot | undefined {
  const { column, lane, row } = record(value);
  if (!isWhole(column, -1, columns.length - 1) || !isWhole(lane, 0, MAX_LANES)) return undefined;
  if (!isWhole(row, -MAX_STEPS, MAX_STEPS)) return undefined;
  const lanes = columns[column]?.lanes;
  if (lanes !== undefined && lane >= lanes) return undefined;
  return { column, lane, row };
}

/** The layout in `value`, or undefined if it is none. */
export function parseSavedLayout(value: unknown): SavedLayout | undefined {
  const { frame, slots } = record(value);
  const parsedFrame = parseFrame(frame);
  if (!parsedFrame || !Array.isArray(slots)) return undefined;
  const parsedSlots: (readonly [string, Slot])[] = [];
  for (const entry of slots.slice(0, MAX_ENTRIES)) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') continue;
    const slot = parseSlot(entry[1], parsedFrame.columns);
    if (slot) parsedSlots.push([entry[0], slot]);
  }
  return { frame: parsedFrame, slots: parsedSlots };
}
