import { useEffect, useState } from 'preact/hooks';
import { scene } from '../scene/live';
import { fetchCapabilities } from '../wire/api';
import type { CapabilityRow } from '../wire/generated';
import { words } from '../words';
import { Copy } from './Copy';
import { Icon } from './Icon';

/** Numbers, and what cannot be seen: that is data too. */
export function StatusStrip() {
  const summary = scene.summary.value;
  const [open, setOpen] = useState(false);
  const unseen = scene.degradations.value;
  const first = unseen[0];
  return (
    <footer class="status">
      <span class="numbers">
        <span>{words.status.processes(summary.processes)}</span>
        <span>{words.status.sockets(summary.sockets)}</span>
        <span>{words.status.links(summary.links)}</span>
        {summary.hidden_links > 0 && (
          <span title={words.status.hiddenTitle}>{words.status.hidden(summary.hidden_links)}</span>
        )}
        {summary.lost_events > 0 && (
          <span class="warn" title={words.status.gaps(summary.gaps)}>
            {words.status.lost(summary.lost_events)}
          </span>
        )}
      </span>
      {first && (
        <button
          type="button"
          class="unseen"
          aria-expanded={open}
          onClick={() => setOpen((before) => !before)}
        >
          <Icon name="warning" size={15} />
          <span class="cut">{first.message}</span>
          {unseen.length > 1 && <span class="more">{words.status.more(unseen.length - 1)}</span>}
        </button>
      )}
      {open && first && <Unseen onClose={() => setOpen(false)} />}
    </footer>
  );
}

function Unseen({ onClose }: { onClose: () => void }) {
  const [capabilities, setCapabilities] = useState<readonly CapabilityRow[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    fetchCapabilities(abort.signal).then(
      (list) => setCapabilities(list.capabilities),
      (error: unknown) => {
        if (!abort.signal.aborted) console.warn('procnet: capabilities could not be read', error);
      },
    );
    return () => abort.abort();
  }, []);
  return (
    <section class="unseen-panel" aria-label={words.status.unseen}>
      <button type="button" class="close" aria-label={words.common.close} onClick={onClose}>
        <Icon name="close" size={14} />
      </button>
      <h2>{words.status.unseen}</h2>
      <ul>
        {scene.degradations.value.map((degradation) => (
          <li key={degradation.id}>{degradation.message}</li>
        ))}
      </ul>
      {capabilities.length > 0 && <h3>{words.status.capabilities}</h3>}
      <ul class="capabilities">
        {capabilities.map((capability) => (
          <li key={capability.id} data-state={capability.state}>
            <span class="state">{words.status.states[capability.state] ?? capability.state}</span>
            <div>
              <strong>{capability.title}</strong>
              {capability.reason && <p>{capability.reason}</p>}
              {capability.remedy && (
                <p class="remedy">
                  <code>{capability.remedy}</code>
                  <Copy text={capability.remedy} what={words.status.theRemedy} />
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
