// Keys of the whole page.

import { frozen, setFrozen } from '../scene/live';
import { selected } from '../scene/selection';
import { askOpen, legendOpen, pane } from '../scene/settings';
import { mapCommands } from './commands';
import { helpOpen, searchInput } from './ui';

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLSelectElement ||
    target instanceof HTMLTextAreaElement
  );
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  '/': () => {
    searchInput.value?.focus();
    searchInput.value?.select();
  },
  '?': () => {
    helpOpen.value = true;
  },
  t: () => {
    pane.value = pane.value === 'table' ? 'map' : 'table';
  },
  b: () => {
    pane.value = pane.value === 'both' ? 'map' : 'both';
  },
  e: () => {
    askOpen.value = !askOpen.value;
  },
  f: () => mapCommands.fit(),
  '0': () => mapCommands.fit(),
  y: () => mapCommands.tidy(),
  z: () => mapCommands.zoomToSelection(),
  l: () => {
    legendOpen.value = !legendOpen.value;
  },
  '+': () => mapCommands.zoom(1.25),
  '=': () => mapCommands.zoom(1.25),
  '-': () => mapCommands.zoom(0.8),
  ' ': () => setFrozen(!frozen.value),
  Escape: () => {
    selected.value = undefined;
  },
};

/** Listens for the page's keys; the answer stops it. */
export function followKeys(): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || helpOpen.value) return;
    // Space presses the button that has the focus.
    if (event.key === ' ' && event.target instanceof HTMLButtonElement) return;
    const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}
