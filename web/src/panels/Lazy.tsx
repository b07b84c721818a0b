import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { words } from '../words';

/** A component whose code is fetched when it is first shown. */
export function lazily<P extends object>(
  load: () => Promise<{ default: FunctionComponent<P> }>,
): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | undefined;
  return function Lazy(props: P) {
    const [Loaded, setLoaded] = useState<FunctionComponent<P> | undefined>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Loaded) return;
      load().then(
        (module) => {
          loaded = module.default;
          setLoaded(() => module.default);
        },
        (error: unknown) => {
          console.warn('procnet: a part of the page could not be loaded', error);
          setFailed(true);
        },
      );
    }, []);
    if (Loaded) return <Loaded {...props} />;
    return failed ? (
      <p class="error" role="alert">
        {words.common.silent}
      </p>
    ) : null;
  };
}
