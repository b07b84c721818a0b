import { useEffect, useState } from 'preact/hooks';
import { scene } from '../scene/live';
import { fetchCapabilities } from '../wire/api';
import type { CapabilityRow } from '../wire/generated';
import { Copy } from './Copy';
import { formatCount } from './format';
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
        <span>{formatCount(summary.processes, 'process', 'processes')}</span>
        <span>{formatCount(summary.sockets, 'socket')}</span>
        <span>{formatCount(summary.links, 'link')}</span>
        {summary.hidden_links > 0 && (
          <span title="Left out by the filter and the switches above">
            {summary.hidden_links.toLocaleString('en')} hidden
          </span>
        )}
        {summary.lost_events > 0 && (
          <span class="warn" title={`${formatCount(summary.gaps, 'gap')} since the start`}>
            {formatCount(summary.lost_events, 'event')} lost
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
          {unseen.length > 1 && <span class="more">+{unseen.length - 1}</span>}
        </button>
      )}
      {open && first && <Unseen onClose={() => setOpen(false)} />}
    </footer>
  );
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  full: 'seen',
  partial: 'partly seen',
  missing: 'not seen',
};

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
    <section class="unseen-panel" aria-label="What cannot be seen">
      <button type="button" class="close" aria-label="Close" onClick={onClose}>
        <Icon name="close" size={14} />
      </button>
      <h2>What cannot be seen</h2>
      <ul>
        {scene.degradations.value.map((degradation) => (
          <li key={degradation.id}>{degradation.message}</li>
        ))}
      </ul>
      {capabilities.length > 0 && <h3>What procnet may look at here</h3>}
      <ul class="capabilities">
        {capabilities.map((capability) => (
          <li key={capability.id} data-state={capability.state}>
            <span class="state">{STATE_WORDS[capability.state] ?? capability.state}</span>
            <div>
              <strong>{capability.title}</strong>
              {capability.reason && <p>{capability.reason}</p>}
              {capability.remedy && (
                <p class="remedy">
                  <code>{capability.remedy}</code>
                  <Copy text={capability.remedy} what="the command" />
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
