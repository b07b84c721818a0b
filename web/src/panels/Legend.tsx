import { signal } from '@preact/signals';
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

function Types() {
  const seen = new Set<string>();
  for (const node of scene.nodes.values()) if (node.kind === 'process') seen.add(node.type);
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
  void scene.version.value;
  if (!legendOpen.value || scene.nodes.size === 0) return null;
  const legend = scene.legend.value;
  const edges = [...scene.edges.values()];
  const classesSeen = new Set(
    edges.filter((e) => e.protocol === 'tcp' && !e.stale).map((e) => e.class),
  );
  const statesSeen = new Set(edges.filter((e) => !e.stale).map((e) => e.state));
  const states = words.map.states.filter(([state]) => statesSeen.has(state) && STATE_DASHES[state]);
  const udp = edges.some((edge) => edge.protocol === 'udp');
  const unix = edges.some((edge) => edge.protocol === 'unix');
  const stale = edges.some((edge) => edge.stale);
  return (
    <aside class="legend" aria-label={words.map.legend}>
      {iconsOpen.value && <Types />}
      <ul>
        {legend.classes
          .filter((info) => classesSeen.has(info.name))
          .map((info) => (
            <li
              key={info.name}
              title={info.ports.length ? words.map.ports(info.ports.slice(0, 24)) : ''}
            >
              <Line color={info.color} />
              {info.title}
            </li>
          ))}
        {udp && (
          <li>
            <Line color={legend.udp_color} />
            {words.map.udp}
          </li>
        )}
        {unix && (
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
        {stale && (
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
