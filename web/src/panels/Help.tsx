import { useEffect, useRef, useState } from 'preact/hooks';
import { changeView } from '../scene/live';
import { fetchFilterHelp } from '../wire/api';
import type { FilterField } from '../wire/generated';
import { Icon } from './Icon';
import { helpOpen } from './ui';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['/', 'filter'],
  ['T', 'table or map'],
  ['F', 'fit the map'],
  ['Y', 'tidy: lay everything out anew'],
  ['Space', 'freeze, go on'],
  ['L', 'legend'],
  ['Tab', 'to the map, then arrows go from node to node'],
  ['Enter', 'details of the node'],
  ['Shift + arrows', 'move the map'],
  ['+ −', 'zoom'],
  ['Esc', 'close, deselect'],
];

/** Keys, and the filter language. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [fields, setFields] = useState<readonly FilterField[]>([]);
  const open = helpOpen.value;
  useEffect(() => {
    if (!open) return;
    dialog.current?.showModal();
    fetchFilterHelp().then(
      (help) => setFields(help.fields),
      (error: unknown) => console.warn('procnet: help on filters could not be read', error),
    );
  }, [open]);
  if (!open) return null;
  const close = () => {
    helpOpen.value = false;
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div class="help-body">
        <button type="button" class="close" aria-label="Close" onClick={close}>
          <Icon name="close" size={16} />
        </button>
        <h2 id="help-title">Help</h2>
        <p>
          A request runs from left to right: clients, the processes of this machine, remote servers.
          A node keeps its place while it lives; <em>Tidy</em> lays everything out anew.
        </p>
        <h3>Keys</h3>
        <dl class="keys">
          {KEYS.map(([keys, does]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        {fields.length > 0 && (
          <>
            <h3>Filter</h3>
            <p>
              Words are searched everywhere. Join terms with a space (and), <code>or</code>,{' '}
              <code>not</code> and parentheses. Click an example to try it.
            </p>
            <table class="fields">
              <tbody>
                {fields.map((field) => (
                  <tr key={field.name}>
                    <th scope="row">
                      <code>{field.name}</code>
                    </th>
                    <td>{field.help}</td>
                    <td>
                      <button
                        type="button"
                        class="link"
                        onClick={() => {
                          changeView({ filter: field.example });
                          close();
                        }}
                      >
                        <code>{field.example}</code>
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        )}
      </div>
    </dialog>
  );
}
