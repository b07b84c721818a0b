import { fieldTerm, termsOf } from '../scene/filter';
import { changeView, scene } from '../scene/live';
import { askOpen, view } from '../scene/settings';
import { words } from '../words';
import { Icon } from './Icon';
import { AGES, ask, askSince, isAsked, OPENED, QUESTIONS } from './questions';

/** Questions to click on, and what is muted. */
export function QuestionBar() {
  return (
    <nav class="questions" aria-label={words.questions.label}>
      <button
        type="button"
        class="chip ask"
        aria-pressed={askOpen.value}
        title={words.toolbar.hint(words.ask.title, 'E')}
        onClick={() => {
          askOpen.value = !askOpen.value;
        }}
      >
        <Icon name="funnel" size={15} />
        {words.ask.open}
      </button>
      {QUESTIONS.map((question) => (
        <button
          key={question.id}
          type="button"
          class="chip"
          aria-pressed={isAsked(question)}
          title={question.filter}
          onClick={() => ask(question)}
        >
          {words.questions.list[question.id]}
        </button>
      ))}
      <Since />
      <Muted />
    </nav>
  );
}

function Since() {
  const term = termsOf(view.value.filter).find((text) =>
    OPENED.includes(fieldTerm(text)?.field ?? ''),
  );
  const moment = fieldTerm(term ?? '')?.values[0];
  const at = moment === undefined ? Number.NaN : Date.parse(moment);
  const shown = Number.isNaN(at) ? moment : new Date(at).toLocaleTimeString(words.locale);
  return (
    <label class={term === undefined ? 'chip since' : 'chip since on'}>
      {words.questions.since}
      <select
        value={term === undefined ? '' : 'chosen'}
        onChange={(event) => {
          const { value } = event.currentTarget;
          askSince(value === '' ? undefined : Number(value));
        }}
      >
        <option value="">{words.questions.anyTime}</option>
        {term !== undefined && <option value="chosen">{shown}</option>}
        {AGES.map(({ label, ms }) => (
          <option key={ms} value={String(ms)}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function Muted() {
  const { mute } = view.value;
  if (mute.length === 0) return null;
  const links = scene.summary.value.muted_links ?? 0;
  return (
    <fieldset class="muted">
      <legend>{words.mute.title(links)}</legend>
      {mute.map((filter) => (
        <button
          key={filter}
          type="button"
          class="chip"
          title={words.mute.unmute(filter)}
          aria-label={words.mute.unmute(filter)}
          onClick={() => changeView({ mute: mute.filter((other) => other !== filter) })}
        >
          <Icon name="mute" size={14} />
          <code>{filter}</code>
          <Icon name="close" size={13} />
        </button>
      ))}
      {mute.length > 1 && (
        <button type="button" class="chip" onClick={() => changeView({ mute: [] })}>
          {words.mute.none}
        </button>
      )}
    </fieldset>
  );
}
