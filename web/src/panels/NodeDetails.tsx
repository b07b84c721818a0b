import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { glyphOf } from '../draw/brands';
import { iconPath } from '../draw/icons';
import { iconOf } from '../draw/node';
import { exactly } from '../scene/filter';
import { changeView, scene } from '../scene/live';
import { selected } from '../scene/selection';
import { view } from '../scene/settings';
import { termOfNode } from '../scene/terms';
import type { NodeRow } from '../wire/columns';
import type { SocketList } from '../wire/generated';
import { words } from '../words';
import { Actions } from './Actions';
import { By } from './By';
import { formatDuration } from './format';
import { Icon } from './Icon';
import { Listening } from './Listening';
import { Neighbours } from './Neighbours';
import { Fact, ProcessSections } from './ProcessDetails';
import { SocketSection, useSockets } from './Sockets';

function Heading({ node, children }: { node: NodeRow; children?: ComponentChildren }) {
  const legend = scene.legend.value;
  const type = legend.types.find((info) => info.name === node.type);
  const remote = node.kind === 'client' || node.kind === 'server';
  const color = remote
    ? (legend.classes.find((info) => info.name === node.class)?.color ?? '#7b838e')
    : (type?.color ?? '#7b838e');
  const kind = words.details.kinds[node.kind] ?? type?.title ?? node.type;
  const image = node.kind === 'process' ? type?.image || node.image : undefined;
  const glyph = glyphOf(node);
  return (
    <header class="heading">
      <svg width="40" height="40" viewBox="0 0 40 40" aria-hidden="true" class="swatch">
        <rect width="40" height="40" rx={remote ? 20 : 10} fill={color} />
        {image ? (
          <image href={image} width="40" height="40" />
        ) : (
          <path
            d={glyph?.path ?? iconPath(iconOf(node, type))}
            class={glyph?.brand ? 'brand' : undefined}
            transform="translate(8 8)"
          />
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

export function NodeDetails({ node }: { node: NodeRow }) {
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const metered = useSockets({ node: node.key });
  const sockets = metered.fetched;
  const single = node.kind === 'process' && node.processes.length === 1 && node.count === 1;
  const processKey = chosen ?? (single ? node.processes[0] : undefined);
  return (
    <>
      <Heading node={node} />
      <GroupActions node={node} sockets={sockets.value} />
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
      <Neighbours node={node} />
      <Listening node={node} />
      <SocketSection metered={metered} />
    </>
  );
}

interface GroupActionsProps {
  node: NodeRow;
  sockets: SocketList | undefined;
}

function GroupActions({ node, sockets }: GroupActionsProps) {
  const { expand } = view.value;
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
      <Actions
        filter={termOfNode(node, scene.edges.values(), scene.nodes)}
        json={() => ({ node, sockets: sockets?.sockets ?? [] })}
      />
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
  if (node.kind !== 'process') return <Remotes node={node} sockets={sockets} />;
  const owners = new Map(
    (sockets?.sockets ?? []).flatMap((socket) => socket.owners).map((owner) => [owner.key, owner]),
  );
  return (
    <section>
      {(node.container || node.unit) && (
        <dl class="facts">
          {node.container && (
            <Fact name={words.details.container}>
              <By term={exactly('container', node.container)}>{node.container}</By>
            </Fact>
          )}
          {node.unit && (
            <Fact name={words.details.unit}>
              <By term={exactly('unit', node.unit)}>{node.unit}</By>
            </Fact>
          )}
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

/** The addresses behind a remote node, as far as its sockets tell them. */
function Remotes({ node, sockets }: { node: NodeRow; sockets: SocketList | undefined }) {
  const known = new Map<string, { name: string; count: number }>();
  for (const { remote, remote_name: name } of sockets?.sockets ?? []) {
    if (!remote) continue;
    const before = known.get(remote.ip);
    known.set(remote.ip, { name: name ?? before?.name ?? '', count: (before?.count ?? 0) + 1 });
  }
  const addresses = [...known].sort(([, a], [, b]) => b.count - a.count);
  return (
    <section>
      <dl class="facts">
        <Fact name={node.kind === 'unattributed' ? words.details.sockets : words.details.addresses}>
          {(node.kind === 'unattributed' ? node.sockets : node.count).toLocaleString(words.locale)}
        </Fact>
        <Fact name={words.details.connections}>{node.sockets.toLocaleString(words.locale)}</Fact>
        <Fact name={words.details.since}>{formatDuration(scene.now() - node.since)}</Fact>
      </dl>
      {node.kind !== 'unattributed' && addresses.length > 0 && (
        <ul class="members remotes">
          {addresses.map(([ip, { name, count }]) => (
            <li key={ip}>
              <By term={exactly('remote', ip)}>
                {name ? (
                  <>
                    {name} <code>{ip}</code>
                  </>
                ) : (
                  <code>{ip}</code>
                )}
              </By>
              <span class="quiet">{words.status.sockets(count)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function collapse(key: string): void {
  selected.value = { kind: 'node', key };
  changeView({ expand: view.value.expand.filter((expanded) => expanded !== key) });
}
