// What the person chose, remembered between visits.

import { effect, signal } from '@preact/signals';
import type { Grouping, ViewQuery } from '../wire/query';
import { EMPTY_VIEW, GROUPINGS } from '../wire/query';

export type Theme = 'auto' | 'dark' | 'light';
export const THEMES: readonly Theme[] = ['auto', 'dark', 'light'];

const KEY = 'procnet.settings';

interface Saved {
  theme?: Theme;
  legend?: boolean;
  group?: Grouping;
  p2pOnly?: boolean;
  udp?: boolean;
  listeners?: boolean;
}

/** Reads JSON from local storage; undefined if there is none, it is no JSON, or storage is off. */
export function readStored(key: string): unknown {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** Writes JSON to local storage, if it is allowed and not full. */
export function writeStored(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may refuse storage; then choices last as long as the page.
  }
}

function boolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function readSaved(): Saved {
  const stored = readStored(KEY);
  if (typeof stored !== 'object' || stored === null) return {};
  const { theme, legend, group, p2pOnly, udp, listeners } = stored as Record<string, unknown>;
  const saved: Record<string, unknown> = {};
  if (THEMES.some((name) => name === theme)) saved.theme = theme;
  if (GROUPINGS.some((name) => name === group)) saved.group = group;
  for (const [name, value] of Object.entries({ legend, p2pOnly, udp, listeners })) {
    if (boolean(value) !== undefined) saved[name] = value;
  }
  return saved as Saved;
}

const saved = readSaved();

export const theme = signal<Theme>(saved.theme ?? 'auto');
export const legendOpen = signal(saved.legend ?? window.innerWidth >= 1100);

/** What is asked of the server. The filter and what is expanded start empty on each visit. */
export const view = signal<ViewQuery>({
  ...EMPTY_VIEW,
  group: saved.group,
  p2pOnly: saved.p2pOnly,
  udp: saved.udp,
  listeners: saved.listeners,
});

/** Keeps the document's theme and the stored choices up to date. */
export function followSettings(): void {
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  effect(() => {
    const { group, p2pOnly, udp, listeners } = view.value;
    writeStored(KEY, {
      theme: theme.value,
      legend: legendOpen.value,
      group,
      p2pOnly,
      udp,
      listeners,
    });
  });
}
