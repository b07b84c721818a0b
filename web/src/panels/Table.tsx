import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { scene } from '../scene/live';
import { selected } from '../scene/selection';
import { list, order } from '../scene/settings';
import { words } from '../words';
import { Icon } from './Icon';
import type { NamedEdge, Order, TableColumn } from './rows';
import { EDGE_COLUMNS, nodeColumns, sortRows } from './rows';

const ROW_HEIGHT = 34;

/** The same scene as the map's, as two tables. */
export default function TableView() {
  void scene.version.value;
  const tab = list.value === 'node' ? 'node' : 'edge';
  const legend = scene.legend.value;
  const columns = useMemo(
    () => nodeColumns(new Map(legend.types.map((type) => [type.name, type.title]))),
    [legend],
  );
  const nodes = [...scene.nodes.values()];
  const edges = [...scene.edges.values()].map((edge) => ({
    ...edge,
    client: scene.nodes.get(edge.from)?.label ?? '',
    server: scene.nodes.get(edge.to)?.label ?? '',
  }));
  return (
    <div class="table-view">
      <div class="tabs" role="tablist" aria-label={words.table.tabs}>
        {(['edge', 'node'] as const).map((name) => (
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
            {name === 'edge' ? words.table.connections : words.table.nodes}
            <span class="quiet">{name === 'edge' ? edges.length : nodes.length}</span>
          </button>
        ))}
      </div>
      <div class="table-panel" id="table-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'edge' ? (
          <Grid<NamedEdge>
            key="edge"
            kind="edge"
            label={words.table.connections}
            rows={edges}
            columns={EDGE_COLUMNS}
            first={{ column: 'client', descending: false }}
          />
        ) : (
          <Grid
            key="node"
            kind="node"
            label={words.table.nodes}
            rows={nodes}
            columns={columns}
            first={{ column: 'label', descending: false }}
          />
        )}
      </div>
    </div>
  );
}

interface GridProps<T> {
  kind: 'edge' | 'node';
  label: string;
  rows: readonly T[];
  columns: readonly TableColumn<T>[];
  first: Order;
}

function Grid<T extends { readonly key: string; readonly stale: boolean }>(props: GridProps<T>) {
  const { kind, label, rows, columns, first } = props;
  const by = order.value ?? first;
  const [active, setActive] = useState(0);
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  const scroller = useRef<HTMLDivElement>(null);
  const sorted = sortRows(rows, columns, by);
  const virtualizer = useRef<Virtualizer<HTMLDivElement, HTMLDivElement> | undefined>(undefined);
  const options = {
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(),
  };
  virtualizer.current ??= new Virtualizer<HTMLDivElement, HTMLDivElement>(options);
  const virtual = virtualizer.current;
  virtual.setOptions(options);
  useEffect(() => virtual._didMount(), [virtual]);
  useEffect(() => virtual._willUpdate());

  const template = columns.map((column) => column.width).join(' ');
  const now = scene.now();
  const last = sorted.length - 1;
  const current = Math.max(0, Math.min(active, last));
  const rowId = (index: number) => `${kind}-row-${index}`;
  const move = (to: number) => {
    const next = Math.max(0, Math.min(to, last));
    setActive(next);
    virtual.scrollToIndex(next);
  };
  const choose = (index: number) => {
    const row = sorted[index];
    if (row) selected.value = { kind, key: row.key };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 300) / ROW_HEIGHT) - 2);
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: last,
    };
    const to = targets[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' || event.key === ' ') choose(current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const items = virtual.getVirtualItems();
  return (
    <div
      class="grid"
      role="grid"
      aria-label={label}
      aria-rowcount={sorted.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={
        items.some((item) => item.index === current) ? rowId(current) : undefined
      }
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div class="scroller" ref={scroller} role="presentation">
        <div
          class="row head"
          role="row"
          aria-rowindex={1}
          style={{ gridTemplateColumns: template }}
        >
          {columns.map((column) => {
            const sortedBy = by.column === column.id;
            return (
              <div
                key={column.id}
                role="columnheader"
                class={column.numeric ? 'numeric' : undefined}
                aria-sort={sortedBy ? (by.descending ? 'descending' : 'ascending') : 'none'}
              >
                <button
                  type="button"
                  onClick={() => {
                    order.value = {
                      column: column.id,
                      descending: sortedBy ? !by.descending : column.numeric === true,
                    };
                  }}
                >
                  {column.title}
                  {sortedBy && <Icon name={by.descending ? 'down' : 'up'} size={12} />}
                </button>
              </div>
            );
          })}
        </div>
        <div class="rows" role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
          {items.map((item) => {
            const row = sorted[item.index];
            if (!row) return null;
            const on = selected.value?.kind === kind && selected.value.key === row.key;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles keys
              <div
                key={row.key}
                id={rowId(item.index)}
                class={`row${item.index === current ? ' active' : ''}${row.stale ? ' stale' : ''}`}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={on}
                data-key={row.key}
                style={{ transform: `translateY(${item.start}px)`, gridTemplateColumns: template }}
                onClick={() => {
                  setActive(item.index);
                  choose(item.index);
                }}
              >
                {columns.map((column) => {
                  const shown = column.text(row, now);
                  return (
                    <div
                      key={column.id}
                      role="gridcell"
                      class={column.numeric ? 'numeric' : undefined}
                      title={shown}
                    >
                      {shown}
                    </div>
                  );
                })}
              </div>
            );
          })}
        </div>
        {sorted.length === 0 && <p class="quiet nothing">{words.table.nothing}</p>}
      </div>
    </div>
  );
}
