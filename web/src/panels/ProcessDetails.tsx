import type { ComponentChildren } from 'preact';
import { scene } from '../scene/live';
import { fetchProcess } from '../wire/api';
import type { ContainerRow, ProcessDetails, ProcessSummary } from '../wire/generated';
import { Copy } from './Copy';
import { formatCommand, formatDuration } from './format';
import { Icon } from './Icon';
import { useFetched } from './useFetched';

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
            <Icon name="collapse" size={15} /> All members
          </button>
        </div>
      )}
      {error && <p class="error">{error}</p>}
      {value && <Sections process={value} onOpen={onOpen} />}
    </>
  );
}

function Sections({ process, onOpen }: { process: ProcessDetails; onOpen: (key: string) => void }) {
  const command = formatCommand(process.arguments);
  return (
    <>
      <section>
        <h3>Why it runs</h3>
        <ol class="chain">
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
      {command && (
        <section>
          <h3>
            Command
            <Copy text={command} what="the command line" />
          </h3>
          <pre class="command">{command}</pre>
        </section>
      )}
      <section>
        <dl class="facts">
          <Fact name="Program">
            {process.exe ? (
              <span class="copyable">
                <code>{process.exe}</code>
                <Copy text={process.exe} what="the path" />
              </span>
            ) : (
              <span class="quiet">may not be read</span>
            )}
          </Fact>
          <Fact name="User">
            {process.user ?? <span class="quiet">not known</span>}
            {process.uid !== null && process.user !== String(process.uid) && (
              <span class="quiet"> ({process.uid})</span>
            )}
          </Fact>
          <Fact name="PID">
            <span class="copyable">
              {process.pid}
              <Copy text={String(process.pid)} what="the PID" />
            </span>
          </Fact>
          <Fact name="Started">
            <span title={new Date(process.started).toLocaleString()}>
              {formatDuration(scene.now() - process.started)} ago
            </span>
          </Fact>
          {process.container && <ContainerFact container={process.container} />}
          {process.unit && (
            <Fact name="Unit">
              <span class="copyable">
                {process.unit.application ?? process.unit.name}
                <Copy text={process.unit.name} what="the unit's name" />
              </span>
              {process.unit.application && <span class="quiet"> {process.unit.name}</span>}
            </Fact>
          )}
          {process.cgroup && (
            <Fact name="Control group">
              <code>{process.cgroup}</code>
            </Fact>
          )}
          {!process.alive && <Fact name="State">ended</Fact>}
        </dl>
      </section>
      {process.children.length > 0 && (
        <section>
          <h3>Started by it ({process.children.length})</h3>
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
    <Fact name="Container">
      <span class="copyable">
        {name ?? id.slice(0, SHORT_ID)}
        <Copy text={id} what="the container's id" />
      </span>
      {runtime !== 'unknown' && <span class="quiet"> {runtime}</span>}
      {pod && <span class="quiet"> · pod {pod}</span>}
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
