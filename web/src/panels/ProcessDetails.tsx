import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { exactly } from '../scene/filter';
import { scene } from '../scene/live';
import { fetchProcess } from '../wire/api';
import type { ContainerRow, ProcessDetails, ProcessSummary } from '../wire/generated';
import { words } from '../words';
import { By } from './By';
import { Copy } from './Copy';
import { formatCommand, formatDuration } from './format';
import { Icon } from './Icon';
import { useFetched } from './useFetched';
import { reasonsOf } from './why';

const MAX_CHILDREN = 30;
/** As many digits of an id are shown, as everywhere in the field. */
const SHORT_ID = 12;

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Everything about one process: why it runs, what it is, what it started. */
export function ProcessSections(props: {
  processKey: string;
  onOpen: (key: string) => void;
  onBack?: () => void;
}) {
  const { processKey, onOpen, onBack } = props;
  const { value, error } = useFetched(processKey, (signal) => fetchProcess(processKey, signal));
  return (
    <>
      {onBack && (
        <div class="actions">
          <button type="button" class="action" onClick={onBack}>
            <Icon name="collapse" size={15} /> {words.details.allMembers}
          </button>
        </div>
      )}
      {error && <p class="error">{error}</p>}
      {value && <Sections process={value} onOpen={onOpen} />}
    </>
  );
}

function Command({ process }: { process: ProcessDetails }) {
  const [shown, show] = useState(false);
  const { masked = 0, revealed } = process;
  const command = formatCommand(shown && revealed ? revealed : process.arguments);
  if (!command) return null;
  return (
    <section>
      <h3>
        {words.process.command}
        <Copy text={command} what={words.process.theCommand} />
      </h3>
      <pre class="command">{command}</pre>
      {masked > 0 &&
        (revealed ? (
          <label class="reveal">
            <input
              type="checkbox"
              checked={shown}
              onChange={(event) => show(event.currentTarget.checked)}
            />
            {words.process.reveal(masked)}
          </label>
        ) : (
          <p class="quiet masked">
            {words.process.masked(masked)} <code>--show-secrets</code>
          </p>
        ))}
    </section>
  );
}

function Sections({ process, onOpen }: { process: ProcessDetails; onOpen: (key: string) => void }) {
  return (
    <>
      <section class="why">
        <h3>{words.process.whyItRuns}</h3>
        <ul class="reasons">
          {reasonsOf(process).map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        <ol class="chain" aria-label={words.process.chain}>
          {[...process.parents].reverse().map((parent) => (
            <li key={parent.key}>
              <ProcessLink process={parent} onOpen={onOpen} />
            </li>
          ))}
          <li class="self">
            <span>{process.label || process.name}</span>
            <span class="quiet">{process.pid}</span>
          </li>
        </ol>
      </section>
      <Command process={process} />
      <section>
        <dl class="facts">
          <Fact name={words.process.program}>
            {process.exe ? (
              <span class="copyable">
                <By term={exactly('exe', process.exe)}>
                  <code>{process.exe}</code>
                </By>
                <Copy text={process.exe} what={words.process.thePath} />
              </span>
            ) : (
              <span class="quiet">{words.process.unreadable}</span>
            )}
          </Fact>
          <Fact name={words.process.user}>
            {process.user ? (
              <By term={exactly('user', process.user)}>{process.user}</By>
            ) : (
              <span class="quiet">{words.common.unknown}</span>
            )}
            {typeof process.uid === 'number' && process.user !== String(process.uid) && (
              <span class="quiet"> ({process.uid})</span>
            )}
          </Fact>
          <Fact name={words.process.pid}>
            <span class="copyable">
              {process.pid}
              <Copy text={String(process.pid)} what={words.process.thePid} />
            </span>
          </Fact>
          <Fact name={words.process.started}>
            <span title={new Date(process.started).toLocaleString(words.locale)}>
              {words.common.ago(formatDuration(scene.now() - process.started))}
            </span>
          </Fact>
          {process.container && <ContainerFact container={process.container} />}
          {process.unit && (
            <Fact name={words.details.unit}>
              <span class="copyable">
                <By term={exactly('unit', process.unit.application ?? process.unit.name)}>
                  {process.unit.application ?? process.unit.name}
                </By>
                <Copy text={process.unit.name} what={words.process.theUnit} />
              </span>
              {process.unit.application && <span class="quiet"> {process.unit.name}</span>}
            </Fact>
          )}
          {process.cgroup && (
            <Fact name={words.process.controlGroup}>
              <code>{process.cgroup}</code>
            </Fact>
          )}
          {!process.alive && <Fact name={words.details.state}>{words.process.ended}</Fact>}
        </dl>
      </section>
      {process.children.length > 0 && (
        <section>
          <h3>{words.process.children(process.children.length)}</h3>
          <ul class="members">
            {process.children.slice(0, MAX_CHILDREN).map((child) => (
              <li key={child.key}>
                <ProcessLink process={child} onOpen={onOpen} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function ContainerFact({ container }: { container: ContainerRow }) {
  const { runtime, id, name, pod } = container;
  return (
    <Fact name={words.details.container}>
      <span class="copyable">
        <By term={exactly('container', name ?? id)}>{name ?? id.slice(0, SHORT_ID)}</By>
        <Copy text={id} what={words.process.theContainer} />
      </span>
      {runtime !== 'unknown' && <span class="quiet"> {runtime}</span>}
      {pod && <span class="quiet"> · {words.process.pod(pod)}</span>}
    </Fact>
  );
}

function ProcessLink(props: { process: ProcessSummary; onOpen: (key: string) => void }) {
  const { process, onOpen } = props;
  return (
    <>
      <button type="button" class="link" onClick={() => onOpen(process.key)}>
        {process.label || process.name}
      </button>
      <span class="quiet">{process.pid}</span>
    </>
  );
}
