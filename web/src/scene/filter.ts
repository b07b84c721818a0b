// The text of a filter, taken apart as the engine does it and put together again.

/** A stretch of a filter's text. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const DELIMITER = /[\s()|"]/;
const FIELD = /^([A-Za-z_]+)(!=|!~|>=|<=|:|=|~|>|<)/;

/** Where the quoted text that begins at `start` ends. */
function endOfQuoted(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
    at++;
  }
  return text.length;
}

/** Where the regular expression that begins at `start` ends; undefined if that is a path. */
function endOfPattern(text: string, start: number): number | undefined {
  let at = start + 1;
  while (at < text.length && text[at] !== '/') at += text[at] === '\\' ? 2 : 1;
  if (at >= text.length || at === start + 1) return undefined;
  at++;
  if (text[at] === 'i') at++;
  return at >= text.length || DELIMITER.test(text[at] ?? '') ? at : undefined;
}

function endOfWord(text: string, start: number): number {
  let at = start;
  const operator = FIELD.exec(text.slice(start));
  const value = start + (operator ? operator[0].length : 0);
  if (text[value] === '/' && (value === start || /[:~]$/.test(operator?.[0] ?? ''))) {
    const end = endOfPattern(text, value);
    if (end !== undefined) return end;
  }
  at = value;
  while (at < text.length) {
    const c = text[at] ?? '';
    if (c === '"') {
      at = endOfQuoted(text, at);
      // After a quoted value only a comma goes on.
      if (text[at] !== ',') return at;
    } else if (DELIMITER.test(c)) break;
    else at++;
  }
  return Math.max(at, start + 1);
}

/** The words, parentheses and bars of `text`. */
export function words(text: string): Part[] {
  const found: Part[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text[at] ?? '';
    if (/\s/.test(c)) {
      at++;
      continue;
    }
    let end = at + 1;
    const negation = (c === '-' || c === '!') && text[at + 1] !== undefined;
    if (negation && !/[\s(]/.test(text[at + 1] ?? '')) end = endOfWord(text, at + 1);
    else if (!negation && !'()|'.includes(c)) end = endOfWord(text, at);
    found.push({ start: at, end, text: text.slice(at, end) });
    at = end;
  }
  return found;
}

interface TopLevel {
  readonly parts: readonly Part[];
  /** The parts are alternatives. */
  readonly alternatives: boolean;
}

/** The terms and parenthesised groups that are not inside others, with their negations. */
function topLevel(text: string): TopLevel {
  const parts: Part[] = [];
  let alternatives = false;
  let depth = 0;
  let start: number | undefined;
  for (const word of words(text)) {
    if (word.text === '(') {
      start ??= word.start;
      depth++;
      continue;
    }
    if (word.text === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0 && (word.text === '|' || word.text === 'OR')) {
      alternatives = true;
      continue;
    } else if (depth === 0 && word.text === 'AND') continue;
    else if (depth === 0 && ['-', '!', 'NOT'].includes(word.text)) {
      start ??= word.start;
      continue;
    }
    if (depth > 0) continue;
    const from = start ?? word.start;
    parts.push({ start: from, end: word.end, text: text.slice(from, word.end) });
    start = undefined;
  }
  return { parts, alternatives };
}

/** The terms that all must hold; a filter of alternatives is one term. */
export function termsOf(filter: string): string[] {
  const { parts, alternatives } = topLevel(filter);
  if (alternatives) return [`(${filter.trim()})`];
  return parts.map((part) => part.text);
}

function join(terms: readonly string[]): string {
  return terms.join(' ');
}

export function hasTerm(filter: string, term: string): boolean {
  return termsOf(filter).includes(term);
}

/** `filter`, where `term` must hold too. */
export function withTerm(filter: string, term: string): string {
  return hasTerm(filter, term) ? filter : join([...termsOf(filter), term]);
}

export function withoutTerm(filter: string, term: string): string {
  return hasTerm(filter, term) ? join(termsOf(filter).filter((other) => other !== term)) : filter;
}

interface FieldTerm {
  readonly field: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** `term` as field, operator and values; undefined if it is something else. */
export function fieldTerm(term: string): FieldTerm | undefined {
  const found = FIELD.exec(term);
  if (!found) return undefined;
  const [all, field = '', operator = ''] = found;
  const values: string[] = [];
  let at = all.length;
  let start = at;
  while (at < term.length) {
    if (term[at] === '"') at = endOfQuoted(term, at);
    else if (term[at] === ',') {
      values.push(term.slice(start, at));
      start = ++at;
    } else at++;
  }
  values.push(term.slice(start));
  return { field: field.toLowerCase(), operator, values };
}

/** True if `filter` asks for the one value that `term` names. */
export function hasValue(filter: string, term: string): boolean {
  const wanted = fieldTerm(term);
  if (!wanted) return hasTerm(filter, term);
  return termsOf(filter).some((other) => {
    const known = fieldTerm(other);
    return (
      known?.field === wanted.field &&
      known.operator === wanted.operator &&
      wanted.values.every((value) => known.values.includes(value))
    );
  });
}

/**
 * Adds the value that `term` names as an alternative to the others of its field, or takes it away
 * if it is there.
 */
export function toggleValue(filter: string, term: string): string {
  const wanted = fieldTerm(term);
  if (!wanted) return hasTerm(filter, term) ? withoutTerm(filter, term) : withTerm(filter, term);
  const remove = hasValue(filter, term);
  let done = false;
  const terms = termsOf(filter).flatMap((other) => {
    const known = fieldTerm(other);
    const same = known?.field === wanted.field && known.operator === wanted.operator;
    if (done || !known || !same) return [other];
    done = true;
    const values = remove
      ? known.values.filter((value) => !wanted.values.includes(value))
      : [...known.values, ...wanted.values];
    return values.length > 0 ? [`${wanted.field}${wanted.operator}${values.join(',')}`] : [];
  });
  return join(done ? terms : [...terms, term]);
}

/** `filter` with `term` instead of all others of the fields `names`. */
export function withField(
  filter: string,
  names: readonly string[],
  term: string | undefined,
): string {
  const others = termsOf(filter).filter((other) => {
    const field = fieldTerm(other)?.field;
    return field === undefined || !names.includes(field);
  });
  return join(term === undefined ? others : [...others, term]);
}

/** The opposite of `term`. */
export function negated(term: string): string {
  if (/^[-!]./.test(term)) return term.slice(1);
  const found = fieldTerm(term);
  if (found?.operator === '=') return term.replace('=', '!=');
  return `-${term}`;
}

/** `value` as one value of the filter language. */
export function quoted(value: string): string {
  if (value !== '' && !value.startsWith('/') && !/[\s()|",]/.test(value)) return value;
  return `"${value.replace(/["\\]/g, (c) => `\\${c}`)}"`;
}

/** The term that asks for exactly this value of a field. */
export function exactly(field: string, value: string | number): string {
  const operator = typeof value === 'number' ? ':' : '=';
  return `${field}${operator}${quoted(String(value))}`;
}
