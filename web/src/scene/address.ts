// The state of the page as the part of its address behind the question mark, and back. Whoever
// opens the address sees the same.

import type { ViewQuery } from '../wire/query';
import { MAX_KEY_LENGTH, viewOf, viewParameters } from '../wire/query';
import type { PictureLayout } from './picture';
import type { Target } from './selection';

export const PANES = ['map', 'table', 'both'] as const;
/** What fills the page. */
export type Pane = (typeof PANES)[number];

export const LISTS = ['edge', 'node', 'socket'] as const;
/** What the table lists. */
export type List = (typeof LISTS)[number];

/** What a table is sorted by. */
export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

export interface PageState {
  readonly view: ViewQuery;
  readonly target: Target | undefined;
  readonly pane: Pane;
  readonly list: List;
  readonly order: Order | undefined;
  readonly layout: PictureLayout;
  /** Every process and remote end, not joined. */
  readonly raw: boolean;
}

/** Names of columns are lower case; anything else was made up. */
const COLUMN = /^[a-z_]{1,32}$/;
/** An address longer than this is no link of ours: browsers and servers cut such ones off. */
const MAX_ADDRESS_LENGTH = 64_000;

/** Characters that an address may hold as they are, for people read it. */
const READABLE: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%2C': ',',
  '%2F': '/',
  '%7E': '~',
  '%40': '@',
  '%21': '!',
  '%28': '(',
  '%29': ')',
};

/** `state` as `?filter=…`, or as nothing if nothing was chosen. */
export function addressOf(state: PageState): string {
  const parameters = viewParameters(state.view);
  if (state.target) parameters.set(state.target.kind, state.target.key);
  if (state.pane !== 'map') parameters.set('show', state.pane);
  if (state.pane !== 'map' && state.list !== 'edge') parameters.set('list', state.list);
  if (state.pane !== 'map' && state.order) {
    parameters.set('sort', state.order.column);
    parameters.set('order', state.order.descending ? 'desc' : 'asc');
  }
  if (state.layout !== 'flow') parameters.set('layout', state.layout);
  if (state.raw) parameters.set('raw', '1');
  const text = parameters.toString().replace(/%[0-9A-F]{2}/g, (code) => READABLE[code] ?? code);
  return text && `?${text}`;
}

/** What `search`, written by anyone, asks for; undefined if it says nothing that is known. */
export function stateOf(search: string): PageState | undefined {
  if (search.length > MAX_ADDRESS_LENGTH) return undefined;
  const parameters = new URLSearchParams(search);
  const view = viewOf(parameters);
  const key = (kind: Target['kind']): Target | undefined => {
    const value = parameters.get(kind);
    return value && value.length <= MAX_KEY_LENGTH ? { kind, key: value } : undefined;
  };
  const column = parameters.get('sort') ?? '';
  const state: PageState = {
    view,
    target: key('node') ?? key('edge'),
    pane: PANES.find((pane) => pane === parameters.get('show')) ?? 'map',
    list: LISTS.find((list) => list === parameters.get('list')) ?? 'edge',
    order: COLUMN.test(column)
      ? { column, descending: parameters.get('order') === 'desc' }
      : undefined,
    layout: parameters.get('layout') === 'free' ? 'free' : 'flow',
    raw: parameters.get('raw') === '1',
  };
  return addressOf(state) === '' ? undefined : state;
}
