// Pointer, wheel, touch and keys on the canvas of thousands of nodes.

import type { RawMap } from '../draw/raw';
import { hovered, selected } from '../scene/selection';

const CLICK_SLOP_PX = 4;
const KEY_PAN_PX = 80;

const PANS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Joins the canvas to its input; it ends with the canvas. */
export function followRaw(raw: RawMap): void {
  const { canvas, camera } = raw;
  const pointers = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let asking = false;
  const local = (event: { clientX: number; clientY: number }) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { x, y } = local(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      camera.zoomAt(x, y, Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016)));
    },
    { passive: false },
  );
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, local(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const now = local(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (asking) return;
      asking = true;
      void raw.at(now.x, now.y).then((key) => {
        asking = false;
        const next = key === undefined ? undefined : ({ kind: 'node', key } as const);
        if (hovered.value?.key !== key) hovered.value = next;
      });
      return;
    }
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = Math.hypot(before.x - other.x, before.y - other.y);
      const nowApart = Math.hypot(now.x - other.x, now.y - other.y);
      const [x, y] = [(now.x + other.x) / 2, (now.y + other.y) / 2];
      if (apart > 0) camera.zoomAt(x, y, nowApart / apart);
    } else if (travelled > CLICK_SLOP_PX) camera.panBy(now.x - before.x, now.y - before.y);
    pointers.set(event.pointerId, now);
  });
  const up = (event: PointerEvent) => {
    const clicked = pointers.delete(event.pointerId) && travelled <= CLICK_SLOP_PX;
    if (!clicked || event.type !== 'pointerup') return;
    const { x, y } = local(event);
    void raw.at(x, y).then((key) => {
      selected.value = key === undefined ? undefined : { kind: 'node', key };
    });
  };
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('pointerleave', () => {
    hovered.value = undefined;
  });
  canvas.addEventListener('keydown', (event) => {
    const pan = PANS[event.key];
    if (!pan) return;
    camera.panBy(pan[0] * KEY_PAN_PX, pan[1] * KEY_PAN_PX);
    event.preventDefault();
  });
}
