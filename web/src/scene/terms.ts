// Nodes and edges as terms of the filter language.

import type { EdgeRow, NodeRow } from '../wire/columns';
import { exactly } from './filter';

/** `postgres ×4` stands for what is called `postgres`. */
export function nameOf(node: NodeRow): string {
  return node.label.replace(/ ×[\d,]+$/, '');
}

const ENDPOINT =
  /(?:^|[\s·])(\[[0-9a-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*)(?::\d+)?$/i;

/** The address that a remote node stands for, if it is one. */
export function addressOfRemote(node: NodeRow): string | undefined {
  if (node.count !== 1) return undefined;
  for (const text of [node.label, node.detail]) {
    const address = ENDPOINT.exec(text)?.[1];
    if (address) return address.replace(/^\[|\]$/g, '');
  }
  return undefined;
}

function isRemote(node: NodeRow): boolean {
  return node.kind === 'client' || node.kind === 'server';
}

/** The term that asks for what `node` stands for; `edges` are those of the scene. */
export function termOfNode(
  node: NodeRow,
  edges: Iterable<EdgeRow>,
  nodes: ReadonlyMap<number, NodeRow>,
): string {
  if (isRemote(node)) {
    const address = addressOfRemote(node);
    if (address) return exactly('remote', address);
    // Several are those that talk to one node, one way, about one thing.
    const inbound = node.kind === 'client';
    const terms = [`dir:${inbound ? 'in' : 'out'}`, 'is:external'];
    if (node.class) terms.push(exactly('class', node.class).replace('=', ':'));
    const peers = new Set<string>();
    for (const edge of edges) {
      const peer = inbound ? edge.from === node.id && edge.to : edge.to === node.id && edge.from;
      const other = peer === false ? undefined : nodes.get(peer);
      if (other) peers.add(nameOf(other));
    }
    const [only] = peers;
    if (peers.size === 1 && only) terms.push(exactly(inbound ? 'server' : 'client', only));
    return `(${terms.join(' ')})`;
  }
  if (node.kind === 'unattributed') {
    return node.user ? `(is:unattributed ${exactly('user', node.user)})` : 'is:unattributed';
  }
  const [grouping] = node.key.split('/');
  if (grouping === 'c' && node.container) return exactly('container', node.container);
  if (grouping === 's' && node.unit) return exactly('unit', node.unit);
  if (grouping === 'u' && node.user) return exactly('user', node.user);
  return exactly('label', nameOf(node));
}

/** The terms that ask for what `edge` stands for. */
export function termsOfEdge(edge: EdgeRow, nodes: ReadonlyMap<number, NodeRow>): string {
  const end = (id: number, field: 'client' | 'server'): string | undefined => {
    const node = nodes.get(id);
    if (!node) return undefined;
    if (!isRemote(node)) {
      const local = node.kind === 'process' && !/^[csuh]\//.test(node.key);
      return local ? exactly(field, nameOf(node)) : termOfNode(node, [], nodes);
    }
    const address = addressOfRemote(node);
    if (address) return exactly('remote', address);
    return node.class ? `is:external class:${node.class}` : 'is:external';
  };
  const terms = [end(edge.from, 'client'), end(edge.to, 'server')];
  if (edge.port > 0) terms.push(exactly('port', edge.port));
  if (edge.path) terms.push(exactly('path', edge.path));
  terms.push(`proto:${edge.protocol}`);
  return terms.filter((term) => term !== undefined).join(' ');
}
