import { STATE_DASHES, UNIX_DASHES } from '../draw/edge';
import { hasIcon } from '../draw/icons';
import { scene } from '../scene/live';
import { legendOpen } from '../scene/settings';
import { words } from '../words';
import { Icon } from './Icon';

function Line({ color, dashes, width = 2 }: { color: string; dashes?: string; width?: number }) {
  return (
    <svg class="sample" width="34" height="10" viewBox="0 0 34 10" aria-hidden="true">
      <path d="M1 5H33" stroke={color} stroke-width={width} stroke-dasharray={dashes} />
    </svg>
  );
}

/** The types, classes and states that are on the map now. */
export function LegendPanel() {
  void scene.version.value;
  if (!legendOpen.value) return null;
  const legend = scene.legend.value;
  const nodes = [...scene.nodes.values()];
  const edges = [...scene.edges.values()];
  const typesSeen = new Set(nodes.filter((n) => n.kind === 'process').map((n) => n.type));
  const classesSeen = new Set(
    edges.filter((e) => e.protocol === 'tcp' && !e.stale).map((e) => e.class),
  );
  const statesSeen = new Set(edges.filter((e) => !e.stale).map((e) => e.state));
  const states = words.map.states.filter(([state]) => statesSeen.has(state) && STATE_DASHES[state]);
  const udp = edges.some((edge) => edge.protocol === 'udp');
  const unix = edges.some((edge) => edge.protocol === 'unix');
  const stale = edges.some((edge) => edge.stale);
  if (nodes.length === 0) return null;
  return (
    <aside class="legend" aria-label={words.map.legend}>
      <ul>
        {legend.types
          .filter((type) => typesSeen.has(type.name))
          .map((type) => (
            <li key={type.name}>
              <svg class="swatch" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
                <rect width="18" height="18" rx="5" fill={type.color} />
                <use
                  href={`#icon-${hasIcon(type.icon) ? type.icon : 'generic'}`}
                  x="3"
                  y="3"
                  width="12"
                  height="12"
                />
              </svg>
              {type.title}
            </li>
          ))}
      </ul>
      {(classesSeen.size > 0 || udp || unix) && (
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
        </ul>
      )}
      {(states.length > 0 || stale) && (
        <ul>
          {states.map(([state, meaning]) => (
            <li key={state}>
              <Line color="currentColor" dashes={STATE_DASHES[state] ?? ''} />
              {meaning}
            </li>
          ))}
          {stale && (
            <li>
              <Line color="#8a8f98" width={2.5} />
              {words.map.justEnded}
            </li>
          )}
        </ul>
      )}
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
    </aside>
  );
}
