import { viewInForce } from '../scene/live';
import type { ExportFormat } from '../wire/api';
import { EXPORT_FORMATS, exportAddress } from '../wire/api';
import { words } from '../words';
import { CopyAction } from './Copy';
import { mapCommands, type PictureFormat } from './commands';
import { Disclosure } from './Disclosure';
import { Icon } from './Icon';

const PICTURES: readonly PictureFormat[] = ['png', 'svg'];

/** Copies the link, saves the picture, and hands out what is shown for other programs. */
export function Share() {
  const { savePicture } = mapCommands;
  return (
    <Disclosure icon="download" label={words.share.title} class="share">
      {(close) => (
        <>
          <CopyAction icon="link" label={words.copy.link} text={() => window.location.href} />
          {savePicture && (
            <>
              <h2>{words.share.picture}</h2>
              <div class="formats">
                {PICTURES.map((format) => (
                  <button
                    key={format}
                    type="button"
                    class="action"
                    onClick={() => {
                      void savePicture(format);
                      close();
                    }}
                  >
                    {format.toUpperCase()}
                  </button>
                ))}
              </div>
            </>
          )}
          <h2>{words.share.data}</h2>
          <ul>
            {EXPORT_FORMATS.map((format) => (
              <li key={format}>
                <ExportLink format={format} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Disclosure>
  );
}

function ExportLink({ format }: { format: ExportFormat }) {
  const { name, use } = words.share.formats[format];
  return (
    <a href={exportAddress(format, viewInForce.value)} download>
      <Icon name="download" size={15} />
      <strong>{name}</strong> <span class="quiet">{use}</span>
    </a>
  );
}
