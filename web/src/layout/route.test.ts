import { describe, expect, it } from 'vitest';
import type { Frame, Place, Slot } from './frame';
import { NODE_HEIGHT, NODE_WIDTH, placeOf } from './frame';
import { lanesOf, route } from './route';

const FRAME: Frame = {
  columns: [
    { zone: 'client', x: 0, lanes: 1 },
    { zone: 'process', x: 260, lanes: 2 },
    { zone: 'process', x: 800, lanes: 1 },
    { zone: 'server', x: 1100, lanes: 1 },
  ],
  rows: 8,
  width: 1270,
  idleColumns: 6,
};
const LANES = lanesOf(FRAME);

function at(column: number, row: number, lane = 0): Place {
  return placeOf(FRAME, { column, lane, row });
}

/** Points along the path's curves. */
function sample(path: string): { x: number; y: number }[] {
  const numbers = (path.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
  let [x = 0, y = 0] = numbers;
  const points = [{ x, y }];
  for (let i = 2; i + 5 < numbers.length; i += 6) {
    const [ax = 0, ay = 0, bx = 0, by = 0, cx = 0, cy = 0] = numbers.slice(i, i + 6);
    for (let t = 0.05; t <= 1.0001; t += 0.05) {
      const u = 1 - t;
      points.push({
        x: u ** 3 * x + 3 * u * u * t * ax + 3 * u * t * t * bx + t ** 3 * cx,
        y: u ** 3 * y + 3 * u * u * t * ay + 3 * u * t * t * by + t ** 3 * cy,
      });
    }
    x = cx;
    y = cy;
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
              for (let row = 0; row < FRAME.rows; row++) {
                const slot: Slot = { column, lane, row };
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
