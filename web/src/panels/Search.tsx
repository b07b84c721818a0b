import { useEffect, useRef, useState } from 'preact/hooks';
import { changeView, viewError } from '../scene/live';
import { view } from '../scene/settings';
import { words } from '../words';
import { Icon } from './Icon';
import { searchInput } from './ui';

const DEBOUNCE_MS = 200;
const MAX_FILTER_LENGTH = 2000;

/** The filter, applied by the server while one types. */
export function Search() {
  const [text, setText] = useState(view.value.filter);
  const timer = useRef(0);
  const input = useRef<HTMLInputElement>(null);
  const wanted = view.value.filter;

  useEffect(() => {
    searchInput.value = input.current;
  }, []);
  // The filter may also be changed from elsewhere (a click in the details).
  useEffect(() => setText(wanted), [wanted]);

  const apply = (value: string) => {
    window.clearTimeout(timer.current);
    changeView({ filter: value });
  };
  const error = viewError.value;
  return (
    <search class="search">
      <Icon name="search" size={16} />
      <input
        ref={input}
        type="text"
        class={error ? 'bad' : undefined}
        placeholder={words.search.placeholder}
        aria-label={words.search.label}
        aria-invalid={error !== undefined}
        aria-describedby={error ? 'filter-error' : undefined}
        autocomplete="off"
        spellcheck={false}
        maxLength={MAX_FILTER_LENGTH}
        value={text}
        onInput={(event) => {
          const { value } = event.currentTarget;
          setText(value);
          window.clearTimeout(timer.current);
          timer.current = window.setTimeout(() => apply(value), DEBOUNCE_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') apply(text);
          else if (event.key === 'Escape') {
            event.stopPropagation();
            if (text) {
              setText('');
              apply('');
            } else event.currentTarget.blur();
          }
        }}
      />
      {text ? (
        <button
          type="button"
          class="clear"
          aria-label={words.search.clear}
          onClick={() => {
            setText('');
            apply('');
            input.current?.focus();
          }}
        >
          <Icon name="close" size={14} />
        </button>
      ) : (
        <kbd>/</kbd>
      )}
      {error && (
        <div class="filter-error" id="filter-error" role="alert">
          <Marked text={wanted} position={error.position} />
          <span>{error.message}</span>
        </div>
      )}
    </search>
  );
}

/** `text` with the wrong part marked. */
function Marked({
  text,
  position,
}: {
  text: string;
  position: readonly [number, number] | undefined;
}) {
  if (!position) return null;
  const start = Math.min(Math.max(0, position[0]), text.length);
  const end = Math.min(Math.max(start + 1, position[1]), text.length);
  return (
    <code>
      {text.slice(0, start)}
      <mark>{text.slice(start, end) || '…'}</mark>
      {text.slice(end)}
    </code>
  );
}
