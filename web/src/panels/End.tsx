import { selected } from '../scene/selection';
import type { NodeRow } from '../wire/columns';
import { words } from '../words';

/** A node by name, to select. */
export function End({ node }: { node: NodeRow | undefined }) {
  if (!node) return <span>{words.common.none}</span>;
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        selected.value = { kind: 'node', key: node.key };
      }}
    >
      {node.label}
    </button>
  );
}
