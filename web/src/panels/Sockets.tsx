import { scene } from '../scene/live';
import type { SocketList, SocketRow } from '../wire/generated';
import { words } from '../words';
import { formatBytes, formatDuration, formatEndpoint, formatRtt } from './format';
import type { Fetched } from './useFetched';

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
  if (!value) return <p class="quiet loading">{words.sockets.loading}</p>;
  const { sockets, total } = value;
  return (
    <section class="sockets">
      <h3>{words.sockets.title(total, sockets.length)}</h3>
      {sockets.length === 0 && <p class="quiet">{words.sockets.none}</p>}
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
  return unix ? (unix.path ?? words.sockets.inode(unix.inode)) : formatEndpoint(local);
}

function remoteText({ remote, unix, direction }: SocketRow): string {
  if (!unix) return formatEndpoint(remote);
  if (direction === 'outbound' && unix.service) return unix.service;
  return unix.peer_inode ? words.sockets.inode(unix.peer_inode) : words.common.none;
}

function stateText({ protocol, state, unix }: SocketRow, listening: boolean): string {
  if (unix) return `${unix.type} ${state}`;
  return protocol === 'udp' && !listening ? 'UDP' : state;
}

function ownerWords(socket: SocketRow): string {
  if (socket.owners.length === 0) {
    const why = words.unknownOwner[socket.unknown_owner ?? ''] ?? words.common.unknown;
    return words.sockets.unknownOwner(why, socket.uid ?? null);
  }
  const names = socket.owners.map((owner) => `${owner.name} ${owner.pid}`).join(', ');
  return `${names}: ${words.attribution[socket.attribution] ?? socket.attribution}`;
}

function Socket({ socket }: { socket: SocketRow }) {
  const listening = socket.direction === 'listen';
  return (
    <li class="socket" data-state={socket.state}>
      <div class="ends">
        <span class="direction" title={socket.direction}>
          {ARROWS[socket.direction] ?? '·'}
        </span>
        <code title={words.sockets.ends(localText(socket), remoteText(socket))}>
          {listening ? localText(socket) : peerText(socket)}
        </code>
        <span class="state">{stateText(socket, listening)}</span>
      </div>
      <div class="numbers">
        {!listening && <code title={words.sockets.localEnd}>{localText(socket)}</code>}
        {socket.remote_name && <code title={words.sockets.remoteAddress}>{socket.remote?.ip}</code>}
        {!listening && !socket.unix && (
          <span title={words.sockets.packets(socket.tx_packets ?? 0, socket.rx_packets ?? 0)}>
            ↑ {formatBytes(socket.tx_bytes)} ↓ {formatBytes(socket.rx_bytes)}
          </span>
        )}
        {socket.rtt_us > 0 && (
          <span title={words.sockets.roundTrip}>{formatRtt(socket.rtt_us)}</span>
        )}
        {socket.retransmits > 0 && <span>{words.sockets.sentAgain(socket.retransmits)}</span>}
        <span title={words.sockets.age}>{formatDuration(scene.now() - socket.opened)}</span>
      </div>
      <div class="owner" data-attribution={socket.attribution}>
        {ownerWords(socket)}
      </div>
    </li>
  );
}
