import { useEffect, useState } from 'preact/hooks';
import { words } from '../words';
import { Icon } from './Icon';

const SAID_MS = 1500;

/** Copies text, and what it says about that for a moment. */
function useCopy(): [said: string, copy: (text: string) => void] {
  const [said, say] = useState('');
  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => say(''), SAID_MS);
    return () => window.clearTimeout(timer);
  }, [said]);
  const copy = (text: string) => {
    // Without a secure origin there is no clipboard.
    const written =
      navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    written.then(
      () => say(words.common.copied),
      () => say(words.common.refused),
    );
  };
  return [said, copy];
}

/** A small button that copies `text`. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [said, copy] = useCopy();
  return (
    <button
      type="button"
      class="copy"
      aria-label={words.common.copy(what)}
      title={words.common.copy(what)}
      onClick={() => copy(text)}
    >
      {said ? <span role="status">{said}</span> : <Icon name="copy" size={14} />}
    </button>
  );
}

interface CopyActionProps {
  label: string;
  text: () => string;
  icon?: string;
}

/** A button with a label that copies what `text` answers. */
export function CopyAction({ label, text, icon = 'copy' }: CopyActionProps) {
  const [said, copy] = useCopy();
  return (
    <button type="button" class="action" onClick={() => copy(text())}>
      <Icon name={icon} size={15} />
      {said ? <span role="status">{said}</span> : label}
    </button>
  );
}
