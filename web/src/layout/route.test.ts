import { describe, expect, it } from 'vitest';
import type { Frame, Place, Slot } from './frame';
import { laneX, METRICS, placeOf } from './frame';
import type { Lane } from './route';
import { route } from './route';

const FRAME: Frame = {
  density: 'regular',
  columns: [
    { zone: 'client', x: 0, lanes: 1, strand: 0 },
    { zone: 'process', x: 260, lanes: 2, strand: 0 },
    { zone: 'process', x: 800, lanes: 1, strand: 0 },
    { zone: 'server', x: 1100, lanes: 1, strand: 0 },
  ],
  steps: 16,
  pitch: 62,
  width: 1296,
  nodeWidth: 196,
  down: false,
  idleColumns: 6,
};
const NODE_WIDTH = FRAME.nodeWidth;
const NODE_HEIGHT = METRICS.regular.nodeHeight;

/** The lanes of FRAME with a node in every row for which `stands` says so. */
function lanesWith(stands: (column: number, lane: number, row: number) => boolean): Lane[] {
  return FRAME.columns.flatMap((column, number) =>
    Array.from({ length: column.lanes }, (_, lane) => ({
      x: laneX(FRAME, column, lane),
      width: NODE_WIDTH,
      nodeHeight: NODE_HEIGHT,
      tops: Array.from({ length: 8 }, (_, row) => row)
        .filter((row) => stands(number, lane, row))
        .map((row) => row * FRAME.pitch),
    })),
  );
}
const LANES = lanesWith(() => true);

function at(column: number, row: number, lane = 0): Place {
  return placeOf(FRAME, { column, lane, row: row * 2 });
}

/** Points along the path's curves and lines. */
function sample(path: string): { x: number; y: number }[] {
  let [x, y] = [0, 0];
  const points: { x: number; y: number }[] = [];
  for (const [, command = '', text = ''] of path.matchAll(/([MCL])([^MCL]*)/g)) {
    const numbers = (text.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
    const [cx = 0, cy = 0] = numbers.slice(-2);
    const [ax = x, ay = y, bx = cx, by = cy] = command === 'C' ? numbers : [];
    for (let t = command === 'M' ? 1 : 0.05; t <= 1.0001; t += 0.05) {
      const u = 1 - t;
      points.push({
        x: u ** 3 * x + 3 * u * u * t * ax + 3 * u * t * t * bx + t ** 3 * cx,
        y: u ** 3 * y + 3 * u * u * t * ay + 3 * u * t * t * by + t ** 3 * cy,
      });
    }
    [x, y] = [cx, cy];
  }
  return points;
}

describe('route', () => {
  it('never runs under a slot between its two nodes', () => {
    const ends: readonly (readonly [Place, Place])[] = [
      [at(0, 2), at(3, 2)],
      [at(0, 0), at(2, 6)],
      [at(1, 5), at(3, 1)],
      [at(3, 1), at(0, 4)],
      [at(1, 3, 0), at(2, 3)],
    ];
    for (const [from, to] of ends) {
      for (const shade of [-1, 0, 1]) {
        for (const point of sample(route(from, to, LANES, 0, shade).path)) {
          for (let column = 0; column < FRAME.columns.length; column++) {
            for (let lane = 0; lane < (FRAME.columns[column]?.lanes ?? 0); lane++) {
              for (let row = 0; row < 8; row++) {
                const slot: Slot = { column, lane, row: row * 2 };
                const place = placeOf(FRAME, slot);
                const isEnd = [from, to].some((end) => end.x === place.x && end.y === place.y);
                const inside =
                  point.x > place.x &&
                  point.x < place.x + NODE_WIDTH &&
                  point.y > place.y &&
                  point.y < place.y + NODE_HEIGHT;
                expect(inside && !isEnd, JSON.stringify({ point, slot })).toBe(false);
              }
            }
          }
        }
      }
    }
  });

  it('runs level through what is vacant, past several lanes on one height', () => {
    const lanes = lanesWith((_, __, row) => row !== 5);
    const { path, passes } = route(at(0, 4), at(3, 6), lanes, 0, 0);
    expect(passes).toEqual([1, 2, 3]);
    const heights = sample(path)
      .filter(({ x }) => x > 262 && x < 990)
      .map(({ y }) => Math.round(y));
    expect(new Set(heights).size).toBe(1);
    expect(heights[0]).toBeGreaterThan(5 * FRAME.pitch - (FRAME.pitch - NODE_HEIGHT));
    expect(heights[0]).toBeLessThan(6 * FRAME.pitch);
  });

  it('draws parallel and opposite edges apart', () => {
    const [a, b] = [at(0, 1), at(1, 1)];
    const paths = [0, 1, 2, 3].map((parallel) => route(a, b, LANES, parallel, 0).path);
    expect(new Set(paths).size).toBe(4);
    expect(route(b, a, LANES, 1, 0).path).not.toBe(route(a, b, LANES, 0, 0).path);
  });

  it('loops within one column and within one node', () => {
    const a = at(2, 1);
    const right = Math.max(...sample(route(a, at(2, 4), LANES, 0, 0).path).map(({ x }) => x));
    expect(right).toBeGreaterThan(a.x + NODE_WIDTH + 10);
    expect(route(a, a, LANES, 0, 0).path).toMatch(/^M/);
  });
});
