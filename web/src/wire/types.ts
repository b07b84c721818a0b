// The shapes of the server's JSON, by name.

export interface NodeColumns {
  id: number[];
  key: string[];
  kind: string[];
  label: string[];
  detail: string[];
  type: string[];
  class: string[];
  user: string[];
  host: number[];
  count: number[];
  expandable: boolean[];
  parent: string[];
  processes: string[][];
  listeners: string[][];
  listener_count: number[];
  sockets: number[];
  since: number[];
  stale: boolean[];
}

export interface EdgeColumns {
  id: number[];
  key: string[];
  from: number[];
  to: number[];
  protocol: string[];
  class: string[];
  port: number[];
  sockets: number[];
  links: number[];
  state: string[];
  to_server: number[];
  to_client: number[];
  rtt_us: number[];
  retransmits: number[];
  stale: boolean[];
  since: number[];
  evidence: string[];
  attribution: string[];
}

export interface Sparse<T> {
  id: number[];
  value: T[];
}

type SetOf<C> = {
  [K in Exclude<keyof C, 'id'>]?: C[K] extends (infer T)[] ? Sparse<T> : never;
};

export type NodeSet = SetOf<NodeColumns>;
export type EdgeSet = SetOf<EdgeColumns>;

export interface NodeUpdates {
  add?: NodeColumns;
  set?: NodeSet;
  del?: number[];
}

export interface EdgeUpdates {
  add?: EdgeColumns;
  set?: EdgeSet;
  del?: number[];
}

export interface HostInfo {
  name: string;
  os: string;
  version: string;
}

export interface GroupingInfo {
  asked: string;
  level: string;
}

export interface SummaryInfo {
  processes: number;
  sockets: number;
  listeners: number;
  links: number;
  hidden_links: number;
  unattributed_sockets: number;
  lost_events: number;
  gaps: number;
}

export interface TypeInfo {
  name: string;
  title: string;
  color: string;
  icon: string;
  image?: string;
}

export interface ClassInfo {
  name: string;
  title: string;
  color: string;
  ports: number[];
}

export interface Legend {
  types: TypeInfo[];
  classes: ClassInfo[];
  udp_color: string;
}

export interface DegradationInfo {
  id: string;
  message: string;
  count: number;
}

export interface SceneMessage {
  epoch: string;
  revision: number;
  at: number;
  host: HostInfo;
  grouping: GroupingInfo;
  nodes: NodeColumns;
  edges: EdgeColumns;
  summary: SummaryInfo;
  legend: Legend;
  degradations: DegradationInfo[];
}

export interface DeltaMessage {
  from: number;
  to: number;
  at: number;
  nodes: NodeUpdates;
  edges: EdgeUpdates;
  summary?: SummaryInfo;
  grouping?: GroupingInfo;
  degradations?: DegradationInfo[];
  legend?: Legend;
}

export interface HeartbeatMessage {
  at: number;
  revision: number;
}

export interface EndpointRow {
  ip: string;
  port: number;
}

export interface OwnerRow {
  pid: number;
  name: string;
  exe: string | null;
  user: string | null;
  started: number;
  key: string;
  label: string;
}

export interface SocketRow {
  protocol: string;
  state: string;
  local: EndpointRow;
  remote: EndpointRow | null;
  direction: string;
  evidence: string;
  owners: OwnerRow[];
  attribution: string;
  unknown_owner: string | null;
  uid: number | null;
  rx_bytes: number;
  tx_bytes: number;
  rtt_us: number;
  retransmits: number;
  netns: number;
  cookie: number;
  opened: number;
}

export interface SocketList {
  sockets: SocketRow[];
  total: number;
}

export interface ProcessSummary {
  key: string;
  pid: number;
  name: string;
  label: string;
}

export interface ProcessDetails {
  key: string;
  pid: number;
  name: string;
  label: string;
  type: string;
  exe: string | null;
  arguments: string[];
  user: string | null;
  uid: number | null;
  started: number;
  cgroup: string | null;
  alive: boolean;
  parents: ProcessSummary[];
  children: ProcessSummary[];
  sockets: SocketRow[];
  socket_count: number;
}

export interface CapabilityRow {
  id: string;
  title: string;
  state: string;
  reason: string;
  remedy: string | null;
}

export interface CapabilityList {
  capabilities: CapabilityRow[];
  degradations: DegradationInfo[];
}

export interface FilterField {
  name: string;
  aliases: string[];
  operators: string[];
  words: string[];
  help: string;
  example: string;
}

export interface FilterHelp {
  fields: FilterField[];
}
