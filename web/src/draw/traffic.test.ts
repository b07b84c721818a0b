import { describe, expect, it } from 'vitest';
import type { EdgeRow } from '../wire/columns';
import { Traffic } from './traffic';

function edge(key: string, toClient: number, toServer: number): EdgeRow {
  return { key, to_client: toClient, to_server: toServer } as EdgeRow;
}

describe('Traffic', () => {
  it('tells a steady rate within a tenth, and no rate of the first total', () => {
    const traffic = new Traffic();
    traffic.read(edge('a', 5_000_000, 0), 0);
    expect(traffic.rate('a', 0)).toBe(0);
    for (let i = 1; i <= 120; i++) traffic.read(edge('a', 5_000_000 + i * 100, i * 100), i * 250);
    // 200 bytes every quarter of a second.
    expect(traffic.rate('a', 30_000)).toBeGreaterThan(720);
    expect(traffic.rate('a', 30_000)).toBeLessThan(880);
  });

  it('falls silent when nothing comes, and starts anew where a total goes back', () => {
    const traffic = new Traffic();
    traffic.read(edge('a', 0, 0), 0);
    traffic.read(edge('a', 4000, 0), 1000);
    expect(traffic.rate('a', 1000)).toBeCloseTo(1000);
    expect(traffic.rate('a', 60_000)).toBe(0);
    traffic.read(edge('a', 10, 0), 61_000);
    expect(traffic.rate('a', 61_000)).toBe(0);
    expect(traffic.rate('unknown', 0)).toBe(0);
  });

  it('keeps what is busy for as long as others are not clearly busier', () => {
    const traffic = new Traffic();
    for (const key of ['a', 'b']) traffic.read(edge(key, 0, 0), 0);
    traffic.read(edge('a', 5000, 0), 1000);
    traffic.read(edge('b', 6000, 0), 1000);
    expect(traffic.busiest(1, 1, 1000)).toEqual(['b']);
    expect(traffic.busiest(1, 1, 1000, ['a'])).toEqual(['a']);
    traffic.read(edge('b', 9000, 0), 1000);
    expect(traffic.busiest(1, 1, 1000, ['a'])).toEqual(['b']);
  });

  it('names the busiest, and forgets what is gone', () => {
    const traffic = new Traffic();
    for (const key of ['a', 'b', 'c']) traffic.read(edge(key, 0, 0), 0);
    traffic.read(edge('a', 1000, 0), 1000);
    traffic.read(edge('b', 9000, 0), 1000);
    traffic.read(edge('c', 5000, 0), 1000);
    expect(traffic.busiest(2, 1, 1000)).toEqual(['b', 'c']);
    expect(traffic.busiest(9, 2000, 1000)).toEqual(['b']);
    traffic.forget('b');
    expect(traffic.busiest(1, 1, 1000)).toEqual(['c']);
  });
});
