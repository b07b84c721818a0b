// A socket as text: as `ss` prints it, as a filter, and its ends as they are shown.

import { exactly } from '../scene/filter';
import type { SocketRow } from '../wire/generated';
import { words } from '../words';
import { formatEndpoint } from './format';

/** States as `ss` calls them. */
const SS_STATES: Readonly<Record<string, string>> = {
  ESTABLISHED: 'ESTAB',
  SYN_SENT: 'SYN-SENT',
  SYN_RECEIVED: 'SYN-RECV',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  TIME_WAIT: 'TIME-WAIT',
  CLOSED: 'UNCONN',
  CLOSE_WAIT: 'CLOSE-WAIT',
  LAST_ACK: 'LAST-ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
};

export function keyOfSocket(socket: SocketRow): string {
  const { protocol, netns, cookie } = socket;
  return `${protocol}/${netns}/${cookie}/${localText(socket)}/${remoteText(socket)}`;
}

/** Whom it talks to: by name where its owner asked for one. */
export function peerText(socket: SocketRow): string {
  const { remote_name, remote } = socket;
  return remote_name && remote ? `${remote_name}:${remote.port}` : remoteText(socket);
}

/** The path of a UNIX socket, or else its inode. */
export function localText({ local, unix }: SocketRow): string {
  return unix ? (unix.path ?? words.sockets.inode(unix.inode)) : formatEndpoint(local);
}

export function remoteText({ remote, unix, direction }: SocketRow): string {
  if (!unix) return formatEndpoint(remote);
  if (direction === 'outbound' && unix.service) return unix.service;
  return unix.peer_inode ? words.sockets.inode(unix.peer_inode) : words.common.none;
}

export function stateText({ protocol, state, unix }: SocketRow, listening: boolean): string {
  if (unix) return `${unix.type} ${state}`;
  return protocol === 'udp' && !listening ? 'UDP' : state;
}

/** The line that `ss -p` prints for it; what procnet does not know is a dash. */
export function ssLine(socket: SocketRow): string {
  const { protocol, unix, state, owners } = socket;
  const net = unix ? `u_${unix.type.slice(0, 3)}` : protocol;
  const end = (text: string) =>
    text === words.common.none ? '*:*' : text.replace(/^inode /, '* ');
  const users = owners.map(({ name, pid }) => `("${name}",pid=${pid})`).join(',');
  return [
    net.padEnd(5),
    (SS_STATES[state] ?? state).padEnd(10),
    '-',
    '-',
    end(localText(socket)),
    end(remoteText(socket)),
    users && `users:(${users})`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The filter that finds it again. */
export function filterOfSocket(socket: SocketRow): string {
  const { protocol, local, remote, unix, owners } = socket;
  const terms = [`proto:${protocol}`];
  const [owner] = owners;
  if (owner) terms.push(exactly('pid', owner.pid));
  if (unix) {
    const path = unix.service ?? unix.path;
    if (path) terms.push(exactly('path', path));
    return terms.join(' ');
  }
  terms.push(exactly('lport', local.port));
  if (remote) terms.push(exactly('remote', remote.ip), exactly('rport', remote.port));
  return terms.join(' ');
}
