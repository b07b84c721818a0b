// Moves beads along busy edges, beside the page: what moves all the time must not make it paint.

import type { Bead, BeadOrder, BeadView } from './beadMessages';

/** Beads move so far so often. */
const STEP_MS = 140;
const STEP = 3;
/** From bead to bead: a dash that is nearly nothing is a dot under a round cap. */
const DOT = 0.1;
const PITCH = 24;

let context: OffscreenCanvasRenderingContext2D | null = null;
let view: BeadView | undefined;
let beads: readonly { readonly bead: Bead; readonly path: Path2D }[] = [];
let offset = 0;
let timer = 0;

self.onmessage = (event: MessageEvent<BeadOrder>) => {
  const order = event.data;
  if (order.kind === 'canvas') context = order.canvas.getContext('2d');
  else if (order.kind === 'view') view = order.view;
  else {
    beads = order.beads.map((bead) => ({ bead, path: new Path2D(bead.d) }));
    self.clearInterval(timer);
    timer = beads.length > 0 ? self.setInterval(step, STEP_MS) : 0;
  }
  draw();
};

function step(): void {
  offset = (offset + PITCH - STEP) % PITCH;
  draw();
}

function draw(): void {
  if (!context || !view) return;
  const { canvas } = context;
  const [width, height] = [view.width * view.ratio, view.height * view.ratio];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const scale = view.scale * view.ratio;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(scale, 0, 0, scale, view.x * view.ratio, view.y * view.ratio);
  context.lineCap = 'round';
  context.setLineDash([DOT, PITCH - DOT]);
  context.lineDashOffset = offset;
  for (const { bead, path } of beads) {
    context.strokeStyle = bead.color;
    context.lineWidth = bead.size;
    context.stroke(path);
  }
}
