// Order inside columns, so that edges cross and climb little.

import type { Adjacency } from './graph';

const SWEEPS = 24;

/**
 * Reorders each column by its neighbours' barycentres; the best of several sweeps is kept: fewest
 * crossings first, then the shortest climb. `walk` is the order to start from.
 */
export function orderColumns(
  columns: readonly (readonly string[])[],
  adjacency: Adjacency,
  walk: readonly string[],
): string[][] {
  const start = new Map(walk.map((key, i) => [key, i]));
  let current = columns.map((column) => byWalk(column, start));
  let best = current;
  let bestCost = cost(current, adjacency);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const next = current.map((column) => [...column]);
    const indices = next.map((_, i) => i);
    if (sweep % 2 === 1) indices.reverse();
    const height = heights(next);
    for (const i of indices) {
      const column = next[i];
      if (!column) continue;
      const wanted = new Map(column.map((key) => [key, barycentre(key, adjacency, height)]));
      column.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      for (const [row, key] of column.entries()) height.set(key, (row + 0.5) / column.length);
    }
    current = next;
    const nextCost = cost(next, adjacency);
    if (nextCost < bestCost - 1e-9) {
      best = next;
      bestCost = nextCost;
    } else if (bestCost === 0) break;
  }
  return best;
}

function cost(columns: readonly (readonly string[])[], adjacency: Adjacency): number {
  return crossings(columns, adjacency) + edgeLength(columns, adjacency);
}

/** Each node's height, from 0 to 1, in its column. */
function heights(columns: readonly (readonly string[])[]): Map<string, number> {
  const height = new Map<string, number>();
  for (const column of columns) {
    for (const [row, key] of column.entries()) height.set(key, (row + 0.5) / column.length);
  }
  return height;
}

function barycentre(key: string, adjacency: Adjacency, height: Map<string, number>): number {
  const neighbours = adjacency.neighbours(key);
  if (neighbours.length === 0) return height.get(key) ?? 0;
  let sum = 0;
  for (const neighbour of neighbours) sum += height.get(neighbour) ?? 0.5;
  return sum / neighbours.length;
}

function edgeLength(columns: readonly (readonly string[])[], adjacency: Adjacency): number {
  const height = heights(columns);
  let length = 0;
  for (const [key, y] of height) {
    for (const callee of adjacency.outOf(key)) length += Math.abs(y - (height.get(callee) ?? y));
  }
  return length;
}

/** The order of a walk along the edges. */
function byWalk(column: readonly string[], walk: ReadonlyMap<string, number>): string[] {
  return [...column].sort((a, b) => (walk.get(a) ?? 0) - (walk.get(b) ?? 0));
}

/** Connected components of `keys`, the largest first, each in the order of a walk along its edges. */
export function componentsOf(keys: readonly string[], adjacency: Adjacency): string[][] {
  const components: string[][] = [];
  const wanted = new Set(keys);
  const seen = new Set<string>();
  for (const root of [...keys].sort()) {
    if (seen.has(root)) continue;
    const component: string[] = [];
    const stack = [root];
    seen.add(root);
    for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
      component.push(key);
      for (const neighbour of adjacency.neighbours(key).sort().reverse()) {
        if (seen.has(neighbour) || !wanted.has(neighbour)) continue;
        seen.add(neighbour);
        stack.push(neighbour);
      }
    }
    components.push(component);
  }
  return components.sort((a, b) => b.length - a.length);
}

/** How many pairs of edges between neighbouring columns cross, by the columns' present order. */
export function crossings(columns: readonly (readonly string[])[], adjacency: Adjacency): number {
  let count = 0;
  for (let i = 0; i + 1 < columns.length; i++) {
    const right = new Map((columns[i + 1] ?? []).map((key, row) => [key, row]));
    const ends: number[] = [];
    for (const key of columns[i] ?? []) {
      const rows = adjacency.neighbours(key).flatMap((other) => right.get(other) ?? []);
      ends.push(...rows.sort((a, b) => a - b));
    }
    for (let a = 0; a < ends.length; a++) {
      for (let b = a + 1; b < ends.length; b++) if ((ends[a] ?? 0) > (ends[b] ?? 0)) count++;
    }
  }
  return count;
}

/**
 * Whole numbers from 0 to `size - apart`, each at least `apart` more than the one before, as near to
 * `wanted` (in order) as can be (isotonic regression by pooling adjacent violators).
 */
export function spread(wanted: readonly number[], size: number, apart = 1): number[] {
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((value, i) => {
    blocks.push({ sum: value - i * apart, count: 1 });
    for (;;) {
      const last = blocks.at(-1);
      const before = blocks.at(-2);
      if (!last || !before || before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  });
  const room = Math.max(0, size - wanted.length * apart);
  const positions: number[] = [];
  for (const { sum, count } of blocks) {
    const offset = Math.round(Math.min(room, Math.max(0, sum / count)));
    for (let i = 0; i < count; i++) positions.push(offset + positions.length * apart);
  }
  return positions;
}
