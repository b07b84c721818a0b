//! What is drawn: nodes and edges with stable ids, and the difference between two scenes.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::graph::Evidence;
use crate::key::{HostId, ProcessKey};
use crate::network::Scope;
use crate::registry::PortClass;
use crate::socket::{Attribution, Protocol, SocketState};
use crate::time::Timestamp;

/// A node's number in one view. Stable while the node lives; not used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// An edge's number in one view. Stable while the edge lives; not used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub u32);

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// Processes of this machine (or of another that we watch): one, or several as a group.
    Process,
    /// Remote addresses that call in.
    Client,
    /// Remote endpoints that are called.
    Server,
    /// Local sockets whose process could not be named, by user.
    Unattributed,
}

impl NodeKind {
    /// `process`, `client`, `server`, or `unattributed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Client => "client",
            Self::Server => "server",
            Self::Unattributed => "unattributed",
        }
    }
}

/// Most process keys, and most listeners, that a node spells out.
pub const MAX_NODE_DETAILS: usize = 16;

/// One node of a scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// Its lasting identity, also across restarts of the page: what positions are kept by.
    pub key: Arc<str>,
    /// What it stands for.
    pub kind: NodeKind,
    /// The text on it: `nginx`, `postgres ×12`, `192.0.2.7:443`, `×186 clients`.
    pub label: Arc<str>,
    /// A second, quieter line: `PID 812`, a user, a port class.
    pub detail: Arc<str>,
    /// The type that rules gave it; `external` for remotes.
    pub type_name: Arc<str>,
    /// The file name of the executable that all of it runs, in lower case and without `.exe`;
    /// empty if mixed or not known, and for remotes.
    pub program: Arc<str>,
    /// The icon that all of its processes' executables bring along, by its id; empty if they
    /// differ or have none, and for remotes.
    pub icon: Arc<str>,
    /// The class of the service's port, for remotes that have but one.
    pub class: Option<PortClass>,
    /// Where it is, for remotes.
    pub scope: Option<Scope>,
    /// Whose it is; empty if mixed or not known.
    pub user: Arc<str>,
    /// The container that all of it runs in; empty if mixed or none.
    pub container: Arc<str>,
    /// The unit of systemd that all of it is in; empty if mixed or none.
    pub unit: Arc<str>,
    /// The country that all of its remotes are in; empty if mixed or not known.
    pub country: Arc<str>,
    /// The network that all of its remotes are in; empty if mixed or not known.
    pub network: Arc<str>,
    /// The machine.
    pub host: HostId,
    /// How many things it stands for: processes or remote endpoints that have something to show.
    pub count: u32,
    /// True if it can be shown as its members instead.
    pub expandable: bool,
    /// The node that this one was expanded out of, by key; empty if none.
    pub parent: Arc<str>,
    /// The processes, oldest first, at most [`MAX_NODE_DETAILS`].
    pub processes: Vec<ProcessKey>,
    /// What it listens on, such as `tcp *:443`, sorted, at most [`MAX_NODE_DETAILS`].
    pub listeners: Vec<Arc<str>>,
    /// How many listeners there are.
    pub listener_count: u32,
    /// How many connected sockets it has on links that are shown.
    pub sockets: u32,
    /// When the oldest of it started or was first seen.
    pub since: Timestamp,
    /// True if everything about it is over: it is kept while stale edges touch it.
    pub stale: bool,
}

/// One edge of a scene: every link of one kind between two nodes, from client to server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its number.
    pub id: EdgeId,
    /// Its lasting identity.
    pub key: Arc<str>,
    /// The client's node.
    pub from: NodeId,
    /// The server's node.
    pub to: NodeId,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The class of the service port.
    pub class: PortClass,
    /// The service port; 0 if the edge joins several.
    pub port: u16,
    /// The service's name; empty if its port is not known by one, or the edge joins several.
    pub service: &'static str,
    /// The name of the server's UNIX socket; `None` if it has none or the edge joins several.
    pub path: Option<Arc<str>>,
    /// How many live connections it joins; a connection with both ends here counts once.
    pub sockets: u32,
    /// How many links it joins.
    pub links: u32,
    /// The state that stands for all: the one nearest to established.
    pub state: SocketState,
    /// Payload bytes from client to server since its links were first seen.
    pub to_server: u64,
    /// Payload bytes from server to client since its links were first seen.
    pub to_client: u64,
    /// Round-trip time in microseconds, the mean of the links' means; 0 if not known.
    pub rtt_us: u32,
    /// Segments sent again.
    pub retransmits: u32,
    /// True if nothing of it is left: it fades out.
    pub stale: bool,
    /// When the oldest link was first seen.
    pub since: Timestamp,
    /// What the direction rests on; the weakest of its links.
    pub evidence: Evidence,
    /// How sure the owners are; the least sure.
    pub attribution: Attribution,
}

/// Numbers about what a scene shows and leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// User-space processes known.
    pub processes: u32,
    /// Sockets known, listeners included.
    pub sockets: u32,
    /// Listeners known.
    pub listeners: u32,
    /// Links known, stale ones included.
    pub links: u32,
    /// Links that the filter and the toggles leave out.
    pub hidden_links: u32,
    /// Links that the filter lets through and a mute leaves out.
    pub muted_links: u32,
    /// Sockets whose owner is not known, though they must have one.
    pub unattributed_sockets: u32,
    /// Events lost since the start, as far as they could be counted.
    pub lost_events: u64,
    /// Gaps since the start.
    pub gaps: u64,
}

/// A whole scene at one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Counts the scene's changes, from 0 for the empty scene.
    pub revision: u64,
    /// Nodes by id.
    pub nodes: std::collections::BTreeMap<NodeId, Node>,
    /// Edges by id.
    pub edges: std::collections::BTreeMap<EdgeId, Edge>,
    /// Numbers about it.
    pub summary: Summary,
}

/// What changed among things of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<K, T> {
    /// New things.
    pub added: Vec<T>,
    /// Things that differ: before and after, same id.
    pub changed: Vec<(T, T)>,
    /// Gone things, as they last were.
    pub removed: Vec<T>,
    marker: std::marker::PhantomData<K>,
}

impl<K, T> Default for Changes<K, T> {
    fn default() -> Self {
        Self {
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
            marker: std::marker::PhantomData,
        }
    }
}

/// What has an id.
pub trait Identified<K> {
    /// The id.
    fn id(&self) -> K;
}

impl Identified<NodeId> for Node {
    fn id(&self) -> NodeId {
        self.id
    }
}

impl Identified<EdgeId> for Edge {
    fn id(&self) -> EdgeId {
        self.id
    }
}

impl<K: Copy + Ord + std::hash::Hash, T: Identified<K> + Clone + PartialEq> Changes<K, T> {
    /// True if nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// The change that takes it all back.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            added: self.removed,
            changed: self.changed.into_iter().map(|(before, after)| (after, before)).collect(),
            removed: self.added,
            marker: std::marker::PhantomData,
        }
    }

    /// This change and then `later` as one, without what cancels out.
    #[must_use]
    pub fn squashed(self, later: Self) -> Self {
        // Per id: what was there before the first change, and what is there after the last.
        let mut ends: FxHashMap<K, (Option<T>, Option<T>)> = FxHashMap::default();
        for change in [self, later] {
            let added = change.added.into_iter().map(|after| (after.id(), None, Some(after)));
            let changed = change
                .changed
                .into_iter()
                .map(|(before, after)| (after.id(), Some(before), Some(after)));
            let removed =
                change.removed.into_iter().map(|before| (before.id(), Some(before), None));
            for (id, before, after) in added.chain(changed).chain(removed) {
                ends.entry(id).and_modify(|e| e.1.clone_from(&after)).or_insert((before, after));
            }
        }
        let mut squashed = Self::default();
        for (before, after) in ends.into_values() {
            match (before, after) {
                (None, Some(after)) => squashed.added.push(after),
                (Some(before), Some(after)) if before != after => {
                    squashed.changed.push((before, after));
                }
                (Some(before), None) => squashed.removed.push(before),
                _ => {}
            }
        }
        squashed.sort();
        squashed
    }

    /// Puts everything in the order of ids, so that equal changes look equal.
    pub(crate) fn sort(&mut self) {
        self.added.sort_unstable_by_key(Identified::id);
        self.changed.sort_unstable_by_key(|(_, after)| after.id());
        self.removed.sort_unstable_by_key(Identified::id);
    }

    fn apply_to(&self, things: &mut std::collections::BTreeMap<K, T>) {
        for thing in &self.removed {
            things.remove(&thing.id());
        }
        for thing in self.added.iter().chain(self.changed.iter().map(|(_, after)| after)) {
            things.insert(thing.id(), thing.clone());
        }
    }
}

/// The difference between two revisions of one scene.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// The revision that it applies to.
    pub from: u64,
    /// The revision that it leads to.
    pub to: u64,
    /// What changed among the nodes.
    pub nodes: Changes<NodeId, Node>,
    /// What changed among the edges.
    pub edges: Changes<EdgeId, Edge>,
    /// The summary before and after.
    pub summary: (Summary, Summary),
}

impl Delta {
    /// True if the two scenes show the same.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.edges.is_empty() && self.summary.0 == self.summary.1
    }

    /// The delta back.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            from: self.to,
            to: self.from,
            nodes: self.nodes.reversed(),
            edges: self.edges.reversed(),
            summary: (self.summary.1, self.summary.0),
        }
    }

    /// This delta and then `later` as one.
    ///
    /// `later` must begin where this one ends; the stream keeps deltas in order.
    #[must_use]
    pub fn squashed(self, later: Self) -> Self {
        debug_assert_eq!(self.to, later.from, "deltas are squashed in order");
        Self {
            from: self.from,
            to: later.to,
            nodes: self.nodes.squashed(later.nodes),
            edges: self.edges.squashed(later.edges),
            summary: (self.summary.0, later.summary.1),
        }
    }
}

impl Scene {
    /// The scene after `delta`, which must begin at this revision.
    pub fn apply(&mut self, delta: &Delta) {
        debug_assert_eq!(self.revision, delta.from, "a delta applies to its own revision");
        delta.nodes.apply_to(&mut self.nodes);
        delta.edges.apply_to(&mut self.edges);
        self.summary = delta.summary.1;
        self.revision = delta.to;
    }
}
