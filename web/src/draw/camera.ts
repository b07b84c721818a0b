// Which part of the map is seen, and how large.

import type { Rect, Size } from '../layout/frame';
import { MAX_FIT_SCALE } from '../layout/plan';

export const MIN_SCALE = 0.12;
export const MAX_SCALE = 3;
const GLIDE_MS = 280;

export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export function reducedMotion(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** The view in which `bounds` fills `size` less `insets`, centred, never much larger than life. */
export function fitView(bounds: Rect, size: Size, insets: Insets): View {
  const width = Math.max(1, size.width - insets.left - insets.right);
  const height = Math.max(1, size.height - insets.top - insets.bottom);
  const wanted = Math.min(width / bounds.width, height / bounds.height, MAX_FIT_SCALE);
  const scale = Math.max(MIN_SCALE, wanted);
  return {
    x: insets.left + (width - bounds.width * scale) / 2 - bounds.x * scale,
    y: insets.top + (height - bounds.height * scale) / 2 - bounds.y * scale,
    scale,
  };
}

/** The view that begins at the top left of `bounds`, centred where that is smaller than the window. */
export function topView(bounds: Rect, size: Size, insets: Insets, scale: number): View {
  const width = Math.max(1, size.width - insets.left - insets.right);
  const height = Math.max(1, size.height - insets.top - insets.bottom);
  const spare = (room: number, extent: number) => Math.max(0, room - extent * scale) / 2;
  return {
    x: insets.left + spare(width, bounds.width) - bounds.x * scale,
    y: insets.top + spare(height, bounds.height) - bounds.y * scale,
    scale,
  };
}

export class Camera {
  view: View = { x: 0, y: 0, scale: 1 };
  /** True until the person pans or zooms: then a resized window fits again. */
  fitted = true;
  private frame = 0;

  constructor(private readonly onChange: (view: View) => void) {}

  moveTo(view: View, glide: boolean): void {
    cancelAnimationFrame(this.frame);
    if (!glide || reducedMotion()) {
      this.put(view);
      return;
    }
    const from = this.view;
    const start = performance.now();
    const step = (now: number) => {
      const t = Math.min(1, Math.max(0, (now - start) / GLIDE_MS));
      const ease = 1 - (1 - t) ** 3;
      const between = (a: number, b: number) => a + (b - a) * ease;
      this.put({
        x: between(from.x, view.x),
        y: between(from.y, view.y),
        scale: between(from.scale, view.scale),
      });
      if (t < 1) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  panBy(dx: number, dy: number): void {
    cancelAnimationFrame(this.frame);
    this.fitted = false;
    this.put({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  /** Zooms by `factor` around a point of the screen. */
  zoomAt(x: number, y: number, factor: number): void {
    cancelAnimationFrame(this.frame);
    this.fitted = false;
    const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, this.view.scale * factor));
    const ratio = scale / this.view.scale;
    this.put({ x: x - (x - this.view.x) * ratio, y: y - (y - this.view.y) * ratio, scale });
  }

  /** Moves as little as needed so that `rect` (of the map) is seen. */
  reveal(rect: Rect, size: Size, insets: Insets): void {
    const { x, y, scale } = this.view;
    const left = rect.x * scale + x - insets.left;
    const top = rect.y * scale + y - insets.top;
    const right = (rect.x + rect.width) * scale + x - (size.width - insets.right);
    const bottom = (rect.y + rect.height) * scale + y - (size.height - insets.bottom);
    const dx = left < 0 ? -left : right > 0 ? -right : 0;
    const dy = top < 0 ? -top : bottom > 0 ? -bottom : 0;
    if (dx !== 0 || dy !== 0) this.moveTo({ x: x + dx, y: y + dy, scale }, true);
  }

  private put(view: View): void {
    this.view = view;
    this.onChange(view);
  }
}
