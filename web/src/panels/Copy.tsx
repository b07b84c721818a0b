import { useEffect, useState } from 'preact/hooks';
import { words } from '../words';
import { Icon } from './Icon';

const SAID_MS = 1500;

/** Copies `text`. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [said, say] = useState('');
  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => say(''), SAID_MS);
    return () => window.clearTimeout(timer);
  }, [said]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => say(words.common.copied),
      () => say(words.common.refused),
    );
  return (
    <button
      type="button"
      class="copy"
      aria-label={words.common.copy(what)}
      title={words.common.copy(what)}
      onClick={copy}
    >
      {said ? <span role="status">{said}</span> : <Icon name="copy" size={14} />}
    </button>
  );
}
