// Filters that the person gave names to, kept in this browser.

import { signal } from '@preact/signals';
import { MAX_FILTER_LENGTH } from '../wire/query';
import { readStored, writeStored } from './settings';

export interface SavedFilter {
  readonly name: string;
  readonly filter: string;
}

const KEY = 'procnet.filters';
const MAX_SAVED = 100;
export const MAX_NAME_LENGTH = 60;

/** The filters among `stored`, whatever that is. */
export function savedFrom(stored: unknown): SavedFilter[] {
  if (!Array.isArray(stored)) return [];
  const names = new Set<string>();
  return stored.slice(0, MAX_SAVED).flatMap((entry: unknown) => {
    const { name, filter } = (entry ?? {}) as { name?: unknown; filter?: unknown };
    const good =
      typeof name === 'string' &&
      typeof filter === 'string' &&
      name.trim() !== '' &&
      name.length <= MAX_NAME_LENGTH &&
      filter.length <= MAX_FILTER_LENGTH &&
      !names.has(name);
    if (!good) return [];
    names.add(name);
    return [{ name, filter }];
  });
}

export const savedFilters = signal<readonly SavedFilter[]>(savedFrom(readStored(KEY)));

function keep(filters: readonly SavedFilter[]): void {
  savedFilters.value = filters.slice(0, MAX_SAVED);
  writeStored(KEY, savedFilters.value);
}

/** Keeps `filter` under `name`, in place of one of the same name. */
export function saveFilter(name: string, filter: string): void {
  const saved = { name: name.trim().slice(0, MAX_NAME_LENGTH), filter };
  if (saved.name === '') return;
  const others = savedFilters.value.filter((other) => other.name !== saved.name);
  keep([...others, saved].sort((a, b) => a.name.localeCompare(b.name)));
}

export function forgetFilter(name: string): void {
  keep(savedFilters.value.filter((other) => other.name !== name));
}
