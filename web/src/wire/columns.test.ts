import { describe, expect, it } from 'vitest';
import { applyUpdates, decodeRows, WireError } from './columns';

interface Things {
  id: number[];
  name: string[];
  size: number[];
}

describe('columns', () => {
  it('become rows', () => {
    const rows = decodeRows<Things>({ id: [3, 5], name: ['a', 'b'], size: [1, 2] });
    expect(rows).toEqual([
      { id: 3, name: 'a', size: 1 },
      { id: 5, name: 'b', size: 2 },
    ]);
  });

  it('of unequal length are refused', () => {
    expect(() => decodeRows<Things>({ id: [3, 5], name: ['a'], size: [1, 2] })).toThrow(WireError);
  });

  it('change by deltas; what did not change stays the same object', () => {
    const things = new Map(
      decodeRows<Things>({ id: [1, 2, 3], name: ['a', 'b', 'c'], size: [1, 2, 3] }).map((row) => [
        row.id,
        row,
      ]),
    );
    const [first, second] = [things.get(1), things.get(2)];
    applyUpdates<Things>(things, {
      add: { id: [7], name: ['g'], size: [7] },
      set: { name: { id: [2], value: ['B'] }, size: { id: [2], value: [20] } },
      del: [3],
    });
    expect([...things.values()]).toEqual([
      { id: 1, name: 'a', size: 1 },
      { id: 2, name: 'B', size: 20 },
      { id: 7, name: 'g', size: 7 },
    ]);
    expect(things.get(1)).toBe(first);
    expect(things.get(2)).not.toBe(second);
  });

  it('refuse a change of what is not there', () => {
    expect(() =>
      applyUpdates<Things>(new Map(), { set: { name: { id: [9], value: ['x'] } } }),
    ).toThrow(WireError);
  });
});
