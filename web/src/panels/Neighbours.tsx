import { useState } from 'preact/hooks';
import { edgeLabel } from '../draw/edge';
import { scene } from '../scene/live';
import { selected } from '../scene/selection';
import type { NodeRow } from '../wire/columns';
import { words } from '../words';

const FEW = 8;
const MOST = 200;

/** Whom a node talks to, and who talks to it: each opens the connection. */
export function Neighbours({ node }: { node: NodeRow }) {
  void scene.version.value;
  const [all, setAll] = useState(false);
  const edges = [...scene.edges.values()]
    .filter((edge) => edge.from === node.id || edge.to === node.id)
    .map((edge) => {
      const outward = edge.from === node.id;
      const other = scene.nodes.get(outward ? edge.to : edge.from);
      return { edge, outward, name: other?.label ?? words.common.unknown };
    })
    .sort((a, b) => Number(b.outward) - Number(a.outward) || b.edge.sockets - a.edge.sockets);
  if (edges.length === 0) return null;
  const shown = edges.slice(0, all ? MOST : FEW);
  return (
    <section>
      <h3>{words.details.talksTo(edges.length)}</h3>
      <ul class="members">
        {shown.map(({ edge, outward, name }) => (
          <li key={edge.key}>
            <button
              type="button"
              class="link"
              onClick={() => {
                selected.value = { kind: 'edge', key: edge.key };
              }}
            >
              <span class="visually-hidden">{words.details.way(outward)}</span>
              <span aria-hidden="true">{outward ? '→' : '←'}</span> {name}
            </button>
            <span class="quiet">
              {edge.stale ? words.details.justEnded : edgeLabel(edge, 'port')}
            </span>
          </li>
        ))}
      </ul>
      {edges.length > FEW && (
        <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? words.ask.fewer : words.ask.more(Math.min(edges.length, MOST) - FEW)}
        </button>
      )}
    </section>
  );
}
