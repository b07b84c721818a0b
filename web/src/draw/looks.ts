// What a node looks like: its type's colour and icon.

import type { NodeRow } from '../wire/columns';
import type { Legend, TypeInfo } from '../wire/generated';

export type Looks = (node: NodeRow) => TypeInfo | undefined;

const knownLooks = new WeakMap<Legend, Looks>();

/** A node's type; a remote takes its port class's colour. */
export function looksOf(legend: Legend): Looks {
  const known = knownLooks.get(legend);
  if (known) return known;
  const types = new Map(legend.types.map((type) => [type.name, type]));
  const remotes = new Map<string, TypeInfo>();
  const external = types.get('external');
  if (external) {
    for (const { name, color } of legend.classes) remotes.set(name, { ...external, color });
  }
  const looks: Looks = (node) => {
    const remote = node.kind === 'client' || node.kind === 'server';
    return (remote ? remotes.get(node.class) : undefined) ?? types.get(node.type);
  };
  knownLooks.set(legend, looks);
  return looks;
}
