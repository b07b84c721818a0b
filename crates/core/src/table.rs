//! Sockets as a table: in an order, and of that a window.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::address::AddressFacts;
use crate::graph::{Graph, SocketId};
use crate::key::ProcessKey;
use crate::process::Process;
use crate::socket::Socket;

/// By what sockets are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// Transport protocol.
    Protocol,
    /// State, in the order of a connection's life.
    State,
    /// Which way it goes.
    Direction,
    /// Local address, then port; of a UNIX socket its path.
    Local,
    /// Remote address, then port.
    Remote,
    /// Name of the remote.
    RemoteName,
    /// Interface that has the local address.
    Interface,
    /// Country of the remote.
    Country,
    /// Network of the remote.
    Network,
    /// Label of the process that stands for it.
    Process,
    /// Its process id.
    Pid,
    /// Its user.
    User,
    /// Its container.
    Container,
    /// Its unit.
    Unit,
    /// Payload bytes both ways.
    Bytes,
    /// Payload bytes sent.
    Sent,
    /// Payload bytes received.
    Received,
    /// Packets both ways.
    Packets,
    /// Round-trip time.
    Rtt,
    /// Segments sent again.
    Retransmits,
    /// When it was opened.
    Opened,
    /// How long it has been open.
    Age,
    /// How sure its owner is.
    Attribution,
}

impl SortField {
    /// Every field.
    pub const ALL: [Self; 23] = [
        Self::Protocol,
        Self::State,
        Self::Direction,
        Self::Local,
        Self::Remote,
        Self::RemoteName,
        Self::Interface,
        Self::Country,
        Self::Network,
        Self::Process,
        Self::Pid,
        Self::User,
        Self::Container,
        Self::Unit,
        Self::Bytes,
        Self::Sent,
        Self::Received,
        Self::Packets,
        Self::Rtt,
        Self::Retransmits,
        Self::Opened,
        Self::Age,
        Self::Attribution,
    ];

    /// The name in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::State => "state",
            Self::Direction => "direction",
            Self::Local => "local",
            Self::Remote => "remote",
            Self::RemoteName => "remote_name",
            Self::Interface => "interface",
            Self::Country => "country",
            Self::Network => "network",
            Self::Process => "process",
            Self::Pid => "pid",
            Self::User => "user",
            Self::Container => "container",
            Self::Unit => "unit",
            Self::Bytes => "bytes",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Packets => "packets",
            Self::Rtt => "rtt",
            Self::Retransmits => "retransmits",
            Self::Opened => "opened",
            Self::Age => "age",
            Self::Attribution => "attribution",
        }
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// An order of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub field: SortField,
    /// The greatest first.
    pub descending: bool,
}

/// Those of `ids` that are at `window` when all are in order. What a socket does not have stands
/// last, whichever way the order goes; what is equal stays in the order of ids, so that pages fit
/// together while nothing changes. Without a sort the ids keep their order.
pub fn page(
    graph: &Graph,
    mut ids: Vec<SocketId>,
    sort: Option<Sort>,
    window: Range<usize>,
) -> Vec<SocketId> {
    if let Some(sort) = sort {
        ids = ordered(graph, ids, sort, window.end);
    }
    ids.truncate(window.end);
    ids.drain(..window.start.min(ids.len()));
    ids
}

fn ordered(graph: &Graph, ids: Vec<SocketId>, sort: Sort, end: usize) -> Vec<SocketId> {
    let socket = |id| graph.socket(id);
    let number = |key: &dyn Fn(&Socket) -> u64| by(&ids, sort, end, |id| socket(id).map(key));
    // 0 means that nobody measured it.
    let measured = |key: &dyn Fn(&Socket) -> u64| {
        by(&ids, sort, end, |id| socket(id).map(key).filter(|value| *value > 0))
    };
    let owner = |id| socket(id)?.primary_owner().map(|owner| owner.process);
    let entry = |key: ProcessKey| graph.process(key);
    let process = |id| entry(owner(id)?).map(|entry| &*entry.process);
    let place = |id, of: fn(&AddressFacts) -> &Arc<str>| {
        let facts = graph.address(socket(id)?.remote?.ip)?;
        Some(of(facts)).filter(|text| !text.is_empty())
    };
    match sort.field {
        SortField::Protocol => by(&ids, sort, end, |id| socket(id).map(|s| s.protocol)),
        SortField::State => number(&|s| s.state as u64),
        SortField::Direction => by(&ids, sort, end, |id| Some(graph.direction(id).0)),
        SortField::Local => by(&ids, sort, end, |id| {
            let socket = socket(id)?;
            let path = socket.unix.as_ref().map(|unix| unix.name.as_deref().unwrap_or_default());
            Some((path, socket.local))
        }),
        SortField::Remote => by(&ids, sort, end, |id| socket(id)?.remote),
        SortField::RemoteName => {
            by(&ids, sort, end, |id| graph.remote_name(socket(id)?).map(|(name, _)| Caseless(name)))
        }
        SortField::Interface => by(&ids, sort, end, |id| graph.interface(socket(id)?)),
        SortField::Country => by(&ids, sort, end, |id| place(id, |facts| &facts.country)),
        SortField::Network => by(&ids, sort, end, |id| place(id, |facts| &facts.network)),
        SortField::Process => by(&ids, sort, end, |id| {
            let label = entry(owner(id)?).map(|entry| &*entry.label).unwrap_or_default();
            Some(Caseless(label))
        }),
        SortField::Pid => by(&ids, sort, end, |id| owner(id).map(|key| key.pid)),
        SortField::User => by(&ids, sort, end, |id| {
            let user = process(id).and_then(|process: &Process| process.user.as_ref())?;
            Some((user.name.is_none(), user.name.as_deref(), user.id))
        }),
        SortField::Container => by(&ids, sort, end, |id| {
            process(id)?.container.as_deref().map(|container| Caseless(container.label()))
        }),
        SortField::Unit => {
            by(&ids, sort, end, |id| process(id)?.unit.as_deref().map(|u| Caseless(&u.name)))
        }
        SortField::Bytes => {
            number(&|s| s.counters.received_bytes.saturating_add(s.counters.sent_bytes))
        }
        SortField::Sent => number(&|s| s.counters.sent_bytes),
        SortField::Received => number(&|s| s.counters.received_bytes),
        SortField::Packets => {
            number(&|s| s.counters.received_packets.saturating_add(s.counters.sent_packets))
        }
        SortField::Rtt => measured(&|s| u64::from(s.counters.rtt_us)),
        SortField::Retransmits => number(&|s| u64::from(s.counters.retransmits)),
        SortField::Opened => by(&ids, sort, end, |id| socket(id).map(|s| s.opened)),
        SortField::Age => by(&ids, sort, end, |id| socket(id).map(|s| std::cmp::Reverse(s.opened))),
        SortField::Attribution => by(&ids, sort, end, |id| socket(id).map(Socket::attribution)),
    }
}

/// The first `end` of the ids by their keys.
fn by<K: Ord>(
    ids: &[SocketId],
    sort: Sort,
    end: usize,
    key: impl Fn(SocketId) -> Option<K>,
) -> Vec<SocketId> {
    let mut rows: Vec<(Option<K>, SocketId)> = ids.iter().map(|id| (key(*id), *id)).collect();
    let compare = |(a, first): &(Option<K>, SocketId), (b, second): &(Option<K>, SocketId)| {
        let keys = match (a, b) {
            (Some(a), Some(b)) if sort.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        keys.then_with(|| first.cmp(second))
    };
    // Of a long table only what comes before the end of the window must be in order.
    if end < rows.len() {
        rows.select_nth_unstable_by(end, compare);
        rows.truncate(end);
    }
    rows.sort_unstable_by(compare);
    rows.into_iter().map(|(_, id)| id).collect()
}

/// A text in the order of its letters, whichever case they are in.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Caseless<'a>(&'a str);

impl Ord for Caseless<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let letters = self.0.bytes().map(|b| b.to_ascii_lowercase());
        letters
            .cmp(other.0.bytes().map(|b| b.to_ascii_lowercase()))
            .then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Caseless<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
