import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { Order } from '../scene/address';
import { scene } from '../scene/live';
import { words } from '../words';
import { Icon } from './Icon';
import type { TableColumn } from './rows';

const ROW_HEIGHT = 34;
/** The heading row, as a place for the cursor. */
const HEADING = -1;

export interface GridProps<T> {
  kind: string;
  label: string;
  count: number;
  /** The row at a place; undefined while it is not there yet. */
  rowAt: (index: number) => T | undefined;
  keyOf: (row: T) => string;
  columns: readonly TableColumn<T>[];
  order: Order;
  onOrder: (column: TableColumn<T>) => void;
  isSelected: (row: T) => boolean;
  onChoose: (row: T) => void;
  /** Told which rows are in sight. */
  onRange?: (first: number, last: number) => void;
}

/** Rows of which only those in sight exist, walked cell by cell (the grid pattern of ARIA). */
export function Grid<T extends object>(props: GridProps<T>) {
  const { kind, label, count, rowAt, columns, order } = props;
  const [active, setActive] = useState({ row: 0, column: 0 });
  const [, redraw] = useReducer<number, void>((drawn) => drawn + 1, 0);
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useRef<Virtualizer<HTMLDivElement, HTMLDivElement> | undefined>(undefined);
  const options = {
    count,
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

  const items = virtual.getVirtualItems();
  const [first = 0, last = -1] = [items[0]?.index, items.at(-1)?.index];
  useEffect(() => props.onRange?.(first, last), [first, last, props.onRange]);

  const template = columns.map((column) => column.width).join(' ');
  const now = scene.now();
  const row = Math.max(HEADING, Math.min(active.row, count - 1));
  const column = Math.max(0, Math.min(active.column, columns.length - 1));
  const cellId = (r: number, c: number) => `${kind}-cell-${r}-${columns[c]?.id ?? ''}`;

  const move = (toRow: number, toColumn: number) => {
    const next = {
      row: Math.max(HEADING, Math.min(toRow, count - 1)),
      column: Math.max(0, Math.min(toColumn, columns.length - 1)),
    };
    setActive(next);
    if (next.row >= 0) virtual.scrollToIndex(next.row);
    const cell = scroller.current?.querySelector(`[aria-colindex="${next.column + 1}"]`);
    if (cell && next.column !== column)
      cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  const choose = (index: number) => {
    const chosen = rowAt(index);
    if (chosen) props.onChoose(chosen);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 300) / ROW_HEIGHT) - 2);
    const far = event.ctrlKey;
    const moves: Readonly<Record<string, readonly [row: number, column: number]>> = {
      ArrowDown: [far ? count - 1 : row + 1, column],
      ArrowUp: [far ? 0 : row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + page, column],
      PageUp: [Math.max(0, row - page), column],
      Home: far ? [0, 0] : [row, 0],
      End: far ? [count - 1, columns.length - 1] : [row, columns.length - 1],
    };
    const to = moves[event.key];
    if (to) move(...to);
    else if (event.key === 'Enter' || event.key === ' ') {
      const heading = columns[column];
      if (row !== HEADING) choose(row);
      else if (heading && !heading.unsorted) props.onOrder(heading);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const there = row === HEADING || items.some((item) => item.index === row);
  const minWidth = `${columns.length * 92 + 60}px`;
  return (
    <div class="grid">
      <div
        class="scroller"
        ref={scroller}
        role="grid"
        aria-label={label}
        aria-rowcount={count + 1}
        aria-colcount={columns.length}
        aria-activedescendant={there && columns.length > 0 ? cellId(row, column) : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div
          class="row head"
          role="row"
          aria-rowindex={1}
          style={{ gridTemplateColumns: template, minWidth }}
        >
          {columns.map((heading, c) => {
            const sortedBy = order.column === heading.id;
            return (
              <div
                key={heading.id}
                id={cellId(HEADING, c)}
                role="columnheader"
                class={`${heading.numeric ? 'numeric' : ''}${row === HEADING && c === column ? ' active' : ''}`}
                aria-colindex={c + 1}
                aria-sort={
                  heading.unsorted
                    ? undefined
                    : sortedBy
                      ? order.descending
                        ? 'descending'
                        : 'ascending'
                      : 'none'
                }
              >
                {heading.unsorted ? (
                  heading.title
                ) : (
                  <button type="button" tabIndex={-1} onClick={() => props.onOrder(heading)}>
                    {heading.title}
                    {sortedBy && <Icon name={order.descending ? 'down' : 'up'} size={12} />}
                  </button>
                )}
              </div>
            );
          })}
        </div>
        <div
          class="rows"
          role="presentation"
          style={{ height: `${virtual.getTotalSize()}px`, minWidth }}
        >
          {items.map((item) => {
            const shown = rowAt(item.index);
            const place = {
              transform: `translateY(${item.start}px)`,
              gridTemplateColumns: template,
              minWidth,
            };
            const here = item.index === row;
            const stale = shown && 'stale' in shown && shown.stale === true;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles keys
              <div
                key={shown ? props.keyOf(shown) : item.index}
                class={`row${here ? ' active' : ''}${stale ? ' stale' : ''}`}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={shown ? props.isSelected(shown) : false}
                aria-busy={shown ? undefined : true}
                data-key={shown && props.keyOf(shown)}
                style={place}
                onClick={(event) => {
                  const cell = (event.target as Element).closest('[aria-colindex]');
                  const c = Number(cell?.getAttribute('aria-colindex') ?? column + 1) - 1;
                  setActive({ row: item.index, column: c });
                  choose(item.index);
                }}
              >
                {columns.map((one, c) => {
                  const text = shown ? one.text(shown, now) : words.table.loading;
                  return (
                    <div
                      key={one.id}
                      id={cellId(item.index, c)}
                      role="gridcell"
                      class={`${one.numeric ? 'numeric' : ''}${here && c === column ? ' active' : ''}`}
                      aria-colindex={c + 1}
                      title={text}
                    >
                      {text}
                    </div>
                  );
                })}
              </div>
            );
          })}
        </div>
      </div>
      {count === 0 && <p class="quiet nothing">{words.table.nothing}</p>}
    </div>
  );
}
