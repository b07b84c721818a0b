// What may come next in a filter, given what is typed so far.

import type { FilterField } from '../wire/generated';
import { fieldTerm, quoted, words } from './filter';

export interface Suggestion {
  /** What is written in place of the text from `from` to `to`. */
  readonly insert: string;
  readonly from: number;
  readonly to: number;
  /** What is shown for it. */
  readonly label: string;
  readonly hint: string;
  /** More follows behind it: completion goes on. */
  readonly goesOn: boolean;
}

/** A value that is known to occur. */
export interface KnownValue {
  readonly field: string;
  readonly value: string;
  /** The term that asks for it. */
  readonly term: string;
  readonly count: number;
}

export interface Knowledge {
  readonly fields: readonly FilterField[];
  readonly values: readonly KnownValue[];
  /** Moments that may be asked for: what they are called, and as the filter writes them. */
  readonly moments: readonly { readonly label: string; readonly value: string }[];
  /** `12 sockets`. */
  readonly countWords: (count: number) => string;
}

const MAX_SUGGESTIONS = 12;
/** From a bare word, values are proposed from so many letters on. */
const MIN_LETTERS = 2;
const TYPED = /^([A-Za-z_]+)(!=|!~|>=|<=|:|=|~|>|<)(.*)$/s;

/** The suggestions for the word at `caret`. */
export function suggestions(text: string, caret: number, known: Knowledge): Suggestion[] {
  const word = words(text).find((w) => w.start < caret && caret <= w.end);
  const negation = word && /^[-!]/.test(word.text) ? 1 : 0;
  const from = word && !'()|'.includes(word.text) ? word.start + negation : caret;
  const to = word && from < caret ? word.end : caret;
  const typed = text.slice(from, caret);
  const parts = TYPED.exec(typed);
  if (parts) {
    const [, name = '', operator = '', rest = ''] = parts;
    const field = fieldNamed(known.fields, name);
    return field ? valuesOf(field, operator, rest, caret, to, known) : [];
  }
  const wanted = typed.toLowerCase();
  const named = known.fields
    .map((field) => ({ field, rank: rankOf([field.name, ...field.aliases], wanted) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank);
  const fieldsOf = (rank: number) =>
    named
      .filter((found) => found.rank === rank)
      .flatMap(({ field }): Suggestion[] => {
        const operators = field.name === wanted ? field.operators : field.operators.slice(0, 1);
        return operators.map((operator) => ({
          insert: `${field.name}${operator}`,
          from,
          to,
          label: `${field.name}${operator}`,
          hint: field.help,
          goesOn: true,
        }));
      });
  const values =
    wanted.length < MIN_LETTERS
      ? []
      : known.values
          .filter(({ value }) => value.toLowerCase().includes(wanted))
          .map(({ term, count }): Suggestion => {
            return {
              insert: `${term} `,
              from,
              to,
              label: term,
              hint: known.countWords(count),
              goesOn: false,
            };
          });
  // Who writes the beginning of a field's name means the field.
  return [...fieldsOf(2), ...values.slice(0, MAX_SUGGESTIONS / 2), ...fieldsOf(1)].slice(
    0,
    wanted === '' ? known.fields.length : MAX_SUGGESTIONS,
  );
}

function fieldNamed(fields: readonly FilterField[], name: string): FilterField | undefined {
  const wanted = name.toLowerCase();
  return fields.find((field) => field.name === wanted || field.aliases.includes(wanted));
}

/** 2 if a name begins with `wanted`, 1 if one holds it, else 0. */
function rankOf(names: readonly string[], wanted: string): number {
  if (names.some((name) => name.startsWith(wanted))) return 2;
  return names.some((name) => name.includes(wanted)) ? 1 : 0;
}

/** The values of `field` that fit the last one in `rest`, a list that ends at the caret. */
function valuesOf(
  field: FilterField,
  operator: string,
  rest: string,
  caret: number,
  to: number,
  known: Knowledge,
): Suggestion[] {
  // A regular expression is not guessed.
  if (operator.includes('~') || (operator === ':' && rest.startsWith('/'))) return [];
  const last = rest.slice(rest.lastIndexOf(',') + 1);
  const wanted = last.replace(/^"/, '').toLowerCase();
  const chosen = new Set(rest.split(',').slice(0, -1));
  const candidates = [
    ...(field.kind === 'when' ? known.moments : []).map(({ label, value }) => ({
      text: value,
      label,
      hint: value,
    })),
    ...known.values
      .filter((value) => value.field === field.name)
      .map(({ value, term, count }) => ({
        text: fieldTerm(term)?.values.join(',') ?? quoted(value),
        label: value,
        hint: known.countWords(count),
      })),
    ...field.words.map((word) => ({ text: word, label: word, hint: '' })),
  ];
  const seen = new Set<string>();
  const fitting = candidates.filter(({ text, label }) => {
    const same = text.toLowerCase();
    const fits = label.toLowerCase().includes(wanted) && !chosen.has(text) && !seen.has(same);
    seen.add(same);
    return fits;
  });
  const begins = ({ label }: { label: string }) => label.toLowerCase().startsWith(wanted);
  return [...fitting.filter(begins), ...fitting.filter((value) => !begins(value))]
    .slice(0, MAX_SUGGESTIONS)
    .map(({ text, label, hint }) => ({
      insert: `${text} `,
      from: caret - last.length,
      to,
      label,
      hint,
      goesOn: false,
    }));
}

/** `text` with `suggestion` taken, and where the caret is then. */
export function accepted(text: string, suggestion: Suggestion): { text: string; caret: number } {
  const before = text.slice(0, suggestion.from);
  const after = text.slice(suggestion.to);
  const insert = after.startsWith(' ') ? suggestion.insert.trimEnd() : suggestion.insert;
  const caret = before.length + insert.length + (insert === suggestion.insert ? 0 : 1);
  return { text: before + insert + after, caret };
}
