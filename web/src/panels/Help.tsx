import { useEffect, useRef, useState } from 'preact/hooks';
import { changeView } from '../scene/live';
import { fetchFilterHelp } from '../wire/api';
import type { FilterField } from '../wire/generated';
import { words } from '../words';
import { Icon } from './Icon';
import { helpOpen } from './ui';

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
        <button type="button" class="close" aria-label={words.common.close} onClick={close}>
          <Icon name="close" size={16} />
        </button>
        <h2 id="help-title">{words.help.title}</h2>
        <p>{words.help.intro}</p>
        {words.help.keys.map(({ title, map }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl class="keys">
              {map.map(([keys, does]) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        {fields.length > 0 && (
          <>
            <h3>{words.help.filter}</h3>
            <p>{words.help.filterIntro}</p>
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
