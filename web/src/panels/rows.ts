// The scene as tables: columns, and rows in order.

import { shortPath } from '../draw/text';
import type { EdgeRow, NodeRow } from '../wire/columns';
import { formatBytes, formatDuration, formatRtt } from './format';

export interface TableColumn<T> {
  readonly id: string;
  readonly title: string;
  /** A share of the width. */
  readonly width: string;
  readonly numeric?: boolean;
  /** What rows are sorted by. */
  readonly value: (row: T) => string | number;
  readonly text: (row: T, now: number) => string;
}

export interface NamedEdge extends EdgeRow {
  readonly client: string;
  readonly server: string;
}

export const EDGE_COLUMNS: readonly TableColumn<NamedEdge>[] = [
  text('client', 'Client', 'minmax(150px, 2fr)', (edge) => edge.client),
  text('server', 'Server', 'minmax(150px, 2fr)', (edge) => edge.server),
  text('protocol', 'Protocol', '84px', (edge) => edge.protocol.toUpperCase()),
  number('port', 'Port', '72px', (edge) => edge.port, portText),
  text('state', 'State', 'minmax(100px, 1fr)', (edge) => (edge.stale ? 'just ended' : edge.state)),
  number(
    'sockets',
    'Sockets',
    '84px',
    (edge) => edge.sockets,
    (edge) => edge.sockets.toLocaleString('en'),
  ),
  number(
    'to_server',
    'To server',
    '96px',
    (edge) => edge.to_server,
    (edge) => formatBytes(edge.to_server),
  ),
  number(
    'to_client',
    'To client',
    '96px',
    (edge) => edge.to_client,
    (edge) => formatBytes(edge.to_client),
  ),
  number(
    'rtt',
    'Round trip',
    '96px',
    (edge) => edge.rtt_us,
    (edge) => formatRtt(edge.rtt_us),
  ),
  number(
    'age',
    'Age',
    '96px',
    (edge) => -edge.since,
    (edge, now) => formatDuration(now - edge.since),
  ),
];

/** A UNIX socket has a path instead. */
function portText(edge: EdgeRow): string {
  if (edge.port) return String(edge.port);
  if (edge.path) return shortPath(edge.path);
  return edge.protocol === 'unix' && edge.links === 1 ? 'pair' : 'several';
}

export function nodeColumns(titles: ReadonlyMap<string, string>): readonly TableColumn<NodeRow>[] {
  const kinds: Readonly<Record<string, string>> = {
    client: 'Remote clients',
    server: 'Remote server',
    unattributed: 'Program not known',
  };
  return [
    text('label', 'Name', 'minmax(150px, 2fr)', (node) => node.label),
    text(
      'type',
      'Type',
      'minmax(110px, 1.3fr)',
      (node) => kinds[node.kind] ?? titles.get(node.type) ?? node.type,
    ),
    text('detail', 'Detail', 'minmax(110px, 1.3fr)', (node) => node.detail),
    text('user', 'User', 'minmax(100px, 1fr)', (node) => node.user),
    number(
      'count',
      'Count',
      '80px',
      (node) => node.count,
      (node) => node.count.toLocaleString('en'),
    ),
    number(
      'sockets',
      'Connections',
      '108px',
      (node) => node.sockets,
      (node) => node.sockets.toLocaleString('en'),
    ),
    text('listeners', 'Listens on', 'minmax(130px, 1.6fr)', (node) => node.listeners.join(', ')),
    number(
      'age',
      'Age',
      '96px',
      (node) => -node.since,
      (node, now) => formatDuration(now - node.since),
    ),
  ];
}

function text<T>(
  id: string,
  title: string,
  width: string,
  value: (row: T) => string,
): TableColumn<T> {
  return { id, title, width, value, text: value };
}

function number<T>(
  id: string,
  title: string,
  width: string,
  value: (row: T) => number,
  shown: (row: T, now: number) => string,
): TableColumn<T> {
  return { id, title, width, numeric: true, value, text: shown };
}

export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** `rows` in `order`; equal ones by key, so that they do not change places. */
export function sortRows<T extends { readonly key: string }>(
  rows: readonly T[],
  columns: readonly TableColumn<T>[],
  order: Order,
): T[] {
  const column = columns.find((candidate) => candidate.id === order.column) ?? columns[0];
  if (!column) return [...rows];
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const difference =
      typeof x === 'number' && typeof y === 'number'
        ? x - y
        : collator.compare(String(x), String(y));
    return difference * sign || (a.key < b.key ? -1 : 1);
  });
}
