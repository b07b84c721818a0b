import { expect, it } from 'vitest';
import type { TableColumn } from './rows';
import { sortRows } from './rows';

interface Thing {
  readonly key: string;
  readonly name: string;
  readonly size: number;
}

const columns: readonly TableColumn<Thing>[] = [
  { id: 'name', title: 'Name', width: '1fr', value: (row) => row.name, text: (row) => row.name },
  {
    id: 'size',
    title: 'Size',
    width: '1fr',
    value: (row) => row.size,
    text: (row) => `${row.size}`,
  },
];
const rows: readonly Thing[] = [
  { key: 'b', name: 'node 10', size: 1 },
  { key: 'a', name: 'node 9', size: 1 },
  { key: 'c', name: 'Apache', size: 5 },
];

const keys = (column: string, descending: boolean) =>
  sortRows(rows, columns, { column, descending })
    .map((row) => row.key)
    .join('');

it('sorts numbers inside words by value, and equal rows always alike', () => {
  expect(keys('name', false)).toBe('cab');
  expect(keys('size', false)).toBe('abc');
  expect(keys('size', true)).toBe('cab');
  expect(keys('unknown', false)).toBe('cab');
});
