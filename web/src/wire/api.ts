// Plain requests to the server.

import { words } from '../words';
import type {
  CapabilityList,
  FacetList,
  FilterHelp,
  ProcessDetails,
  SceneMessage,
  SocketList,
} from './generated';
import type { ViewQuery } from './query';
import { viewParameters } from './query';

/** The server answered with an error; `position` points into the filter, if that was the reason. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly position?: readonly [number, number],
  ) {
    super(message);
  }
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, {
    headers: { accept: 'application/json' },
    cache: 'no-cache',
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: string; position?: [number, number] };
    return new ApiError(body.error ?? response.statusText, response.status, body.position);
  } catch {
    return new ApiError(words.common.status(response.status), response.status);
  }
}

export function fetchScene(view: ViewQuery, signal?: AbortSignal): Promise<SceneMessage> {
  return get(`/api/v1/scene?${viewParameters(view)}`, signal);
}

export type SocketsOf = { readonly node: string } | { readonly edge: string };

export function fetchSockets(
  of: SocketsOf,
  view: ViewQuery,
  limit: number,
  signal?: AbortSignal,
): Promise<SocketList> {
  const parameters = viewParameters(view);
  if ('node' in of) parameters.set('node', of.node);
  else parameters.set('edge', of.edge);
  parameters.set('limit', String(limit));
  return get(`/api/v1/sockets?${parameters}`, signal);
}

/** A window of all sockets that a view shows, in the server's order. */
export interface SocketWindow {
  readonly sort: string;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export function fetchSocketWindow(
  view: ViewQuery,
  window: SocketWindow,
  signal?: AbortSignal,
): Promise<SocketList> {
  const parameters = viewParameters(view);
  parameters.set('sort', window.sort);
  parameters.set('order', window.descending ? 'desc' : 'asc');
  parameters.set('offset', String(window.offset));
  parameters.set('limit', String(window.limit));
  return get(`/api/v1/sockets?${parameters}`, signal);
}

export function fetchProcess(key: string, signal?: AbortSignal): Promise<ProcessDetails> {
  return get(`/api/v1/processes/${encodeURIComponent(key)}`, signal);
}

export function fetchCapabilities(signal?: AbortSignal): Promise<CapabilityList> {
  return get('/api/v1/capabilities', signal);
}

/** What occurs under `view`, counted. */
export function fetchFacets(view: ViewQuery, signal?: AbortSignal): Promise<FacetList> {
  return get(`/api/v1/facets?${viewParameters(view)}`, signal);
}

export function fetchFilterHelp(): Promise<FilterHelp> {
  return get('/api/v1/filter');
}

export const EXPORT_FORMATS = ['json', 'csv', 'graphml', 'dot', 'mermaid'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Where the server hands out what `view` shows as a file. */
export function exportAddress(format: ExportFormat, view: ViewQuery): string {
  const parameters = viewParameters(view);
  parameters.set('format', format);
  return `/api/v1/export?${parameters}`;
}

export interface VendorLibrary {
  readonly name: string;
  readonly version: string;
  readonly file: string;
}

export function fetchVendorManifest(): Promise<{ libraries: VendorLibrary[] }> {
  return get('/vendor/manifest.json');
}
