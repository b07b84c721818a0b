// Draws thousands of nodes on a canvas, beside the page: lays out, paints and finds what is where.

import type { Spot } from '../layout/forces';
import { solving } from '../layout/forces';
import type { RawQuestion, RawScene, RawView } from './rawMessages';

const DOT = 5;
/** Boxes with names would be this much larger than dots. */
const LAYOUT_SCALE = 0.24;
/** Names are written from this zoom on, and for so many nodes at most. */
const NAMES_FROM = 1.1;
const MAX_NAMES = 500;
const HIT_PX = 10;
/** How far from its neighbour a newcomer stands. */
const NEAR = 26;
const NEWCOMER_PASSES = 4;
/** A layout on its way is shown so often. */
const SHOW_MS = 150;
const MAX_REMEMBERED = 60_000;

let canvas: OffscreenCanvas | undefined;
let context: OffscreenCanvasRenderingContext2D | null = null;
let scene: RawScene | undefined;
let view: RawView | undefined;
let focus: string | undefined;
let spots: (Spot | undefined)[] = [];
/** While a first layout goes on, the latest scene waits for its end. */
let busy = false;
let waiting: RawScene | undefined;
const remembered = new Map<string, Spot>();
let scheduled = false;

self.onmessage = (event: MessageEvent<RawQuestion>) => {
  const question = event.data;
  if (question.kind === 'canvas') {
    canvas = question.canvas;
    context = canvas.getContext('2d');
  } else if (question.kind === 'scene') {
    if (busy) waiting = question.scene;
    else void place(question.scene);
  } else if (question.kind === 'view') {
    view = question.view;
  } else if (question.kind === 'focus') {
    focus = question.key;
  } else {
    self.postMessage({ kind: 'hit', id: question.id, key: hit(question.x, question.y) });
    return;
  }
  schedule();
};

async function place(next: RawScene): Promise<void> {
  const known = scene !== undefined;
  const placed = next.keys.map((key) => remembered.get(key));
  if (known) {
    spots = placedBeside(next, placed);
  } else {
    const edges: [number, number][] = [];
    for (let i = 0; i + 1 < next.ends.length; i += 2) {
      edges.push([next.ends[i] ?? 0, next.ends[i + 1] ?? 0]);
    }
    const count = next.keys.length;
    scene = next;
    busy = true;
    spots = await shownOnTheWay(
      solving({ count, edges, placed, aspect: next.aspect, scale: LAYOUT_SCALE }),
    );
    busy = false;
  }
  next.keys.forEach((key, i) => {
    const spot = spots[i];
    if (spot) remembered.set(key, spot);
  });
  while (remembered.size > MAX_REMEMBERED) {
    const oldest = remembered.keys().next().value;
    if (oldest === undefined) break;
    remembered.delete(oldest);
  }
  scene = next;
  tellBounds(!known);
  schedule();
  if (!waiting) return;
  const latest = waiting;
  waiting = undefined;
  await place(latest);
}

/** Runs a layout to its end and shows it now and then meanwhile. */
async function shownOnTheWay(run: ReturnType<typeof solving>): Promise<Spot[]> {
  let shown = performance.now();
  for (;;) {
    const { done, value } = run.next();
    if (done) return value;
    if (performance.now() - shown < SHOW_MS) continue;
    spots = value;
    tellBounds(true);
    draw();
    // What is drawn is shown, and what was asked is answered, between two tasks.
    await new Promise((resolve) => setTimeout(resolve, 0));
    shown = performance.now();
  }
}

/** Says how large the picture is; `first` if it has never been seen as a whole. */
function tellBounds(first: boolean): void {
  let [left, top, right, bottom] = [0, 0, 0, 0];
  for (const spot of spots) {
    if (!spot) continue;
    const { x, y } = spot;
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  const bounds = { x: left - 20, y: top - 20, width: right - left + 80, height: bottom - top + 40 };
  self.postMessage({ kind: 'placed', bounds, first });
}

/** Newcomers stand around whom they talk to, or below everything; nobody else moves. */
function placedBeside(next: RawScene, placed: readonly (Spot | undefined)[]): Spot[] {
  const near = new Map<number, Spot>();
  const spotOf = (i: number) => placed[i] ?? near.get(i);
  // A newcomer's neighbour may be one itself.
  for (let pass = 0; pass < NEWCOMER_PASSES; pass++) {
    for (let i = 0; i + 1 < next.ends.length; i += 2) {
      const [from, to] = [next.ends[i] ?? 0, next.ends[i + 1] ?? 0];
      const [a, b] = [spotOf(from), spotOf(to)];
      if (a && !b) near.set(to, a);
      if (b && !a) near.set(from, b);
    }
  }
  let alone = 0;
  let bottom = 0;
  for (const spot of placed) bottom = Math.max(bottom, spot?.y ?? 0);
  return placed.map((spot, i) => {
    if (spot) return spot;
    const beside = near.get(i);
    // The golden angle keeps those that come one after the other apart.
    const turn = i * 2.399963;
    return beside
      ? { x: beside.x + Math.cos(turn) * NEAR, y: beside.y + Math.sin(turn) * NEAR }
      : { x: alone++ * NEAR, y: bottom + 2 * NEAR };
  });
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    draw();
  });
}

function draw(): void {
  if (!canvas || !context || !scene || !view) return;
  const { width, height, ratio, x, y, scale, ink, background } = view;
  if (canvas.width !== width * ratio || canvas.height !== height * ratio) {
    canvas.width = width * ratio;
    canvas.height = height * ratio;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  const chosen = focus === undefined ? -1 : scene.keys.indexOf(focus);
  const lit = drawEdges(context, scene, chosen);
  drawNodes(context, scene, chosen, lit);
  if (scale >= NAMES_FROM) {
    context.fillStyle = ink;
    context.font = `500 11px ${view.font}`;
    let names = 0;
    for (let i = 0; i < spots.length && names < MAX_NAMES; i++) {
      const spot = spots[i];
      if (!spot || (chosen >= 0 && !lit.has(i))) continue;
      const [left, top] = [spot.x * scale + x, spot.y * scale + y];
      if (left < -80 || left > width || top < 0 || top > height) continue;
      context.fillText(scene.labels[i] ?? '', left + DOT * 2 + 4, top + 4, 120);
      names++;
    }
  }
}

/** Draws edges, those of `chosen` over the others; the answer is who they join. */
function drawEdges(
  to: OffscreenCanvasRenderingContext2D,
  { ends, edgeColors, colors }: RawScene,
  chosen: number,
): Set<number> {
  const { x = 0, y = 0, scale = 1 } = view ?? {};
  const lit = new Set<number>(chosen >= 0 ? [chosen] : []);
  const line = (i: number) => {
    const [a, b] = [spots[ends[2 * i] ?? -1], spots[ends[2 * i + 1] ?? -1]];
    if (!a || !b) return;
    to.moveTo(a.x * scale + x, a.y * scale + y);
    to.lineTo(b.x * scale + x, b.y * scale + y);
  };
  to.lineWidth = 1;
  to.globalAlpha = chosen >= 0 ? 0.05 : 0.28;
  colors.forEach((color, number) => {
    to.strokeStyle = color;
    to.beginPath();
    for (let i = 0; i < edgeColors.length; i++) if (edgeColors[i] === number) line(i);
    to.stroke();
  });
  to.globalAlpha = 0.95;
  to.lineWidth = 1.5;
  if (chosen >= 0) {
    for (let i = 0; i < edgeColors.length; i++) {
      if (ends[2 * i] !== chosen && ends[2 * i + 1] !== chosen) continue;
      lit.add(ends[2 * i] ?? 0).add(ends[2 * i + 1] ?? 0);
      to.strokeStyle = colors[edgeColors[i] ?? 0] ?? '';
      to.beginPath();
      line(i);
      to.stroke();
    }
  }
  return lit;
}

function drawNodes(
  to: OffscreenCanvasRenderingContext2D,
  { nodeColors, remotes, colors }: RawScene,
  chosen: number,
  lit: ReadonlySet<number>,
): void {
  const { x = 0, y = 0, scale = 1, width = 0, height = 0, ink = '' } = view ?? {};
  const size = Math.max(1.5, Math.min(DOT * 1.6, DOT * scale));
  spots.forEach((spot, i) => {
    if (!spot) return;
    const [left, top] = [spot.x * scale + x, spot.y * scale + y];
    if (left < -size || left > width + size || top < -size || top > height + size) return;
    to.globalAlpha = chosen < 0 || lit.has(i) ? 1 : 0.2;
    to.fillStyle = colors[nodeColors[i] ?? 0] ?? ink;
    // Other machines are round here too.
    if (remotes[i]) {
      to.beginPath();
      to.arc(left, top, size, 0, 2 * Math.PI);
      to.fill();
    } else to.fillRect(left - size, top - size, 2 * size, 2 * size);
    if (i !== chosen) return;
    to.strokeStyle = ink;
    to.lineWidth = 2;
    to.strokeRect(left - size - 3, top - size - 3, 2 * size + 6, 2 * size + 6);
  });
  to.globalAlpha = 1;
}

/** The node nearest to a point of the window, if it is near. */
function hit(px: number, py: number): string | undefined {
  if (!scene || !view) return undefined;
  let best: string | undefined;
  let least = HIT_PX;
  for (let i = 0; i < spots.length; i++) {
    const spot = spots[i];
    if (!spot) continue;
    const far = Math.hypot(spot.x * view.scale + view.x - px, spot.y * view.scale + view.y - py);
    if (far >= least) continue;
    least = far;
    best = scene.keys[i];
  }
  return best;
}
