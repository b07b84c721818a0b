// Beads along the busiest edges, on a canvas that a worker draws.

import type { Size } from '../layout/frame';
import type { Bead, BeadOrder } from './beadMessages';
import type { View } from './camera';
import { onPixel } from './layers';

/** The canvas is drawn anew when the camera has stood still for so long. */
const SETTLED_MS = 120;

export class Beads {
  readonly canvas = document.createElement('canvas');
  private worker: Worker | undefined;
  private beads: readonly Bead[] = [];
  private view: View | undefined;
  private drawnScale = 0;
  private size: Size = { width: 1, height: 1 };
  private timer = 0;

  constructor() {
    this.canvas.className = 'beads';
    this.canvas.setAttribute('aria-hidden', 'true');
    document.addEventListener('visibilitychange', this.tellBeads);
  }

  show(beads: readonly Bead[]): void {
    const before = this.beads;
    if (beads.length === before.length && beads.every((bead, i) => alike(bead, before[i]))) return;
    this.beads = beads;
    this.tellBeads();
  }

  /** Follows the camera: what is drawn is moved along, and drawn anew when that rests. */
  place(view: View, size: Size): void {
    this.view = view;
    this.size = size;
    if (!this.worker) return;
    if (view.scale !== this.drawnScale) this.canvas.hidden = true;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.tellView(), SETTLED_MS);
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this.tellBeads);
    window.clearTimeout(this.timer);
    this.worker?.terminate();
  }

  private readonly tellBeads = () => {
    const beads = document.hidden ? [] : this.beads;
    if (!this.worker && beads.length === 0) return;
    if (!this.worker) {
      this.worker = new Worker(new URL('./beads.worker.ts', import.meta.url), { type: 'module' });
      const canvas = this.canvas.transferControlToOffscreen();
      this.tell({ kind: 'canvas', canvas }, canvas);
      this.tellView();
    }
    this.tell({ kind: 'beads', beads });
  };

  private tellView(): void {
    if (!this.view) return;
    const { scale } = this.view;
    const [x, y] = [onPixel(this.view.x), onPixel(this.view.y)];
    const { width, height } = this.size;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const { style } = this.canvas;
    // It stands over the window, wherever the world is.
    style.transform = `translate(${-x}px, ${-y}px)`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    this.canvas.hidden = false;
    this.drawnScale = scale;
    this.tell({ kind: 'view', view: { x, y, scale, width, height, ratio } });
  }

  private tell(order: BeadOrder, ...transfer: Transferable[]): void {
    this.worker?.postMessage(order, transfer);
  }
}

function alike(a: Bead, b: Bead | undefined): boolean {
  return a.d === b?.d && a.color === b.color && a.size === b.size;
}
