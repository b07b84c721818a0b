import { useEffect, useState } from 'preact/hooks';
import { onSceneChange, scene } from '../scene/live';
import { words } from '../words';

/** What comes and goes by itself is told no more often than this. */
const QUIET_MS = 15_000;
/** A new view is told when it has settled. */
const SETTLE_MS = 700;
/** So many are named; more are counted. */
const NAMED = 3;

interface Picture {
  readonly labels: ReadonlyMap<string, string>;
}

function current(): Picture {
  return { labels: new Map([...scene.nodes.values()].map((node) => [node.key, node.label])) };
}

/** What of `labels` is not among `others`: by name if few, else by number. */
function missing(labels: Picture['labels'], others: Picture['labels']): string {
  const names = [...labels].filter(([key]) => !others.has(key)).map(([, label]) => label);
  if (names.length === 0) return '';
  return names.length <= NAMED ? names.join(', ') : words.announce.nodes(names.length);
}

/** Tells who cannot see the map what it shows, politely and seldom. */
export function Announcer() {
  const [said, say] = useState('');
  useEffect(() => {
    let told = current();
    let timer: number | undefined;
    let wholly = false;
    let toldAt = performance.now();
    const tell = () => {
      timer = undefined;
      toldAt = performance.now();
      const now = current();
      if (wholly) say(words.announce.shown(scene.nodes.size, scene.edges.size));
      else {
        const came = missing(now.labels, told.labels);
        const gone = missing(told.labels, now.labels);
        if (came || gone) say(words.announce.changed(came, gone));
      }
      wholly = false;
      told = now;
    };
    const stop = onSceneChange((change) => {
      if (change === 'scene') {
        wholly = true;
        window.clearTimeout(timer);
        timer = window.setTimeout(tell, SETTLE_MS);
      } else if (timer === undefined) {
        timer = window.setTimeout(tell, Math.max(SETTLE_MS, toldAt + QUIET_MS - performance.now()));
      }
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, []);
  return (
    <p class="visually-hidden announcer" role="status">
      {said}
    </p>
  );
}
