import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { List, Order } from '../scene/address';
import { LISTS } from '../scene/address';
import { scene, viewInForce } from '../scene/live';
import { selected } from '../scene/selection';
import { list, order, readStored, writeStored } from '../scene/settings';
import type { SocketRow } from '../wire/generated';
import { words } from '../words';
import { Disclosure } from './Disclosure';
import { Grid } from './Grid';
import type { TableColumn } from './rows';
import { EDGE_COLUMNS, nodeColumns, sortRows } from './rows';
import { allSockets, socketColumns, useSocketRows } from './socketRows';
import { keyOfSocket } from './socketText';
import { csvOf, saveText } from './tableFile';

const STORED = 'procnet.columns';

type Hidden = Readonly<Partial<Record<List, readonly string[]>>>;

/** Columns that the person does not want, by table. */
const hidden = signal<Hidden>(readHidden());

function readHidden(): Hidden {
  const stored = readStored(STORED);
  if (typeof stored !== 'object' || stored === null) return {};
  return Object.fromEntries(
    LISTS.flatMap((name) => {
      const ids: unknown = (stored as Record<string, unknown>)[name];
      const known = Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
      return known.length > 0 ? [[name, known.slice(0, 50)]] : [];
    }),
  );
}

function setHidden(name: List, id: string, hide: boolean): void {
  const others = (hidden.value[name] ?? []).filter((other) => other !== id);
  hidden.value = { ...hidden.value, [name]: hide ? [...others, id] : others };
  writeStored(STORED, hidden.value);
}

/** The columns that are wanted, one at least. */
function wanted<T>(name: List, columns: readonly TableColumn<T>[]): readonly TableColumn<T>[] {
  const ids = hidden.value[name] ?? [];
  const shown = columns.filter((column) => !ids.includes(column.id));
  return shown.length > 0 ? shown : columns.slice(0, 1);
}

const FIRST: Readonly<Record<List, Order>> = {
  edge: { column: 'client', descending: false },
  node: { column: 'label', descending: false },
  socket: { column: 'process', descending: false },
};

/** The order in force: what was chosen, if the table has such a column. */
function orderOf<T>(name: List, columns: readonly TableColumn<T>[]): Order {
  const chosen = order.value;
  const known = columns.some((column) => column.id === chosen?.column && !column.unsorted);
  return chosen && known ? chosen : FIRST[name];
}

function sortBy<T>(name: List, columns: readonly TableColumn<T>[]) {
  return (column: TableColumn<T>) => {
    const by = orderOf(name, columns);
    const descending = by.column === column.id ? !by.descending : column.numeric === true;
    order.value = { column: column.id, descending };
  };
}

/** What the map shows as tables, and all sockets behind it. */
export default function TableView() {
  void scene.version.value;
  const tab = list.value;
  return (
    <div class="table-view">
      <div class="tabs" role="tablist" aria-label={words.table.tabs}>
        {LISTS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={tab === name}
            aria-controls="table-panel"
            onClick={() => {
              list.value = name;
              order.value = undefined;
            }}
          >
            {words.table.lists[name]}
            {name !== 'socket' && (
              <span class="quiet">
                {(name === 'edge' ? scene.edges : scene.nodes).size.toLocaleString(words.locale)}
              </span>
            )}
          </button>
        ))}
      </div>
      <div class="table-panel" id="table-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'edge' && <EdgeTable />}
        {tab === 'node' && <NodeTable />}
        {tab === 'socket' && <SocketTable />}
      </div>
    </div>
  );
}

function EdgeTable() {
  void scene.version.value;
  const columns = wanted('edge', EDGE_COLUMNS);
  const by = orderOf('edge', EDGE_COLUMNS);
  const named = [...scene.edges.values()].map((edge) => ({
    ...edge,
    client: scene.nodes.get(edge.from)?.label ?? '',
    server: scene.nodes.get(edge.to)?.label ?? '',
  }));
  const rows = sortRows(named, EDGE_COLUMNS, by);
  return (
    <>
      <TableTools name="edge" columns={EDGE_COLUMNS} rows={() => Promise.resolve(rows)} />
      <Grid
        key="edge"
        kind="edge"
        label={words.table.lists.edge}
        count={rows.length}
        rowAt={(index) => rows[index]}
        keyOf={(row) => row.key}
        columns={columns}
        order={by}
        onOrder={sortBy('edge', EDGE_COLUMNS)}
        isSelected={(row) => selected.value?.kind === 'edge' && selected.value.key === row.key}
        onChoose={(row) => {
          selected.value = { kind: 'edge', key: row.key };
        }}
      />
    </>
  );
}

function NodeTable() {
  void scene.version.value;
  const legend = scene.legend.value;
  const all = useMemo(
    () => nodeColumns(new Map(legend.types.map((type) => [type.name, type.title]))),
    [legend],
  );
  const by = orderOf('node', all);
  const rows = sortRows([...scene.nodes.values()], all, by);
  return (
    <>
      <TableTools name="node" columns={all} rows={() => Promise.resolve(rows)} />
      <Grid
        key="node"
        kind="node"
        label={words.table.lists.node}
        count={rows.length}
        rowAt={(index) => rows[index]}
        keyOf={(row) => row.key}
        columns={wanted('node', all)}
        order={by}
        onOrder={sortBy('node', all)}
        isSelected={(row) => selected.value?.kind === 'node' && selected.value.key === row.key}
        onChoose={(row) => {
          selected.value = { kind: 'node', key: row.key };
        }}
      />
    </>
  );
}

/** The node that a socket's owner is in, as far as nodes tell their processes. */
function nodeOf(socket: SocketRow): string | undefined {
  const owners = new Set(socket.owners.map((owner) => owner.key));
  for (const node of scene.nodes.values()) {
    if (node.processes.some((key) => owners.has(key))) return node.key;
  }
  return undefined;
}

function SocketTable() {
  void scene.version.value;
  const all = socketColumns();
  const by = orderOf('socket', all);
  const shown = viewInForce.value;
  const { total, error, rowAt, onRange } = useSocketRows(shown, by);
  return (
    <>
      <TableTools name="socket" columns={all} rows={() => allSockets(shown, by)}>
        <span class="quiet">{words.status.sockets(total)}</span>
      </TableTools>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <Grid
        key="socket"
        kind="socket"
        label={words.table.lists.socket}
        count={total}
        rowAt={rowAt}
        keyOf={keyOfSocket}
        columns={wanted('socket', all)}
        order={by}
        onOrder={sortBy('socket', all)}
        isSelected={(row) => {
          const target = selected.value;
          return target?.kind === 'node' && nodeOf(row) === target.key;
        }}
        onChoose={(row) => {
          const key = nodeOf(row);
          if (key !== undefined) selected.value = { kind: 'node', key };
        }}
        onRange={onRange}
      />
    </>
  );
}

interface TableToolsProps<T> {
  name: List;
  columns: readonly TableColumn<T>[];
  /** All rows in order, for a file. */
  rows: () => Promise<readonly T[]>;
  children?: JSX.Element;
}

/** Which columns there are, and the table as a file. */
function TableTools<T>({ name, columns, rows, children }: TableToolsProps<T>) {
  const shown = wanted(name, columns);
  const save = async (extension: 'csv' | 'json') => {
    const all = await rows();
    const text = extension === 'csv' ? csvOf(all, shown) : JSON.stringify(all, null, 2);
    saveText(text, words.table.files[name], extension);
  };
  return (
    <div class="table-tools">
      {children}
      <Disclosure icon="columns" label={words.table.columnsTitle} text={words.table.columnsShort}>
        {() => (
          <fieldset class="columns">
            <legend class="visually-hidden">{words.table.columnsTitle}</legend>
            {columns.map((column) => {
              const on = shown.includes(column);
              return (
                <label key={column.id}>
                  <input
                    type="checkbox"
                    checked={on}
                    disabled={on && shown.length === 1}
                    onChange={() => setHidden(name, column.id, on)}
                  />
                  {column.title}
                </label>
              );
            })}
          </fieldset>
        )}
      </Disclosure>
      {(['csv', 'json'] as const).map((extension) => (
        <button
          key={extension}
          type="button"
          class="action"
          title={words.table.save(extension.toUpperCase())}
          onClick={() => {
            void save(extension).catch((error: unknown) =>
              console.warn('procnet: the table could not be read whole', error),
            );
          }}
        >
          {extension.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
