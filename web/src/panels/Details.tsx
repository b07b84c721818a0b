import { scene } from '../scene/live';
import { selected } from '../scene/selection';
import { words } from '../words';
import { EdgeDetails } from './EdgeDetails';
import { End } from './End';
import { Icon } from './Icon';
import { collapse, NodeDetails } from './NodeDetails';

/** What is known about the selected node or edge. */
export function Details() {
  const target = selected.value;
  if (!target) return null;
  void scene.version.value;
  const node = target.kind === 'node' ? scene.nodeByKey(target.key) : undefined;
  const edge = target.kind === 'edge' ? scene.edgeByKey(target.key) : undefined;
  return (
    <aside class="details" aria-label={words.details.label}>
      <button
        type="button"
        class="close"
        aria-label={words.details.close}
        title={words.details.closeHint}
        onClick={() => {
          selected.value = undefined;
        }}
      >
        <Icon name="close" size={16} />
      </button>
      {node && <NodeDetails key={node.key} node={node} />}
      {edge && <EdgeDetails key={edge.key} edge={edge} />}
      {!node && !edge && <Gone nodeKey={target.key} />}
    </aside>
  );
}

/** What is said of a selection that is no node or edge now: it was expanded, or has ended. */
function Gone({ nodeKey }: { nodeKey: string }) {
  const members = [...scene.nodes.values()].filter((node) => node.parent === nodeKey);
  if (members.length === 0) {
    return (
      <div class="gone">
        <h2>{words.details.goneTitle}</h2>
        <p>{words.details.gone}</p>
      </div>
    );
  }
  return (
    <>
      <header class="heading">
        <div>
          <h2>{words.details.asMembers}</h2>
          <p>{words.details.membersOnMap(members.length)}</p>
        </div>
      </header>
      <div class="actions">
        <button type="button" class="action" onClick={() => collapse(nodeKey)}>
          <Icon name="collapse" size={15} /> {words.details.backIntoOne}
        </button>
      </div>
      <section>
        <ul class="members">
          {members.map((member) => (
            <li key={member.key}>
              <End node={member} />
              <span class="quiet">{member.detail}</span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
