import { useEffect, useState } from 'preact/hooks';
import { edgeLabel } from '../draw/edge';
import { exactly } from '../scene/filter';
import { scene } from '../scene/live';
import { termsOfEdge } from '../scene/terms';
import type { EdgeRow } from '../wire/columns';
import { words } from '../words';
import { Actions } from './Actions';
import { By } from './By';
import { End } from './End';
import { formatBytes, formatDuration, formatRtt } from './format';
import { Fact } from './ProcessDetails';
import { SocketSection, useSockets } from './Sockets';

/** What is known about a connection, or several alike. */
export function EdgeDetails({ edge }: { edge: EdgeRow }) {
  const metered = useSockets({ edge: edge.key });
  const filter = termsOfEdge(edge, scene.nodes);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 1000);
    return () => window.clearInterval(timer);
  }, []);
  const legend = scene.legend.value;
  const portClass = legend.classes.find((info) => info.name === edge.class);
  return (
    <>
      <header class="heading edge-heading">
        <div>
          <h2>
            <End node={scene.nodes.get(edge.from)} />
            <span class="arrow" aria-hidden="true">
              {edge.evidence === 'none' ? '—' : '→'}
            </span>
            <End node={scene.nodes.get(edge.to)} />
          </h2>
          <p>
            {edge.protocol.toUpperCase()}{' '}
            {edge.port > 0 ? (
              <By term={exactly('port', edge.port)}>{edgeLabel(edge, 'port')}</By>
            ) : (
              edgeLabel(edge, 'port')
            )}
            {portClass && portClass.name !== 'other' ? ` · ${portClass.title}` : ''}
          </p>
        </div>
      </header>
      <div class="actions">
        <Actions
          filter={filter}
          json={() => ({ edge, sockets: metered.fetched.value?.sockets ?? [] })}
        />
      </div>
      <section>
        <dl class="facts">
          <Fact name={words.details.state}>
            {edge.stale ? words.details.justEnded : edge.state}
          </Fact>
          {edge.protocol === 'unix' ? (
            <Fact name={words.details.path}>
              {edge.path ? <code>{edge.path}</code> : words.details.noPath}
            </Fact>
          ) : (
            <>
              <Fact name={words.details.toServer}>{formatBytes(edge.to_server)}</Fact>
              <Fact name={words.details.toClient}>{formatBytes(edge.to_client)}</Fact>
              <Fact name={words.details.roundTrip}>{formatRtt(edge.rtt_us)}</Fact>
            </>
          )}
          {edge.retransmits > 0 && (
            <Fact name={words.details.sentAgain}>{words.details.segments(edge.retransmits)}</Fact>
          )}
          <Fact name={words.details.firstSeen}>
            {words.common.ago(formatDuration(scene.now() - edge.since))}
          </Fact>
          <Fact name={words.details.direction}>
            {words.evidence[edge.evidence] ?? edge.evidence}
          </Fact>
          <Fact name={words.details.owners}>
            {words.attribution[edge.attribution] ?? edge.attribution}
          </Fact>
        </dl>
      </section>
      <SocketSection metered={metered} />
    </>
  );
}
