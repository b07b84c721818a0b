import { useEffect, useState } from 'preact/hooks';
import { frozen, onSceneChange } from '../scene/live';
import { ApiError } from '../wire/api';
import { words } from '../words';

/** Details follow the scene, but are not asked for more often than this. */
const REFRESH_MS = 1500;

export interface Fetched<T> {
  readonly value?: T;
  readonly error?: string;
}

interface Pace {
  /** It is fetched so often also while nothing changes. */
  readonly everyMs?: number;
  /** Between two fetches lies so much time at least. */
  readonly restMs?: number;
}

/** Fetches something for `id`, and again while the scene changes. */
export function useFetched<T>(
  id: string,
  fetcher: (signal: AbortSignal) => Promise<T>,
  { everyMs, restMs = REFRESH_MS }: Pace = {},
): Fetched<T> {
  const [state, setState] = useState<Fetched<T> & { id: string }>({ id });
  // `fetcher` belongs to `id`: it changes exactly when `id` does.
  useEffect(() => {
    const abort = new AbortController();
    let busy = false;
    let again = false;
    let timer = 0;
    const load = async () => {
      busy = true;
      again = false;
      try {
        const value = await fetcher(abort.signal);
        if (!abort.signal.aborted) setState({ id, value });
      } catch (error) {
        if (abort.signal.aborted) return;
        const message = error instanceof ApiError ? error.message : words.common.silent;
        setState((before) =>
          before.id === id ? { ...before, error: message } : { id, error: message },
        );
      }
      timer = window.setTimeout(() => {
        busy = false;
        if (again && !document.hidden) void load();
      }, restMs);
    };
    const stop = onSceneChange(() => {
      if (busy) again = true;
      else if (!document.hidden) void load();
    });
    void load();
    const ask = () => {
      if (!busy && !document.hidden && !frozen.value) void load();
    };
    const interval = everyMs === undefined ? undefined : window.setInterval(ask, everyMs);
    return () => {
      stop();
      window.clearInterval(interval);
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [id]);
  return state.id === id ? state : {};
}
