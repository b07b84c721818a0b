import { changeView, connection, scene } from '../scene/live';
import { view } from '../scene/settings';

/** Explains an empty map. */
export function Empty() {
  void scene.version.value;
  if (scene.nodes.size > 0) return null;
  const loaded = scene.host.value !== undefined;
  const { filter, p2pOnly, listeners } = view.value;
  const { hidden_links: hidden, processes } = scene.summary.value;
  if (!loaded) {
    return (
      <div class="empty" role="status">
        <p>{connection.value === 'lost' ? 'Waiting for procnet…' : 'Looking…'}</p>
      </div>
    );
  }
  const narrowed = filter.trim() !== '' || p2pOnly || listeners === false;
  return (
    <div class="empty" role="status">
      <h2>{narrowed ? 'Nothing fits' : 'No connections yet'}</h2>
      <p>
        {narrowed
          ? `The filter and the switches leave out ${hidden === 1 ? 'the only link' : `all ${hidden.toLocaleString('en')} links`}.`
          : `${processes.toLocaleString('en')} processes are known; none of those that can be seen listens or is connected.`}
      </p>
      {narrowed && (
        <button
          type="button"
          class="action"
          onClick={() => changeView({ filter: '', p2pOnly: false, listeners: true })}
        >
          Show everything
        </button>
      )}
    </div>
  );
}
