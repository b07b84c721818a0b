//! Sockets, links and parties as the filter language sees them.

use super::{Direction, Graph, Link, Party, SocketChange, SocketEntry, SocketId};
use crate::endpoint::Endpoint;
use crate::filter::{self, StateSet, Subject};
use crate::key::HostId;
use crate::socket::{Protocol, Socket, SocketState};
use crate::time::Timestamp;

impl Graph {
    /// A party as a filter sees it.
    pub fn filter_party(&self, party: Party) -> filter::Party<'_> {
        match party {
            Party::Process(key) => {
                self.processes.get(&key).map_or_else(filter::Party::default, |entry| {
                    filter::Party {
                        process: Some(&entry.process),
                        label: &entry.label,
                        type_name: &entry.type_name,
                        ..filter::Party::default()
                    }
                })
            }
            Party::Remote { endpoint, .. } => filter::Party {
                type_name: "external",
                ip: Some(endpoint.ip),
                ..filter::Party::default()
            },
            Party::Unattributed { host, uid, .. } => filter::Party {
                owner: uid.and_then(|uid| self.user(host, uid)),
                ..filter::Party::default()
            },
        }
    }

    /// A socket as a filter sees it; of a socket that is gone, nothing.
    pub fn subject(&self, id: SocketId) -> Subject<'_> {
        let Some(entry) = self.sockets.get(id.index()) else { return Subject::default() };
        let far = self.far_party(entry);
        let path = self.service_name(id).map(|name| &**name);
        self.socket_subject(&entry.socket, entry.resolution.direction, far, path)
    }

    /// A socket that something happened to, as a filter sees it; it may be gone by now.
    pub fn change_subject<'a>(&'a self, change: &'a SocketChange) -> Subject<'a> {
        let own = || change.socket.unix.as_ref()?.name.as_deref();
        let served = self.socket_id(&change.socket.key).and_then(|id| self.service_name(id));
        let path = served.map(|name| &**name).or_else(own);
        self.socket_subject(&change.socket, change.direction, change.far, path)
    }

    fn socket_subject<'a>(
        &'a self,
        socket: &'a Socket,
        direction: Direction,
        far_party: Option<Party>,
        path: Option<&'a str>,
    ) -> Subject<'a> {
        let near = Self::party_of(socket).map(|party| self.filter_party(party));
        let far = far_party.map(|party| self.filter_party(party));
        let parties = [Self::party_of(socket), far_party];
        let mut subject = Subject {
            opened: Some(self.opening(socket.key.host, socket.opened, socket.protocol, parties)),
            service_port: service_port(socket, direction),
            local: address(socket),
            remote: socket.remote,
            remote_name: self.remote_name(socket).map(|(name, _)| &**name),
            about: socket.remote.and_then(|remote| self.address(remote.ip)),
            path,
            states: StateSet::of(socket.state),
            protocol: Some(socket.protocol),
            direction: Some(direction),
            received_bytes: socket.counters.received_bytes,
            sent_bytes: socket.counters.sent_bytes,
            rtt_us: socket.counters.rtt_us,
            retransmits: u64::from(socket.counters.retransmits),
            sockets: 1,
            listener: socket.is_listener(),
            external: matches!(far_party, Some(Party::Remote { .. })),
            unattributed: socket.owners.is_empty(),
            ..Subject::default()
        };
        match direction {
            Direction::Outbound => (subject.client, subject.server) = (near, far),
            Direction::Inbound => (subject.client, subject.server) = (far, near),
            Direction::Listen => subject.server = near,
            Direction::Unknown => subject.lone = near,
        }
        subject
    }

    /// A listener as a filter sees it when it is asked about the node that `party` is.
    pub fn listener_subject<'a>(&'a self, party: Party, listener: &'a Socket) -> Subject<'a> {
        Subject {
            server: Some(self.filter_party(party)),
            opened: Some(self.opening(
                listener.key.host,
                listener.opened,
                listener.protocol,
                [Some(party), None],
            )),
            protocol: Some(listener.protocol),
            service_port: service_port(listener, Direction::Listen),
            local: address(listener),
            path: listener.unix.as_ref().and_then(|unix| unix.name.as_deref()),
            states: StateSet::of(listener.state),
            direction: Some(Direction::Listen),
            sockets: 1,
            listener: true,
            unattributed: listener.owners.is_empty(),
            ..Subject::default()
        }
    }

    /// A link as a filter sees it.
    pub fn link_subject<'a>(&'a self, link: &'a Link) -> Subject<'a> {
        let remote = |party| match party {
            Party::Remote { endpoint, .. } => Some(endpoint),
            _ => None,
        };
        let (client, server) = (remote(link.key.client), remote(link.key.server));
        let direction = if client.is_some() { Direction::Inbound } else { Direction::Outbound };
        let (received_bytes, sent_bytes) = match direction {
            Direction::Inbound => (link.to_server(), link.to_client()),
            _ => (link.to_client(), link.to_server()),
        };
        let unattributed = |party| matches!(party, Party::Unattributed { .. });
        let parties = [Some(link.key.client), Some(link.key.server)];
        let host = link.key.client.host();
        Subject {
            opened: Some(self.opening(host, link.since, link.key.protocol, parties)),
            client: Some(self.filter_party(link.key.client)),
            server: Some(self.filter_party(link.key.server)),
            protocol: Some(link.key.protocol),
            service_port: (link.key.protocol != Protocol::Unix).then_some(link.key.port),
            path: link.key.name.and_then(|name| self.name(name)).map(|name| &**name),
            remote: server.or(client),
            remote_name: link.remote_name().map(|name| &**name),
            about: link.about().map(|facts| &**facts),
            states: SocketState::ALL
                .into_iter()
                .filter(|state| link.connections_in(*state) > 0)
                .collect(),
            direction: Some(direction),
            received_bytes,
            sent_bytes,
            rtt_us: link.rtt_us(),
            retransmits: link.retransmits(),
            sockets: link.connections,
            stale: link.is_stale(),
            external: client.is_some() || server.is_some(),
            unattributed: unattributed(link.key.client) || unattributed(link.key.server),
            ..Subject::default()
        }
    }

    /// When something began that is told to have begun at `told` (rule V12 of `docs/SPEC.md`).
    fn opening(
        &self,
        host: HostId,
        told: Timestamp,
        protocol: Protocol,
        parties: [Option<Party>; 2],
    ) -> Timestamp {
        let first_look = self.first_looks.get(&host);
        if protocol != Protocol::Unix && first_look != Some(&told) {
            return told;
        }
        let started = parties.into_iter().flatten().filter_map(|party| match party {
            Party::Process(key) => self.processes.get(&key).map(|entry| entry.process.started),
            Party::Remote { .. } | Party::Unattributed { .. } => None,
        });
        started.max().unwrap_or_default().min(told)
    }

    pub(super) fn far_party(&self, entry: &SocketEntry) -> Option<Party> {
        let socket = &entry.socket;
        let pair = || self.sockets.get(entry.resolution.pair?.index());
        let held = || Self::party_of(&pair()?.socket);
        entry
            .resolution
            .far_party()
            .or_else(held)
            .or_else(|| Some(Party::Remote { host: socket.key.host, endpoint: socket.remote? }))
    }
}

/// The local end, of sockets that have addresses.
fn address(socket: &Socket) -> Option<Endpoint> {
    socket.unix.is_none().then_some(socket.local)
}

fn service_port(socket: &Socket, direction: Direction) -> Option<u16> {
    match direction {
        _ if socket.unix.is_some() => None,
        Direction::Outbound => socket.remote.map(|remote| remote.port),
        Direction::Inbound | Direction::Listen => Some(socket.local.port),
        Direction::Unknown => None,
    }
}
