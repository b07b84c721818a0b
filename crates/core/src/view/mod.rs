//! Views: the graph, filtered, grouped and kept within a budget, as a scene with stable ids.
//!
//! A view is brought up to date from what changed in the graph, never by looking at all of it;
//! only a change of level (too many nodes, or few enough again) builds it anew, and then every
//! node that still exists keeps its id.

mod budget;
mod describe;
mod describe_remotes;
mod level;
mod node_key;
mod placement;
pub mod scene;
mod spec;
mod tally;

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

pub use level::Resolution;
pub use spec::{
    Grouping, LEGIBLE_EDGES, LEGIBLE_NODES, MAX_EDGES, MAX_EXPANDED, MAX_NODES, MOST_EDGES,
    MOST_NODES, RemoteGrouping, UnknownGrouping, ViewSpec,
};

use crate::graph::{Changes, Graph, Link, LinkId, Party, SocketId};
use crate::key::ProcessKey;
use crate::registry::service_name;
use crate::socket::Protocol;
use budget::LEAVE_PERCENT;
use describe::{describe, shows_listener};
use level::{Ladder, Level};
use node_key::{Kept, NodeKey, tree_root};
use scene::{Delta, Edge, EdgeId, NodeId, Scene, Summary};
use spec::Admission;
use tally::{EdgeKey, EdgeTally, NodeTally, Service, Share};

/// One way of looking at the graph.
#[derive(Clone, Debug)]
pub struct View {
    spec: ViewSpec,
    ladder: Ladder,
    /// What the ladder says.
    level: Level,
    /// The programs that were the busiest when the view came to a level that asks for them. They
    /// stay until it leaves that: a picture does not change because somebody else has more to do.
    kept: Kept,
    /// How large the graph was when the view last became coarser, or tried in vain to get finer.
    coarsened_at: usize,
    scene: Scene,
    node_ids: FxHashMap<NodeKey, NodeId>,
    edge_ids: FxHashMap<EdgeKey, EdgeId>,
    next_node: u32,
    next_edge: u32,
    nodes: FxHashMap<NodeId, NodeTally>,
    edges: FxHashMap<EdgeId, EdgeTally>,
    shares: FxHashMap<LinkId, Share>,
    muted: FxHashSet<LinkId>,
    /// Parties that are held in a node because of their listeners.
    listening: FxHashMap<Party, NodeId>,
    expanded_members: usize,
    dirty_nodes: FxHashSet<NodeId>,
    dirty_edges: FxHashSet<EdgeId>,
}

impl View {
    /// A view of the graph as it is now.
    pub fn new(spec: ViewSpec, graph: &Graph) -> Self {
        let ladder = Ladder::new(&spec);
        let mut view = Self {
            level: ladder.level(),
            ladder,
            kept: Kept::new(),
            spec,
            coarsened_at: usize::MAX,
            scene: Scene::default(),
            node_ids: FxHashMap::default(),
            edge_ids: FxHashMap::default(),
            next_node: 0,
            next_edge: 0,
            nodes: FxHashMap::default(),
            edges: FxHashMap::default(),
            shares: FxHashMap::default(),
            muted: FxHashSet::default(),
            listening: FxHashMap::default(),
            expanded_members: 0,
            dirty_nodes: FxHashSet::default(),
            dirty_edges: FxHashSet::default(),
        };
        view.rebuild(graph);
        view.keep_within_budget(graph, 100);
        let delta = view.flush(graph, true);
        view.scene.apply(&delta);
        view
    }

    /// What it shows.
    pub fn spec(&self) -> &ViewSpec {
        &self.spec
    }

    /// The scene as of the last update.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The grouping in force: what was asked for, or what fits.
    pub fn level(&self) -> Grouping {
        self.level.processes
    }

    /// How everything is joined: what was asked for, or what fits.
    pub fn resolution(&self) -> Resolution {
        self.ladder.resolution()
    }

    /// True if both join everything alike, so that they show the same of the same graph.
    #[doc(hidden)]
    pub fn joins_like(&self, other: &Self) -> bool {
        (self.level, &self.kept) == (other.level, &other.kept)
    }

    /// Brings the scene up to date. `None`: nothing that it shows changed.
    pub fn update(&mut self, graph: &Graph, changes: &Changes) -> Option<Delta> {
        for id in sorted(&changes.links) {
            self.reconsider_link(graph, id);
        }
        let mut processes = FxHashSet::default();
        for key in sorted(&changes.processes) {
            self.add_with_descendants(graph, key, &mut processes);
        }
        for key in sorted(&processes) {
            self.reconsider_party(graph, Party::Process(key));
        }
        for party in sorted(&changes.listeners) {
            self.reconsider_listeners(graph, party);
        }
        self.keep_within_budget(graph, LEAVE_PERCENT);
        let delta = self.flush(graph, changes.applied);
        if delta.is_empty() {
            return None;
        }
        self.scene.apply(&delta);
        Some(delta)
    }

    /// The sockets behind a node: all of its processes', or those of a remote's links. `None`: no
    /// such node.
    pub fn sockets_of_node(&self, graph: &Graph, key: &str) -> Option<Vec<SocketId>> {
        let node = self.scene.nodes.values().find(|node| &*node.key == key)?;
        let tally = self.nodes.get(&node.id)?;
        let mut sockets = BTreeSet::new();
        for party in tally.parties.keys() {
            if let Party::Process(process) = party {
                sockets.extend(graph.sockets_of(*process));
            }
        }
        for (link, share) in &self.shares {
            if share.from == node.id || share.to == node.id {
                sockets.extend(both_ends(graph, *link));
            }
        }
        Some(sockets.into_iter().collect())
    }

    /// The sockets behind an edge, both ends of each pair. `None`: no such edge.
    pub fn sockets_of_edge(&self, graph: &Graph, key: &str) -> Option<Vec<SocketId>> {
        let edge = self.scene.edges.values().find(|edge| &*edge.key == key)?;
        let tally = self.edges.get(&edge.id)?;
        let sockets: BTreeSet<SocketId> =
            tally.links.iter().flat_map(|(_, link)| both_ends(graph, *link)).collect();
        Some(sockets.into_iter().collect())
    }

    /// A process's change may move the descendants that are grouped with it.
    fn add_with_descendants(
        &self,
        graph: &Graph,
        key: ProcessKey,
        found: &mut FxHashSet<ProcessKey>,
    ) {
        let mut pending = vec![key];
        while let Some(key) = pending.pop() {
            if found.insert(key) && self.level.others == Grouping::Tree {
                pending.extend(graph.children(key));
            }
        }
    }

    fn reconsider_party(&mut self, graph: &Graph, party: Party) {
        for link in graph.links_of(party).collect::<Vec<_>>() {
            self.reconsider_link(graph, link);
        }
        self.reconsider_listeners(graph, party);
        // Its label, user or life may show on the node that holds it.
        let key = NodeKey::of_local(graph, self.level, &self.kept, party);
        if let Some(id) = self.node_ids.get(&key) {
            self.dirty_nodes.insert(*id);
        }
        if let Party::Process(process) = party {
            let expanded = NodeKey::Process { key: process, within: None };
            if let Some(id) = self.node_ids.get(&expanded) {
                self.dirty_nodes.insert(*id);
            }
            // The root names its tree, even where only its children are connected.
            let tree = NodeKey::Tree { root: tree_root(graph, process) };
            if let Some(id) = self.node_ids.get(&tree) {
                self.dirty_nodes.insert(*id);
            }
        }
    }

    fn admits_link(&self, graph: &Graph, link: &Link) -> Admission {
        let is_remote = |party| matches!(party, Party::Remote { .. });
        let shown = self.spec.shows(link.key.protocol)
            && !(self.spec.p2p_only && (is_remote(link.key.client) || is_remote(link.key.server)));
        match shown {
            false => Admission::Hidden,
            true if self.spec.admits_all() => Admission::Shown,
            true => self.spec.admits(&graph.link_subject(link)),
        }
    }

    fn reconsider_link(&mut self, graph: &Graph, id: LinkId) {
        let link = graph.link(id);
        let admission = link.map_or(Admission::Hidden, |link| self.admits_link(graph, link));
        if admission == Admission::Muted {
            self.muted.insert(id);
        } else {
            self.muted.remove(&id);
        }
        let placed = link.filter(|_| admission == Admission::Shown);
        let share = placed.and_then(|link| self.place(graph, link));
        if self.shares.get(&id) == share.as_ref() {
            return;
        }
        if let Some(before) = self.shares.remove(&id) {
            self.subtract_share(id, &before);
        }
        if let Some(share) = share {
            self.add_share(id, &share);
            self.shares.insert(id, share);
        }
    }

    fn add_share(&mut self, id: LinkId, share: &Share) {
        if let Some(edge) = share.edge {
            if let Some(tally) = self.edges.get_mut(&edge) {
                tally.add(id, share);
            }
            self.dirty_edges.insert(edge);
        }
        for (node, party) in [(share.from, share.client), (share.to, share.server)] {
            if let Some(tally) = self.nodes.get_mut(&node) {
                tally.add(share, party);
            }
            self.dirty_nodes.insert(node);
        }
    }

    /// Takes a share away. What becomes empty is dropped only when the update is finished, so
    /// that moving a share never drops a node on the way.
    fn subtract_share(&mut self, id: LinkId, share: &Share) {
        if let Some(edge) = share.edge {
            if let Some(tally) = self.edges.get_mut(&edge) {
                tally.subtract(id, share);
            }
            self.dirty_edges.insert(edge);
        }
        for (node, party) in [(share.from, share.client), (share.to, share.server)] {
            if let Some(tally) = self.nodes.get_mut(&node) {
                tally.subtract(share, party);
            }
            self.dirty_nodes.insert(node);
        }
    }

    fn reconsider_listeners(&mut self, graph: &Graph, party: Party) {
        let shown = self.spec.listeners
            && !self.spec.p2p_only
            && graph.listeners_of(party).any(|listener| {
                shows_listener(&self.spec, listener)
                    && (self.spec.admits_all()
                        || self.spec.admits(&graph.listener_subject(party, listener))
                            == Admission::Shown)
            });
        let after = shown.then(|| self.local_node(graph, party));
        let before = self.listening.get(&party).copied();
        if let Some(id) = before.or(after).or_else(|| self.node_holding(graph, party)) {
            self.dirty_nodes.insert(id);
        }
        if before == after {
            return;
        }
        if let Some(id) = after {
            self.listening.insert(party, id);
            if let Some(tally) = self.nodes.get_mut(&id) {
                tally.hold(party);
            }
            self.dirty_nodes.insert(id);
        } else {
            self.listening.remove(&party);
        }
        if let Some(tally) = before.and_then(|id| self.nodes.get_mut(&id)) {
            tally.release(party);
        }
    }

    /// The node in which a party is already, if it is.
    fn node_holding(&self, graph: &Graph, party: Party) -> Option<NodeId> {
        let link = graph.links_of(party).find_map(|link| self.shares.get(&link))?;
        Some(if link.client == party { link.from } else { link.to })
    }

    /// Builds everything anew at the present level; ids are kept for what stays.
    fn rebuild(&mut self, graph: &Graph) {
        self.dirty_nodes.extend(self.nodes.drain().map(|(id, _)| id));
        self.dirty_edges.extend(self.edges.drain().map(|(id, _)| id));
        self.shares.clear();
        self.muted.clear();
        self.listening.clear();
        self.expanded_members = 0;
        let mut links: Vec<LinkId> = graph.links().map(|(id, _)| id).collect();
        links.sort_unstable();
        for id in links {
            self.reconsider_link(graph, id);
        }
        let parties: BTreeSet<Party> = graph.listeners().map(|(party, _)| party).collect();
        for party in parties {
            self.reconsider_listeners(graph, party);
        }
        if self.expanded_members > MAX_EXPANDED && self.level.expand {
            self.ladder.expand = false;
            self.level.expand = false;
            self.rebuild(graph);
            return;
        }
        self.node_ids.retain(|_, id| self.nodes.contains_key(id));
        self.edge_ids.retain(|_, id| self.edges.contains_key(id));
    }

    /// Describes what is dirty, drops what is empty, and returns the difference.
    fn flush(&mut self, graph: &Graph, applied: bool) -> Delta {
        let mut delta =
            Delta { from: self.scene.revision, to: self.scene.revision + 1, ..Delta::default() };
        for id in std::mem::take(&mut self.dirty_edges) {
            let edge = self.finish_edge(graph, id);
            note(&mut delta.edges, self.scene.edges.get(&id), edge);
        }
        for id in std::mem::take(&mut self.dirty_nodes) {
            let node = match self.nodes.get(&id) {
                Some(tally) if !tally.members.is_empty() => {
                    Some(describe(graph, &self.spec, id, tally))
                }
                _ => {
                    self.drop_node(id);
                    None
                }
            };
            note(&mut delta.nodes, self.scene.nodes.get(&id), node);
        }
        delta.nodes.sort();
        delta.edges.sort();
        let summary = if applied { self.summary(graph) } else { self.scene.summary };
        delta.summary = (self.scene.summary, summary);
        delta
    }

    fn finish_edge(&mut self, graph: &Graph, id: EdgeId) -> Option<Edge> {
        let tally = self.edges.get(&id);
        let Some(tally) = tally.filter(|t| !t.links.is_empty()) else {
            if let Some(tally) = self.edges.remove(&id) {
                self.edge_ids.remove(&tally.key);
            }
            return None;
        };
        let key = tally.key;
        let text = |id: NodeId| self.nodes.get(&id).map_or("?", |n| &n.text);
        let path = tally.name().and_then(|name| graph.name(name));
        let service = match key.service {
            None => key.class.as_str().to_owned(),
            Some(Service::Port(port)) => port.to_string(),
            Some(Service::Name(name)) => {
                name.and_then(|name| graph.name(name)).map_or("pair", |name| name).to_owned()
            }
        };
        Some(Edge {
            id,
            key: Arc::from(format!(
                "{}>{}:{service}/{}",
                text(key.from),
                text(key.to),
                key.protocol
            )),
            from: key.from,
            to: key.to,
            protocol: key.protocol,
            class: key.class,
            port: tally.port().unwrap_or(0),
            service: service_of(key.protocol, tally.port()),
            path: path.cloned(),
            sockets: tally.connections,
            links: u32::try_from(tally.links.len()).unwrap_or(u32::MAX),
            state: tally.state(),
            to_server: tally.to_server,
            to_client: tally.to_client,
            rtt_us: tally.rtt_us(),
            retransmits: u32::try_from(tally.retransmits).unwrap_or(u32::MAX),
            stale: tally.is_stale(),
            since: tally.since(),
            evidence: tally.evidence(),
            attribution: tally.attribution(),
        })
    }

    fn drop_node(&mut self, id: NodeId) {
        if let Some(tally) = self.nodes.remove(&id) {
            self.expanded_members =
                self.expanded_members.saturating_sub(usize::from(!tally.parent.is_empty()));
            self.node_ids.remove(&tally.key);
        }
    }

    fn summary(&self, graph: &Graph) -> Summary {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let totals = graph.totals();
        Summary {
            processes: count(graph.process_count()),
            sockets: count(graph.socket_count()),
            listeners: totals.listeners,
            links: count(graph.link_count()),
            hidden_links: count(
                graph.link_count().saturating_sub(self.shares.len() + self.muted.len()),
            ),
            muted_links: count(self.muted.len()),
            unattributed_sockets: totals.unattributed,
            lost_events: totals.lost_events,
            gaps: totals.gaps,
        }
    }
}

fn note<K, T: Clone + PartialEq>(
    changes: &mut scene::Changes<K, T>,
    before: Option<&T>,
    after: Option<T>,
) {
    match (before, after) {
        (None, Some(after)) => changes.added.push(after),
        (Some(before), Some(after)) if *before != after => {
            changes.changed.push((before.clone(), after));
        }
        (Some(before), None) => changes.removed.push(before.clone()),
        _ => {}
    }
}

fn service_of(protocol: Protocol, port: Option<u16>) -> &'static str {
    port.and_then(|port| service_name(protocol, port)).unwrap_or_default()
}

fn both_ends(graph: &Graph, link: LinkId) -> impl Iterator<Item = SocketId> + '_ {
    graph.sockets_of_link(link).flat_map(|id| [Some(id), graph.pair(id)].into_iter().flatten())
}

fn sorted<T: Copy + Ord>(set: &FxHashSet<T>) -> Vec<T> {
    let mut items: Vec<T> = set.iter().copied().collect();
    items.sort_unstable();
    items
}
