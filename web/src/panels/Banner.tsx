import { connection, frozen, heldBack, retryNow, scene, setFrozen } from '../scene/live';
import { Icon } from './Icon';

/** Says that the picture is not live, and why. */
export function Banner() {
  if (connection.value === 'lost') {
    return (
      <div class="banner lost" role="alert">
        <Icon name="warning" size={16} />
        <span>
          {scene.host.value
            ? 'Connection lost. This is the last picture; it goes on by itself.'
            : 'procnet does not answer. Trying again by itself.'}
        </span>
        <button type="button" onClick={retryNow}>
          Try now
        </button>
      </div>
    );
  }
  if (frozen.value) {
    return (
      <div class="banner frozen" role="status">
        <Icon name="pause" size={16} />
        <span>
          Frozen{heldBack.value > 0 ? `: ${heldBack.value} updates wait` : ''}. Collecting goes on.
        </span>
        <button type="button" onClick={() => setFrozen(false)}>
          Go on
        </button>
      </div>
    );
  }
  return null;
}
