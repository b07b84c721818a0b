import { exactly } from '../scene/filter';
import { boundAddress, reachOf } from '../scene/reach';
import type { NodeRow } from '../wire/columns';
import { words } from '../words';
import { By } from './By';

/** The ports that a node listens on, and who may reach each. */
export function Listening({ node }: { node: NodeRow }) {
  if (node.listeners.length === 0) return null;
  const more = node.listener_count - node.listeners.length;
  return (
    <section>
      <h3>{words.details.listensOn}</h3>
      <ul class="listening">
        {node.listeners.map((listener) => {
          const { protocol, address, port } = boundAddress(listener);
          const reach = reachOf(protocol, address);
          return (
            <li key={listener} data-reach={reach}>
              <By term={port ? exactly('port', Number(port)) : exactly('path', address)}>
                <code>{listener}</code>
              </By>
              <span class="reach">{words.reach[reach]}</span>
            </li>
          );
        })}
      </ul>
      {more > 0 && <p class="quiet">{words.details.more(more)}</p>}
    </section>
  );
}
