// Random graphs for tests of the layout: seeded, so that a failure can be repeated.

import type { LayoutEdge, LayoutGraph, LayoutNode } from './graph';

export { seededNumbers as seeded } from './seeded';

/** A machine whose processes, remotes and edges come and go. */
export class RandomMachine {
  readonly nodes = new Map<string, LayoutNode>();
  edges: LayoutEdge[] = [];
  private next = 0;

  constructor(
    private readonly random: () => number,
    size: number,
  ) {
    for (let i = 0; i < size; i++) this.addNode();
    for (let i = 0; i < size * 1.3; i++) this.addEdge();
  }

  get graph(): LayoutGraph {
    return { nodes: [...this.nodes.values()], edges: this.edges };
  }

  addNode(): string {
    const dice = this.random();
    const zone = dice < 0.2 ? 'client' : dice < 0.75 ? 'process' : 'server';
    const key = `${zone}-${this.next++}`;
    this.nodes.set(key, { key, zone, label: key });
    return key;
  }

  addEdge(): void {
    const from = this.pick((node) => node.zone !== 'server');
    const to = this.pick((node) =>
      from?.zone === 'client' ? node.zone === 'process' : node.zone !== 'client',
    );
    if (from && to) this.edges.push({ from: from.key, to: to.key });
  }

  removeNode(): string | undefined {
    const node = this.pick(() => true);
    if (!node) return undefined;
    this.nodes.delete(node.key);
    this.edges = this.edges.filter((edge) => edge.from !== node.key && edge.to !== node.key);
    return node.key;
  }

  removeEdge(): void {
    this.edges.splice(Math.floor(this.random() * this.edges.length), 1);
  }

  private pick(fits: (node: LayoutNode) => boolean): LayoutNode | undefined {
    const candidates = [...this.nodes.values()].filter(fits);
    return candidates[Math.floor(this.random() * candidates.length)];
  }
}
