//! The indexes that keep every question about one socket from becoming a scan of all.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::SocketId;
use super::unix::UnixIndex;
use crate::endpoint::Endpoint;
use crate::key::{HostId, NetnsId, ProcessKey};
use crate::memory::{is_slack, roomy};
use crate::socket::{Protocol, Socket};

/// Where addresses are comparable: one network namespace of one machine, one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Space {
    pub(crate) host: HostId,
    pub(crate) netns: NetnsId,
    pub(crate) protocol: Protocol,
}

impl Space {
    pub(crate) fn of(socket: &Socket) -> Self {
        Self { host: socket.key.host, netns: socket.key.netns, protocol: socket.protocol }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Indexes {
    /// Connected sockets by five-tuple, over all network namespaces of a machine. More than one in
    /// one namespace only in passing: a TIME_WAIT socket and its successor, or UDP sockets that
    /// share a port.
    tuples: FxHashMap<(HostId, Protocol, Endpoint, Endpoint), SmallVec<[SocketId; 1]>>,
    /// Listeners by port.
    listeners: FxHashMap<(Space, u16), SmallVec<[SocketId; 2]>>,
    /// Connected sockets by either port: whose direction a listener on that port may decide.
    ports: BTreeSet<(Space, u16, SocketId)>,
    /// Sockets by each of their owners.
    owned: BTreeSet<(ProcessKey, SocketId)>,
    /// UNIX sockets.
    pub(super) unix: UnixIndex,
}

impl Indexes {
    pub(crate) fn insert(&mut self, id: SocketId, socket: &Socket) {
        let space = Space::of(socket);
        if let Some(unix) = &socket.unix {
            self.unix.insert(id, socket, unix);
        } else if socket.is_listener() {
            self.listeners.entry((space, socket.local.port)).or_default().push(id);
        } else if let Some(remote) = socket.remote {
            self.tuples.entry(tuple(socket, remote)).or_default().push(id);
            self.ports.insert((space, socket.local.port, id));
            self.ports.insert((space, remote.port, id));
        }
        for owner in &socket.owners {
            self.owned.insert((owner.process, id));
        }
    }

    pub(crate) fn remove(&mut self, id: SocketId, socket: &Socket) {
        let space = Space::of(socket);
        if let Some(unix) = &socket.unix {
            self.unix.remove(id, socket, unix);
        } else if socket.is_listener() {
            remove_from(&mut self.listeners, (space, socket.local.port), id);
        } else if let Some(remote) = socket.remote {
            remove_from(&mut self.tuples, tuple(socket, remote), id);
            self.ports.remove(&(space, socket.local.port, id));
            self.ports.remove(&(space, remote.port, id));
        }
        for owner in &socket.owners {
            self.owned.remove(&(owner.process, id));
        }
    }

    /// Gives back what is not needed any more.
    pub(crate) fn shrink(&mut self) {
        let used = self.tuples.len();
        if is_slack(self.tuples.capacity(), used) {
            self.tuples.shrink_to(roomy(used));
        }
        self.unix.shrink();
    }

    /// The sockets with exactly this five-tuple, in any network namespace.
    fn by_tuple(
        &self,
        host: HostId,
        protocol: Protocol,
        local: Endpoint,
        remote: Endpoint,
    ) -> &[SocketId] {
        self.tuples.get(&(host, protocol, local, remote)).map_or(&[], |ids| ids.as_slice())
    }

    /// The sockets that may be at the other end of `socket`.
    pub(crate) fn mirrored(&self, socket: &Socket) -> &[SocketId] {
        socket.remote.map_or(&[], |remote| {
            self.by_tuple(socket.key.host, socket.protocol, remote, socket.local)
        })
    }

    /// The sockets with the same five-tuple as `socket`, itself included.
    pub(crate) fn alike(&self, socket: &Socket) -> &[SocketId] {
        socket.remote.map_or(&[], |remote| {
            self.by_tuple(socket.key.host, socket.protocol, socket.local, remote)
        })
    }

    /// The listeners on a port, whatever their address.
    pub(crate) fn listeners_on(&self, space: Space, port: u16) -> &[SocketId] {
        self.listeners.get(&(space, port)).map_or(&[], |ids| ids.as_slice())
    }

    /// The connected sockets one of whose ports is `port`.
    pub(crate) fn connected_on(
        &self,
        space: Space,
        port: u16,
    ) -> impl Iterator<Item = SocketId> + '_ {
        self.ports
            .range((space, port, SocketId(0))..=(space, port, SocketId(u32::MAX)))
            .map(|(_, _, id)| *id)
    }

    /// Every socket that a process owns or shares.
    pub(crate) fn owned_by(&self, process: ProcessKey) -> impl Iterator<Item = SocketId> + '_ {
        self.owned.range((process, SocketId(0))..=(process, SocketId(u32::MAX))).map(|(_, id)| *id)
    }
}

fn tuple(socket: &Socket, remote: Endpoint) -> (HostId, Protocol, Endpoint, Endpoint) {
    (socket.key.host, socket.protocol, socket.local, remote)
}

fn remove_from<K: std::hash::Hash + Eq, const N: usize>(
    map: &mut FxHashMap<K, SmallVec<[SocketId; N]>>,
    key: K,
    id: SocketId,
) {
    if let Some(ids) = map.get_mut(&key) {
        ids.retain(|i| *i != id);
        if ids.is_empty() {
            map.remove(&key);
        }
    }
}
