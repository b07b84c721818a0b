import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { edgeLabel } from '../draw/edge';
import { iconOf } from '../draw/node';
import { changeView, scene, viewInForce } from '../scene/live';
import { selected } from '../scene/selection';
import { view } from '../scene/settings';
import type { SocketsOf } from '../wire/api';
import { fetchSockets } from '../wire/api';
import type { EdgeRow, NodeRow } from '../wire/columns';
import type { SocketList } from '../wire/generated';
import { words } from '../words';
import { formatBytes, formatDuration, formatRtt } from './format';
import { Icon } from './Icon';
import { Fact, ProcessSections } from './ProcessDetails';
import { SocketSection } from './Sockets';
import { useFetched } from './useFetched';

const SOCKET_LIMIT = 300;

/** What is known about the selected node or edge. */
export function Details() {
  void scene.version.value;
  const target = selected.value;
  if (!target) return null;
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

function collapse(key: string): void {
  selected.value = { kind: 'node', key };
  changeView({ expand: view.value.expand.filter((expanded) => expanded !== key) });
}

function useSockets(of: SocketsOf) {
  const shown = viewInForce.value;
  const id = JSON.stringify([of, shown]);
  return useFetched<SocketList>(id, (signal) => fetchSockets(of, shown, SOCKET_LIMIT, signal));
}

function Heading({ node, children }: { node: NodeRow; children?: ComponentChildren }) {
  const legend = scene.legend.value;
  const type = legend.types.find((info) => info.name === node.type);
  const remote = node.kind === 'client' || node.kind === 'server';
  const color = remote
    ? (legend.classes.find((info) => info.name === node.class)?.color ?? '#7b838e')
    : (type?.color ?? '#7b838e');
  const kind = words.details.kinds[node.kind] ?? type?.title ?? node.type;
  return (
    <header class="heading">
      <svg width="40" height="40" viewBox="0 0 40 40" aria-hidden="true" class="swatch">
        <rect width="40" height="40" rx={remote ? 20 : 10} fill={color} />
        {type?.image && !remote ? (
          <image href={type.image} width="40" height="40" />
        ) : (
          <use href={`#icon-${iconOf(node, type)}`} x="8" y="8" width="24" height="24" />
        )}
      </svg>
      <div>
        <h2>{node.label}</h2>
        <p>{[kind, node.detail].filter(Boolean).join(' · ')}</p>
      </div>
      {children}
    </header>
  );
}

function NodeDetails({ node }: { node: NodeRow }) {
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const sockets = useSockets({ node: node.key });
  const single = node.kind === 'process' && node.processes.length === 1 && node.count === 1;
  const processKey = chosen ?? (single ? node.processes[0] : undefined);
  return (
    <>
      <Heading node={node} />
      <GroupActions node={node} />
      {processKey !== undefined && node.kind === 'process' ? (
        <ProcessSections
          key={processKey}
          processKey={processKey}
          onOpen={setChosen}
          {...(single ? {} : { onBack: () => setChosen(undefined) })}
        />
      ) : (
        <Members node={node} sockets={sockets.value} onOpen={setChosen} />
      )}
      {node.listeners.length > 0 && (
        <section>
          <h3>{words.details.listensOn}</h3>
          <ul class="chips">
            {node.listeners.map((listener) => (
              <li key={listener}>
                <code>{listener}</code>
              </li>
            ))}
            {node.listener_count > node.listeners.length && (
              <li>{words.details.more(node.listener_count - node.listeners.length)}</li>
            )}
          </ul>
        </section>
      )}
      <SocketSection fetched={sockets} />
    </>
  );
}

function GroupActions({ node }: { node: NodeRow }) {
  const { expand } = view.value;
  if (!node.expandable && !node.parent) return null;
  return (
    <div class="actions">
      {node.expandable && (
        <button
          type="button"
          class="action"
          onClick={() => changeView({ expand: [...expand, node.key] })}
        >
          <Icon name="expand" size={15} /> {words.details.showMembers}
        </button>
      )}
      {node.parent && (
        <button type="button" class="action" onClick={() => collapse(node.parent)}>
          <Icon name="collapse" size={15} /> {words.details.backIntoGroup}
        </button>
      )}
    </div>
  );
}

/** The processes or addresses that a group stands for, as far as they are known. */
function Members(props: {
  node: NodeRow;
  sockets: SocketList | undefined;
  onOpen: (key: string) => void;
}) {
  const { node, sockets, onOpen } = props;
  if (node.kind !== 'process') {
    return (
      <section>
        <dl class="facts">
          <Fact
            name={node.kind === 'unattributed' ? words.details.sockets : words.details.addresses}
          >
            {node.kind === 'unattributed' ? node.sockets : node.count}
          </Fact>
          <Fact name={words.details.connections}>{node.sockets}</Fact>
          <Fact name={words.details.since}>{formatDuration(scene.now() - node.since)}</Fact>
        </dl>
      </section>
    );
  }
  const owners = new Map(
    (sockets?.sockets ?? []).flatMap((socket) => socket.owners).map((owner) => [owner.key, owner]),
  );
  return (
    <section>
      {(node.container || node.unit) && (
        <dl class="facts">
          {node.container && <Fact name={words.details.container}>{node.container}</Fact>}
          {node.unit && <Fact name={words.details.unit}>{node.unit}</Fact>}
        </dl>
      )}
      <h3>{words.details.processes(node.count, node.processes.length)}</h3>
      <ul class="members">
        {node.processes.map((key) => {
          const owner = owners.get(key);
          return (
            <li key={key}>
              <button type="button" class="link" onClick={() => onOpen(key)}>
                {owner?.label ?? node.label.replace(/ ×[\d,]+$/, '')}
              </button>
              <span class="quiet">
                {words.details.pid(key.split('-')[0] ?? '')}
                {owner?.user ? ` · ${owner.user}` : ''}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function End({ node }: { node: NodeRow | undefined }) {
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

function EdgeDetails({ edge }: { edge: EdgeRow }) {
  const sockets = useSockets({ edge: edge.key });
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 1000);
    return () => window.clearInterval(timer);
  }, []);
  const legend = scene.legend.value;
  const portClass = legend.classes.find((info) => info.name === edge.class);
  return (
    <>
      <header class="heading edge-heading">
        <div>
          <h2>
            <End node={scene.nodes.get(edge.from)} />
            <span class="arrow" aria-hidden="true">
              {edge.evidence === 'none' ? '—' : '→'}
            </span>
            <End node={scene.nodes.get(edge.to)} />
          </h2>
          <p>
            {edge.protocol.toUpperCase()} {edgeLabel(edge, 'port')}
            {portClass && portClass.name !== 'other' ? ` · ${portClass.title}` : ''}
          </p>
        </div>
      </header>
      <section>
        <dl class="facts">
          <Fact name={words.details.state}>
            {edge.stale ? words.details.justEnded : edge.state}
          </Fact>
          {edge.protocol === 'unix' ? (
            <Fact name={words.details.path}>
              {edge.path ? <code>{edge.path}</code> : words.details.noPath}
            </Fact>
          ) : (
            <>
              <Fact name={words.details.toServer}>{formatBytes(edge.to_server)}</Fact>
              <Fact name={words.details.toClient}>{formatBytes(edge.to_client)}</Fact>
              <Fact name={words.details.roundTrip}>{formatRtt(edge.rtt_us)}</Fact>
            </>
          )}
          {edge.retransmits > 0 && (
            <Fact name={words.details.sentAgain}>{words.details.segments(edge.retransmits)}</Fact>
          )}
          <Fact name={words.details.firstSeen}>
            {words.common.ago(formatDuration(scene.now() - edge.since))}
          </Fact>
          <Fact name={words.details.direction}>
            {words.evidence[edge.evidence] ?? edge.evidence}
          </Fact>
          <Fact name={words.details.owners}>
            {words.attribution[edge.attribution] ?? edge.attribution}
          </Fact>
        </dl>
      </section>
      <SocketSection fetched={sockets} />
    </>
  );
}
