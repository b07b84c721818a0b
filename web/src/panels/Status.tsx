import type { ReadonlySignal } from '@preact/signals';
import { computed, useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { roomFor } from '../draw/text';
import { scene } from '../scene/live';
import { fetchCapabilities } from '../wire/api';
import type { CapabilityRow } from '../wire/generated';
import { words } from '../words';
import { Copy } from './Copy';
import { Icon } from './Icon';

/** As in the style sheet. */
const FIGURE_SIZE = 12;
const FIGURE_WEIGHT = 400;

// Numbers change with nearly every update: each is written where it stands, and nothing else is
// rendered.
const processes = computed(() => words.status.processes(scene.summary.value.processes));
const sockets = computed(() => words.status.sockets(scene.summary.value.sockets));
const links = computed(() => words.status.links(scene.summary.value.links));
const hidden = computed(() => words.status.hidden(scene.summary.value.hidden_links));
const anyHidden = computed(() => scene.summary.value.hidden_links > 0);
const lost = computed(() => words.status.lost(scene.summary.value.lost_events));
const gaps = computed(() => words.status.gaps(scene.summary.value.gaps));
const anyLost = computed(() => scene.summary.value.lost_events > 0);

interface FigureProps {
  text: ReadonlySignal<string>;
  title?: string;
  kind?: string;
}

/** A number in a box of its own: where it changes, the browser lays out the box and nothing else. */
function Figure({ text, title, kind }: FigureProps) {
  const width = useComputed(() => Math.ceil(roomFor(text.value, FIGURE_SIZE, FIGURE_WEIGHT)));
  return (
    <span class={kind} title={title} style={{ width: `${width.value}px` }}>
      {text}
    </span>
  );
}

/** Numbers, and what cannot be seen: that is data too. */
export function StatusStrip() {
  const [open, setOpen] = useState(false);
  const unseen = scene.degradations.value;
  const first = unseen[0];
  return (
    <footer class="status">
      <span class="numbers">
        <Figure text={processes} />
        <Figure text={sockets} />
        <Figure text={links} />
        {anyHidden.value && <Figure text={hidden} title={words.status.hiddenTitle} />}
        {anyLost.value && <Figure text={lost} title={gaps.value} kind="warn" />}
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
