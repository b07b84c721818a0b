// Tiers: how deep in a request a process stands.

import type { Adjacency } from './graph';

/** Deeper chains share the last tier. */
export const MAX_TIERS = 6;
/** One tier more than a flat machine needs, so that callers of nothing inside stand last. */
export const MIN_TIERS = 2;

export interface Tiers {
  readonly of: ReadonlyMap<string, number>;
  readonly count: number;
}

/** The tier of every connected process: longest path from the front, cycles broken by key order. */
export function rankProcesses(adjacency: Adjacency): Tiers {
  const processes = [...adjacency.nodes.values()]
    .filter((node) => node.zone === 'process' && adjacency.connected(node.key))
    .map((node) => node.key);
  const inner = (set: ReadonlySet<string>) =>
    [...set].filter((key) => adjacency.nodes.get(key)?.zone === 'process').sort();
  const callees = new Map(processes.map((key) => [key, inner(adjacency.outOf(key))]));
  const callers = new Map(processes.map((key) => [key, inner(adjacency.into(key))]));

  // Those that call more than they are called come first: then a cycle is broken at the edge that
  // runs against the flow.
  const surplus = (key: string) =>
    (callees.get(key)?.length ?? 0) -
    (callers.get(key)?.length ?? 0) +
    (adjacency.touches(adjacency.into(key), 'client') ? 2 : 0);
  const order = [...processes].sort((a, b) => surplus(b) - surplus(a) || (a < b ? -1 : 1));

  const { finished, back } = depthFirst(order, callees);
  const rank = new Map<string, number>();
  // Reverse finishing order is a topological order of the edges that are left.
  for (const key of finished.reverse()) {
    let depth = 0;
    for (const caller of callers.get(key) ?? []) {
      if (!back.has(edgeId(caller, key))) depth = Math.max(depth, (rank.get(caller) ?? 0) + 1);
    }
    rank.set(key, Math.min(depth, MAX_TIERS - 1));
  }
  const deepest = Math.max(0, ...rank.values());
  const count = Math.max(MIN_TIERS, deepest + 1);

  // Whom nobody calls stands close to what it calls instead of far in front.
  for (const key of order) {
    if ((callers.get(key)?.length ?? 0) > 0) continue;
    if (adjacency.touches(adjacency.into(key), 'client')) continue;
    const below = (callees.get(key) ?? []).map((callee) => rank.get(callee) ?? 0);
    if (below.length > 0) rank.set(key, Math.max(0, Math.min(...below) - 1));
    else rank.set(key, count - 1);
  }
  return { of: rank, count };
}

function depthFirst(
  order: readonly string[],
  callees: ReadonlyMap<string, readonly string[]>,
): { finished: string[]; back: Set<string> } {
  const state = new Map<string, 'open' | 'done'>();
  const finished: string[] = [];
  const back = new Set<string>();
  for (const root of order) {
    if (state.has(root)) continue;
    const stack: { key: string; next: number }[] = [{ key: root, next: 0 }];
    state.set(root, 'open');
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const callee = callees.get(top.key)?.[top.next++];
      if (callee === undefined) {
        state.set(top.key, 'done');
        finished.push(top.key);
        stack.pop();
      } else if (state.get(callee) === 'open') {
        back.add(edgeId(top.key, callee));
      } else if (!state.has(callee)) {
        state.set(callee, 'open');
        stack.push({ key: callee, next: 0 });
      }
    }
  }
  return { finished, back };
}

function edgeId(from: string, to: string): string {
  return `${from}\n${to}`;
}
