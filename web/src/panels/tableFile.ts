// A table as a file.

import { scene } from '../scene/live';
import type { TableColumn } from './rows';

/** One value of a line of CSV (RFC 4180); no spreadsheet takes it for a formula. */
export function csvField(value: string | number): string {
  const text = typeof value === 'string' && /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : `${value}`;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Ages are sorted by when they began. */
const AGE = 'age';

/**
 * `rows` as CSV: a heading, then a line for each; numbers as they are, for reckoning, ages in
 * seconds.
 */
export function csvOf<T>(rows: readonly T[], columns: readonly TableColumn<T>[]): string {
  const now = scene.now();
  const lines = rows.map((row) =>
    columns.map((column) => {
      const value = column.value(row);
      if (!column.numeric || typeof value === 'string') return csvField(column.text(row, now));
      return csvField(column.id === AGE ? Math.max(0, Math.round((now + value) / 1000)) : value);
    }),
  );
  return [columns.map((column) => csvField(column.title)), ...lines]
    .map((fields) => `${fields.join(',')}\n`)
    .join('');
}

/** Hands `text` to the browser as a file. */
export function saveText(text: string, what: string, extension: 'csv' | 'json'): void {
  const type = extension === 'csv' ? 'text/csv' : 'application/json';
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  const host = (scene.host.value?.name ?? '').replace(/[^\w.-]+/g, '-').slice(0, 60);
  const time = new Date(scene.now()).toISOString().slice(0, 19).replaceAll(':', '-');
  link.href = address;
  link.download = `procnet-${[host, what, time].filter(Boolean).join('-')}.${extension}`;
  link.click();
  // The download has begun by then.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
