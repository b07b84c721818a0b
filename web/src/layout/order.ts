// Order inside columns, so that edges cross and climb little.

import type { Adjacency } from './graph';

const SWEEPS = 24;

/** Reorders each column by its neighbours' barycentres; the best of several sweeps is kept. */
export function orderColumns(columns: readonly (readonly string[])[], adjacency: Adjacency) {
  let current = columns.map((column) => byComponent(column, adjacency));
  let best = current;
  let bestLength = edgeLength(current, adjacency);
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
    const length = edgeLength(next, adjacency);
    if (length < bestLength - 1e-9) {
      best = next;
      bestLength = length;
    }
  }
  return best;
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

/** Components stay together, the largest first; inside one, the order of a walk along its edges. */
function byComponent(column: readonly string[], adjacency: Adjacency): string[] {
  const walk = walkOrder(adjacency);
  return [...column].sort((a, b) => (walk.get(a) ?? 0) - (walk.get(b) ?? 0));
}

const walks = new WeakMap<Adjacency, Map<string, number>>();

function walkOrder(adjacency: Adjacency): Map<string, number> {
  const known = walks.get(adjacency);
  if (known) return known;
  const components: string[][] = [];
  const seen = new Set<string>();
  const keys = [...adjacency.nodes.keys()].sort();
  for (const root of keys) {
    if (seen.has(root)) continue;
    const component: string[] = [];
    const stack = [root];
    seen.add(root);
    for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
      component.push(key);
      for (const neighbour of adjacency.neighbours(key).sort().reverse()) {
        if (seen.has(neighbour)) continue;
        seen.add(neighbour);
        stack.push(neighbour);
      }
    }
    components.push(component);
  }
  components.sort((a, b) => b.length - a.length);
  const order = new Map(components.flat().map((key, i) => [key, i]));
  walks.set(adjacency, order);
  return order;
}

/**
 * Increasing whole numbers from 0 to `size - 1`, as near to `wanted` (in order) as can be
 * (isotonic regression by pooling adjacent violators).
 */
export function spread(wanted: readonly number[], size: number): number[] {
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((value, i) => {
    blocks.push({ sum: value - i, count: 1 });
    for (;;) {
      const last = blocks.at(-1);
      const before = blocks.at(-2);
      if (!last || !before || before.sum / before.count <= last.sum / last.count) break;
      before.sum += last.sum;
      before.count += last.count;
      blocks.pop();
    }
  });
  const room = Math.max(0, size - wanted.length);
  const positions: number[] = [];
  for (const { sum, count } of blocks) {
    const offset = Math.round(Math.min(room, Math.max(0, sum / count)));
    for (let i = 0; i < count; i++) positions.push(offset + positions.length);
  }
  return positions;
}
