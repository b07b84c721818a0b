import { useEffect, useMemo, useState } from 'preact/hooks';
import { exactly } from '../scene/filter';
import { scene, viewInForce } from '../scene/live';
import type { Rates } from '../scene/rates';
import { RateMeter } from '../scene/rates';
import type { SocketsOf } from '../wire/api';
import { fetchSockets } from '../wire/api';
import type { SocketList, SocketRow } from '../wire/generated';
import { words } from '../words';
import { By, filterBy } from './By';
import { CopyAction } from './Copy';
import { formatBytes, formatDuration, formatRtt } from './format';
import { Icon } from './Icon';
import { Sparkline } from './Sparkline';
import {
  filterOfSocket,
  keyOfSocket,
  localText,
  peerText,
  remoteText,
  ssLine,
  stateText,
} from './socketText';
import type { Fetched } from './useFetched';
import { useFetched } from './useFetched';

const SOCKET_LIMIT = 200;
/** Counters are read so often while the details are open. */
const SAMPLE_MS = 2000;

const ARROWS: Readonly<Record<string, string>> = {
  outbound: '→',
  inbound: '←',
  listen: '◉',
  unknown: '·',
};

export interface MeteredSockets {
  readonly fetched: Fetched<SocketList>;
  readonly rates: (key: string) => Rates;
  readonly total: Rates;
}

/** The sockets of a node or an edge, and how much flows through each while they are shown. */
export function useSockets(of: SocketsOf): MeteredSockets {
  const shown = viewInForce.value;
  const id = JSON.stringify([of, shown]);
  const fetched = useFetched<SocketList>(
    id,
    (signal) => fetchSockets(of, shown, SOCKET_LIMIT, signal),
    { everyMs: SAMPLE_MS },
  );
  const meter = useMemo(() => new RateMeter(), [id]);
  const { value } = fetched;
  const [, drawn] = useState(0);
  useEffect(() => {
    if (!value) return;
    const counters = new Map(
      value.sockets.map((socket) => [
        keyOfSocket(socket),
        { sent: socket.tx_bytes, received: socket.rx_bytes },
      ]),
    );
    meter.read(Date.now(), counters);
    drawn((count) => count + 1);
  }, [value, meter]);
  return { fetched, rates: (key) => meter.of(key), total: meter.total };
}

/** Every socket behind a node or an edge. */
export function SocketSection({ metered }: { metered: MeteredSockets }) {
  const { value, error } = metered.fetched;
  if (error && !value) return <p class="error">{error}</p>;
  if (!value) return <p class="quiet loading">{words.sockets.loading}</p>;
  const { sockets, total } = value;
  return (
    <section class="sockets">
      <h3>
        {words.sockets.title(total, sockets.length)}
        <Sparkline rates={metered.total} />
      </h3>
      {sockets.length === 0 && <p class="quiet">{words.sockets.none}</p>}
      <ul>
        {sockets.map((socket) => (
          <Socket
            key={keyOfSocket(socket)}
            socket={socket}
            rates={metered.rates(keyOfSocket(socket))}
          />
        ))}
      </ul>
    </section>
  );
}

function ownerWords(socket: SocketRow): string {
  if (socket.owners.length === 0) {
    const why = words.unknownOwner[socket.unknown_owner ?? ''] ?? words.common.unknown;
    return words.sockets.unknownOwner(why, socket.uid ?? null);
  }
  const names = socket.owners.map((owner) => `${owner.name} ${owner.pid}`).join(', ');
  return `${names}: ${words.attribution[socket.attribution] ?? socket.attribution}`;
}

function Socket({ socket, rates }: { socket: SocketRow; rates: Rates }) {
  const [open, setOpen] = useState(false);
  const listening = socket.direction === 'listen';
  const flows = (rates.sent.at(-1) ?? 0) + (rates.received.at(-1) ?? 0) > 0;
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
        <button
          type="button"
          class="copy"
          aria-expanded={open}
          aria-label={words.sockets.more}
          title={words.sockets.more}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? 'up' : 'down'} size={14} />
        </button>
      </div>
      <div class="numbers">
        {!listening && <code title={words.sockets.localEnd}>{localText(socket)}</code>}
        {socket.interface && <span title={words.sockets.interface}>{socket.interface}</span>}
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
      {flows && <Sparkline rates={rates} />}
      <div class="owner" data-attribution={socket.attribution}>
        {ownerWords(socket)}
      </div>
      {open && <SocketEvidence socket={socket} />}
    </li>
  );
}

/** The rest of what is known about a socket, and what can be done with it. */
function SocketEvidence({ socket }: { socket: SocketRow }) {
  const { remote, unix, local, protocol } = socket;
  const served = socket.direction === 'outbound' ? remote?.port : local.port;
  const filter = filterOfSocket(socket);
  const path = unix?.service ?? unix?.path;
  return (
    <div class="evidence">
      <dl class="facts">
        <dt>{words.details.direction}</dt>
        <dd>{words.evidence[socket.evidence] ?? socket.evidence}</dd>
        <dt>{words.sockets.opened}</dt>
        <dd>{new Date(socket.opened).toLocaleString(words.locale)}</dd>
        {!unix && (
          <>
            <dt>{words.sockets.packetsTitle}</dt>
            <dd>{words.sockets.packets(socket.tx_packets ?? 0, socket.rx_packets ?? 0)}</dd>
          </>
        )}
        {socket.interface && (
          <>
            <dt>{words.sockets.interface}</dt>
            <dd>{socket.interface}</dd>
          </>
        )}
        {(socket.country || socket.network) && (
          <>
            <dt>{words.sockets.place}</dt>
            <dd>{[socket.country, socket.network].filter(Boolean).join(', ')}</dd>
          </>
        )}
        <dt>{words.sockets.namespace}</dt>
        <dd>{socket.netns}</dd>
        {socket.cookie > 0 && (
          <>
            <dt>{words.sockets.cookie}</dt>
            <dd>{socket.cookie}</dd>
          </>
        )}
        <dt>{words.filterBy.title}</dt>
        <dd class="bys">
          <By term={`proto:${protocol}`}>{protocol.toUpperCase()}</By>
          {!unix && served !== undefined && served > 0 && (
            <By term={exactly('port', served)}>:{served}</By>
          )}
          {remote && <By term={exactly('remote', remote.ip)}>{remote.ip}</By>}
          {path && <By term={exactly('path', path)}>{path}</By>}
          <By term={`state:${socket.state}`}>{socket.state}</By>
        </dd>
      </dl>
      <div class="actions">
        <CopyAction label={words.copy.ss} text={() => ssLine(socket)} />
        <CopyAction label={words.copy.json} text={() => JSON.stringify(socket, null, 2)} />
        <CopyAction label={words.copy.filter} text={() => filter} />
        <button type="button" class="action" onClick={() => filterBy(filter)}>
          <Icon name="funnel" size={15} /> {words.filterBy.only}
        </button>
      </div>
    </div>
  );
}
