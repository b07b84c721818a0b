// What part of the world is asked for, as query parameters.

export const GROUPINGS = [
  'auto',
  'process',
  'tree',
  'container',
  'unit',
  'family',
  'user',
  'host',
] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What is shown. An undefined toggle leaves the choice to the program's options. */
export interface ViewQuery {
  readonly filter: string;
  readonly group?: Grouping | undefined;
  readonly p2pOnly?: boolean | undefined;
  readonly udp?: boolean | undefined;
  readonly unix?: boolean | undefined;
  readonly listeners?: boolean | undefined;
  readonly expand: readonly string[];
}

export const EMPTY_VIEW: ViewQuery = { filter: '', expand: [] };

/** The query parameters of `view`, in a fixed order so that equal views have equal addresses. */
export function viewParameters(view: ViewQuery): URLSearchParams {
  const parameters = new URLSearchParams();
  const filter = view.filter.trim();
  if (filter) parameters.set('filter', filter);
  if (view.group) parameters.set('group', view.group);
  if (view.p2pOnly !== undefined) parameters.set('p2p_only', view.p2pOnly ? '1' : '0');
  if (view.udp !== undefined) parameters.set('udp', view.udp ? '1' : '0');
  if (view.unix !== undefined) parameters.set('unix', view.unix ? '1' : '0');
  if (view.listeners !== undefined) parameters.set('listeners', view.listeners ? '1' : '0');
  for (const key of [...view.expand].sort()) parameters.append('expand', key);
  return parameters;
}
