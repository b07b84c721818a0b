// All sockets of a view as rows, of which the server sorts and sends a window.

import { signal } from '@preact/signals';
import { useCallback, useEffect, useReducer, useRef } from 'preact/hooks';
import type { Order } from '../scene/address';
import { frozen } from '../scene/live';
import { ApiError, fetchSocketWindow } from '../wire/api';
import type { SocketRow } from '../wire/generated';
import type { ViewQuery } from '../wire/query';
import { words } from '../words';
import { formatBytes, formatDuration, formatRtt } from './format';
import type { TableColumn } from './rows';
import { numberColumn, textColumn } from './rows';
import { localText, peerText, stateText } from './socketText';

const PAGE = 200;
/** Pages out of sight are kept for going back, up to so many. */
const MAX_PAGES = 24;
const REFRESH_MS = 3000;

const { columns } = words.table;

function ownerText(socket: SocketRow): string {
  const [owner, ...others] = socket.owners;
  if (!owner) return words.common.unknown;
  const name = owner.label || owner.name;
  return others.length > 0 ? words.table.andMore(name, others.length) : name;
}

function servicePort({ direction, local, remote, unix }: SocketRow): number {
  if (unix) return 0;
  return (direction === 'outbound' ? remote?.port : local.port) ?? 0;
}

/** What not every machine tells: by `--geoip`, and of its interfaces. */
const SOMETIMES = ['interface', 'country', 'network'] as const;
const told = signal<ReadonlySet<string>>(new Set());

function noteWhatIsTold(sockets: readonly SocketRow[]): void {
  const found = SOMETIMES.filter((id) => !told.value.has(id) && sockets.some((s) => s[id]));
  if (found.length > 0) told.value = new Set([...told.value, ...found]);
}

/** The columns of which something is told; each stays once it is there. */
export function socketColumns(): readonly TableColumn<SocketRow>[] {
  const sometimes: readonly string[] = SOMETIMES;
  return SOCKET_COLUMNS.filter(({ id }) => !sometimes.includes(id) || told.value.has(id));
}

/** The columns; what one is sorted by is the server's name for it. */
const SOCKET_COLUMNS: readonly TableColumn<SocketRow>[] = [
  textColumn('process', columns.process, 'minmax(140px, 2fr)', ownerText),
  numberColumn(
    'pid',
    columns.pid,
    '84px',
    (socket) => socket.owners[0]?.pid ?? 0,
    (socket) => String(socket.owners[0]?.pid ?? words.common.none),
  ),
  textColumn('user', columns.user, 'minmax(80px, 1fr)', (s) => s.owners[0]?.user ?? ''),
  textColumn('protocol', columns.protocol, '80px', (socket) => socket.protocol.toUpperCase()),
  textColumn('state', columns.state, 'minmax(104px, 1fr)', (socket) =>
    stateText(socket, socket.direction === 'listen'),
  ),
  textColumn(
    'direction',
    columns.direction,
    '88px',
    (socket) => words.directions[socket.direction] ?? socket.direction,
  ),
  textColumn('local', columns.local, 'minmax(150px, 1.6fr)', localText),
  textColumn('interface', columns.interface, 'minmax(80px, 0.7fr)', (s) => s.interface ?? ''),
  textColumn('remote', columns.remote, 'minmax(150px, 1.8fr)', (socket) =>
    socket.direction === 'listen' ? words.common.none : peerText(socket),
  ),
  textColumn('country', columns.country, '84px', (socket) => socket.country ?? ''),
  textColumn('network', columns.network, 'minmax(120px, 1.2fr)', (socket) => socket.network ?? ''),
  {
    ...numberColumn('port', columns.port, '72px', servicePort, (socket: SocketRow) =>
      String(servicePort(socket) || words.common.none),
    ),
    unsorted: true,
  },
  textColumn(
    'container',
    columns.container,
    'minmax(96px, 1fr)',
    ({ owners: [owner] }) => owner?.container?.name ?? owner?.container?.id.slice(0, 12) ?? '',
  ),
  numberColumn(
    'sent',
    columns.sent,
    '92px',
    (socket) => socket.tx_bytes,
    (socket) => formatBytes(socket.tx_bytes),
  ),
  numberColumn(
    'received',
    columns.received,
    '92px',
    (socket) => socket.rx_bytes,
    (socket) => formatBytes(socket.rx_bytes),
  ),
  numberColumn(
    'rtt',
    columns.rtt,
    '92px',
    (socket) => socket.rtt_us,
    (socket) => formatRtt(socket.rtt_us),
  ),
  numberColumn(
    'retransmits',
    columns.retransmits,
    '92px',
    (socket) => socket.retransmits,
    (socket) => socket.retransmits.toLocaleString(words.locale),
  ),
  numberColumn(
    'age',
    columns.age,
    '92px',
    (socket) => -socket.opened,
    (socket, now) => formatDuration(now - socket.opened),
  ),
];

export interface SocketRows {
  readonly total: number;
  readonly error: string | undefined;
  readonly rowAt: (index: number) => SocketRow | undefined;
  readonly onRange: (first: number, last: number) => void;
}

interface Pages {
  id: string;
  total: number;
  error: string | undefined;
  rows: Map<number, readonly SocketRow[]>;
  first: number;
  last: number;
  abort: AbortController;
  asked: Set<number>;
}

function fresh(id: string): Pages {
  return {
    id,
    total: 0,
    error: undefined,
    rows: new Map(),
    first: 0,
    last: 0,
    abort: new AbortController(),
    asked: new Set(),
  };
}

/** The sockets that `view` shows in `order`, of which those in sight are fetched. */
export function useSocketRows(view: ViewQuery, order: Order): SocketRows {
  const id = JSON.stringify([view, order]);
  const [, redraw] = useReducer<number, void>((drawn) => drawn + 1, 0);
  const state = useRef<Pages>(fresh(id));
  if (state.current.id !== id) {
    state.current.abort.abort();
    // What was there stays in sight until the first page of the new order has come.
    const { total } = state.current;
    state.current = { ...fresh(id), total };
  }

  const load = useCallback(
    async (page: number) => {
      const pages = state.current;
      if (pages.asked.has(page)) return;
      pages.asked.add(page);
      try {
        const { sockets, total } = await fetchSocketWindow(
          view,
          { sort: order.column, descending: order.descending, offset: page * PAGE, limit: PAGE },
          pages.abort.signal,
        );
        if (pages !== state.current) return;
        noteWhatIsTold(sockets);
        pages.total = total;
        pages.error = undefined;
        pages.rows.delete(page);
        pages.rows.set(page, sockets);
        for (const old of pages.rows.keys()) {
          if (pages.rows.size <= MAX_PAGES) break;
          pages.rows.delete(old);
        }
      } catch (error) {
        if (pages !== state.current || pages.abort.signal.aborted) return;
        pages.error = error instanceof ApiError ? error.message : words.common.silent;
      } finally {
        pages.asked.delete(page);
      }
      redraw();
    },
    [id],
  );
  const inSight = useCallback(
    (again: boolean) => {
      const { first, last, rows } = state.current;
      for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
        if (again || !rows.has(page)) void load(page);
      }
    },
    [load],
  );
  useEffect(() => {
    inSight(true);
    const timer = window.setInterval(() => {
      if (!document.hidden && !frozen.value) inSight(true);
    }, REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [inSight]);
  useEffect(() => () => state.current.abort.abort(), []);

  const onRange = useCallback(
    (first: number, last: number) => {
      state.current.first = first;
      state.current.last = Math.max(first, last);
      inSight(false);
    },
    [inSight],
  );
  const { total, error, rows } = state.current;
  return {
    total,
    error,
    rowAt: (index) => rows.get(Math.floor(index / PAGE))?.[index % PAGE],
    onRange,
  };
}

/** As many as the server hands out at once. */
const DOWNLOAD_PAGE = 10_000;
const MAX_DOWNLOAD = 200_000;

/** Every socket that `view` shows in `order`, for a file. */
export async function allSockets(view: ViewQuery, order: Order): Promise<SocketRow[]> {
  const all: SocketRow[] = [];
  for (;;) {
    const { sockets, total } = await fetchSocketWindow(view, {
      sort: order.column,
      descending: order.descending,
      offset: all.length,
      limit: DOWNLOAD_PAGE,
    });
    all.push(...sockets);
    if (sockets.length === 0 || all.length >= total || all.length >= MAX_DOWNLOAD) return all;
  }
}
