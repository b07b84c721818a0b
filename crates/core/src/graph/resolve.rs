//! Direction and pairing: which end of a connection is the client, and who is at the other end.
//!
//! A pure function of the sockets and their indexes. Both ends of a pair are always judged
//! together, from the same end, so that they cannot disagree.

use std::cmp::Ordering;

use super::index::Space;
use super::link::{Contribution, Evidence, LinkKey, Party};
use super::{Direction, Graph, SocketId, offers_service};
use crate::endpoint::Endpoint;
use crate::registry::Side;
use crate::socket::{Role, Socket, SocketState, UnknownOwner};

/// What is concluded about one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolution {
    pub(crate) direction: Direction,
    /// `None` where there is no direction to tell.
    pub(crate) evidence: Option<Evidence>,
    /// The other end's socket, if it is on this machine.
    pub(crate) pair: Option<SocketId>,
    /// What the socket adds to a link. Of a pair only one end carries the connection: the other
    /// one need not have room for it.
    pub(crate) contribution: Option<Box<Contribution>>,
}

impl Resolution {
    pub(crate) const NONE: Self =
        Self { direction: Direction::Unknown, evidence: None, pair: None, contribution: None };

    /// Who is at the other end of the socket's link.
    pub(crate) fn far_party(&self) -> Option<Party> {
        let link = &self.contribution.as_ref()?.link;
        let outbound = self.direction == Direction::Outbound;
        Some(if outbound { link.server } else { link.client })
    }
}

/// What both ends say together, both about the same end: the better evidence wins, and of equal
/// ones `own` if it leads.
pub(super) fn agreed(
    own: Option<(Evidence, Role)>,
    theirs: Option<(Evidence, Role)>,
    own_leads: bool,
) -> Option<(Evidence, Role)> {
    let (Some(own), Some(theirs)) = (own, theirs) else { return own.or(theirs) };
    Some(match own.0.cmp(&theirs.0) {
        Ordering::Less => own,
        Ordering::Greater => theirs,
        Ordering::Equal if own_leads => own,
        Ordering::Equal => theirs,
    })
}

impl Graph {
    /// The socket at the other end of `socket`, if it is on this machine: in the same network
    /// namespace; or in another, as between two containers, if the addresses mean something there
    /// and only these two sockets on the whole machine fit each other.
    pub(crate) fn pair_of(&self, id: SocketId, socket: &Socket) -> Option<SocketId> {
        // A socket connected to itself (simultaneous open) is its own mirror image: no pair.
        let others = || self.indexes.mirrored(socket).iter().copied().filter(|other| *other != id);
        let here = others()
            .filter(|other| self.sockets[other.index()].socket.key.netns == socket.key.netns)
            .min_by_key(|other| self.pairing_rank(*other));
        if here.is_some() || socket.remote?.ip.is_loopback() || socket.local.ip.is_loopback() {
            return here;
        }
        let mut elsewhere = others();
        let only = elsewhere.next()?;
        (elsewhere.next().is_none() && self.indexes.alike(socket).len() == 1).then_some(only)
    }

    /// Which of several sockets with one five-tuple is the connection's real end.
    fn pairing_rank(&self, id: SocketId) -> (bool, bool, crate::key::SocketKey) {
        let socket = &self.sockets[id.index()].socket;
        (socket.owners.is_empty(), socket.state == SocketState::TimeWait, socket.key)
    }

    /// The listener that answers for `endpoint` as seen from `socket`: bound to that very address;
    /// else to the wildcard, if the address is the machine's own. Loopback addresses are, and so
    /// is an address that the socket itself uses: the kernel picks the destination as source for
    /// connections to the machine's own addresses.
    pub(crate) fn listener_at(&self, socket: &Socket, endpoint: Endpoint) -> Option<SocketId> {
        let listeners = self.indexes.listeners_on(Space::of(socket), endpoint.port);
        if listeners.is_empty() {
            return None;
        }
        let local_address = endpoint.ip.is_loopback() || endpoint.ip == socket.local.ip;
        listeners
            .iter()
            .copied()
            .filter_map(|id| {
                let listener = &self.sockets[id.index()].socket;
                if listener.role == Some(Role::Client) {
                    return None; // V6: it only waits for answers.
                }
                let bound = listener.local.ip;
                let rank = if bound == endpoint.ip {
                    0
                } else if !local_address || !bound.is_unspecified() {
                    return None;
                } else if bound.is_ipv4() == endpoint.ip.is_ipv4() {
                    1
                } else if bound.is_ipv6() && !listener.v6_only {
                    2
                } else {
                    return None;
                };
                Some((rank, listener.owners.is_empty(), listener.key, id))
            })
            .min()
            .map(|(_, _, _, id)| id)
    }

    /// What one end says about its own role, with nothing from the other end.
    fn own_role(&self, id: SocketId) -> Option<(Evidence, Role)> {
        let entry = &self.sockets[id.index()];
        let socket = &entry.socket;
        if let Some(role) = socket.role {
            return Some((Evidence::Observed, role));
        }
        let remote = socket.remote?;
        // A UDP client's own socket waits for its answers: whoever offers a service listens more.
        let listens = |endpoint| {
            let listener = self.listener_at(socket, endpoint)?;
            Some(offers_service(&self.sockets[listener.index()].socket))
        };
        match listens(socket.local).cmp(&listens(remote)) {
            Ordering::Greater => Some((Evidence::Listener, Role::Server)),
            Ordering::Less => Some((Evidence::Listener, Role::Client)),
            Ordering::Equal => entry.remembered_role.map(|role| (Evidence::Pairing, role)),
        }
    }

    /// The role of a connected socket and what that rests on.
    fn role(&self, id: SocketId, pair: Option<SocketId>) -> Option<(Evidence, Role)> {
        let socket = &self.sockets[id.index()].socket;
        let remote = socket.remote?;
        let own = self.own_role(id);
        let from_pair = pair
            .and_then(|pair| self.own_role(pair))
            .map(|(evidence, role)| (evidence, role.flip()));
        // Where both ends claim the same with equal right, the end with the smaller key is believed,
        // whichever of the two is being asked about.
        let own_leads = pair.is_none_or(|p| socket.key < self.sockets[p.index()].socket.key);
        if let Some(known) = agreed(own, from_pair, own_leads) {
            return Some(known);
        }
        let side = match pair {
            Some(pair) if self.sockets[pair.index()].socket.key < socket.key => {
                match self.service_ports.server_side(remote.port, socket.local.port) {
                    Side::Local => Side::Remote,
                    Side::Remote => Side::Local,
                }
            }
            _ => self.service_ports.server_side(socket.local.port, remote.port),
        };
        let role = if side == Side::Local { Role::Server } else { Role::Client };
        Some((Evidence::ServicePort, role))
    }

    /// Who stands behind a socket. `None`: the kernel alone.
    pub(crate) fn party_of(socket: &Socket) -> Option<Party> {
        if let Some(owner) = socket.primary_owner() {
            return Some(Party::Process(owner.process));
        }
        if socket.unknown_owner == UnknownOwner::Kernel {
            return None;
        }
        Some(Party::Unattributed {
            host: socket.key.host,
            netns: socket.key.netns,
            uid: socket.uid,
        })
    }

    /// Everything that can be concluded about a socket right now.
    pub(crate) fn resolve(&self, id: SocketId) -> Resolution {
        let socket = &self.sockets[id.index()].socket;
        if socket.is_listener() {
            let direction =
                if offers_service(socket) { Direction::Listen } else { Direction::Unknown };
            return Resolution { direction, ..Resolution::NONE };
        }
        if let Some(unix) = &socket.unix {
            return self.resolve_unix(id, unix);
        }
        let Some(remote) = socket.remote else { return Resolution::NONE };
        let pair = self.pair_of(id, socket);
        let Some((evidence, role)) = self.role(id, pair) else { return Resolution::NONE };
        let direction = match role {
            Role::Client => Direction::Outbound,
            Role::Server => Direction::Inbound,
        };
        let contribution = self.contribution(id, remote, pair, role, evidence).map(Box::new);
        Resolution { direction, evidence: Some(evidence), pair, contribution }
    }

    fn contribution(
        &self,
        id: SocketId,
        remote: Endpoint,
        pair: Option<SocketId>,
        role: Role,
        evidence: Evidence,
    ) -> Option<Contribution> {
        let entry = &self.sockets[id.index()];
        let socket = &entry.socket;
        let me = Self::party_of(socket)?;
        let own_address = remote.ip.is_loopback() || remote.ip == socket.local.ip;
        if pair.is_none()
            && entry.remembered_peer.is_none()
            && own_address
            && role == Role::Server
            && socket.state != SocketState::CloseWait
        {
            // Its client is on this machine but was never seen: between two looks it came or went.
            // Only a server that does not let go of it is worth an address that names nobody.
            return None;
        }
        let paired = pair.map(|pair| &*self.sockets[pair.index()].socket);
        let paired_party = paired.and_then(Self::party_of);
        if paired_party.is_some() && role == Role::Server {
            return None; // The client's end carries the connection.
        }
        // Row 8 of the published behaviour: nobody is paired, but somebody listens there.
        let listener = match (paired_party, role) {
            (None, Role::Client) => self.listener_at(socket, remote),
            _ => None,
        }
        .map(|listener| &*self.sockets[listener.index()].socket);
        let shares_owner = |other: &Socket| {
            other.owners.iter().any(|o| socket.owners.iter().any(|mine| mine.process == o.process))
        };
        if paired.is_some_and(shares_owner) || listener.is_some_and(shares_owner) {
            return None; // G4: an edge never joins a process to itself.
        }
        // Of a connection within the machine whose other end closed first, it is known who that was.
        let other =
            paired_party.or_else(|| listener.and_then(Self::party_of)).or(entry.remembered_peer);
        if other == Some(me) {
            return None;
        }
        let host = socket.key.host;
        let (client, server, port) = match role {
            Role::Client => {
                let server = other.unwrap_or(Party::Remote { host, endpoint: remote });
                (me, server, remote.port)
            }
            Role::Server => {
                let endpoint = Endpoint { ip: remote.ip, port: 0 };
                (other.unwrap_or(Party::Remote { host, endpoint }), me, socket.local.port)
            }
        };
        let counters = socket.counters;
        let (to_server, to_client) = match role {
            Role::Client => (counters.sent_bytes, counters.received_bytes),
            Role::Server => (counters.received_bytes, counters.sent_bytes),
        };
        Some(Contribution {
            link: LinkKey { client, server, port, protocol: socket.protocol, name: None },
            state: socket.state,
            to_server,
            to_client,
            rtt_us: counters.rtt_us,
            retransmits: counters.retransmits,
            evidence,
            attribution: socket.attribution(),
        })
    }
}
