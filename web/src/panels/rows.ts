// The scene as tables: columns, and rows in order.

import { shortPath } from '../draw/text';
import type { Order } from '../scene/address';
import type { EdgeRow, NodeRow } from '../wire/columns';
import { words } from '../words';
import { formatBytes, formatDuration, formatRtt } from './format';

export interface TableColumn<T> {
  readonly id: string;
  readonly title: string;
  /** A share of the width. */
  readonly width: string;
  readonly numeric?: boolean;
  /** Nobody can sort by it. */
  readonly unsorted?: boolean;
  /** What rows are sorted by. */
  readonly value: (row: T) => string | number;
  readonly text: (row: T, now: number) => string;
}

export interface NamedEdge extends EdgeRow {
  readonly client: string;
  readonly server: string;
}

export const EDGE_COLUMNS: readonly TableColumn<NamedEdge>[] = [
  textColumn('client', words.table.columns.client, 'minmax(150px, 2fr)', (edge) => edge.client),
  textColumn('server', words.table.columns.server, 'minmax(150px, 2fr)', (edge) => edge.server),
  textColumn('protocol', words.table.columns.protocol, '84px', (edge) =>
    edge.protocol.toUpperCase(),
  ),
  numberColumn('port', words.table.columns.port, '72px', (edge) => edge.port, portText),
  textColumn('state', words.table.columns.state, 'minmax(100px, 1fr)', (edge) =>
    edge.stale ? words.details.justEnded : edge.state,
  ),
  numberColumn(
    'sockets',
    words.table.columns.sockets,
    '84px',
    (edge) => edge.sockets,
    (edge) => edge.sockets.toLocaleString(words.locale),
  ),
  numberColumn(
    'to_server',
    words.table.columns.to_server,
    '96px',
    (edge) => edge.to_server,
    (edge) => formatBytes(edge.to_server),
  ),
  numberColumn(
    'to_client',
    words.table.columns.to_client,
    '96px',
    (edge) => edge.to_client,
    (edge) => formatBytes(edge.to_client),
  ),
  numberColumn(
    'rtt',
    words.table.columns.rtt,
    '96px',
    (edge) => edge.rtt_us,
    (edge) => formatRtt(edge.rtt_us),
  ),
  numberColumn(
    'age',
    words.table.columns.age,
    '96px',
    (edge) => -edge.since,
    (edge, now) => formatDuration(now - edge.since),
  ),
];

/** A UNIX socket has a path instead. */
function portText(edge: EdgeRow): string {
  if (edge.port) return String(edge.port);
  if (edge.path) return shortPath(edge.path);
  return edge.protocol === 'unix' && edge.links === 1 ? words.table.pair : words.table.several;
}

export function nodeColumns(titles: ReadonlyMap<string, string>): readonly TableColumn<NodeRow>[] {
  return [
    textColumn('label', words.table.columns.label, 'minmax(150px, 2fr)', (node) => node.label),
    textColumn(
      'type',
      words.table.columns.type,
      'minmax(110px, 1.3fr)',
      (node) => words.table.kinds[node.kind] ?? titles.get(node.type) ?? node.type,
    ),
    textColumn('detail', words.table.columns.detail, 'minmax(110px, 1.3fr)', (node) => node.detail),
    textColumn('user', words.table.columns.user, 'minmax(100px, 1fr)', (node) => node.user),
    numberColumn(
      'count',
      words.table.columns.count,
      '80px',
      (node) => node.count,
      (node) => node.count.toLocaleString(words.locale),
    ),
    numberColumn(
      'sockets',
      words.table.columns.connections,
      '108px',
      (node) => node.sockets,
      (node) => node.sockets.toLocaleString(words.locale),
    ),
    textColumn('listeners', words.table.columns.listeners, 'minmax(130px, 1.6fr)', (node) =>
      node.listeners.join(', '),
    ),
    numberColumn(
      'age',
      'Age',
      '96px',
      (node) => -node.since,
      (node, now) => formatDuration(now - node.since),
    ),
  ];
}

export function textColumn<T>(
  id: string,
  title: string,
  width: string,
  value: (row: T) => string,
): TableColumn<T> {
  return { id, title, width, value, text: value };
}

export function numberColumn<T>(
  id: string,
  title: string,
  width: string,
  value: (row: T) => number,
  shown: (row: T, now: number) => string,
): TableColumn<T> {
  return { id, title, width, numeric: true, value, text: shown };
}

const collator = new Intl.Collator(words.locale, { numeric: true, sensitivity: 'base' });

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
