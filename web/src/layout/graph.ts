// What the layout needs to know of a scene, and indexes over it.

import type { Zone } from './frame';

export interface LayoutNode {
  readonly key: string;
  readonly zone: Zone;
  /** What the idle grid is sorted by. */
  readonly label: string;
}

/** From client to server, by node key. */
export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
}

export interface LayoutGraph {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
}

/** Neighbours of every node, each once, self-edges left out. */
export class Adjacency {
  readonly nodes = new Map<string, LayoutNode>();
  private readonly callers = new Map<string, Set<string>>();
  private readonly callees = new Map<string, Set<string>>();

  constructor(graph: LayoutGraph) {
    for (const node of graph.nodes) this.nodes.set(node.key, node);
    for (const { from, to } of graph.edges) {
      if (from === to || !this.nodes.has(from) || !this.nodes.has(to)) continue;
      add(this.callees, from, to);
      add(this.callers, to, from);
    }
  }

  /** Who calls `key`. */
  into(key: string): ReadonlySet<string> {
    return this.callers.get(key) ?? NONE;
  }

  /** Whom `key` calls. */
  outOf(key: string): ReadonlySet<string> {
    return this.callees.get(key) ?? NONE;
  }

  neighbours(key: string): string[] {
    return [...new Set([...this.into(key), ...this.outOf(key)])];
  }

  connected(key: string): boolean {
    return this.callers.has(key) || this.callees.has(key);
  }

  /** True if a neighbour of `key` in `set` stands in `zone`. */
  touches(set: ReadonlySet<string>, zone: Zone): boolean {
    for (const key of set) if (this.nodes.get(key)?.zone === zone) return true;
    return false;
  }
}

const NONE: ReadonlySet<string> = new Set();

function add(index: Map<string, Set<string>>, key: string, value: string): void {
  const set = index.get(key);
  if (set) set.add(value);
  else index.set(key, new Set([value]));
}
