// Keeps the address of the page, and so the browser's history, in step with what is shown.

import { batch, effect } from '@preact/signals';
import { EMPTY_VIEW } from '../wire/query';
import type { PageState } from './address';
import { addressOf, stateOf } from './address';
import { pictureLayout, rawMode } from './picture';
import { selected } from './selection';
import { list, opened, order, pane, view } from './settings';

/** Typing goes on for as long as its pauses are shorter than this. */
const TYPING_MS = 4000;

const NOTHING: PageState = {
  view: EMPTY_VIEW,
  target: undefined,
  pane: 'map',
  list: 'edge',
  order: undefined,
  layout: 'flow',
  raw: false,
};

function current(): PageState {
  return {
    view: view.value,
    target: selected.value,
    pane: pane.value,
    list: list.value,
    order: order.value,
    layout: pictureLayout.value,
    raw: rawMode.value,
  };
}

function show(state: PageState): void {
  batch(() => {
    if (addressOf({ ...NOTHING, view: state.view }) !== addressOf({ ...NOTHING, view: view.value }))
      view.value = state.view;
    selected.value = state.target;
    pane.value = state.pane;
    list.value = state.list;
    order.value = state.order;
    pictureLayout.value = state.layout;
    rawMode.value = state.raw;
  });
}

/** Which change leads from `before` to `now`, as far as the history cares. */
function changeOf(before: PageState, now: PageState): 'step' | 'filter' | 'detail' {
  const filtered = { ...before.view, filter: now.view.filter };
  const same = addressOf({ ...NOTHING, view: filtered });
  if (addressOf({ ...NOTHING, view: now.view }) !== same) return 'step';
  if (before.layout !== now.layout || before.raw !== now.raw) return 'step';
  if (before.pane !== now.pane || (now.target && !before.target)) return 'step';
  return before.view.filter === now.view.filter ? 'detail' : 'filter';
}

/** Writes each state into the address; goes back and forth with the browser's history. */
export function followAddress(): void {
  if (opened) selected.value = opened.target;
  let written: PageState | undefined;
  let typedAt = Number.NEGATIVE_INFINITY;
  let scheduled = false;

  const write = () => {
    scheduled = false;
    const now = current();
    const before = written;
    written = now;
    const { pathname, search, hash } = window.location;
    const address = addressOf(now);
    if (address === search) return;
    const change = before ? changeOf(before, now) : 'detail';
    const typing = change === 'filter' && performance.now() - typedAt < TYPING_MS;
    if (change === 'filter') typedAt = performance.now();
    const adds = change === 'step' || (change === 'filter' && !typing);
    try {
      window.history[adds ? 'pushState' : 'replaceState'](null, '', `${pathname}${address}${hash}`);
    } catch {
      // Browsers refuse more changes than a person makes; the next one writes it all.
    }
  };
  effect(() => {
    current();
    if (scheduled) return;
    scheduled = true;
    // What one action changes in several steps is one change.
    queueMicrotask(write);
  });
  window.addEventListener('popstate', () => {
    const state = stateOf(window.location.search) ?? NOTHING;
    written = state;
    typedAt = Number.NEGATIVE_INFINITY;
    show(state);
  });
}
