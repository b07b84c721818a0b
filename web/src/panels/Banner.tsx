import { connection, frozen, heldBack, retryNow, scene, setFrozen } from '../scene/live';
import { words } from '../words';
import { Icon } from './Icon';

/** Says that the picture is not live, and why. */
export function Banner() {
  if (connection.value === 'lost') {
    return (
      <div class="banner lost" role="alert">
        <Icon name="warning" size={16} />
        <span>{scene.host.value ? words.connection.lostLater : words.connection.lostAtFirst}</span>
        <button type="button" onClick={retryNow}>
          {words.connection.tryNow}
        </button>
      </div>
    );
  }
  if (frozen.value) {
    return (
      <div class="banner frozen" role="status">
        <Icon name="pause" size={16} />
        <span>{words.connection.frozenBanner(heldBack.value)}</span>
        <button type="button" onClick={() => setFrozen(false)}>
          {words.connection.goOn}
        </button>
      </div>
    );
  }
  return null;
}
