// What the person chose, remembered between visits.

import { effect, signal } from '@preact/signals';
import type { ViewQuery } from '../wire/query';
import { viewOf, viewParameters } from '../wire/query';
import type { List, Order, PageState, Pane } from './address';
import { stateOf } from './address';
import { edgeLabels, edgeWidths, flowAnimation, minimap, pictureLayout, rawMode } from './picture';

export type Theme = 'auto' | 'dark' | 'light';
export const THEMES: readonly Theme[] = ['auto', 'dark', 'light'];

const LOOK_KEY = 'procnet.look';
const VIEW_KEY = 'procnet.view';

/** Reads JSON from `storage`; undefined if there is none, it is no JSON, or storage is off. */
export function readStored(key: string, storage: 'local' | 'session' = 'local'): unknown {
  try {
    const text = storageOf(storage).getItem(key);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** Writes JSON to `storage`, if it is allowed and not full. */
export function writeStored(
  key: string,
  value: unknown,
  storage: 'local' | 'session' = 'local',
): void {
  try {
    storageOf(storage).setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may refuse storage; then choices last as long as the page.
  }
}

function storageOf(name: 'local' | 'session'): Storage {
  return name === 'local' ? window.localStorage : window.sessionStorage;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function boolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function readView(): ViewQuery {
  const stored = readStored(VIEW_KEY, 'session');
  return viewOf(new URLSearchParams(typeof stored === 'string' ? stored : ''));
}

/** What the address asked for when the page was opened. */
export const opened: PageState | undefined = stateOf(window.location.search);

const look = record(readStored(LOOK_KEY));

export const theme = signal<Theme>(THEMES.find((name) => name === look.theme) ?? 'auto');
export const legendOpen = signal(boolean(look.legend) ?? window.innerWidth >= 1100);

/** The panel of questions and facets. */
export const askOpen = signal(boolean(look.ask) ?? false);

/**
 * What is asked of the server. It survives a reload but not the tab: a new visit starts with what
 * its address says, or else the program's options.
 */
export const view = signal<ViewQuery>(opened?.view ?? readView());

export const pane = signal<Pane>(opened?.pane ?? 'map');
export const list = signal<List>(opened?.list ?? 'edge');
export const order = signal<Order | undefined>(opened?.order);

function restorePicture(): void {
  const { flow, small, widths, labels } = record(look.picture);
  flowAnimation.value = boolean(flow) ?? flowAnimation.value;
  minimap.value = boolean(small) ?? minimap.value;
  if (widths === 'count' || widths === 'traffic') edgeWidths.value = widths;
  if (labels === 'some' || labels === 'all' || labels === 'none') edgeLabels.value = labels;
  if (!opened) return;
  pictureLayout.value = opened.layout;
  rawMode.value = opened.raw;
}

/** Keeps the document's theme and the stored choices up to date. */
export function followSettings(): void {
  restorePicture();
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  effect(() =>
    writeStored(LOOK_KEY, {
      theme: theme.value,
      legend: legendOpen.value,
      ask: askOpen.value,
      picture: {
        flow: flowAnimation.value,
        small: minimap.value,
        widths: edgeWidths.value,
        labels: edgeLabels.value,
      },
    }),
  );
  effect(() => writeStored(VIEW_KEY, viewParameters(view.value).toString(), 'session'));
}
