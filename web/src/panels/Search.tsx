import { useEffect, useRef, useState } from 'preact/hooks';
import type { Suggestion } from '../scene/complete';
import { accepted, suggestions } from '../scene/complete';
import { filterFields, knownValues, refreshKnowledge } from '../scene/knowledge';
import { changeView, viewError } from '../scene/live';
import { view } from '../scene/settings';
import { MAX_FILTER_LENGTH } from '../wire/query';
import { words } from '../words';
import { Icon } from './Icon';
import { moments } from './questions';
import { searchInput } from './ui';

const DEBOUNCE_MS = 200;
const LIST = 'filter-suggestions';
const optionId = (index: number) => `filter-suggestion-${index}`;

/** The filter, completed and applied while one types. */
export function Search() {
  const [text, setText] = useState(view.value.filter);
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const timer = useRef(0);
  const input = useRef<HTMLInputElement>(null);
  const wrong = useRef<HTMLDivElement>(null);
  const wanted = view.value.filter;
  /** What the view's filter is as far as this field knows: what it said last, or was told. */
  const agreed = useRef(wanted);

  useEffect(() => {
    searchInput.value = input.current;
    return () => window.clearTimeout(timer.current);
  }, []);
  // The filter may also be changed from elsewhere (a click in the details). What this field itself
  // has said comes back later than the next key: that must not be taken from who types.
  useEffect(() => {
    if (wanted === agreed.current) return;
    agreed.current = wanted;
    window.clearTimeout(timer.current);
    setText(wanted);
  }, [wanted]);

  const apply = (value: string) => {
    window.clearTimeout(timer.current);
    if (value === view.value.filter) return;
    agreed.current = value;
    changeView({ filter: value });
  };
  const write = (value: string, at: number) => {
    setText(value);
    setCaret(at);
    setActive(-1);
    window.clearTimeout(timer.current);
  };
  const applySoon = (value: string) => {
    timer.current = window.setTimeout(() => apply(value), DEBOUNCE_MS);
  };
  const items = open
    ? suggestions(text, Math.min(caret, text.length), {
        fields: filterFields.value,
        values: knownValues.value,
        moments: moments(),
        countWords: words.status.sockets,
      })
    : [];
  const expanded = items.length > 0;
  const current = active < items.length ? active : -1;
  const take = (item: Suggestion) => {
    const next = accepted(text, item);
    // At once: the next letter may be typed before anything is drawn.
    if (input.current) {
      input.current.value = next.text;
      input.current.setSelectionRange(next.caret, next.caret);
    }
    write(next.text, next.caret);
    // A field without a value is no filter yet.
    if (!item.goesOn) applySoon(next.text);
    setOpen(item.goesOn);
    input.current?.focus();
  };
  const show = () => {
    refreshKnowledge();
    setOpen(true);
  };
  const move = (by: number) => {
    if (!open) show();
    // One place more than there are suggestions: none is chosen, and Enter applies the text.
    const places = items.length + 1;
    setActive(((current + 1 + by + places) % places) - 1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const item = items[current];
    if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else if (event.key === 'Enter' && item) take(item);
    else if (event.key === 'Enter') {
      setOpen(false);
      apply(text);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (expanded) setOpen(false);
      else if (text) {
        setText('');
        apply('');
      } else input.current?.blur();
    } else return;
    event.preventDefault();
  };
  const error = viewError.value;
  // What is wrong in a muted filter is not in this one.
  const position = error?.message.startsWith('mute=') ? undefined : error?.position;
  return (
    <search class="search">
      <Icon name="search" size={16} />
      {position && text.trim() === wanted.trim() && (
        <div class="wrong" aria-hidden="true" ref={wrong}>
          <Marked text={text} position={position} />
        </div>
      )}
      <input
        ref={input}
        type="text"
        role="combobox"
        class={position ? 'bad' : undefined}
        placeholder={words.search.placeholder}
        aria-label={words.search.label}
        aria-autocomplete="list"
        aria-expanded={expanded}
        aria-controls={LIST}
        aria-activedescendant={current >= 0 ? optionId(current) : undefined}
        aria-invalid={position !== undefined}
        aria-describedby={error ? 'filter-error' : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        maxLength={MAX_FILTER_LENGTH}
        value={text}
        onInput={(event) => {
          const { value, selectionStart } = event.currentTarget;
          show();
          write(value, selectionStart ?? value.length);
          applySoon(value);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onClick={show}
        onScroll={(event) => {
          if (wrong.current) wrong.current.scrollLeft = event.currentTarget.scrollLeft;
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
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
      <div class="suggestions" hidden={!expanded}>
        <div id={LIST} class="list" role="listbox" aria-label={words.search.suggestions}>
          {items.map((item, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys
            <div
              key={item.insert}
              id={optionId(index)}
              role="option"
              aria-selected={index === current}
              ref={(option) => {
                if (index === current) option?.scrollIntoView({ block: 'nearest' });
              }}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(item)}
            >
              <code>{item.label}</code>
              <span class="hint">{item.hint}</span>
            </div>
          ))}
        </div>
        <p class="keys-hint">{words.search.keys}</p>
      </div>
      {error && (
        <div
          class={expanded ? 'filter-error beside' : 'filter-error'}
          id="filter-error"
          role="alert"
        >
          <span>{error.message}</span>
          <Proposal
            text={wanted}
            message={error.message}
            position={position}
            take={(value) => {
              setText(value);
              apply(value);
              input.current?.focus();
            }}
          />
        </div>
      )}
    </search>
  );
}

interface MarkedProps {
  text: string;
  position: readonly [number, number] | undefined;
}

/** `text` with the wrong part marked, right behind the input's own. */
function Marked({ text, position }: MarkedProps) {
  if (!position) return null;
  // The server is asked without the blanks around.
  const offset = text.length - text.trimStart().length;
  const start = Math.min(position[0] + offset, text.length);
  const end = Math.min(Math.max(start + 1, position[1] + offset), text.length);
  return (
    <span>
      {text.slice(0, start)}
      <mark>{text.slice(start, end) || ' '}</mark>
      {text.slice(end)}
    </span>
  );
}

interface ProposalProps extends MarkedProps {
  message: string;
  take: (text: string) => void;
}

/** The server's proposal for the wrong part, to take with one click. */
function Proposal({ text, message, position, take }: ProposalProps) {
  const meant = /did you mean `([^`]+)`/.exec(message)?.[1];
  if (meant === undefined || !position) return null;
  const trimmed = text.trim();
  const [start, end] = position;
  return (
    <button
      type="button"
      class="action"
      onClick={() => take(trimmed.slice(0, start) + meant + trimmed.slice(end))}
    >
      {words.search.replace(meant)}
    </button>
  );
}
