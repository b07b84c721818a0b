// What the filter's completion knows: fields from the server, and what occurs now.

import { signal } from '@preact/signals';
import { fetchFacets, fetchFilterHelp } from '../wire/api';
import type { FilterField } from '../wire/generated';
import { EMPTY_VIEW } from '../wire/query';
import type { KnownValue } from './complete';
import { view } from './settings';

/** Values older than this are asked for again. */
const STALE_MS = 5000;

export const filterFields = signal<readonly FilterField[]>([]);
export const knownValues = signal<readonly KnownValue[]>([]);

let askedAt = Number.NEGATIVE_INFINITY;

/** Reads what is not known yet, or not any more. */
export function refreshKnowledge(): void {
  if (filterFields.value.length === 0) void readFields();
  if (performance.now() - askedAt > STALE_MS) void readValues();
}

async function readFields(): Promise<void> {
  try {
    filterFields.value = (await fetchFilterHelp()).fields;
  } catch (error) {
    console.warn('procnet: the fields of the filter could not be read', error);
  }
}

async function readValues(): Promise<void> {
  askedAt = performance.now();
  try {
    // Of the whole machine: a filter that is being written must not hide what it could ask for.
    const { facets } = await fetchFacets({ ...view.value, ...EMPTY_VIEW });
    knownValues.value = facets.flatMap(({ field, values }) =>
      values.map(({ value, filter, count }) => ({ field, value, term: filter, count })),
    );
  } catch (error) {
    console.warn('procnet: the values for completion could not be read', error);
  }
}
