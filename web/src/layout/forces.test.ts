import { describe, expect, it } from 'vitest';
import type { ForceProblem, Spot } from './forces';
import { solve, solving } from './forces';
import { FreeLayout, parseSavedSpots } from './free';
import { RandomMachine, seeded } from './testing';

function problem(count: number, edges: [number, number][], placed: (Spot | undefined)[] = []) {
  return { count, edges, placed, aspect: 1.6, scale: 1 } satisfies ForceProblem;
}

describe('solve', () => {
  it('shows thousands on the way, and comes to the same', () => {
    const edges: [number, number][] = Array.from({ length: 1499 }, (_, i) => [i >> 2, i + 1]);
    // Two that belong to nobody are packed beside the others at last.
    const large = problem(1502, edges);
    const run = solving(large);
    const first = run.next();
    expect(first.done).toBe(false);
    expect(first.value.filter((spot) => spot !== undefined).length).toBe(1500);
    let step = run.next();
    for (; !step.done; step = run.next());
    expect(step.value).toEqual(solve(large));
    expect(new Set(step.value.map(({ x, y }) => `${x} ${y}`)).size).toBe(1502);
  });

  it('is deterministic, and keeps nodes apart', () => {
    const edges: [number, number][] = Array.from({ length: 40 }, (_, i) => [i, (i * 7) % 40]);
    const spots = solve(problem(40, edges));
    expect(solve(problem(40, edges))).toEqual(spots);
    spots.forEach((a, i) => {
      for (const b of spots.slice(i + 1)) {
        // A node is 190 wide and 44 high.
        expect(Math.abs(a.x - b.x) > 190 || Math.abs(a.y - b.y) > 44).toBe(true);
      }
    });
  });

  it('moves nobody who stands already, and puts newcomers near whom they talk to', () => {
    const first = solve(
      problem(
        12,
        Array.from({ length: 11 }, (_, i) => [i, i + 1]),
      ),
    );
    const edges: [number, number][] = Array.from({ length: 11 }, (_, i) => [i, i + 1]);
    const second = solve(problem(13, [...edges, [3, 12]], first));
    expect(second.slice(0, 12)).toEqual(first);
    const [caller, newcomer] = [second[3], second[12]];
    expect(
      Math.hypot((caller?.x ?? 0) - (newcomer?.x ?? 0), (caller?.y ?? 0) - (newcomer?.y ?? 0)),
    ).toBeLessThan(600);
  });

  it('packs small components beside the large one, none over another', () => {
    const edges: [number, number][] = [
      ...Array.from({ length: 19 }, (_, i): [number, number] => [0, i + 1]),
      ...Array.from({ length: 10 }, (_, i): [number, number] => [20 + 2 * i, 21 + 2 * i]),
    ];
    const spots = solve(problem(40, edges));
    const boxOf = (numbers: number[]) => {
      const mine = numbers.flatMap((number) => spots[number] ?? []);
      const xs = mine.map((spot) => spot.x);
      const ys = mine.map((spot) => spot.y);
      return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)] as const;
    };
    const boxes = [
      boxOf(Array.from({ length: 20 }, (_, i) => i)),
      ...Array.from({ length: 10 }, (_, i) => boxOf([20 + 2 * i, 21 + 2 * i])),
    ];
    boxes.forEach((a, i) => {
      for (const b of boxes.slice(i + 1)) {
        const apart = a[1] < b[0] || b[1] < a[0] || a[3] < b[2] || b[3] < a[2];
        expect(apart).toBe(true);
      }
    });
  });
});

describe('FreeLayout', () => {
  it('never moves a survivor, and keeps what a person put somewhere', async () => {
    const machine = new RandomMachine(seeded(4), 30);
    const layout = new FreeLayout(
      async (asked) => solve(asked),
      () => {},
    );
    const size = { width: 1300, height: 800 };
    const settle = async () => {
      layout.update(machine.graph, size);
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    await settle();
    const key = [...machine.nodes.keys()][0] ?? '';
    layout.move(key, 5000, -400);
    for (let i = 0; i < 12; i++) {
      const before = new Map([...machine.nodes.keys()].map((k) => [k, layout.place(k)]));
      machine.addNode();
      machine.addEdge();
      machine.removeEdge();
      await settle();
      for (const [k, place] of before) expect(layout.place(k)).toEqual(place);
    }
    const place = layout.place(key);
    expect((place?.x ?? 0) + (place?.width ?? 0) / 2).toBe(5000);
    const again = new FreeLayout(
      async () => [],
      () => {},
      parseSavedSpots(JSON.parse(JSON.stringify(layout.saved()))),
    );
    again.update(machine.graph, size);
    expect(again.place(key)).toEqual(place);
  });

  it('reads no spots out of what holds none', () => {
    for (const bad of [undefined, 7, {}, [['a']], [[1, 2, 3]], [['a', Number.NaN, 0]]]) {
      expect(parseSavedSpots(bad)).toEqual([]);
    }
  });
});
