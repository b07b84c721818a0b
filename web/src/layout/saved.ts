// Checks a stored layout before it is trusted: storage may hold anything.

import type { SavedLayout } from './flow';
import type { Column, Frame, Slot, Zone } from './frame';

const MAX_EXTENT = 100_000;
const MAX_COLUMNS = 12;
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
  const { zone, x, lanes } = record(value);
  if (zone !== 'client' && zone !== 'process' && zone !== 'server') return undefined;
  if (!isNumber(x, 0, MAX_EXTENT) || !isWhole(lanes, 1, MAX_LANES)) return undefined;
  return { zone, x, lanes };
}

function parseFrame(value: unknown): Frame | undefined {
  const { columns, rows, width, idleColumns } = record(value);
  if (!Array.isArray(columns) || columns.length < 3 || columns.length > MAX_COLUMNS) {
    return undefined;
  }
  const parsed = columns.flatMap((column) => parseColumn(column) ?? []);
  const zones = parsed.map((column): Zone => column.zone);
  const wellFormed =
    parsed.length === columns.length &&
    zones.every((zone, i) =>
      i === 0 ? zone === 'client' : zone === (i === zones.length - 1 ? 'server' : 'process'),
    );
  if (!wellFormed || !isWhole(rows, 1, 1000) || !isNumber(width, 1, MAX_EXTENT)) return undefined;
  if (!isWhole(idleColumns, 1, MAX_LANES)) return undefined;
  return { columns: parsed, rows, width, idleColumns };
}

function parseSlot(value: unknown, columns: readonly Column[]): Slot | undefined {
  const { column, lane, row } = record(value);
  if (!isWhole(column, -1, columns.length - 1) || !isWhole(lane, 0, MAX_LANES)) return undefined;
  if (!isWhole(row, -2000, 2000)) return undefined;
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
