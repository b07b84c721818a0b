import { scene } from '../scene/live';
import type { SocketList, SocketRow } from '../wire/generated';
import { formatBytes, formatDuration, formatEndpoint, formatRtt } from './format';
import type { Fetched } from './useFetched';
import { ATTRIBUTION_WORDS, UNKNOWN_OWNER_WORDS } from './words';

const ARROWS: Readonly<Record<string, string>> = {
  outbound: '→',
  inbound: '←',
  listen: '◉',
  unknown: '·',
};

/** Every socket behind a node or an edge. */
export function SocketSection({ fetched }: { fetched: Fetched<SocketList> }) {
  const { value, error } = fetched;
  if (error && !value) return <p class="error">{error}</p>;
  if (!value) return <p class="quiet loading">Loading sockets…</p>;
  const { sockets, total } = value;
  return (
    <section class="sockets">
      <h3>
        Sockets ({total.toLocaleString('en')}
        {sockets.length < total ? `, ${sockets.length} shown` : ''})
      </h3>
      {sockets.length === 0 && <p class="quiet">None is open now.</p>}
      <ul>
        {sockets.map((socket) => (
          <Socket key={keyOf(socket)} socket={socket} />
        ))}
      </ul>
    </section>
  );
}

function keyOf(socket: SocketRow): string {
  const { protocol, netns, cookie } = socket;
  return `${protocol}/${netns}/${cookie}/${localText(socket)}/${remoteText(socket)}`;
}

/** Whom it talks to: by name where its owner asked for one. */
function peerText(socket: SocketRow): string {
  const { remote_name, remote } = socket;
  return remote_name && remote ? `${remote_name}:${remote.port}` : remoteText(socket);
}

/** The path of a UNIX socket, or else its inode. */
function localText({ local, unix }: SocketRow): string {
  return unix ? (unix.path ?? `inode ${unix.inode}`) : formatEndpoint(local);
}

function remoteText({ remote, unix, direction }: SocketRow): string {
  if (!unix) return formatEndpoint(remote);
  if (direction === 'outbound' && unix.service) return unix.service;
  return unix.peer_inode ? `inode ${unix.peer_inode}` : '–';
}

function stateText({ protocol, state, unix }: SocketRow, listening: boolean): string {
  if (unix) return `${unix.type} ${state}`;
  return protocol === 'udp' && !listening ? 'UDP' : state;
}

function ownerWords(socket: SocketRow): string {
  if (socket.owners.length === 0) {
    const why = UNKNOWN_OWNER_WORDS[socket.unknown_owner ?? ''] ?? 'not known';
    return `Owner unknown: ${why}${socket.uid !== null ? ` (uid ${socket.uid})` : ''}`;
  }
  const names = socket.owners.map((owner) => `${owner.name} ${owner.pid}`).join(', ');
  return `${names}: ${ATTRIBUTION_WORDS[socket.attribution] ?? socket.attribution}`;
}

function Socket({ socket }: { socket: SocketRow }) {
  const listening = socket.direction === 'listen';
  return (
    <li class="socket" data-state={socket.state}>
      <div class="ends">
        <span class="direction" title={socket.direction}>
          {ARROWS[socket.direction] ?? '·'}
        </span>
        <code title={`local ${localText(socket)}, remote ${remoteText(socket)}`}>
          {listening ? localText(socket) : peerText(socket)}
        </code>
        <span class="state">{stateText(socket, listening)}</span>
      </div>
      <div class="numbers">
        {!listening && <code title="Local end">{localText(socket)}</code>}
        {socket.remote_name && <code title="Remote address">{socket.remote?.ip}</code>}
        {!listening && !socket.unix && (
          <span title={`Sent ${socket.tx_packets} and received ${socket.rx_packets} packets`}>
            ↑ {formatBytes(socket.tx_bytes)} ↓ {formatBytes(socket.rx_bytes)}
          </span>
        )}
        {socket.rtt_us > 0 && <span title="Round-trip time">{formatRtt(socket.rtt_us)}</span>}
        {socket.retransmits > 0 && <span>{socket.retransmits} sent again</span>}
        <span title="Age">{formatDuration(scene.now() - socket.opened)}</span>
      </div>
      <div class="owner" data-attribution={socket.attribution}>
        {ownerWords(socket)}
      </div>
    </li>
  );
}
