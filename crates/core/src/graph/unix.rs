//! UNIX sockets: who is at the other end, which end is the server, and the index for both.
//!
//! Where a TCP connection is two five-tuples that mirror each other, a UNIX socket names its peer
//! by inode. Inodes are the whole machine's, so that it matters nothing in which network
//! namespaces the two are.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::link::{Contribution, Evidence, LinkKey, NameId, Party};
use super::resolve::{Resolution, agreed};
use super::{Direction, Graph, SocketId};
use crate::key::HostId;
use crate::memory::{is_slack, roomy};
use crate::socket::{Protocol, Role, Socket};
use crate::unix::UnixSocket;

/// The names of UNIX sockets and links, each with a number while something bears it.
#[derive(Clone, Debug, Default)]
struct Names {
    ids: FxHashMap<Arc<str>, NameId>,
    names: FxHashMap<NameId, (Arc<str>, u32)>,
    last: u32,
}

impl Names {
    /// The name's number, for one more that bears it.
    fn hold(&mut self, name: &Arc<str>) -> Option<NameId> {
        if let Some(id) = self.ids.get(name).copied() {
            self.hold_again(id);
            return Some(id);
        }
        // 2^32 names: no machine has them.
        let id = NameId(NonZeroU32::new(self.last.checked_add(1)?)?);
        self.last = id.0.get();
        self.ids.insert(Arc::clone(name), id);
        self.names.insert(id, (Arc::clone(name), 1));
        Some(id)
    }

    fn hold_again(&mut self, id: NameId) {
        if let Some((_, bearers)) = self.names.get_mut(&id) {
            *bearers = bearers.saturating_add(1);
        }
    }

    fn release(&mut self, id: NameId) {
        let Some((_, bearers)) = self.names.get_mut(&id) else { return };
        *bearers -= 1;
        if *bearers == 0
            && let Some((name, _)) = self.names.remove(&id)
        {
            self.ids.remove(&name);
        }
    }
}

/// What finds UNIX sockets by inode, peer and name.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnixIndex {
    names: Names,
    /// By the socket's own inode. More than one only in passing.
    by_inode: FxHashMap<(HostId, u64), SmallVec<[SocketId; 1]>>,
    /// By the inode of the peer.
    by_peer: BTreeSet<(HostId, u64, SocketId)>,
    /// How many listeners bear a name.
    listeners: FxHashMap<(HostId, NameId), u32>,
    /// All others that bear a name: whose direction a listener of that name may decide.
    named: BTreeSet<(HostId, NameId, SocketId)>,
}

impl UnixIndex {
    pub(super) fn insert(&mut self, id: SocketId, socket: &Socket, unix: &UnixSocket) {
        let host = socket.key.host;
        self.by_inode.entry((host, unix.inode)).or_default().push(id);
        if let Some(peer) = unix.peer {
            self.by_peer.insert((host, peer, id));
        }
        let Some(name) = unix.name.as_ref().and_then(|name| self.names.hold(name)) else { return };
        if socket.is_listener() {
            *self.listeners.entry((host, name)).or_default() += 1;
        } else {
            self.named.insert((host, name, id));
        }
    }

    pub(super) fn remove(&mut self, id: SocketId, socket: &Socket, unix: &UnixSocket) {
        let host = socket.key.host;
        if let Some(ids) = self.by_inode.get_mut(&(host, unix.inode)) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_inode.remove(&(host, unix.inode));
            }
        }
        if let Some(peer) = unix.peer {
            self.by_peer.remove(&(host, peer, id));
        }
        let Some(name) = self.name_id(unix) else { return };
        if socket.is_listener() {
            if let Some(count) = self.listeners.get_mut(&(host, name)) {
                *count -= 1;
                if *count == 0 {
                    self.listeners.remove(&(host, name));
                }
            }
        } else {
            self.named.remove(&(host, name, id));
        }
        self.names.release(name);
    }

    /// Gives back what is not needed any more.
    pub(super) fn shrink(&mut self) {
        let used = self.by_inode.len();
        if is_slack(self.by_inode.capacity(), used) {
            self.by_inode.shrink_to(roomy(used));
        }
    }

    /// Takes over the numbers of another graph's names, so that links can be compared.
    pub(super) fn share_names(&mut self, other: &Self) {
        self.names.clone_from(&other.names);
    }

    /// A link bears the name from now on.
    pub(super) fn hold_name(&mut self, name: Option<NameId>) {
        if let Some(name) = name {
            self.names.hold_again(name);
        }
    }

    /// A link that bore the name is gone.
    pub(super) fn release_name(&mut self, name: Option<NameId>) {
        if let Some(name) = name {
            self.names.release(name);
        }
    }

    pub(super) fn name(&self, id: NameId) -> Option<&Arc<str>> {
        self.names.names.get(&id).map(|(name, _)| name)
    }

    fn name_id(&self, unix: &UnixSocket) -> Option<NameId> {
        self.names.ids.get(unix.name.as_ref()?).copied()
    }

    /// True if the socket bears the name of a listener.
    fn bears_listeners_name(&self, socket: &Socket, unix: &UnixSocket) -> bool {
        let name = self.name_id(unix);
        name.is_some_and(|name| self.listeners.contains_key(&(socket.key.host, name)))
    }

    fn at_inode(&self, host: HostId, inode: u64) -> &[SocketId] {
        self.by_inode.get(&(host, inode)).map_or(&[], SmallVec::as_slice)
    }

    /// The sockets that are, or say that they are, at the other end.
    pub(super) fn neighbours(
        &self,
        socket: &Socket,
        unix: &UnixSocket,
    ) -> impl Iterator<Item = SocketId> + '_ {
        let (host, inode) = (socket.key.host, unix.inode);
        let peers = unix.peer.map_or(&[][..], |peer| self.at_inode(host, peer));
        let range = (host, inode, SocketId(0))..=(host, inode, SocketId(u32::MAX));
        peers.iter().copied().chain(self.by_peer.range(range).map(|(_, _, id)| *id))
    }

    /// The sockets, listeners left out, that bear the same name.
    pub(super) fn namesakes(
        &self,
        socket: &Socket,
        unix: &UnixSocket,
    ) -> impl Iterator<Item = SocketId> + '_ {
        let host = socket.key.host;
        self.name_id(unix).into_iter().flat_map(move |name| {
            let range = (host, name, SocketId(0))..=(host, name, SocketId(u32::MAX));
            self.named.range(range).map(|(_, _, id)| *id)
        })
    }
}

/// Of a pair without client and server, the party from which it is drawn: the process that
/// started first, for it mostly made the pair and gave the other its end.
fn precedence(party: Party) -> (u8, u64, u32) {
    match party {
        Party::Process(key) => (0, key.started, key.pid),
        Party::Unattributed { uid, .. } => (1, 0, uid.unwrap_or(u32::MAX)),
        Party::Remote { .. } => (2, 0, 0),
    }
}

impl Graph {
    /// The name of a UNIX socket or link.
    pub fn name(&self, id: NameId) -> Option<&Arc<str>> {
        self.indexes.unix.name(id)
    }

    /// The name under which a UNIX socket's service is known: its own, or else its peer's.
    pub fn service_name(&self, id: SocketId) -> Option<&Arc<str>> {
        let entry = self.sockets.get(id.index())?;
        let unix = entry.socket.unix.as_ref()?;
        let peer = || {
            let peer = self.sockets.get(entry.resolution.pair?.index())?;
            peer.socket.unix.as_ref()?.name.as_ref()
        };
        match entry.resolution.direction {
            Direction::Outbound => peer().or(unix.name.as_ref()),
            _ => unix.name.as_ref().or_else(peer),
        }
    }

    fn unix_peer(&self, id: SocketId, socket: &Socket, unix: &UnixSocket) -> Option<SocketId> {
        let candidates = self.indexes.unix.at_inode(socket.key.host, unix.peer?).iter().copied();
        candidates.filter(|other| *other != id).min_by_key(|other| {
            let other = &self.sockets[other.index()].socket;
            (!points_at(other, unix.inode), other.owners.is_empty(), other.key)
        })
    }

    /// What one end says about its role, given who is at the other.
    fn unix_own_role(&self, id: SocketId, peer: SocketId) -> Option<(Evidence, Role)> {
        let entry = &self.sockets[id.index()];
        let (socket, peer) = (&entry.socket, &self.sockets[peer.index()].socket);
        let (own, theirs) = (socket.unix.as_deref()?, peer.unix.as_deref()?);
        if let Some(role) = socket.role {
            return Some((Evidence::Observed, role));
        }
        let index = &self.indexes.unix;
        match (index.bears_listeners_name(socket, own), index.bears_listeners_name(peer, theirs)) {
            (true, false) => return Some((Evidence::Listener, Role::Server)),
            (false, true) => return Some((Evidence::Listener, Role::Client)),
            _ => {}
        }
        if let Some(role) = entry.remembered_role {
            return Some((Evidence::Pairing, role));
        }
        // Its listener has closed before anybody looked.
        match (own.name.is_some(), theirs.name.is_some()) {
            (true, false) => Some((Evidence::Pairing, Role::Server)),
            (false, true) => Some((Evidence::Pairing, Role::Client)),
            _ => None,
        }
    }

    fn unix_role(&self, id: SocketId, pair: SocketId) -> Option<(Evidence, Role)> {
        let (socket, peer) = (&self.sockets[id.index()].socket, &self.sockets[pair.index()].socket);
        if !points_at(peer, socket.unix.as_deref()?.inode) {
            // Many can be connected to one datagram socket: it is asked by its name, and knows
            // nothing of them.
            return Some((Evidence::Listener, Role::Client));
        }
        let own = self.unix_own_role(id, pair);
        let theirs = self.unix_own_role(pair, id).map(|(evidence, role)| (evidence, role.flip()));
        agreed(own, theirs, socket.key < peer.key)
    }

    /// Everything that can be concluded about a connected UNIX socket.
    pub(super) fn resolve_unix(&self, id: SocketId, unix: &UnixSocket) -> Resolution {
        let socket = &self.sockets[id.index()].socket;
        let Some(pair) = self.unix_peer(id, socket, unix) else { return Resolution::NONE };
        let peer = &self.sockets[pair.index()].socket;
        let role = self.unix_role(id, pair);
        let (direction, evidence) = match role {
            Some((evidence, Role::Client)) => (Direction::Outbound, evidence),
            Some((evidence, Role::Server)) => (Direction::Inbound, evidence),
            None => (Direction::Unknown, Evidence::Undirected),
        };
        let contribution = self.unix_contribution(socket, peer, role, evidence).map(Box::new);
        Resolution { direction, evidence: Some(evidence), pair: Some(pair), contribution }
    }

    fn unix_contribution(
        &self,
        socket: &Socket,
        peer: &Socket,
        role: Option<(Evidence, Role)>,
        evidence: Evidence,
    ) -> Option<Contribution> {
        let (me, other) = (Self::party_of(socket)?, Self::party_of(peer)?);
        let shared =
            peer.owners.iter().any(|o| socket.owners.iter().any(|mine| mine.process == o.process));
        if shared || me == other {
            return None; // G4: an edge never joins a process to itself.
        }
        let name = match role {
            Some((_, Role::Client)) => {
                peer.unix.as_deref().and_then(|unix| self.indexes.unix.name_id(unix))
            }
            // The client's end carries the connection.
            Some((_, Role::Server)) => return None,
            None if (precedence(me), me) > (precedence(other), other) => return None,
            None => None,
        };
        Some(Contribution {
            link: LinkKey { client: me, server: other, port: 0, protocol: Protocol::Unix, name },
            state: socket.state,
            to_server: 0,
            to_client: 0,
            rtt_us: 0,
            retransmits: 0,
            evidence,
            attribution: socket.attribution(),
        })
    }
}

fn points_at(socket: &Socket, inode: u64) -> bool {
    socket.unix.as_ref().is_some_and(|unix| unix.peer == Some(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_while_borne_and_never_gets_anothers() {
        let mut names = Names::default();
        let (a, b): (Arc<str>, Arc<str>) = ("/run/a".into(), "/run/b".into());
        let first = names.hold(&a).unwrap();
        assert_eq!(names.hold(&a), Some(first));
        names.release(first);
        assert!(names.names.contains_key(&first));
        names.release(first);
        assert!(names.names.is_empty() && names.ids.is_empty());
        assert_ne!(names.hold(&b), Some(first));
        names.release(first);
        assert_eq!(names.names.len(), 1, "what nobody bears cannot be released");
    }
}
