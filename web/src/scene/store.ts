// The scene as it is now: what the stream said, folded together.

import { computed, signal } from '@preact/signals';
import type { EdgeRow, NodeRow } from '../wire/columns';
import { applyUpdates, decodeRows, WireError } from '../wire/columns';
import type {
  DegradationInfo,
  DeltaMessage,
  GroupingInfo,
  HostInfo,
  Legend,
  SceneMessage,
  SummaryInfo,
  ToggleInfo,
} from '../wire/generated';

/** How nodes are joined; how remotes are is not known before the first scene. */
type Joining = Pick<GroupingInfo, 'asked' | 'level'> & Partial<GroupingInfo>;

const EMPTY_SUMMARY: SummaryInfo = {
  processes: 0,
  sockets: 0,
  listeners: 0,
  links: 0,
  hidden_links: 0,
  muted_links: 0,
  unattributed_sockets: 0,
  lost_events: 0,
  gaps: 0,
};

/** Fields of an edge that rates and details are made of, but not how it is drawn. */
const MEASURED: ReadonlySet<string> = new Set([
  'to_client',
  'to_server',
  'rtt_us',
  'retransmits',
  'links',
  'since',
  'attribution',
]);

/** Nodes and edges by number, and everything that the server says about them. */
export class SceneStore {
  readonly nodes = new Map<number, NodeRow>();
  readonly edges = new Map<number, EdgeRow>();

  /** Counts up whenever nodes or edges changed: what panels depend on. */
  readonly version = signal(0);
  /** Counts up whenever edges came, went or are drawn in another way: seldom, beside `version`. */
  readonly edgesVersion = signal(0);
  /** Counts up whenever nodes or edges came or went. */
  structure = 0;
  readonly host = signal<HostInfo | undefined>(undefined);
  readonly grouping = signal<Joining>({ asked: 'auto', level: 'process' });
  /** What the server shows, chosen here or by the program's options. */
  readonly toggles = signal<ToggleInfo>({
    p2p_only: false,
    udp: false,
    unix: false,
    listeners: true,
  });
  readonly summary = signal<SummaryInfo>(EMPTY_SUMMARY);
  readonly legend = signal<Legend>({
    types: [],
    classes: [],
    udp_color: '#00c2ff',
    unix_color: '#a86be0',
  });
  readonly degradations = signal<readonly DegradationInfo[]>([]);
  /** The server's clock minus this browser's, in milliseconds. */
  readonly clockOffset = signal(0);

  /** True while there is nothing to show: unlike `version` it changes seldom. */
  readonly empty = computed(() => {
    void this.version.value;
    return this.nodes.size === 0;
  });

  private revision = -1;
  private byKey: Map<string, NodeRow> | undefined;
  private edgesByKey: Map<string, EdgeRow> | undefined;

  /** Takes a whole scene. */
  replace(scene: SceneMessage): void {
    const nodes = decodeRows(scene.nodes);
    const edges = decodeRows(scene.edges);
    this.nodes.clear();
    this.edges.clear();
    for (const node of nodes) this.nodes.set(node.id, node);
    for (const edge of edges) this.edges.set(edge.id, edge);
    this.revision = scene.revision;
    this.host.value = scene.host;
    this.grouping.value = scene.grouping;
    this.toggles.value = scene.toggles;
    this.summary.value = scene.summary;
    this.legend.value = scene.legend;
    this.degradations.value = scene.degradations;
    this.clockOffset.value = scene.at - Date.now();
    this.structure++;
    this.edgesVersion.value++;
    this.touch();
  }

  /** Takes a delta. Throws a WireError if it does not follow on what is here. */
  apply(delta: DeltaMessage): void {
    if (delta.from !== this.revision) {
      throw new WireError(`delta from revision ${delta.from} at revision ${this.revision}`);
    }
    applyUpdates(this.nodes, delta.nodes);
    applyUpdates(this.edges, delta.edges);
    this.revision = delta.to;
    const otherEdges = comeOrGo(delta.edges);
    if (otherEdges || comeOrGo(delta.nodes)) this.structure++;
    if (otherEdges || changeLooks(delta.edges)) this.edgesVersion.value++;
    if (delta.summary) this.summary.value = delta.summary;
    if (delta.grouping) this.grouping.value = delta.grouping;
    if (delta.legend) this.legend.value = delta.legend;
    if (delta.degradations) this.degradations.value = delta.degradations;
    this.touch();
  }

  nodeByKey(key: string): NodeRow | undefined {
    this.byKey ??= new Map([...this.nodes.values()].map((node) => [node.key, node]));
    return this.byKey.get(key);
  }

  edgeByKey(key: string): EdgeRow | undefined {
    this.edgesByKey ??= new Map([...this.edges.values()].map((edge) => [edge.key, edge]));
    return this.edgesByKey.get(key);
  }

  /** The server's time now, in milliseconds since the Unix epoch. */
  now(): number {
    return Date.now() + this.clockOffset.value;
  }

  private touch(): void {
    this.byKey = undefined;
    this.edgesByKey = undefined;
    this.version.value++;
  }
}

type NodeUpdates = DeltaMessage['nodes'];
type EdgeUpdates = DeltaMessage['edges'];

function comeOrGo({ add, del }: NodeUpdates | EdgeUpdates): boolean {
  return (add?.id.length ?? 0) > 0 || (del?.length ?? 0) > 0;
}

function changeLooks({ set }: EdgeUpdates): boolean {
  return Object.entries(set ?? {}).some(([field, sparse]) => sparse && !MEASURED.has(field));
}
