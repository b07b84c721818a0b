// A small map of the whole, with what of it is seen.

import type { Rect, Size } from '../layout/frame';
import type { View } from './camera';

export const MINIMAP_SIZE: Size = { width: 190, height: 120 };
const PAD = 6;

export interface Mark extends Rect {
  readonly color: string;
}

interface Extent {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export class Minimap {
  private readonly context: CanvasRenderingContext2D | null;
  private extent: Extent = { scale: 1, x: 0, y: 0 };
  private frame = 0;
  private latest: (() => void) | undefined;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    onMove: (x: number, y: number) => void,
  ) {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = MINIMAP_SIZE.width * ratio;
    canvas.height = MINIMAP_SIZE.height * ratio;
    this.context = canvas.getContext('2d');
    this.context?.scale(ratio, ratio);
    const move = (event: PointerEvent) => {
      const box = canvas.getBoundingClientRect();
      const { scale, x, y } = this.extent;
      onMove((event.clientX - box.left - x) / scale, (event.clientY - box.top - y) / scale);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  /** Draws with the next frame; of several calls the last one counts. */
  draw(bounds: Rect, marks: () => Iterable<Mark>, view: View, window: Size): void {
    this.latest = () => this.drawNow(bounds, marks(), view, window);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.latest?.();
    });
  }

  private drawNow(bounds: Rect, marks: Iterable<Mark>, view: View, window: Size): void {
    const { context } = this;
    if (!context) return;
    const { width, height } = MINIMAP_SIZE;
    const scale = Math.min(
      (width - 2 * PAD) / Math.max(1, bounds.width),
      (height - 2 * PAD) / Math.max(1, bounds.height),
    );
    const x = (width - bounds.width * scale) / 2 - bounds.x * scale;
    const y = (height - bounds.height * scale) / 2 - bounds.y * scale;
    this.extent = { scale, x, y };
    context.clearRect(0, 0, width, height);
    for (const mark of marks) {
      context.fillStyle = mark.color;
      const [w, h] = [Math.max(2, mark.width * scale), Math.max(1.5, mark.height * scale)];
      context.fillRect(mark.x * scale + x, mark.y * scale + y, w, h);
    }
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.lineWidth = 1.5;
    const left = Math.max(1, (-view.x / view.scale) * scale + x);
    const top = Math.max(1, (-view.y / view.scale) * scale + y);
    const right = Math.min(width - 1, ((window.width - view.x) / view.scale) * scale + x);
    const bottom = Math.min(height - 1, ((window.height - view.y) / view.scale) * scale + y);
    if (right > left && bottom > top) context.strokeRect(left, top, right - left, bottom - top);
  }
}
