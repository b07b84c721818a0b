//! What edges of `/api/graph` need to know of connections that are gone.
//!
//! The graph keeps a stale link, but not the endpoints that its connections had, and a link from
//! a remote address stands for many connections, each of which is an edge of its own here. So the
//! endpoints are noted while they are known.

use std::time::Duration;

use procnet_core::graph::{Direction, Graph, Link, LinkId, Party, SocketId};
use procnet_core::{Endpoint, Moment, SocketState};
use rustc_hash::FxHashMap;

use super::style;

/// Most connections that a link's memory holds after they have gone.
const MAX_GONE: usize = 4_096;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ends {
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
}

/// One edge's worth of connections: those of a link that share the nodes that they are drawn to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strand {
    /// The ends that stand for all.
    pub(crate) ends: Ends,
    pub(crate) connections: u32,
    pub(crate) state: SocketState,
    /// Since when none of them is left.
    pub(crate) gone: Option<Moment>,
}

/// Remembers the endpoints of links. Feed it every change of the graph.
#[derive(Clone, Debug, Default)]
pub struct EdgeMemory {
    links: FxHashMap<LinkId, Vec<Strand>>,
    stale_after: Duration,
}

impl EdgeMemory {
    /// A memory that forgets what has been gone for `stale_after`.
    pub fn new(stale_after: Duration) -> Self {
        Self { links: FxHashMap::default(), stale_after }
    }

    /// Notes what became of links that are new, changed, or gone.
    pub fn update(
        &mut self,
        graph: &Graph,
        changed: impl IntoIterator<Item = LinkId>,
        now: Moment,
    ) {
        for id in changed {
            let Some(link) = graph.link(id) else {
                self.links.remove(&id);
                continue;
            };
            let strands = self.links.entry(id).or_default();
            if joins_all(link) {
                note_joined(graph, id, link, strands, now);
            } else {
                note_each(graph, id, link, strands, now, self.stale_after);
            }
        }
    }

    /// What to draw of a link at `now`.
    pub(crate) fn strands(&self, id: LinkId, now: Moment) -> impl Iterator<Item = &Strand> {
        self.links.get(&id).into_iter().flatten().filter(move |strand| {
            strand.gone.is_none_or(|gone| now.saturating_since(gone) < self.stale_after)
        })
    }
}

/// True if all connections of a link run between the same two nodes.
const fn joins_all(link: &Link) -> bool {
    matches!(
        (&link.key.client, &link.key.server),
        (Party::Process(_), Party::Process(_) | Party::Remote { .. })
    )
}

fn note_joined(graph: &Graph, id: LinkId, link: &Link, strands: &mut Vec<Strand>, now: Moment) {
    // The first by number stands for all: it stays the same while others come and go.
    let ends = graph.sockets_of_link(id).find_map(|socket| ends_of(graph, socket));
    match (ends, strands.first_mut()) {
        (Some((ends, _)), _) => {
            let state = link.state();
            *strands = vec![Strand { ends, connections: link.connections, state, gone: None }];
        }
        (None, Some(strand)) => {
            strand.gone = strand.gone.or(link.stale_since).or(Some(now));
        }
        (None, None) => {}
    }
}

fn note_each(
    graph: &Graph,
    id: LinkId,
    link: &Link,
    strands: &mut Vec<Strand>,
    now: Moment,
    stale_after: Duration,
) {
    let remote_server = matches!(link.key.server, Party::Process(_));
    // What tells the edges of this link apart: the end at which no process is known.
    let distinct = |ends: &Ends| if remote_server { ends.client } else { ends.server };
    let mut current: FxHashMap<Endpoint, Strand> = FxHashMap::default();
    for (ends, state) in graph.sockets_of_link(id).filter_map(|socket| ends_of(graph, socket)) {
        current
            .entry(distinct(&ends))
            .and_modify(|strand| {
                strand.connections = strand.connections.saturating_add(1);
                strand.ends = strand.ends.min(ends);
                if style::rank(state) < style::rank(strand.state) {
                    strand.state = state;
                }
            })
            .or_insert(Strand { ends, connections: 1, state, gone: None });
    }
    let mut gone: Vec<Strand> = strands
        .iter()
        .filter(|strand| !current.contains_key(&distinct(&strand.ends)))
        .map(|strand| Strand { gone: strand.gone.or(Some(now)), ..*strand })
        .filter(|strand| strand.gone.is_none_or(|gone| now.saturating_since(gone) < stale_after))
        .collect();
    if gone.len() > MAX_GONE {
        // The latest are the ones that somebody may still look for.
        gone.sort_by_key(|strand| std::cmp::Reverse(strand.gone));
        gone.truncate(MAX_GONE);
    }
    *strands = current.into_values().chain(gone).collect();
}

/// Client and server end of a connected socket with a direction, and its state.
fn ends_of(graph: &Graph, id: SocketId) -> Option<(Ends, SocketState)> {
    let socket = graph.socket(id)?;
    if socket.unix.is_some() {
        // Neither has an address.
        return Some((Ends { client: socket.local, server: socket.local }, socket.state));
    }
    let remote = socket.remote?;
    let ends = match graph.direction(id).0 {
        Direction::Outbound => Ends { client: socket.local, server: remote },
        Direction::Inbound => Ends { client: remote, server: socket.local },
        Direction::Listen | Direction::Unknown => return None,
    };
    Some((ends, socket.state))
}
