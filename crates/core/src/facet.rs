//! What there is to ask for: the values of the fields that people filter by, with counts.

use std::fmt::Write as _;
use std::hash::Hash;
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::filter::Party;
use crate::graph::Graph;
use crate::registry::PortClass;
use crate::socket::{Direction, SocketState};
use crate::view::ViewSpec;

/// Most values of a facet.
pub const MAX_VALUES: usize = 20;

/// The values of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The field's name in the filter language.
    pub field: &'static str,
    /// Its values, the most frequent first, at most [`MAX_VALUES`].
    pub values: Vec<FacetValue>,
    /// How many values there are beside those.
    pub others: u32,
}

/// One value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// As people read it.
    pub value: String,
    /// The filter that asks for it.
    pub filter: String,
    /// How many live sockets have it; two that are the ends of one connection count once.
    pub count: u32,
}

/// Counts what the sockets that a view tells of have in common.
pub fn facets(graph: &Graph, spec: &ViewSpec) -> Vec<Facet> {
    let mut counts = Counts::default();
    for (id, socket) in graph.sockets() {
        if !spec.tells_of(socket, || graph.subject(id)) {
            continue;
        }
        // Of UNIX sockets many may be connected to one that knows of none or of another.
        let pair = graph.pair(id).filter(|pair| graph.pair(*pair) == Some(id));
        let subject = graph.subject(id);
        // The other end is told by this one, unless this one alone is let through.
        if let Some(pair) = pair.filter(|pair| *pair < id)
            && spec.lets_through(&graph.subject(pair))
        {
            continue;
        }
        let mut parties = subject.parties();
        let (first, second) = (parties.next(), parties.next());
        each(&mut counts.processes, first, second, |party| {
            Some(party.label).filter(|label| !label.is_empty())
        });
        each(&mut counts.users, first, second, |party| {
            party.user().map(|user| (user.name.as_deref(), user.id))
        });
        each(&mut counts.containers, first, second, |party| {
            party.process?.container.as_deref().map(|container| container.label())
        });
        each(&mut counts.units, first, second, |party| {
            party.process?.unit.as_deref().map(|unit| &*unit.name)
        });
        if let Some(remote) = subject.remote.filter(|_| subject.external) {
            add(&mut counts.remotes, remote.ip);
        }
        if let Some(port) = subject.service_port {
            add(&mut counts.ports, port);
            add(&mut counts.classes, PortClass::of(port));
        }
        add(&mut counts.states, socket.state);
        add(&mut counts.protocols, socket.protocol.as_str());
        let (near, far) = (subject.direction, pair.map(|pair| graph.direction(pair).0));
        for direction in near.into_iter().chain(far.filter(|far| near != Some(*far))) {
            add(&mut counts.directions, direction);
        }
    }
    counts.facets()
}

#[derive(Default)]
struct Counts<'a> {
    processes: FxHashMap<&'a str, u32>,
    users: FxHashMap<(Option<&'a str>, u32), u32>,
    containers: FxHashMap<&'a str, u32>,
    units: FxHashMap<&'a str, u32>,
    remotes: FxHashMap<IpAddr, u32>,
    ports: FxHashMap<u16, u32>,
    states: FxHashMap<SocketState, u32>,
    protocols: FxHashMap<&'static str, u32>,
    classes: FxHashMap<PortClass, u32>,
    directions: FxHashMap<Direction, u32>,
}

impl Counts<'_> {
    fn facets(self) -> Vec<Facet> {
        let text = |field: &str, value: &str| format!("{field}={}", quoted(value));
        let same = |value: &&str| (*value).to_owned();
        vec![
            facet("proc", self.processes, same, |value| text("proc", value)),
            facet(
                "user",
                self.users,
                |(name, id)| name.map_or_else(|| id.to_string(), str::to_owned),
                |(name, id)| text("user", &name.map_or_else(|| id.to_string(), str::to_owned)),
            ),
            facet("container", self.containers, same, |value| text("container", value)),
            facet("unit", self.units, same, |value| text("unit", value)),
            facet("remote", self.remotes, IpAddr::to_string, |ip| format!("remote:{ip}")),
            facet("port", self.ports, u16::to_string, |port| format!("port:{port}")),
            facet("state", self.states, |s| s.as_str().to_owned(), |s| format!("state:{s}")),
            facet("proto", self.protocols, same, |value| format!("proto:{value}")),
            facet(
                "class",
                self.classes,
                |c| c.as_str().to_owned(),
                |c| format!("class:{}", c.as_str()),
            ),
            facet("dir", self.directions, |d| word(*d).to_owned(), |d| format!("dir:{}", word(*d))),
        ]
    }
}

/// The filter language's word.
const fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
        Direction::Listen => "listen",
        Direction::Unknown => "unknown",
    }
}

fn add<K: Eq + Hash>(counts: &mut FxHashMap<K, u32>, key: K) {
    *counts.entry(key).or_default() += 1;
}

/// Counts what either party has; what both have counts once.
fn each<'a, K: Eq + Hash>(
    counts: &mut FxHashMap<K, u32>,
    first: Option<&Party<'a>>,
    second: Option<&Party<'a>>,
    property: impl Fn(&Party<'a>) -> Option<K>,
) {
    let (first, second) = (first.and_then(&property), second.and_then(&property));
    if first != second
        && let Some(key) = second
    {
        add(counts, key);
    }
    if let Some(key) = first {
        add(counts, key);
    }
}

fn facet<K: Ord>(
    field: &'static str,
    counts: FxHashMap<K, u32>,
    value: impl Fn(&K) -> String,
    filter: impl Fn(&K) -> String,
) -> Facet {
    let mut counts: Vec<(K, u32)> = counts.into_iter().collect();
    counts.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    let others = u32::try_from(counts.len().saturating_sub(MAX_VALUES)).unwrap_or(u32::MAX);
    let row = |(key, count): &(K, u32)| FacetValue {
        value: value(key),
        filter: filter(key),
        count: *count,
    };
    Facet { field, values: counts.iter().take(MAX_VALUES).map(row).collect(), others }
}

/// A value as the filter language takes it for itself alone.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        // Writing to a String cannot fail.
        let _ = write!(quoted, "{c}");
    }
    quoted.push('"');
    quoted
}
