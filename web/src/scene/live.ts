// Joins stream and store: what arrives is folded in once per frame; freezing holds it back.

import { effect, signal, untracked } from '@preact/signals';
import type { ApiError } from '../wire/api';
import type { DeltaMessage, SceneMessage } from '../wire/generated';
import type { ViewQuery } from '../wire/query';
import { EMPTY_VIEW } from '../wire/query';
import type { StreamState } from '../wire/stream';
import { Stream } from '../wire/stream';
import { view } from './settings';
import { SceneStore } from './store';

/** More pending deltas than this (a hidden tab) are worth less than a fresh scene. */
const MAX_PENDING = 500;

export const scene = new SceneStore();
export const connection = signal<StreamState>('connecting');
export const frozen = signal(false);
/** How many changes the frozen picture leaves out. */
export const heldBack = signal(0);
/** The view that the scene shows: the wanted one, once the server has answered. */
export const viewInForce = signal<ViewQuery>(view.value);
export const viewError = signal<ApiError | undefined>(undefined);

type SceneListener = (change: 'scene' | 'delta') => void;

const listeners = new Set<SceneListener>();
let pending: (SceneMessage | DeltaMessage)[] = [];
let scheduled = false;

/** Calls `listener` after each change of the scene, at most once per frame. */
export function onSceneChange(listener: SceneListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const stream = new Stream({
  onScene(message) {
    // What stands in for a refused view does not make that right.
    if (stream.current === view.value) viewError.value = undefined;
    if (frozen.value && scene.nodes.size > 0) heldBack.value++;
    else {
      pending = [message];
      schedule();
    }
  },
  onDelta(message) {
    if (frozen.value) heldBack.value++;
    else if (pending.length >= MAX_PENDING) stream.resync();
    else {
      pending.push(message);
      schedule();
    }
  },
  onHeartbeat() {},
  onState(state) {
    connection.value = state;
  },
  onRefused(error) {
    viewError.value = error;
    // A bad view in the address leaves nothing to show: everything is shown beside the error.
    if (stream.current === undefined) void stream.show(EMPTY_VIEW);
  },
});

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  // A hidden tab gets no frames; then a timer keeps the scene current without drawing it.
  if (document.hidden) window.setTimeout(fold, 0);
  else requestAnimationFrame(fold);
}

document.addEventListener('visibilitychange', () => {
  if (pending.length > 0) fold();
});

function fold(): void {
  scheduled = false;
  const messages = pending;
  pending = [];
  if (messages.length === 0) return;
  let change: 'scene' | 'delta' = 'delta';
  try {
    for (const message of messages) {
      if ('epoch' in message) {
        scene.replace(message);
        change = 'scene';
        viewInForce.value = stream.current ?? viewInForce.value;
      } else {
        scene.apply(message);
      }
    }
  } catch (error) {
    console.warn('procnet: out of step with the server, asking for the whole scene', error);
    stream.resync();
    return;
  }
  for (const listener of listeners) listener(change);
}

/** Stops the picture, or lets it go on with what is true now. */
export function setFrozen(on: boolean): void {
  if (frozen.value === on) return;
  frozen.value = on;
  heldBack.value = 0;
  if (!on) stream.resync();
}

export function retryNow(): void {
  stream.retryNow();
}

/** Opens the stream and follows the chosen view from now on. */
export function startLive(): void {
  effect(() => {
    const wanted = view.value;
    untracked(() => {
      if (frozen.value) setFrozen(false);
      void stream.show(wanted);
    });
  });
}

/** Changes the view by `part`. */
export function changeView(part: Partial<typeof view.value>): void {
  view.value = { ...view.value, ...part };
}
