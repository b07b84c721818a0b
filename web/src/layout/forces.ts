// The free layout's arithmetic: forces pull together what talks, small components are packed beside
// the large one. Pure and deterministic; runs in a worker.

import type { SimulationLinkDatum, SimulationNodeDatum } from 'd3-force';
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force';
import { seededNumbers } from './seeded';

/** Between the middles of two nodes that talk. */
const LINK_LENGTH = 190;
const REPULSION = -620;
/** Nodes are wider than high: heights are stretched before, and shrunk after, the forces act. */
const FLATNESS = 0.5;
const COLLIDE_RADIUS = 96;
/** What a node covers, with some air around it. */
const BOX = { width: 214, height: 72 };
/** Larger components are drawn as dots, which the forces keep apart well enough. */
const MOST_SEPARATED = 600;
/** How far nodes are taken together for their repulsion: the larger the rougher, and faster. */
const FINE_THETA = 0.9;
const ROUGH_THETA = 1.4;
const SEPARATION_ROUNDS = 120;
/** Between packed components. */
const PACK_GAP = 60;
/** Steps of a whole layout, fewer the more nodes there are. */
const MOST_STEPS = 300;
const LEAST_STEPS = 30;
const STEP_BUDGET = 100_000;

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** What is laid out: node numbers from 0, edges between them, and where some nodes stand already. */
export interface ForceProblem {
  readonly count: number;
  readonly edges: readonly (readonly [from: number, to: number])[];
  /** By node; undefined for those that are to be placed. */
  readonly placed: readonly (Spot | undefined)[];
  /** How much wider than high the window is. */
  readonly aspect: number;
  /** How large a node is drawn, 1 for a box with a name. */
  readonly scale: number;
}

interface Body extends SimulationNodeDatum {
  number: number;
}

/** Where every node stands. Those that had a place keep it. */
export function solve(problem: ForceProblem): Spot[] {
  return last(solving(problem));
}

/** As `solve`, and on the way there where nodes stand so far: undefined where that is not known. */
export function* solving(problem: ForceProblem): Generator<(Spot | undefined)[], Spot[]> {
  const { count, placed } = problem;
  const spots: (Spot | undefined)[] = [...placed];
  const components = componentsOf(problem);
  const known = components.filter((component) => component.some((number) => placed[number]));
  const fresh = components.filter((component) => !component.some((number) => placed[number]));
  for (const component of known) {
    if (component.every((number) => placed[number])) continue;
    for (const body of last(relax(problem, component))) {
      spots[body.number] ??= { x: body.x ?? 0, y: (body.y ?? 0) * FLATNESS };
    }
  }
  yield* pack(problem, fresh, spots);
  return Array.from({ length: count }, (_, i) => spots[i] ?? { x: 0, y: 0 });
}

/** What `run` comes to. */
function last<T>(run: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = run.next();
    if (done) return value;
  }
}

/** Node numbers that hang together, the largest components first. */
function componentsOf({ count, edges }: ForceProblem): number[][] {
  const root = Array.from({ length: count }, (_, i) => i);
  const find = (start: number): number => {
    let i = start;
    while (root[i] !== i) {
      root[i] = root[root[i] ?? i] ?? i;
      i = root[i] ?? i;
    }
    return i;
  };
  for (const [from, to] of edges) root[find(from)] = find(to);
  const groups = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const group = groups.get(find(i));
    if (group) group.push(i);
    else groups.set(find(i), [i]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0));
}

/**
 * Lets forces act on one component; who has a place stays there. A large one is shown after each
 * step.
 */
function* relax(problem: ForceProblem, component: readonly number[]): Generator<Body[], Body[]> {
  const { edges, placed, scale } = problem;
  const random = seededNumbers(component.length);
  const inside = new Map(component.map((number, i) => [number, i]));
  const links: SimulationLinkDatum<Body>[] = edges.flatMap(([from, to]) => {
    const [source, target] = [inside.get(from), inside.get(to)];
    return source !== undefined && target !== undefined && source !== target
      ? [{ source, target }]
      : [];
  });
  const near = new Map<number, Spot>();
  for (const [from, to] of edges) {
    const [a, b] = [placed[from], placed[to]];
    if (a && !b) near.set(to, a);
    if (b && !a) near.set(from, b);
  }
  const bodies: Body[] = component.map((number) => {
    const spot = placed[number];
    if (spot) return { number, fx: spot.x, fy: spot.y / FLATNESS };
    const beside = near.get(number);
    if (!beside) return { number };
    const turn = random() * Math.PI * 2;
    const away = LINK_LENGTH * scale;
    return {
      number,
      x: beside.x + Math.cos(turn) * away,
      y: beside.y / FLATNESS + Math.sin(turn) * away,
    };
  });
  // Of thousands the shape counts, not the last pixel.
  const large = component.length > MOST_SEPARATED;
  const centred = !component.some((number) => placed[number]);
  const simulation = forceSimulation(bodies)
    .randomSource(random)
    .force('link', forceLink<Body, SimulationLinkDatum<Body>>(links).distance(LINK_LENGTH * scale))
    .force(
      'charge',
      forceManyBody<Body>()
        .strength(REPULSION * scale)
        .theta(large ? ROUGH_THETA : FINE_THETA)
        .distanceMax(900 * scale),
    )
    .force('collide', forceCollide<Body>(COLLIDE_RADIUS * scale).iterations(large ? 1 : 2))
    .stop();
  if (centred) {
    simulation.force('x', forceX<Body>(0).strength(0.03));
    simulation.force('y', forceY<Body>(0).strength(0.05));
  }
  const steps = Math.max(
    LEAST_STEPS,
    Math.min(MOST_STEPS, Math.round(STEP_BUDGET / component.length)),
  );
  simulation.alphaDecay(1 - 0.001 ** (1 / steps));
  if (large) {
    for (let step = 0; step < steps; step++) {
      simulation.tick();
      yield bodies;
    }
  } else {
    simulation.tick(steps);
    separate(bodies, scale);
  }
  return bodies;
}

/** Pushes boxes apart that the forces, which know circles only, left over each other. */
function separate(bodies: readonly Body[], scale: number): void {
  const [width, height] = [BOX.width * scale, (BOX.height * scale) / FLATNESS];
  for (let round = 0; round < SEPARATION_ROUNDS; round++) {
    let touched = false;
    bodies.forEach((a, i) => {
      for (let j = i + 1; j < bodies.length; j++) {
        const b = bodies[j];
        if (!b) continue;
        const [dx, dy] = [(b.x ?? 0) - (a.x ?? 0), (b.y ?? 0) - (a.y ?? 0)];
        const [overX, overY] = [width - Math.abs(dx), height - Math.abs(dy)];
        if (overX <= 0 || overY <= 0) continue;
        // Who has a place stays; of two newcomers each gives way by half.
        const share = a.fx !== undefined || b.fx !== undefined ? 1 : 0.5;
        const sideways = overX / width < overY / height;
        const push = (sideways ? overX * sign(dx) : overY * sign(dy)) * share;
        for (const [body, by] of [
          [a, -push],
          [b, push],
        ] as const) {
          if (body.fx !== undefined) continue;
          touched = true;
          if (sideways) body.x = (body.x ?? 0) + by;
          else body.y = (body.y ?? 0) + by;
        }
      }
    });
    if (!touched) return;
  }
}

function sign(value: number): number {
  return value < 0 ? -1 : 1;
}

interface Box {
  readonly component: readonly {
    readonly number: number;
    readonly x: number;
    readonly y: number;
  }[];
  readonly width: number;
  readonly height: number;
}

/** `bodies` of `component`, from the top left. */
function boxOf(bodies: readonly Body[], scale: number): Box {
  const xs = bodies.map((body) => body.x ?? 0);
  const ys = bodies.map((body) => (body.y ?? 0) * FLATNESS);
  const [left, top] = [minimum(xs), minimum(ys)];
  return {
    component: bodies.map((body, i) => ({
      number: body.number,
      x: (xs[i] ?? 0) - left,
      y: (ys[i] ?? 0) - top,
    })),
    width: -minimum(xs.map((x) => -x)) - left + 2 * COLLIDE_RADIUS * scale,
    height: -minimum(ys.map((y) => -y)) - top + COLLIDE_RADIUS * scale * FLATNESS,
  };
}

/** Places whole components in rows beside and below what stands already. */
function* pack(
  problem: ForceProblem,
  components: readonly (readonly number[])[],
  spots: (Spot | undefined)[],
): Generator<(Spot | undefined)[], void> {
  const gap = PACK_GAP * problem.scale;
  const boxes: Box[] = [];
  for (const component of components) {
    const run = relax(problem, component);
    let step = run.next();
    for (; !step.done; step = run.next())
      yield arranged([...boxes, boxOf(step.value, problem.scale)]);
    boxes.push(boxOf(step.value, problem.scale));
  }
  for (const [i, spot] of arranged(boxes).entries()) spots[i] ??= spot;

  function arranged(done: readonly Box[]): (Spot | undefined)[] {
    return rows(problem, done, gap, spots);
  }
}

/** Where all nodes stand when `boxes` stand in rows. */
function rows(
  problem: ForceProblem,
  boxes: readonly Box[],
  gap: number,
  known: readonly (Spot | undefined)[],
): (Spot | undefined)[] {
  const spots = [...known];
  const area = boxes.reduce((sum, box) => sum + (box.width + gap) * (box.height + gap), 0);
  const widest = boxes[0]?.width ?? 0;
  const taken = spots.filter((spot): spot is Spot => spot !== undefined);
  const startX = taken.length > 0 ? minimum(taken.map((spot) => spot.x)) : 0;
  const below = taken.length > 0 ? -minimum(taken.map((spot) => -spot.y)) + 2 * gap : 0;
  const row = Math.max(widest, Math.sqrt(area * problem.aspect) * 1.05);
  let [x, y, high] = [0, 0, 0];
  for (const box of boxes) {
    if (x > 0 && x + box.width > row) {
      y += high + gap;
      [x, high] = [0, 0];
    }
    for (const body of box.component) {
      spots[body.number] = { x: startX + x + body.x, y: below + y + body.y };
    }
    x += box.width + gap;
    high = Math.max(high, box.height);
  }
  return spots;
}

function minimum(values: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) least = Math.min(least, value);
  return Number.isFinite(least) ? least : 0;
}
