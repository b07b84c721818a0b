import { computed, signal } from '@preact/signals';
import { STALE_COLOR, STATE_DASHES, UNIX_DASHES } from '../draw/edge';
import { iconPath } from '../draw/icons';
import { scene } from '../scene/live';
import { flowAnimation } from '../scene/picture';
import { legendOpen } from '../scene/settings';
import { words } from '../words';
import { Icon } from './Icon';

function Line({ color, dashes }: { color: string; dashes?: string }) {
  return (
    <svg class="sample" width="24" height="10" viewBox="0 0 24 10" aria-hidden="true">
      <path d="M1 5H23" stroke={color} stroke-width="2" stroke-dasharray={dashes} />
    </svg>
  );
}

/** True while the icons' meanings are shown too. */
const iconsOpen = signal(false);

// What is on the map changes with every update, which kinds there are seldom: as one text they are
// the same as before, and nothing is rendered.
const SEPARATOR = '\n';

/** Types of the processes that are there now. */
const typesSeen = computed(() => {
  void scene.version.value;
  const types = new Set<string>();
  for (const { kind, type } of scene.nodes.values()) if (kind === 'process') types.add(type);
  return [...types].sort().join(SEPARATOR);
});

const STALE = 'stale';

/** `class web`, `udp`, `SYN_SENT`, `stale`: classes, protocols and states of the edges. */
const edgesSeen = computed(() => {
  void scene.edgesVersion.value;
  const [classes, others] = [new Set<string>(), new Set<string>()];
  for (const edge of scene.edges.values()) {
    others.add(edge.protocol);
    others.add(edge.stale ? STALE : edge.state);
    if (edge.protocol === 'tcp' && !edge.stale) classes.add(edge.class);
  }
  const names = [...[...classes].map(className), ...others];
  return names.sort().join(SEPARATOR);
});

function className(name: string): string {
  return `class ${name}`;
}

function Types() {
  const seen = new Set(typesSeen.value.split(SEPARATOR));
  return (
    <ul id="legend-icons">
      {scene.legend.value.types
        .filter((type) => seen.has(type.name))
        .map((type) => (
          <li key={type.name}>
            <svg class="swatch" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
              <rect width="18" height="18" rx="5" fill={type.color} />
              <path d={iconPath(type.icon)} transform="translate(3.5 3.5) scale(0.458)" />
            </svg>
            {type.title}
          </li>
        ))}
    </ul>
  );
}

/** What the lines on the map mean, as far as they are there now; the icons on demand. */
export function LegendPanel() {
  if (!legendOpen.value || scene.empty.value) return null;
  const legend = scene.legend.value;
  const seen = new Set(edgesSeen.value.split(SEPARATOR));
  const states = words.map.states.filter(([state]) => seen.has(state) && STATE_DASHES[state]);
  return (
    <aside class="legend" aria-label={words.map.legend}>
      {iconsOpen.value && <Types />}
      <ul>
        {legend.classes
          .filter((info) => seen.has(className(info.name)))
          .map((info) => (
            <li
              key={info.name}
              title={info.ports.length ? words.map.ports(info.ports.slice(0, 24)) : ''}
            >
              <Line color={info.color} />
              {info.title}
            </li>
          ))}
        {seen.has('udp') && (
          <li>
            <Line color={legend.udp_color} />
            {words.map.udp}
          </li>
        )}
        {seen.has('unix') && (
          <li>
            <Line color={legend.unix_color} dashes={UNIX_DASHES} />
            {words.map.unix}
          </li>
        )}
        {states.map(([state, text]) => (
          <li key={state}>
            <Line color="currentColor" dashes={STATE_DASHES[state] ?? ''} />
            {text}
          </li>
        ))}
        {seen.has(STALE) && (
          <li>
            <svg class="sample" width="24" height="10" viewBox="0 0 24 10" aria-hidden="true">
              <path d="M1 5H23M8 1l8 8m0-8l-8 8" stroke={STALE_COLOR} stroke-width="2" />
            </svg>
            {words.map.justEnded}
          </li>
        )}
        {flowAnimation.value && (
          <li>
            <svg class="sample" width="24" height="10" viewBox="0 0 24 10" aria-hidden="true">
              <path d="M1 5H23" stroke="currentColor" stroke-width="1.5" />
              <path
                d="M4 5H21"
                stroke="currentColor"
                stroke-width="5"
                stroke-linecap="round"
                stroke-dasharray="0.1 8"
              />
            </svg>
            {words.map.busy}
          </li>
        )}
        <li>
          <svg class="sample" width="24" height="12" viewBox="0 0 24 12" aria-hidden="true">
            <path class="halo" d="M1 6H23" />
            <path d="M1 6H23" stroke="currentColor" stroke-width="2" />
          </svg>
          {words.map.justCome}
        </li>
        <li>
          <svg class="sample" width="24" height="12" viewBox="0 0 24 12" aria-hidden="true">
            <path class="halo changed" d="M2 6H23" />
            <path d="M1 6H23" stroke="currentColor" stroke-width="2" />
          </svg>
          {words.map.justChanged}
        </li>
        <li>
          <svg class="sample" width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">
            <g class="port">
              <rect x="1" y="1" width="20" height="12" rx="6" />
            </g>
          </svg>
          {words.map.idlePort}
        </li>
      </ul>
      <div class="legend-buttons">
        <button
          type="button"
          class="more"
          aria-expanded={iconsOpen.value}
          aria-controls="legend-icons"
          onClick={() => {
            iconsOpen.value = !iconsOpen.value;
          }}
        >
          {words.map.icons}
        </button>
        <button
          type="button"
          class="close"
          aria-label={words.map.closeLegend}
          onClick={() => {
            legendOpen.value = false;
          }}
        >
          <Icon name="close" size={13} />
        </button>
      </div>
    </aside>
  );
}
