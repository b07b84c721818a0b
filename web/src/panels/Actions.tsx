import { changeView } from '../scene/live';
import { selected } from '../scene/selection';
import { view } from '../scene/settings';
import { MAX_MUTES } from '../wire/query';
import { words } from '../words';
import { filterBy } from './By';
import { CopyAction } from './Copy';
import { Icon } from './Icon';

/** Leaves what fits `filter` out of the picture. */
export function mute(filter: string): void {
  const { mute: muted } = view.value;
  if (muted.includes(filter) || muted.length >= MAX_MUTES) return;
  selected.value = undefined;
  changeView({ mute: [...muted, filter] });
}

/** What can be done with that which `filter` asks for. */
export function Actions({ filter, json }: { filter: string; json: () => unknown }) {
  const full = view.value.mute.length >= MAX_MUTES;
  return (
    <>
      <button
        type="button"
        class="action"
        title={words.filterBy.by(filter)}
        onClick={() => filterBy(filter)}
      >
        <Icon name="funnel" size={15} /> {words.filterBy.only}
      </button>
      <button
        type="button"
        class="action"
        disabled={full}
        title={full ? words.mute.full(MAX_MUTES) : words.mute.muteTitle}
        onClick={() => mute(filter)}
      >
        <Icon name="mute" size={15} /> {words.mute.mute}
      </button>
      <CopyAction label={words.copy.filter} text={() => filter} />
      <CopyAction label={words.copy.json} text={() => JSON.stringify(json(), null, 2)} />
    </>
  );
}
