//! Nodes and edges of `/api/graph` from the graph.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use procnet_core::graph::{
    Graph, LinkId, LinkKey, NameId, Party, ProcessEntry, listener_text, offers_service,
};
use procnet_core::registry::{DEFAULT_TYPE, EXTERNAL_TYPE, node_type};
use procnet_core::unix::short_name;
use procnet_core::{Endpoint, HostId, Moment, ProcessKey, Protocol};
use rustc_hash::{FxHashMap, FxHashSet};

use super::memory::{Ends, Strand};
use super::{EdgeMemory, GraphAnswer, GraphEdge, GraphNode, GraphOptions, style};
use crate::key::format_process_key;

/// Most listeners that a node spells out.
const MAX_LISTENERS: usize = 64;

/// The whole answer. `image` names the URL of a type's own icon, if it has one; `now` is the
/// moment up to which `memory` was fed.
pub fn graph_answer(
    graph: &Graph,
    memory: &EdgeMemory,
    options: GraphOptions,
    image: &dyn Fn(&str) -> Option<String>,
    now: Moment,
) -> GraphAnswer {
    let mut builder = Builder {
        graph,
        image,
        looks: FxHashMap::default(),
        external: Arc::from(EXTERNAL_TYPE),
        processes: BTreeMap::new(),
        endpoints: BTreeMap::new(),
        edges: Vec::new(),
        by_ends: FxHashMap::default(),
    };
    let mut links: Vec<LinkId> = graph.links().map(|(id, _)| id).collect();
    links.sort_unstable();
    for id in links {
        builder.add_link(id, memory, options, now);
    }
    if !options.p2p_only {
        builder.add_listeners(options);
    }
    builder.finish()
}

/// What a node type looks like.
#[derive(Clone)]
struct Look {
    color: &'static str,
    icon: &'static str,
    image: Option<String>,
}

/// What tells apart the edges between two nodes.
type LinkService = (u16, Protocol, Option<NameId>);

/// An edge in the making.
struct Draft {
    from: Arc<str>,
    to: Arc<str>,
    id: String,
    protocol: Protocol,
    port: u16,
    path: Option<Arc<str>>,
    strand: Strand,
}

struct Builder<'a> {
    graph: &'a Graph,
    image: &'a dyn Fn(&str) -> Option<String>,
    looks: FxHashMap<Arc<str>, Look>,
    external: Arc<str>,
    processes: BTreeMap<ProcessKey, GraphNode>,
    endpoints: BTreeMap<Endpoint, GraphNode>,
    edges: Vec<Draft>,
    by_ends: FxHashMap<(Arc<str>, Arc<str>, LinkService), usize>,
}

impl Builder<'_> {
    fn add_link(&mut self, id: LinkId, memory: &EdgeMemory, options: GraphOptions, now: Moment) {
        let Some(link) = self.graph.link(id) else { return };
        let key = link.key;
        let (client, server) = (key.client.process(), key.server.process());
        let wanted = if options.p2p_only {
            client.is_some() && server.is_some()
        } else {
            client.is_some() || server.is_some()
        };
        // Who holds the other end of a UNIX socket and can't be named has no address either.
        let named = client.is_some() && server.is_some();
        if !wanted || !options.shows(key.protocol) || (key.protocol == Protocol::Unix && !named) {
            return;
        }
        for strand in memory.strands(id, now) {
            let Ends { client: client_end, server: server_end } = strand.ends;
            let from = self.party(key.client, client_end);
            let to = self.party(key.server, server_end);
            self.add_strand(from, to, server.is_some(), &key, *strand);
        }
    }

    /// Links whose unnamed ends are the same endpoint come to the same edge.
    fn add_strand(
        &mut self,
        from: Arc<str>,
        to: Arc<str>,
        to_process: bool,
        key: &LinkKey,
        strand: Strand,
    ) {
        let &LinkKey { port, protocol, name, .. } = key;
        let ends = (Arc::clone(&from), Arc::clone(&to), (port, protocol, name));
        if let Some(draft) = self.by_ends.get(&ends).and_then(|at| self.edges.get_mut(*at)) {
            draft.strand = join(draft.strand, strand);
            return;
        }
        let path = name.and_then(|name| self.graph.name(name)).cloned();
        let id = match protocol {
            Protocol::Unix => format!("{from}->{to}:{}", path.as_deref().unwrap_or("pair")),
            _ if to_process => format!("{from}->{to}:{port}"),
            _ => format!("{from}->{to}"),
        };
        self.by_ends.insert(ends, self.edges.len());
        self.edges.push(Draft { from, to, id, protocol, port, path, strand });
    }

    /// The id of a party's node, which is made if it is not there yet.
    fn party(&mut self, party: Party, end: Endpoint) -> Arc<str> {
        match party {
            Party::Process(key) => self.process(key),
            Party::Remote { .. } | Party::Unattributed { .. } => self.endpoint(end),
        }
    }

    fn process(&mut self, key: ProcessKey) -> Arc<str> {
        if let Some(node) = self.processes.get(&key) {
            return Arc::clone(&node.id);
        }
        let current = self
            .graph
            .process_by_pid(key.host, key.pid)
            .is_none_or(|entry| entry.process.key == key);
        let id: Arc<str> = if current && key.host == HostId::LOCAL {
            key.pid.to_string().into()
        } else if current {
            format!("{}@{}", key.pid, key.host.0).into()
        } else {
            format_process_key(key).into()
        };
        let node = match self.graph.process(key) {
            Some(entry) => self.process_node(Arc::clone(&id), entry),
            // A socket can be told before its process.
            None => {
                let type_name = Arc::from(DEFAULT_TYPE);
                let look = self.look(&type_name);
                node(Arc::clone(&id), format!("PID {}", key.pid), String::new(), &type_name, look)
            }
        };
        self.processes.insert(key, GraphNode { pid: Some(key.pid), ..node });
        id
    }

    fn process_node(&mut self, id: Arc<str>, entry: &ProcessEntry) -> GraphNode {
        let process = &entry.process;
        let command_line = process.command_line();
        let title = if command_line.is_empty() { process.name.to_string() } else { command_line };
        let label = format!("{}\nPID {}", entry.label, process.key.pid);
        let look = self.look(&entry.type_name);
        let user = process.user.as_ref().map(|user| user.label().to_string());
        let container = process.container.as_ref().map(|container| container.label().to_owned());
        let unit = process.unit.as_ref().map(|unit| unit.name.to_string());
        GraphNode { user, container, unit, ..node(id, label, title, &entry.type_name, look) }
    }

    fn endpoint(&mut self, end: Endpoint) -> Arc<str> {
        if let Some(node) = self.endpoints.get(&end) {
            return Arc::clone(&node.id);
        }
        let text = end.to_string();
        let id: Arc<str> = text.as_str().into();
        let type_name = Arc::clone(&self.external);
        let look = self.look(&type_name);
        let node = node(Arc::clone(&id), text.clone(), text, &type_name, look);
        self.endpoints.insert(end, node);
        id
    }

    fn look(&mut self, type_name: &Arc<str>) -> Look {
        if let Some(look) = self.looks.get(type_name) {
            return look.clone();
        }
        let info = node_type(type_name);
        let look = Look { color: info.color, icon: info.icon, image: (self.image)(type_name) };
        self.looks.insert(Arc::clone(type_name), look.clone());
        look
    }

    fn add_listeners(&mut self, options: GraphOptions) {
        let graph = self.graph;
        for (party, id) in graph.listeners() {
            let (Some(key), Some(socket)) = (party.process(), graph.socket(id)) else { continue };
            if !options.shows(socket.protocol) || !offers_service(socket) {
                continue;
            }
            self.process(key);
            if let Some(node) = self.processes.get_mut(&key) {
                node.listeners.push(listener_text(socket));
            }
        }
        for node in self.processes.values_mut() {
            node.listeners.sort_unstable();
            node.listeners.dedup();
            node.listeners.truncate(MAX_LISTENERS);
        }
    }

    fn finish(mut self) -> GraphAnswer {
        self.edges.sort_unstable_by(|a, b| (&a.id, a.protocol).cmp(&(&b.id, b.protocol)));
        let mut taken: FxHashSet<String> = FxHashSet::default();
        let mut between: FxHashMap<(Arc<str>, Arc<str>), (usize, usize)> = FxHashMap::default();
        for edge in &self.edges {
            between.entry(pair(edge)).or_default().1 += 1;
        }
        let edges = self
            .edges
            .into_iter()
            .map(|mut draft| {
                if !taken.insert(draft.id.clone()) {
                    draft.id.push('/');
                    draft.id.push_str(draft.protocol.as_str());
                }
                let (index, count) = match between.get_mut(&pair(&draft)) {
                    Some((next, count)) => {
                        *next += 1;
                        (*next - 1, *count)
                    }
                    None => (0, 1),
                };
                let forward = draft.from <= draft.to;
                edge(draft, style::smooth(index, count, forward))
            })
            .collect();
        let nodes = self.processes.into_values().chain(self.endpoints.into_values()).collect();
        GraphAnswer { nodes, edges }
    }
}

/// The two nodes of an edge, whichever way it runs.
fn pair(edge: &Draft) -> (Arc<str>, Arc<str>) {
    let (a, b) = (Arc::clone(&edge.from), Arc::clone(&edge.to));
    if a <= b { (a, b) } else { (b, a) }
}

fn node(id: Arc<str>, label: String, title: String, type_name: &Arc<str>, look: Look) -> GraphNode {
    GraphNode {
        id,
        label,
        title,
        color: Cow::Borrowed(look.color),
        icon: Cow::Borrowed(look.icon),
        r#type: Arc::clone(type_name),
        shape: Cow::Borrowed(if look.image.is_some() { "image" } else { "icon" }),
        image: look.image,
        pid: None,
        user: None,
        container: None,
        unit: None,
        listeners: Vec::new(),
    }
}

fn edge(draft: Draft, smooth: super::Smooth) -> GraphEdge {
    let Draft { from, to, id, protocol, port, path, strand } = draft;
    let Strand { ends, connections, state, gone } = strand;
    let stale = gone.is_some();
    let times = if connections > 1 { format!(" ×{connections}") } else { String::new() };
    let (proto, state_name, shown) = match protocol {
        Protocol::Tcp => ("TCP", state.as_str(), format!("TCP {state}")),
        Protocol::Udp => ("UDP", "UDP", "UDP".to_owned()),
        Protocol::Unix => ("UNIX", "UNIX", "UNIX".to_owned()),
    };
    let (label, title) = match protocol {
        Protocol::Unix => {
            let path = path.as_deref().unwrap_or("pair");
            (
                format!("{}{times}", short_name(path)),
                format!("{path} | UNIX | sockets: {connections}"),
            )
        }
        Protocol::Tcp | Protocol::Udp => (
            format!(":{}→:{}{times}", ends.client.port, ends.server.port),
            format!("{} ↔ {} | {shown} :{port} | sockets: {connections}", ends.client, ends.server),
        ),
    };
    GraphEdge {
        id,
        from,
        to,
        label,
        title,
        color: Cow::Borrowed(style::color(protocol, port, stale)),
        state: Cow::Borrowed(state_name),
        proto: Cow::Borrowed(proto),
        dashes: style::dashes(protocol, state, stale),
        width: style::width(connections, stale),
        stale,
        smooth,
        port,
        path,
        sockets: connections,
    }
}

/// Two strands as one. What is left stands for what is gone.
fn join(a: Strand, b: Strand) -> Strand {
    match (a.gone, b.gone) {
        (None, Some(_)) => a,
        (Some(_), None) => b,
        (a_gone, b_gone) => {
            let nearer = if style::rank(b.state) < style::rank(a.state) { b } else { a };
            Strand {
                ends: a.ends.min(b.ends),
                connections: a.connections.saturating_add(b.connections),
                state: nearer.state,
                gone: a_gone.max(b_gone),
            }
        }
    }
}
