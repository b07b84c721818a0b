import { describe, expect, it } from 'vitest';
import { Adjacency } from './graph';
import { componentsOf, orderColumns, spread } from './order';
import { rankProcesses } from './rank';
import { seeded } from './testing';

describe('spread', () => {
  it('keeps order, stays inside and takes what is wanted where it can', () => {
    expect(spread([2, 2, 2], 10)).toEqual([1, 2, 3]);
    expect(spread([0, 9], 10)).toEqual([0, 9]);
    expect(spread([-5, 50], 4)).toEqual([0, 3]);
    expect(spread([], 4)).toEqual([]);
    expect(spread([2, 2, 2], 10, 2)).toEqual([0, 2, 4]);
    const random = seeded(3);
    for (let i = 0; i < 200; i++) {
      const wanted = Array.from({ length: 1 + Math.floor(random() * 20) }, () => random() * 30 - 5);
      const size = wanted.length + Math.floor(random() * 10);
      const spots = spread(wanted, size);
      spots.forEach((spot, at) => {
        expect(spot).toBeGreaterThan(spots[at - 1] ?? -1);
        expect(spot).toBeLessThan(size);
      });
    }
  });
});

describe('orderColumns', () => {
  it('uncrosses two chains', () => {
    const zones = { a: 'client', b: 'client', x: 'process', y: 'process' } as const;
    const adjacency = new Adjacency({
      nodes: Object.entries(zones).map(([key, zone]) => ({ key, zone, label: key })),
      edges: [
        { from: 'a', to: 'y' },
        { from: 'b', to: 'x' },
      ],
    });
    const [left = [], right = []] = orderColumns(
      [
        ['a', 'b'],
        ['x', 'y'],
      ],
      adjacency,
      ['a', 'b', 'x', 'y'],
    );
    expect(left.indexOf('a') - left.indexOf('b')).toBe(right.indexOf('y') - right.indexOf('x'));
  });
});

describe('componentsOf', () => {
  it('finds what hangs together, the largest first', () => {
    const adjacency = new Adjacency({
      nodes: ['a', 'b', 'c', 'd', 'e'].map((key) => ({ key, zone: 'process', label: key })),
      edges: [
        { from: 'a', to: 'b' },
        { from: 'c', to: 'd' },
        { from: 'd', to: 'e' },
      ],
    });
    const components = componentsOf(['a', 'b', 'c', 'd', 'e'], adjacency);
    expect(components.map((keys) => keys.join(''))).toEqual(['cde', 'ab']);
  });
});

describe('rankProcesses', () => {
  it('puts a caller beside what it calls, and a mere client of remotes last', () => {
    const key = (name: string) => ({ key: name, zone: 'process' as const, label: name });
    const adjacency = new Adjacency({
      nodes: [
        ...['web', 'app', 'db', 'cli', 'browser'].map(key),
        { key: 'c', zone: 'client', label: 'c' },
        { key: 'r', zone: 'server', label: 'r' },
      ],
      edges: [
        { from: 'c', to: 'web' },
        { from: 'web', to: 'app' },
        { from: 'app', to: 'db' },
        { from: 'cli', to: 'db' },
        { from: 'browser', to: 'r' },
      ],
    });
    const { of, count } = rankProcesses(adjacency);
    expect(count).toBe(3);
    expect(Object.fromEntries(of)).toEqual({ web: 0, app: 1, db: 2, cli: 1, browser: 2 });
  });
});
