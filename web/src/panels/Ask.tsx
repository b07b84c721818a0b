import { useState } from 'preact/hooks';
import { hasValue, negated, termsOf, toggleValue, withoutTerm, withTerm } from '../scene/filter';
import { changeView, scene, viewInForce } from '../scene/live';
import { forgetFilter, MAX_NAME_LENGTH, savedFilters, saveFilter } from '../scene/saved';
import { askOpen, view } from '../scene/settings';
import { fetchFacets } from '../wire/api';
import type { FacetRow as Facet, FacetValueRow } from '../wire/generated';
import type { Remotes } from '../wire/query';
import { REMOTES } from '../wire/query';
import { words } from '../words';
import { Icon } from './Icon';
import { useFetched } from './useFetched';

/** So many values of a field are shown before one asks for more. */
const FEW = 6;
/** Every socket is counted each time: not more often than this. */
const COUNT_MS = 4000;

/** The panel that narrows the view: terms in force, saved filters, facets. */
export default function AskPanel() {
  const shown = viewInForce.value;
  const { value, error } = useFetched(
    JSON.stringify(shown),
    (signal) => fetchFacets(shown, signal),
    { restMs: COUNT_MS },
  );
  return (
    <aside class="ask-panel" aria-label={words.ask.title}>
      <h2>{words.ask.title}</h2>
      <button
        type="button"
        class="close"
        aria-label={words.ask.close}
        onClick={() => {
          askOpen.value = false;
        }}
      >
        <Icon name="close" size={16} />
      </button>
      <InForce />
      <Saved />
      <RemotesChoice />
      {error && !value && <p class="error">{error}</p>}
      {!value && !error && <p class="quiet loading">{words.ask.counting}</p>}
      {value?.facets.map((facet) => (
        <FacetSection key={facet.field} facet={facet} />
      ))}
    </aside>
  );
}

/** The terms of the filter, each to be taken away. */
function InForce() {
  const terms = termsOf(view.value.filter);
  if (terms.length === 0) return null;
  return (
    <section>
      <h3>
        {words.ask.inForce}
        <button type="button" class="link" onClick={() => changeView({ filter: '' })}>
          {words.ask.clearAll}
        </button>
      </h3>
      <ul class="terms">
        {terms.map((term) => (
          <li key={term}>
            <button
              type="button"
              class="chip"
              aria-label={words.ask.remove(term)}
              title={words.ask.remove(term)}
              onClick={() => changeView({ filter: withoutTerm(view.value.filter, term) })}
            >
              <code>{term}</code>
              <Icon name="close" size={13} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Saved() {
  const [name, setName] = useState('');
  const { filter } = view.value;
  const saved = savedFilters.value;
  const known = saved.some((other) => other.filter === filter.trim());
  return (
    <section>
      <h3>{words.ask.saved}</h3>
      {saved.length === 0 && filter.trim() === '' && <p class="quiet">{words.ask.nothingSaved}</p>}
      <ul class="saved">
        {saved.map((one) => (
          <li key={one.name}>
            <button
              type="button"
              class="value"
              aria-pressed={one.filter === filter.trim()}
              title={one.filter}
              onClick={() => changeView({ filter: one.filter })}
            >
              <span>{one.name}</span>
            </button>
            <button
              type="button"
              class="side"
              aria-label={words.ask.forget(one.name)}
              title={words.ask.forget(one.name)}
              onClick={() => forgetFilter(one.name)}
            >
              <Icon name="close" size={13} />
            </button>
          </li>
        ))}
      </ul>
      {filter.trim() !== '' && !known && (
        <form
          class="save"
          onSubmit={(event) => {
            event.preventDefault();
            saveFilter(name, filter.trim());
            setName('');
          }}
        >
          <input
            type="text"
            aria-label={words.ask.nameLabel}
            placeholder={words.ask.namePlaceholder}
            maxLength={MAX_NAME_LENGTH}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit" class="action" disabled={name.trim() === ''}>
            {words.ask.save}
          </button>
        </form>
      )}
    </section>
  );
}

function RemotesChoice() {
  const { remotes, remotes_asked: asked } = scene.grouping.value;
  const chosen = view.value.remotes ?? asked ?? 'auto';
  return (
    <section>
      <label class="remotes-choice">
        <h3>{words.ask.remotes}</h3>
        <select
          value={chosen}
          onChange={(event) =>
            changeView({ remotes: event.currentTarget.value as Remotes, expand: [] })
          }
        >
          {REMOTES.map((name) => (
            <option key={name} value={name}>
              {name === 'auto' && chosen === 'auto' && remotes && remotes !== 'auto'
                ? words.toolbar.autoGroup(words.ask.remotesBy[remotes] ?? remotes)
                : (words.ask.remotesBy[name] ?? name)}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

function FacetSection({ facet }: { facet: Facet }) {
  const [all, setAll] = useState(false);
  const { values, others } = facet;
  if (values.length === 0) return null;
  const title = words.ask.fields[facet.field] ?? facet.field;
  const most = Math.max(1, ...values.map((value) => value.count));
  const hidden = values.length - FEW;
  return (
    <section class="facet">
      <h3 id={`facet-${facet.field}`}>{title}</h3>
      <ul aria-labelledby={`facet-${facet.field}`}>
        {values.slice(0, all ? values.length : FEW).map((value) => (
          <FacetLine key={value.filter} value={value} most={most} />
        ))}
      </ul>
      {hidden > 0 && (
        <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? words.ask.fewer : words.ask.more(hidden)}
        </button>
      )}
      {others > 0 && (all || hidden <= 0) && <p class="quiet">{words.ask.others(others)}</p>}
    </section>
  );
}

function FacetLine({ value, most }: { value: FacetValueRow; most: number }) {
  const { filter } = view.value;
  const without = negated(value.filter);
  const excluded = termsOf(filter).includes(without);
  return (
    <li>
      <button
        type="button"
        class="value"
        aria-pressed={hasValue(filter, value.filter)}
        title={value.filter}
        onClick={() => changeView({ filter: toggleValue(filter, value.filter) })}
      >
        <meter min={0} max={most} value={value.count} aria-hidden="true" />
        <span>{value.value}</span>
        <span class="count">{value.count.toLocaleString(words.locale)}</span>
      </button>
      <button
        type="button"
        class="side"
        aria-pressed={excluded}
        aria-label={words.ask.exclude(value.value)}
        title={words.ask.exclude(value.value)}
        onClick={() =>
          changeView({
            filter: excluded ? withoutTerm(filter, without) : withTerm(filter, without),
          })
        }
      >
        <Icon name="collapse" size={13} />
      </button>
    </li>
  );
}
