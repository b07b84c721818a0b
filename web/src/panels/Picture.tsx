import type { EdgeLabels, EdgeWidths, PictureLayout } from '../scene/picture';
import {
  edgeLabels,
  edgeWidths,
  flowAnimation,
  minimap,
  pictureLayout,
  rawMode,
} from '../scene/picture';
import { words } from '../words';
import { Disclosure } from './Disclosure';

const LAYOUTS: readonly PictureLayout[] = ['flow', 'free'];
const WIDTHS: readonly EdgeWidths[] = ['count', 'traffic'];
const LABELS: readonly EdgeLabels[] = ['some', 'all', 'none'];

/** How the map is drawn. */
export function PictureMenu() {
  return (
    <Disclosure icon="sliders" label={words.picture.title}>
      {() => (
        <fieldset class="columns">
          <legend class="visually-hidden">{words.picture.title}</legend>
          <Choice
            label={words.picture.layout}
            names={words.picture.layoutNames}
            all={LAYOUTS}
            chosen={pictureLayout.value}
            set={(layout) => {
              pictureLayout.value = layout;
            }}
          />
          <Check
            label={words.picture.everything}
            on={rawMode.value}
            set={(on) => {
              rawMode.value = on;
            }}
          />
          <Check
            label={words.picture.minimap}
            on={minimap.value}
            set={(on) => {
              minimap.value = on;
            }}
          />
          <Check
            label={words.picture.flow}
            on={flowAnimation.value}
            set={(on) => {
              flowAnimation.value = on;
            }}
          />
          <Choice
            label={words.picture.widths}
            names={words.picture.widthNames}
            all={WIDTHS}
            chosen={edgeWidths.value}
            set={(widths) => {
              edgeWidths.value = widths;
            }}
          />
          <Choice
            label={words.picture.labels}
            names={words.picture.labelNames}
            all={LABELS}
            chosen={edgeLabels.value}
            set={(labels) => {
              edgeLabels.value = labels;
            }}
          />
        </fieldset>
      )}
    </Disclosure>
  );
}

function Check(props: { label: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <label>
      <input
        type="checkbox"
        checked={props.on}
        onChange={(event) => props.set(event.currentTarget.checked)}
      />
      {props.label}
    </label>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  names: Readonly<Record<T, string>>;
  all: readonly T[];
  chosen: T;
  set: (value: T) => void;
}

function Choice<T extends string>({ label, names, all, chosen, set }: ChoiceProps<T>) {
  return (
    <label class="choice">
      {label}
      <select
        value={chosen}
        onChange={(event) => {
          const found = all.find((one) => one === event.currentTarget.value);
          if (found !== undefined) set(found);
        }}
      >
        {all.map((one) => (
          <option key={one} value={one}>
            {names[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
