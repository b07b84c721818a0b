import type { Pane } from '../scene/address';
import { changeView, connection, frozen, scene, setFrozen } from '../scene/live';
import type { Theme } from '../scene/settings';
import { legendOpen, pane, THEMES, theme, view } from '../scene/settings';
import type { Grouping } from '../wire/query';
import { GROUPINGS } from '../wire/query';
import { words } from '../words';
import { mapCommands } from './commands';
import { Icon } from './Icon';
import { PictureMenu } from './Picture';
import { Search } from './Search';
import { Share } from './Share';
import { helpOpen, toolsOpen } from './ui';

interface ToolProps {
  icon: string;
  label: string;
  hint?: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function Tool({ icon, label, hint, pressed, disabled, onClick }: ToolProps) {
  return (
    <button
      type="button"
      class="tool"
      aria-label={label}
      title={hint ? words.toolbar.hint(label, hint) : label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

function Toggle(props: { label: string; title: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <button
      type="button"
      class="toggle"
      aria-pressed={props.on}
      title={props.title}
      onClick={() => props.set(!props.on)}
    >
      {props.label}
    </button>
  );
}

function Toggles() {
  // Where nothing was chosen the program's options decide.
  const shown = scene.toggles.value;
  const { p2pOnly, udp, unix, listeners } = view.value;
  return (
    <fieldset class="toggles">
      <legend class="visually-hidden">{words.toolbar.shown}</legend>
      <Toggle
        label={words.toolbar.localOnly}
        title={words.toolbar.localOnlyTitle}
        on={p2pOnly ?? shown.p2p_only}
        set={(on) => changeView({ p2pOnly: on })}
      />
      <Toggle
        label={words.toolbar.udp}
        title={words.toolbar.udpTitle}
        on={udp ?? shown.udp}
        set={(on) => changeView({ udp: on })}
      />
      <Toggle
        label={words.toolbar.unix}
        title={words.toolbar.unixTitle}
        on={unix ?? shown.unix}
        set={(on) => changeView({ unix: on })}
      />
      <Toggle
        label={words.toolbar.listeners}
        title={words.toolbar.listenersTitle}
        on={listeners ?? shown.listeners}
        set={(on) => changeView({ listeners: on })}
      />
    </fieldset>
  );
}

function GroupingChoice() {
  const { asked, level } = scene.grouping.value;
  const chosen = view.value.group ?? asked;
  return (
    <label class="grouping" title={words.toolbar.groupTitle}>
      <span class="grouping-label">{words.toolbar.group}</span>
      <select
        value={chosen}
        onChange={(event) =>
          changeView({ group: event.currentTarget.value as Grouping, expand: [] })
        }
      >
        {GROUPINGS.map((name) => (
          <option key={name} value={name}>
            {name === 'auto' && chosen === 'auto' && level !== 'auto'
              ? words.toolbar.autoGroup(words.groupings[level] ?? level)
              : (words.groupings[name] ?? name)}
          </option>
        ))}
      </select>
    </label>
  );
}

function nextTheme(current: Theme): Theme {
  return THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? 'auto';
}

function Connection() {
  const state = frozen.value ? 'frozen' : connection.value;
  const said = frozen.value ? words.connection.frozen : words.connection[connection.value];
  return (
    <span class="connection" data-state={state} role="status">
      <span class="dot" />
      {said}
    </span>
  );
}

const PANE_TOOLS: readonly { pane: Pane; icon: string; label: string; hint: string }[] = [
  { pane: 'map', icon: 'map', label: words.toolbar.asMap, hint: 'T' },
  { pane: 'table', icon: 'table', label: words.toolbar.asTable, hint: 'T' },
  { pane: 'both', icon: 'split', label: words.toolbar.asBoth, hint: 'B' },
];

function PaneChoice() {
  return (
    <fieldset class="panes">
      <legend class="visually-hidden">{words.toolbar.panes}</legend>
      {PANE_TOOLS.map((tool) => (
        <Tool
          key={tool.pane}
          icon={tool.icon}
          label={tool.label}
          hint={tool.hint}
          pressed={pane.value === tool.pane}
          onClick={() => {
            pane.value = tool.pane;
          }}
        />
      ))}
    </fieldset>
  );
}

export function Toolbar() {
  const host = scene.host.value;
  const map = pane.value !== 'table';
  return (
    <header class={toolsOpen.value ? 'toolbar open' : 'toolbar'}>
      <h1 class="brand">
        <svg class="mark" width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 12c5 0 5.5-5.5 11-5.5M6 12c5 0 5.5 5.5 11 5.5" />
          <circle class="a" cx="5" cy="12" r="2.8" />
          <circle class="b" cx="18.5" cy="6.5" r="2.8" />
          <circle class="c" cx="18.5" cy="17.5" r="2.8" />
        </svg>
        <span class="product">{words.product}</span>
        {host && <span class="host">{host.name}</span>}
      </h1>
      <Search />
      <button
        type="button"
        class="tool fold"
        aria-expanded={toolsOpen.value}
        aria-label={words.toolbar.more}
        title={words.toolbar.more}
        onClick={() => {
          toolsOpen.value = !toolsOpen.value;
        }}
      >
        <Icon name="more" />
      </button>
      <Toggles />
      <GroupingChoice />
      <div class="tools" role="toolbar" aria-label={words.toolbar.label}>
        <PaneChoice />
        <Tool
          icon="fit"
          label={words.toolbar.fit}
          hint="F"
          disabled={!map}
          onClick={() => mapCommands.fit()}
        />
        <Tool
          icon="tidy"
          label={words.toolbar.tidy}
          hint="Y"
          disabled={!map}
          onClick={() => mapCommands.tidy()}
        />
        <Tool
          icon={frozen.value ? 'play' : 'pause'}
          label={frozen.value ? words.connection.goOn : words.toolbar.freeze}
          hint={words.keys.space}
          pressed={frozen.value}
          onClick={() => setFrozen(!frozen.value)}
        />
        <Tool
          icon="legend"
          label={words.toolbar.legend}
          hint="L"
          pressed={legendOpen.value}
          disabled={!map}
          onClick={() => {
            legendOpen.value = !legendOpen.value;
          }}
        />
        <PictureMenu />
        <Share />
        <Tool
          icon={`theme_${theme.value}`}
          label={words.toolbar.theme(theme.value)}
          onClick={() => {
            theme.value = nextTheme(theme.value);
          }}
        />
        <Tool
          icon="help"
          label={words.toolbar.help}
          hint="?"
          onClick={() => {
            helpOpen.value = true;
          }}
        />
      </div>
      <Connection />
    </header>
  );
}
