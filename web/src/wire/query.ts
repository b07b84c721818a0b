// What part of the world is asked for, as query parameters.

export const GROUPINGS = [
  'auto',
  'process',
  'tree',
  'container',
  'unit',
  'family',
  'executable',
  'user',
  'host',
] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** How remotes are joined at the finest. */
export const REMOTES = ['auto', 'endpoint', 'address', 'network', 'internet'] as const;
export type Remotes = (typeof REMOTES)[number];

/** What the server takes at most. */
export const MAX_FILTER_LENGTH = 1000;
export const MAX_EXPANDED = 256;
export const MAX_MUTES = 16;
export const MAX_KEY_LENGTH = 1024;

/** What is shown. An undefined toggle leaves the choice to the program's options. */
export interface ViewQuery {
  readonly filter: string;
  readonly group?: Grouping | undefined;
  readonly remotes?: Remotes | undefined;
  readonly p2pOnly?: boolean | undefined;
  readonly udp?: boolean | undefined;
  readonly unix?: boolean | undefined;
  readonly listeners?: boolean | undefined;
  /** Nothing is joined to save room. */
  readonly everything?: boolean | undefined;
  readonly expand: readonly string[];
  /** Filters of what is left out. */
  readonly mute: readonly string[];
}

export const EMPTY_VIEW: ViewQuery = { filter: '', expand: [], mute: [] };

/** The query parameters of `view`, in a fixed order so that equal views have equal addresses. */
export function viewParameters(view: ViewQuery): URLSearchParams {
  const parameters = new URLSearchParams();
  const filter = view.filter.trim();
  const flag = (name: string, value: boolean | undefined) => {
    if (value !== undefined) parameters.set(name, value ? '1' : '0');
  };
  if (filter) parameters.set('filter', filter);
  if (view.group) parameters.set('group', view.group);
  if (view.remotes) parameters.set('remotes', view.remotes);
  flag('p2p_only', view.p2pOnly);
  flag('udp', view.udp);
  flag('unix', view.unix);
  flag('listeners', view.listeners);
  if (view.everything) parameters.set('budget', 'none');
  for (const key of [...view.expand].sort()) parameters.append('expand', key);
  for (const mute of view.mute) parameters.append('mute', mute);
  return parameters;
}

/** The view that `parameters` describe, bounded; what makes no sense is left out. */
export function viewOf(parameters: URLSearchParams): ViewQuery {
  const one = <T extends string>(name: string, known: readonly T[]): T | undefined => {
    const value = parameters.get(name);
    return known.find((candidate) => candidate === value);
  };
  const flag = (name: string): boolean | undefined => {
    const value = one(name, ['1', '0']);
    return value === undefined ? undefined : value === '1';
  };
  const list = (name: string, most: number, length: number) => [
    ...new Set(
      parameters
        .getAll(name)
        .filter((text) => text.trim() !== '' && text.length <= length)
        .slice(0, most),
    ),
  ];
  return {
    filter: (parameters.get('filter') ?? '').slice(0, MAX_FILTER_LENGTH),
    group: one('group', GROUPINGS),
    remotes: one('remotes', REMOTES),
    p2pOnly: flag('p2p_only'),
    udp: flag('udp'),
    unix: flag('unix'),
    listeners: flag('listeners'),
    everything: parameters.get('budget') === 'none' ? true : undefined,
    expand: list('expand', MAX_EXPANDED, MAX_KEY_LENGTH),
    mute: list('mute', MAX_MUTES, MAX_FILTER_LENGTH),
  };
}
