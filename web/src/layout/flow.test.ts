import { describe, expect, it } from 'vitest';
import { FlowLayout } from './flow';
import type { Place } from './frame';
import { labelPx } from './frame';
import type { LayoutEdge, LayoutGraph, LayoutNode } from './graph';
import { parseSavedLayout } from './saved';
import { RandomMachine, seeded } from './testing';

const VIEWPORT = { width: 1340, height: 760 };

function node(key: string): LayoutNode {
  const zone = key.startsWith('c') ? 'client' : key.startsWith('r') ? 'server' : 'process';
  return { key, zone, label: key };
}

function graph(...edges: readonly (readonly [string, string])[]): LayoutGraph {
  const keys = new Set(edges.flat());
  return {
    nodes: [...keys].map(node),
    edges: edges.map(([from, to]): LayoutEdge => ({ from, to })),
  };
}

function placed(layout: FlowLayout, key: string): Place {
  const place = layout.place(key);
  if (!place) throw new Error(`${key} has no place`);
  return place;
}

function places(layout: FlowLayout, machine: RandomMachine): Map<string, Place> {
  return new Map([...machine.nodes.keys()].map((key) => [key, placed(layout, key)]));
}

function overlaps(all: readonly Place[]): number {
  let count = 0;
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1)) {
      if (
        a.x < b.x + b.width &&
        b.x < a.x + a.width &&
        a.y < b.y + b.height &&
        b.y < a.y + a.height
      ) {
        count++;
      }
    }
  });
  return count;
}

describe('FlowLayout', () => {
  it('runs a request from left to right', () => {
    const layout = new FlowLayout();
    layout.update(graph(['c1', 'web'], ['web', 'app'], ['app', 'db'], ['app', 'r1']), VIEWPORT);
    const xs = ['c1', 'web', 'app', 'db', 'r1'].map((key) => placed(layout, key).x);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(new Set(xs).size).toBe(5);
  });

  it('runs a request down a narrow window, and every node fits its width', () => {
    const window = { width: 368, height: 640 };
    for (let seed = 1; seed <= 20; seed++) {
      const machine = new RandomMachine(seeded(seed), 6 + seed * 3);
      const layout = new FlowLayout();
      layout.update(machine.graph, window);
      const all = places(layout, machine);
      expect(overlaps([...all.values()])).toBe(0);
      const bounds = layout.bounds();
      // What does not fit in full size is scaled, but stays readable.
      expect(window.width / bounds.width).toBeGreaterThan(0.55);
      for (const { from, to } of machine.edges) {
        const [a, b] = [placed(layout, from), placed(layout, to)];
        const ends = [from, to].map((key) => machine.nodes.get(key)?.zone);
        if (ends[0] === 'client' || ends[1] === 'server') expect(a.y).toBeLessThan(b.y);
      }
    }
    const layout = new FlowLayout();
    layout.update(graph(['c1', 'web'], ['web', 'app'], ['app', 'db'], ['app', 'r1']), window);
    const ys = ['c1', 'web', 'app', 'db', 'r1'].map((key) => placed(layout, key).y);
    expect(ys).toEqual([...ys].sort((a, b) => a - b));
    expect(new Set(ys).size).toBe(5);
  });

  it('is made anew for a window of another shape, but only when it begins', () => {
    const wide = graph(['c1', 'web'], ['web', 'db']);
    const first = new FlowLayout();
    first.update(wide, VIEWPORT);
    const narrow = { width: 368, height: 640 };
    expect(first.turned(VIEWPORT)).toBe(false);
    expect(first.turned(narrow)).toBe(true);
    expect(first.update(wide, narrow)).toBe(false);
    const saved = parseSavedLayout(JSON.parse(JSON.stringify(first.save())));
    const again = new FlowLayout(saved);
    expect(again.update(wide, narrow)).toBe(true);
    expect(placed(again, 'web').down).toBe(true);
    const kept = new FlowLayout(parseSavedLayout(JSON.parse(JSON.stringify(again.save()))));
    expect(kept.update(wide, narrow)).toBe(false);
    expect(placed(kept, 'web')).toEqual(placed(again, 'web'));
  });

  it('breaks a cycle the same way each time, where the clients come in', () => {
    const cycle = graph(['c1', 'a'], ['a', 'b'], ['b', 'd'], ['d', 'a']);
    const layout = new FlowLayout();
    layout.update(cycle, VIEWPORT);
    const xs = ['a', 'b', 'd'].map((key) => placed(layout, key).x);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    const again = new FlowLayout();
    again.update(
      { nodes: [...cycle.nodes].reverse(), edges: [...cycle.edges].reverse() },
      VIEWPORT,
    );
    for (const { key } of cycle.nodes) expect(again.place(key)).toEqual(layout.place(key));
  });

  it('never moves a survivor, whatever else comes and goes', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const machine = new RandomMachine(random, 5 + Math.floor(random() * 60));
      const layout = new FlowLayout();
      layout.update(machine.graph, VIEWPORT);
      for (let step = 0; step < 60; step++) {
        const before = places(layout, machine);
        const dice = random();
        if (dice < 0.3) machine.addNode();
        else if (dice < 0.6) machine.addEdge();
        else if (dice < 0.8) machine.removeEdge();
        else machine.removeNode();
        layout.update(machine.graph, VIEWPORT);
        const after = places(layout, machine);
        const moved = [...after].filter(([key, place]) => {
          const old = before.get(key);
          // Alone of all, an idle listener may leave the idle grid with its first connection.
          if (!old || (old.compact && !place.compact)) return false;
          return old.x !== place.x || old.y !== place.y || old.compact !== place.compact;
        });
        expect(moved, `step ${step} of seed ${seed}`).toEqual([]);
        expect(overlaps([...after.values()]), `seed ${seed}, step ${step}`).toBe(0);
      }
    }
  });

  it('takes an idle listener out of the idle grid with its first connection, and leaves it there', () => {
    const layout = new FlowLayout();
    const busy = graph(['c1', 'web'], ['web', 'db']);
    const idle = { ...busy, nodes: [...busy.nodes, node('idle'), node('other')] };
    layout.update(idle, VIEWPORT);
    expect(placed(layout, 'idle').compact).toBe(true);
    const other = placed(layout, 'other');
    layout.update({ ...idle, edges: [...idle.edges, { from: 'web', to: 'idle' }] }, VIEWPORT);
    const first = placed(layout, 'idle');
    expect(first.compact).toBe(false);
    expect(first.x).toBeGreaterThan(placed(layout, 'web').x);
    layout.update(idle, VIEWPORT);
    expect(placed(layout, 'idle')).toEqual(first);
    expect(placed(layout, 'other')).toEqual(other);
  });

  it('gives a node that comes back its place again, if that is free', () => {
    const layout = new FlowLayout();
    const whole = graph(['c1', 'web'], ['web', 'db'], ['web', 'cache']);
    layout.update(whole, VIEWPORT);
    const before = placed(layout, 'cache');
    layout.update(graph(['c1', 'web'], ['web', 'db']), VIEWPORT);
    expect(layout.place('cache')).toBeUndefined();
    layout.update(whole, VIEWPORT);
    expect(placed(layout, 'cache')).toEqual(before);
  });

  it('keeps every place across a reload, through JSON', () => {
    const machine = new RandomMachine(seeded(5), 50);
    const layout = new FlowLayout();
    layout.update(machine.graph, VIEWPORT);
    const saved = parseSavedLayout(JSON.parse(JSON.stringify(layout.save())));
    const reloaded = new FlowLayout(saved);
    // Another window size must not move anything either.
    reloaded.update(machine.graph, { width: 700, height: 400 });
    expect(places(reloaded, machine)).toEqual(places(layout, machine));
  });

  it('lays out anew if little of what was saved is still there', () => {
    const layout = new FlowLayout();
    layout.update(graph(['c1', 'web'], ['web', 'db']), VIEWPORT);
    const reloaded = new FlowLayout(layout.save());
    expect(reloaded.update(graph(['x', 'y'], ['y', 'r1'], ['x', 'z']), VIEWPORT)).toBe(true);
  });

  it('fits a laptop into one screen at a readable size', () => {
    const machine = new RandomMachine(seeded(11), 60);
    const layout = new FlowLayout();
    layout.update(machine.graph, VIEWPORT);
    const { width, height } = layout.bounds();
    const scale = Math.min(VIEWPORT.width / width, VIEWPORT.height / height);
    expect(labelPx(layout.currentFrame?.density ?? 'roomy', scale)).toBeGreaterThan(9);
  });

  it('draws few nodes large, and more than a window holds as wide as the window', () => {
    const small = new FlowLayout();
    small.update(graph(['c1', 'web'], ['web', 'app'], ['app', 'db'], ['app', 'r1']), VIEWPORT);
    const wide = VIEWPORT.width / small.bounds().width;
    expect(labelPx(small.currentFrame?.density ?? 'compact', wide)).toBeGreaterThan(13);
    expect(small.bounds().width).toBeGreaterThan(VIEWPORT.width * 0.75);
    const stacks = Array.from({ length: 60 }, (_, i): (readonly [string, string])[] => [
      [`c${i}`, `web${i}`],
      [`web${i}`, `app${i}`],
      [`web${i}`, `worker${i}`],
      [`app${i}`, `db${i}`],
      [`worker${i}`, `db${i}`],
      [`app${i}`, `r${i}`],
    ]).flat();
    const large = new FlowLayout();
    large.update(graph(...stacks), VIEWPORT);
    const { width, height } = large.bounds();
    const scale = VIEWPORT.width / width;
    expect(labelPx(large.currentFrame?.density ?? 'roomy', scale)).toBeGreaterThan(8.9);
    expect(height * scale).toBeGreaterThan(VIEWPORT.height);
    // Components stand apart: none reaches into the rows of another in its strand.
    const rows = (i: number) =>
      ['web', 'app', 'worker', 'db'].map((name) => placed(large, `${name}${i}`));
    for (let i = 1; i < 60; i++) {
      const [mine, other] = [rows(i), rows(i - 1)];
      if (Math.abs((mine[0]?.x ?? 0) - (other[0]?.x ?? 0)) > 1) continue;
      const spanOf = (all: Place[]) => [
        Math.min(...all.map((place) => place.y)),
        Math.max(...all.map((place) => place.y + place.height)),
      ];
      const [[top = 0, bottom = 0], [otherTop = 0, otherBottom = 0]] = [
        spanOf(mine),
        spanOf(other),
      ];
      expect(bottom < otherTop || otherBottom < top).toBe(true);
    }
  });

  it('waits for the first node', () => {
    const layout = new FlowLayout();
    expect(layout.update({ nodes: [], edges: [] }, VIEWPORT)).toBe(false);
    expect(layout.save()).toBeUndefined();
    expect(layout.update(graph(['c1', 'web']), VIEWPORT)).toBe(true);
  });
});

describe('parseSavedLayout', () => {
  it('refuses what is no layout', () => {
    const layout = new FlowLayout();
    layout.update(graph(['c1', 'web']), VIEWPORT);
    const good = layout.save();
    expect(parseSavedLayout(good)).toEqual(good);
    for (const bad of [
      undefined,
      null,
      7,
      [],
      {},
      { frame: {}, slots: [] },
      { ...good, frame: { ...good?.frame, steps: Number.NaN } },
      { ...good, frame: { ...good?.frame, density: 'huge' } },
      { ...good, frame: { ...good?.frame, columns: [] } },
      { ...good, slots: 'none' },
    ]) {
      expect(parseSavedLayout(bad)).toBeUndefined();
    }
  });

  it('leaves out slots that are not in the frame', () => {
    const layout = new FlowLayout();
    layout.update(graph(['c1', 'web']), VIEWPORT);
    const good = layout.save();
    const bad = { ...good, slots: [['far', { column: 99, lane: 0, row: 0 }], ['odd'], 3] };
    expect(parseSavedLayout(bad)?.slots).toEqual([]);
  });
});
