// Questions that everybody asks, as filters.

import { signal } from '@preact/signals';
import { hasTerm, termsOf, withField, withoutTerm, withTerm } from '../scene/filter';
import { changeView, scene } from '../scene/live';
import { view } from '../scene/settings';
import type { ViewQuery } from '../wire/query';
import { words } from '../words';

export interface Question {
  readonly id: keyof typeof words.questions.list;
  readonly filter: string;
  /** What else must be shown for an answer. */
  readonly shows?: Partial<ViewQuery>;
}

export const QUESTIONS: readonly Question[] = [
  { id: 'internet', filter: 'dir:out is:internet' },
  { id: 'inbound', filter: 'dir:in is:internet' },
  {
    id: 'databases',
    filter: '(class:db,cache | type:database,cache)',
    shows: { unix: true },
  },
  { id: 'exposed', filter: 'is:exposed', shows: { listeners: true } },
];

/** What the switches were before a question changed them. */
const before = signal<ReadonlyMap<string, Partial<ViewQuery>>>(new Map());

export function isAsked({ filter }: Question): boolean {
  return termsOf(filter).every((term) => hasTerm(view.value.filter, term));
}

/** Asks `question`, or takes it back. */
export function ask(question: Question): void {
  const { filter, ...others } = view.value;
  const terms = termsOf(question.filter);
  if (isAsked(question)) {
    const rest = terms.reduce(withoutTerm, filter);
    changeView({ filter: rest, ...before.value.get(question.id) });
    return;
  }
  const names = Object.keys(question.shows ?? {}) as (keyof typeof others)[];
  const were = Object.fromEntries(names.map((name) => [name, others[name]]));
  before.value = new Map(before.value).set(question.id, were);
  changeView({ filter: terms.reduce(withTerm, filter), ...question.shows });
}

const MINUTE_MS = 60_000;
/** The field of when a thing was first seen, and its other names. */
export const OPENED: readonly string[] = ['opened', 'since', 'new'];
export const AGES: readonly { readonly label: string; readonly ms: number }[] = [
  { label: words.questions.now, ms: 0 },
  { label: words.questions.minutesAgo(1), ms: MINUTE_MS },
  { label: words.questions.minutesAgo(5), ms: 5 * MINUTE_MS },
  { label: words.questions.minutesAgo(15), ms: 15 * MINUTE_MS },
  { label: words.questions.hoursAgo(1), ms: 60 * MINUTE_MS },
  { label: words.questions.hoursAgo(24), ms: 24 * 60 * MINUTE_MS },
];

function written(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Moments by which `opened` may be asked for. */
export function moments(): { label: string; value: string }[] {
  return AGES.map(({ label, ms }) => ({ label, value: written(scene.now() - ms) }));
}

/** Leaves what was there `ms` ago out, from now on; without a number, nothing. */
export function askSince(ms: number | undefined): void {
  const term = ms === undefined ? undefined : `opened>=${written(scene.now() - ms)}`;
  changeView({ filter: withField(view.value.filter, OPENED, term) });
}
