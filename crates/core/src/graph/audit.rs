//! What tests ask: does the graph equal the one built from its facts alone?

use std::collections::BTreeMap;

use super::resolve::Resolution;
use super::{Evidence, Graph, Link, LinkKey, Party, SocketEntry, SocketId};
use crate::key::SocketKey;
use crate::socket::Direction;
use crate::time::Moment;

/// Of a socket: direction, evidence, the other end, its link.
type OfSocket = (Direction, Option<Evidence>, Option<SocketKey>, Option<LinkKey>);

/// The conclusions of a graph in a form that can be compared: no ids, no history.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusions {
    /// Per socket.
    pub sockets: BTreeMap<SocketKey, OfSocket>,
    /// Links with open connections.
    pub links: BTreeMap<LinkKey, Link>,
    /// Listeners by the party that stands for them.
    pub listeners: Vec<(Party, SocketKey)>,
    /// Listeners, unattributed sockets.
    pub counts: (u32, u32),
}

impl Graph {
    /// What is concluded right now.
    #[doc(hidden)]
    pub fn conclusions(&self) -> Conclusions {
        let key_of = |id: SocketId| self.socket(id).map(|s| s.key);
        let mut listeners: Vec<_> =
            self.listeners().filter_map(|(party, id)| Some((party, key_of(id)?))).collect();
        listeners.sort_unstable();
        Conclusions {
            sockets: self
                .sockets
                .iter()
                .map(|(_, entry)| {
                    let resolution = &entry.resolution;
                    let link = entry.link.and_then(|id| self.link(id)).map(|link| link.key);
                    let pair = resolution.pair.and_then(key_of);
                    (entry.socket.key, (resolution.direction, resolution.evidence, pair, link))
                })
                .collect(),
            links: self
                .links
                .values()
                .filter(|link| !link.is_stale())
                .map(|link| (link.key, link.without_history()))
                .collect(),
            listeners,
            counts: (self.totals.listeners, self.totals.unattributed),
        }
    }

    /// A graph built from this one's facts alone.
    #[doc(hidden)]
    pub fn rebuilt(&self) -> Self {
        let mut fresh = Self::new(self.service_ports.clone(), false);
        fresh.first_looks.clone_from(&self.first_looks);
        fresh.processes.clone_from(&self.processes);
        fresh.addresses.clone_from(&self.addresses);
        fresh.interfaces.clone_from(&self.interfaces);
        fresh.indexes.unix.share_names(&self.indexes.unix);
        for (_, entry) in &self.sockets {
            let index = fresh.sockets.insert(SocketEntry {
                socket: entry.socket.clone(),
                resolution: Resolution::NONE,
                link: None,
                remembered_role: entry.remembered_role,
                remembered_peer: entry.remembered_peer,
            });
            let id = SocketId(u32::try_from(index).unwrap_or(u32::MAX));
            fresh.socket_ids.insert(id, &fresh.sockets);
            fresh.enter(id);
        }
        fresh.settle_all(Moment::default());
        fresh
    }
}
