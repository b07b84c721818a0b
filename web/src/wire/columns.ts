// Columns (one array per field) to rows and back into a scene.

import type { EdgeColumns, NodeColumns } from './generated';

type Item<T> = T extends readonly (infer Element)[] ? Element : never;

/** One thing out of columns: the same fields, one value each. */
export type Row<C> = { readonly [K in keyof C]: Item<C[K]> };

export type NodeRow = Row<NodeColumns>;
export type EdgeRow = Row<EdgeColumns>;

/** The message does not fit what it claims to be; the whole scene is needed again. */
export class WireError extends Error {}

/** Every row of `columns`. Throws a WireError if a column's length differs from the others'. */
export function decodeRows<C extends { id: number[] }>(columns: C): Row<C>[] {
  const fields = Object.keys(columns) as (keyof C & string)[];
  const length = columns.id.length;
  const rows: Partial<Record<keyof C, unknown>>[] = Array.from({ length }, () => ({}));
  for (const field of fields) {
    const column: unknown = columns[field];
    if (!Array.isArray(column) || column.length !== length) {
      throw new WireError(`column ${field} does not have ${length} values`);
    }
    for (let i = 0; i < length; i++) {
      const row = rows[i];
      if (row) row[field] = column[i];
    }
  }
  return rows as unknown as Row<C>[];
}

interface Updates<C> {
  add?: C | null;
  set?: object | null;
  del?: number[];
}

/**
 * Applies `updates` to `things`. A changed thing becomes a new object, so that whoever remembers
 * the old one sees by identity that it changed. Throws a WireError if a thing is not there.
 */
export function applyUpdates<C extends { id: number[] }>(
  things: Map<number, Row<C>>,
  updates: Updates<C>,
): void {
  for (const id of updates.del ?? []) things.delete(id);
  const changed = new Map<number, Record<string, unknown>>();
  for (const [field, sparse] of Object.entries(updates.set ?? {})) {
    if (!sparse) continue;
    const { id: ids, value: values } = sparse as { id: number[]; value: unknown[] };
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (id === undefined) continue;
      let row = changed.get(id);
      if (!row) {
        const before = things.get(id);
        if (!before) throw new WireError(`change of ${id}, which is not there`);
        row = { ...before };
        changed.set(id, row);
      }
      row[field] = values[i];
    }
  }
  for (const [id, row] of changed) things.set(id, row as unknown as Row<C>);
  if (updates.add) {
    for (const row of decodeRows(updates.add)) things.set(row.id as number, row);
  }
}
