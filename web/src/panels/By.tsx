import type { ComponentChildren } from 'preact';
import { hasTerm, withTerm } from '../scene/filter';
import { changeView } from '../scene/live';
import { view } from '../scene/settings';
import { words } from '../words';

/** Something that one may filter by with a click. */
export function By({ term, children }: { term: string; children: ComponentChildren }) {
  const on = hasTerm(view.value.filter, term);
  return (
    <button
      type="button"
      class="by"
      title={on ? words.filterBy.on(term) : words.filterBy.by(term)}
      onClick={() => filterBy(term)}
    >
      {children}
    </button>
  );
}

/** Narrows the view to what fits `term` too. */
export function filterBy(term: string): void {
  changeView({ filter: withTerm(view.value.filter, term) });
}
