import { changeView, connection, frozen, scene, setFrozen } from '../scene/live';
import type { Theme } from '../scene/settings';
import { legendOpen, THEMES, theme, view } from '../scene/settings';
import type { Grouping } from '../wire/query';
import { GROUPINGS } from '../wire/query';
import { mapCommands } from './commands';
import { Icon } from './Icon';
import { Search } from './Search';
import { helpOpen, tableOpen } from './ui';
import { GROUPING_WORDS } from './words';

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
      title={hint ? `${label} (${hint})` : label}
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
      <legend class="visually-hidden">What is shown</legend>
      <Toggle
        label="Local only"
        title="Only connections between processes of this machine (p2p-only)"
        on={p2pOnly ?? shown.p2p_only}
        set={(on) => changeView({ p2pOnly: on })}
      />
      <Toggle
        label="UDP"
        title="Show UDP"
        on={udp ?? shown.udp}
        set={(on) => changeView({ udp: on })}
      />
      <Toggle
        label="UNIX"
        title="Show UNIX domain sockets, such as PostgreSQL's, Docker's and D-Bus'"
        on={unix ?? shown.unix}
        set={(on) => changeView({ unix: on })}
      />
      <Toggle
        label="Listeners"
        title="Show processes that listen though nobody is connected"
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
    <label class="grouping" title="What one node stands for">
      <span class="grouping-label">Group</span>
      <select
        value={chosen}
        onChange={(event) =>
          changeView({ group: event.currentTarget.value as Grouping, expand: [] })
        }
      >
        {GROUPINGS.map((name) => (
          <option key={name} value={name}>
            {name === 'auto' && chosen === 'auto' && level !== 'auto'
              ? `Auto · ${(GROUPING_WORDS[level] ?? level).toLowerCase()}`
              : (GROUPING_WORDS[name] ?? name)}
          </option>
        ))}
      </select>
    </label>
  );
}

function nextTheme(current: Theme): Theme {
  return THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? 'auto';
}

const CONNECTION_WORDS = { connecting: 'connecting', live: 'live', lost: 'connection lost' };

function Connection() {
  const state = frozen.value ? 'frozen' : connection.value;
  const words = frozen.value ? 'frozen' : CONNECTION_WORDS[connection.value];
  return (
    <span class="connection" data-state={state} role="status">
      <span class="dot" />
      {words}
    </span>
  );
}

export function Toolbar() {
  const host = scene.host.value;
  const map = !tableOpen.value;
  return (
    <header class="toolbar">
      <h1 class="brand">
        <svg class="mark" width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 12c5 0 5.5-5.5 11-5.5M6 12c5 0 5.5 5.5 11 5.5" />
          <circle class="a" cx="5" cy="12" r="2.8" />
          <circle class="b" cx="18.5" cy="6.5" r="2.8" />
          <circle class="c" cx="18.5" cy="17.5" r="2.8" />
        </svg>
        <span class="product">Procnet Live</span>
        {host && <span class="host">{host.name}</span>}
      </h1>
      <Search />
      <Toggles />
      <GroupingChoice />
      <div class="tools" role="toolbar" aria-label="View">
        <Tool
          icon={map ? 'table' : 'map'}
          label={map ? 'Show as table' : 'Show as map'}
          hint="T"
          onClick={() => {
            tableOpen.value = !tableOpen.value;
          }}
        />
        <Tool
          icon="fit"
          label="Fit the map"
          hint="F"
          disabled={!map}
          onClick={() => mapCommands.fit()}
        />
        <Tool
          icon="tidy"
          label="Tidy: lay everything out anew"
          hint="Y"
          disabled={!map}
          onClick={() => mapCommands.tidy()}
        />
        <Tool
          icon={frozen.value ? 'play' : 'pause'}
          label={frozen.value ? 'Go on' : 'Freeze the picture'}
          hint="Space"
          pressed={frozen.value}
          onClick={() => setFrozen(!frozen.value)}
        />
        <Tool
          icon="legend"
          label="Legend"
          hint="L"
          pressed={legendOpen.value}
          disabled={!map}
          onClick={() => {
            legendOpen.value = !legendOpen.value;
          }}
        />
        <Tool
          icon={`theme_${theme.value}`}
          label={`Theme: ${theme.value}`}
          onClick={() => {
            theme.value = nextTheme(theme.value);
          }}
        />
        <Tool
          icon="help"
          label="Help"
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
