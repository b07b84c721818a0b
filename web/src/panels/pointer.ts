// Pointer, wheel, touch and keys on the map.

import type { MapPainter, MapTarget } from '../draw/map';
import { hovered, sameTarget, selected } from '../scene/selection';
import { mapCommands } from './commands';

const CLICK_SLOP_PX = 4;
const HOVER_DELAY_MS = 90;
const KEY_PAN_PX = 80;

function targetOf(event: Event): MapTarget | undefined {
  if (!(event.target instanceof Element)) return undefined;
  const owner = event.target.closest<SVGGElement>('[data-key]');
  const key = owner?.dataset.key;
  if (!owner || key === undefined) return undefined;
  return { kind: owner.classList.contains('edge') ? 'edge' : 'node', key };
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where nodes may be dragged to. */
export interface Dragging {
  readonly on: boolean;
  /** Puts the middle of `key` at a point of the map. */
  move: (key: string, x: number, y: number) => void;
}

/** Joins the map to its input; the answer takes it off again. */
export function followPointer(
  painter: MapPainter,
  host: HTMLElement,
  dragging: Dragging,
): () => void {
  const { root, camera } = painter;
  const abort = new AbortController();
  const { signal } = abort;
  const pointers = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let hoverTimer = 0;
  let held: MapTarget | undefined;

  const local = (event: { clientX: number; clientY: number }) => {
    const box = host.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const hover = (target: MapTarget | undefined) => {
    window.clearTimeout(hoverTimer);
    if (sameTarget(target, hovered.value)) return;
    hoverTimer = window.setTimeout(() => {
      hovered.value = target;
    }, HOVER_DELAY_MS);
  };

  root.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      if (event.shiftKey) {
        camera.panBy(-(event.deltaX || event.deltaY), 0);
        return;
      }
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const speed = event.ctrlKey ? 0.01 : 0.0016;
      const { x, y } = local(event);
      camera.zoomAt(x, y, Math.exp(-event.deltaY * lines * speed));
    },
    { passive: false, signal },
  );

  root.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      pointers.set(event.pointerId, local(event));
      if (pointers.size === 1) travelled = 0;
      const target = dragging.on ? targetOf(event) : undefined;
      held = pointers.size === 1 && target?.kind === 'node' ? target : undefined;
    },
    { signal },
  );
  root.addEventListener(
    'pointermove',
    (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = local(event);
      const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const other = others[0];
      travelled += Math.hypot(now.x - before.x, now.y - before.y);
      if (travelled > CLICK_SLOP_PX && !root.hasPointerCapture(event.pointerId)) {
        root.setPointerCapture(event.pointerId);
        root.classList.add('dragging');
      }
      if (other) {
        const apart = Math.hypot(before.x - other.x, before.y - other.y);
        const nowApart = Math.hypot(now.x - other.x, now.y - other.y);
        if (apart > 0)
          camera.zoomAt((now.x + other.x) / 2, (now.y + other.y) / 2, nowApart / apart);
      } else if (travelled > CLICK_SLOP_PX && held) {
        const { x, y, scale } = camera.view;
        dragging.move(held.key, (now.x - x) / scale, (now.y - y) / scale);
      } else if (travelled > CLICK_SLOP_PX) {
        camera.panBy(now.x - before.x, now.y - before.y);
      }
      pointers.set(event.pointerId, now);
    },
    { signal },
  );
  const up = (event: PointerEvent) => {
    pointers.delete(event.pointerId);
    held = undefined;
    if (pointers.size === 0) root.classList.remove('dragging');
  };
  root.addEventListener('pointerup', up, { signal });
  root.addEventListener('pointercancel', up, { signal });

  root.addEventListener(
    'click',
    (event) => {
      if (travelled > CLICK_SLOP_PX) return;
      selected.value = targetOf(event);
    },
    { signal },
  );
  root.addEventListener(
    'dblclick',
    (event) => {
      if (!targetOf(event)) mapCommands.fit();
    },
    { signal },
  );
  root.addEventListener('pointerover', (event) => hover(targetOf(event)), { signal });
  root.addEventListener('pointerleave', () => hover(undefined), { signal });

  root.addEventListener(
    'focusin',
    (event) => {
      const target = targetOf(event);
      if (target?.kind === 'node') painter.setTabStop(target.key);
    },
    { signal },
  );
  root.addEventListener(
    'keydown',
    (event) => {
      const target = targetOf(event);
      const arrow = ARROWS[event.key];
      if (arrow && event.shiftKey) {
        camera.panBy(-arrow[0] * KEY_PAN_PX, -arrow[1] * KEY_PAN_PX);
      } else if (arrow && target) {
        const next = painter.neighbourOf(target.key, arrow[0], arrow[1]);
        if (next !== undefined) painter.focusNode(next);
      } else if ((event.key === 'Enter' || event.key === ' ') && target) {
        selected.value = target;
      } else {
        return;
      }
      event.preventDefault();
    },
    { signal },
  );

  return () => {
    window.clearTimeout(hoverTimer);
    abort.abort();
  };
}
