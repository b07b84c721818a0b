import { changeView, connection, scene } from '../scene/live';
import { view } from '../scene/settings';
import { words } from '../words';

/** Explains an empty map. */
export function Empty() {
  if (!scene.empty.value) return null;
  const loaded = scene.host.value !== undefined;
  const { filter, p2pOnly, listeners } = view.value;
  const { hidden_links: hidden, processes } = scene.summary.value;
  if (!loaded) {
    return (
      <div class="empty" role="status">
        <p>{connection.value === 'lost' ? words.empty.waiting : words.empty.looking}</p>
      </div>
    );
  }
  const narrowed = filter.trim() !== '' || p2pOnly || listeners === false;
  return (
    <div class="empty" role="status">
      <h2>{narrowed ? words.empty.nothingFits : words.empty.nothingYet}</h2>
      <p>{narrowed ? words.empty.leftOut(hidden) : words.empty.nobodyTalks(processes)}</p>
      {narrowed && (
        <button
          type="button"
          class="action"
          onClick={() => changeView({ filter: '', p2pOnly: false, listeners: true })}
        >
          {words.empty.showEverything}
        </button>
      )}
    </div>
  );
}
