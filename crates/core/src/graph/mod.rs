//! The current truth: processes, sockets, links.
//!
//! Every conclusion (direction, pairing, links) is a pure function of the base facts (processes,
//! sockets, what was once known of a direction) and is kept up to date through indexes: the
//! result of any sequence of events equals the result of building it from the final facts.

mod addresses;
mod apply;
mod audit;
mod changes;
mod ids;
mod index;
mod link;
mod record;
mod resolve;
mod subject;
mod unix;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;

pub use crate::socket::Direction;
pub use addresses::MAX_ADDRESSES;
pub use changes::{Changes, SocketChange, SocketChangeKind};
pub use link::{Evidence, Link, LinkId, LinkKey, NameId, Party};

use crate::address::{AddressFacts, Interfaces};
use crate::capability::{Capability, Degradation};
use crate::icon::Icon;
use crate::key::{HostId, ProcessKey, SocketKey};
use crate::process::{Process, User};
use crate::registry::ServicePorts;
use crate::socket::{Protocol, Role, Socket};
use crate::time::{Moment, Timestamp};
use index::Indexes;
use resolve::Resolution;

/// A socket's number in the graph. Reused after the socket is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

impl SocketId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A process and what rules say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessEntry {
    /// The process.
    pub process: Arc<Process>,
    /// The type that rules gave it.
    pub type_name: Arc<str>,
    /// The label that rules or its arguments gave it.
    pub label: Arc<str>,
    /// False if it has ended and is only kept while links touch it.
    pub alive: bool,
}

#[derive(Clone, Debug)]
struct SocketEntry {
    socket: Arc<Socket>,
    resolution: Resolution,
    link: Option<LinkId>,
    /// The role that better evidence than port numbers gave it last: a listener that closes does
    /// not turn the connections around that it had accepted.
    remembered_role: Option<Role>,
    /// Who was at the other end when it was last seen.
    remembered_peer: Option<Party>,
}

/// The counts that the summary of a scene shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Listeners.
    pub listeners: u32,
    /// Sockets whose owner is not known, though they must have one.
    pub unattributed: u32,
    /// Gaps since the start.
    pub gaps: u64,
    /// Events lost since the start, as far as they could be counted.
    pub lost_events: u64,
}

/// The current truth.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    processes: FxHashMap<ProcessKey, ProcessEntry>,
    pids: FxHashMap<(HostId, u32), ProcessKey>,
    children: BTreeSet<(ProcessKey, ProcessKey)>,
    /// Users of processes and of sockets without one; there are never many.
    users: FxHashMap<(HostId, u32), User>,
    sockets: Slab<SocketEntry>,
    socket_ids: ids::SocketIds,
    indexes: Indexes,
    addresses: FxHashMap<IpAddr, Arc<AddressFacts>>,
    interfaces: Interfaces,
    links: FxHashMap<LinkId, Link>,
    link_ids: FxHashMap<LinkKey, LinkId>,
    link_parties: BTreeSet<(Party, LinkId)>,
    link_sockets: BTreeSet<(LinkId, SocketId)>,
    /// Listeners by who stands for them.
    listening: BTreeSet<(Party, SocketId)>,
    /// Stale links in the order in which they went stale.
    stale: BTreeSet<(Moment, LinkId)>,
    next_link: u32,
    service_ports: ServicePorts,
    capabilities: Arc<[Capability]>,
    degradations: BTreeMap<(HostId, &'static str), Degradation>,
    totals: Totals,
    at: Timestamp,
    /// When each host was looked at first: what was there then may have begun at any time before.
    first_looks: BTreeMap<HostId, Timestamp>,
    changes: Changes,
    dirty: FxHashSet<SocketId>,
    /// Links that lost their last connection to another link.
    emptied: Vec<LinkId>,
    track_sockets: bool,
}

impl Graph {
    /// A process, also one that has ended but is still touched by a link.
    pub fn process(&self, key: ProcessKey) -> Option<&ProcessEntry> {
        self.processes.get(&key)
    }

    /// All processes, in no particular order.
    pub fn processes(&self) -> impl Iterator<Item = &ProcessEntry> {
        self.processes.values()
    }

    /// The icon of that id, if a process brings it along.
    pub fn icon(&self, id: &str) -> Option<&Arc<Icon>> {
        let mut icons = self.processes().filter_map(|entry| entry.process.icon.as_ref());
        icons.find(|icon| &**icon.id() == id)
    }

    /// How many processes are known.
    pub fn process_count(&self) -> usize {
        self.processes.len()
    }

    /// The process that has this pid now, or had it last.
    pub fn process_by_pid(&self, host: HostId, pid: u32) -> Option<&ProcessEntry> {
        self.processes.get(self.pids.get(&(host, pid))?)
    }

    /// A user that some process or socket has or had.
    pub fn user(&self, host: HostId, uid: u32) -> Option<&User> {
        self.users.get(&(host, uid))
    }

    /// The children of a process, sorted.
    pub fn children(&self, key: ProcessKey) -> Vec<ProcessKey> {
        let least = ProcessKey { host: HostId(0), pid: 0, started: 0 };
        self.children
            .range((key, least)..)
            .take_while(|(parent, _)| *parent == key)
            .map(|(_, child)| *child)
            .collect()
    }

    /// All sockets, in the order of their numbers.
    pub fn sockets(&self) -> impl Iterator<Item = (SocketId, &Socket)> {
        self.sockets.iter().filter_map(|(index, entry)| {
            Some((SocketId(u32::try_from(index).ok()?), &*entry.socket))
        })
    }

    /// How many sockets are known.
    pub fn socket_count(&self) -> usize {
        self.sockets.len()
    }

    /// A socket.
    pub fn socket(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.get(id.index()).map(|entry| &*entry.socket)
    }

    /// A socket's number.
    pub fn socket_id(&self, key: &SocketKey) -> Option<SocketId> {
        self.socket_ids.get(key, &self.sockets)
    }

    /// Every socket that a process owns or shares.
    pub fn sockets_of(&self, process: ProcessKey) -> Vec<SocketId> {
        self.indexes.owned_by(process).collect()
    }

    /// Which way a socket points, and what that rests on (`None`: there is nothing to tell).
    pub fn direction(&self, id: SocketId) -> (Direction, Option<Evidence>) {
        self.sockets
            .get(id.index())
            .map_or((Direction::Unknown, None), |e| (e.resolution.direction, e.resolution.evidence))
    }

    /// The socket at the other end, if it is on this machine.
    pub fn pair(&self, id: SocketId) -> Option<SocketId> {
        self.sockets.get(id.index())?.resolution.pair
    }

    /// All links, in no particular order.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(id, link)| (*id, link))
    }

    /// How many links there are, stale ones included.
    pub fn link_count(&self) -> usize {
        self.links.len()
    }

    /// A link.
    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    /// The sockets that carry a link's connections, one per connection.
    pub fn sockets_of_link(&self, id: LinkId) -> impl Iterator<Item = SocketId> + '_ {
        self.link_sockets
            .range((id, SocketId(0))..=(id, SocketId(u32::MAX)))
            .map(|(_, socket)| *socket)
    }

    /// The links that touch a party, on either side.
    pub fn links_of(&self, party: Party) -> impl Iterator<Item = LinkId> + '_ {
        self.link_parties
            .range((party, LinkId(0))..=(party, LinkId(u32::MAX)))
            .map(|(_, link)| *link)
    }

    /// The listeners for which a party stands: of a listener that several processes share, the
    /// oldest of them.
    pub fn listeners_of(&self, party: Party) -> impl Iterator<Item = &Socket> + '_ {
        self.listening
            .range((party, SocketId(0))..=(party, SocketId(u32::MAX)))
            .map(|(_, id)| &*self.sockets[id.index()].socket)
    }

    /// Every listener with the party that stands for it.
    pub fn listeners(&self) -> impl Iterator<Item = (Party, SocketId)> + '_ {
        self.listening.iter().copied()
    }

    /// What the sources can see.
    pub fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// What is currently not seen.
    pub fn degradations(&self) -> impl Iterator<Item = &Degradation> {
        self.degradations.values()
    }

    /// Counts of listeners, unattributed sockets, gaps.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The wall-clock time of the latest batch.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// True for a listener that offers a service (V6). Where nobody saw who began the exchanges of a UDP
/// socket, an ephemeral port (RFC 6056; Linux' default range begins at 32768) is some client's,
/// waiting for its answer. So is a UNIX socket with a name that the kernel made up.
pub fn offers_service(socket: &Socket) -> bool {
    const EPHEMERAL: u16 = 32_768;
    socket.is_listener()
        && match (socket.protocol, socket.role) {
            (Protocol::Tcp, _) | (Protocol::Udp, Some(Role::Server)) => true,
            (Protocol::Udp, Some(Role::Client)) => false,
            (Protocol::Unix, _) => socket.unix.as_ref().is_some_and(|unix| !unix.is_autobound()),
            (Protocol::Udp, None) => socket.local.port < EPHEMERAL,
        }
}

/// A listener in words: `tcp *:443`, `udp 127.0.0.1:53`; `tcp [::]:443` for one that takes only
/// IPv6; `unix /run/docker.sock`.
pub fn listener_text(listener: &Socket) -> String {
    if let Some(unix) = &listener.unix {
        return format!("{} {}", listener.protocol, unix.name.as_deref().unwrap_or("?"));
    }
    let local = listener.local;
    if local.ip.is_unspecified() && !listener.v6_only {
        format!("{} *:{}", listener.protocol, local.port)
    } else {
        format!("{} {local}", listener.protocol)
    }
}
