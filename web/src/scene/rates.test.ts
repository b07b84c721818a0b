import { expect, it } from 'vitest';
import { RateMeter } from './rates';

const reading = (sent: number, received: number) => new Map([['a', { sent, received }]]);

it('tells bytes per second from counters', () => {
  const meter = new RateMeter();
  meter.read(1000, reading(0, 500));
  expect(meter.of('a')).toEqual({ sent: [], received: [] });
  meter.read(3000, reading(4000, 500));
  meter.read(4000, reading(4000, 1500));
  expect(meter.of('a')).toEqual({ sent: [2000, 0], received: [0, 1000] });
});

it('never tells a negative or an endless rate', () => {
  const meter = new RateMeter();
  meter.read(1000, reading(100, 100));
  meter.read(1000, reading(200, 100));
  expect(meter.of('a').sent).toEqual([]);
  meter.read(2000, reading(300, 100));
  meter.read(3000, reading(10, 0));
  expect(meter.of('a').sent).toEqual([]);
  meter.read(4000, reading(20, 0));
  expect(meter.of('a').sent).toEqual([10]);
});

it('keeps no more than it shows, and forgets what is gone', () => {
  const meter = new RateMeter();
  for (let i = 0; i < 500; i++) meter.read(i * 1000, reading(i * 10, 0));
  expect(meter.of('a').sent.length).toBe(59);
  expect(meter.of('a').sent.every((rate) => rate === 10)).toBe(true);
  meter.read(600_000, new Map());
  expect(meter.of('a').sent).toEqual([]);
});

it('sums up what flows, not what came with a new counter', () => {
  const meter = new RateMeter();
  meter.read(1000, reading(0, 0));
  meter.read(2000, new Map([...reading(10, 5), ['b', { sent: 1_000_000, received: 0 }]]));
  meter.read(4000, new Map([...reading(10, 5), ['b', { sent: 1_000_400, received: 0 }]]));
  meter.read(4000, new Map());
  expect(meter.total).toEqual({ sent: [10, 200], received: [5, 0] });
});
