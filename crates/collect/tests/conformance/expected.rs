//! A socket as it must be told, but for what its collector cannot tell.

use std::net::SocketAddr;

use procnet_core::graph::{Link, SocketId};
use procnet_core::{Direction, Endpoint, Protocol, Role, Socket, SocketState};

use crate::limits::Truth;
use crate::stage::{Actor, Stage};

/// A socket, by its addresses, and what must be told of it.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    protocol: Protocol,
    local: Endpoint,
    remote: Option<Endpoint>,
    state: SocketState,
    owner: u32,
    /// What must be known to know the owner.
    takes: Vec<Truth>,
    direction: Option<Direction>,
    role: Option<Role>,
}

fn end(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

impl Expected {
    fn new(protocol: Protocol, local: SocketAddr, state: SocketState, owner: &Actor) -> Self {
        let takes = if protocol == Protocol::Tcp && local.is_ipv6() {
            vec![Truth::Tcp6Owner]
        } else {
            Vec::new()
        };
        Self {
            protocol,
            local: end(local),
            remote: None,
            state,
            owner: owner.pid,
            takes,
            direction: None,
            role: None,
        }
    }

    /// A TCP socket that waits for callers.
    pub(crate) fn listener(at: SocketAddr, owner: &Actor) -> Self {
        let direction = Some(Direction::Listen);
        Self { direction, ..Self::new(Protocol::Tcp, at, SocketState::Listen, owner) }
    }

    /// The end of a connection that called.
    pub(crate) fn caller(near: SocketAddr, far: SocketAddr, owner: &Actor) -> Self {
        Self {
            remote: Some(end(far)),
            direction: Some(Direction::Outbound),
            role: Some(Role::Client),
            ..Self::new(Protocol::Tcp, near, SocketState::Established, owner)
        }
    }

    /// The end of a connection that was called.
    pub(crate) fn called(near: SocketAddr, far: SocketAddr, owner: &Actor) -> Self {
        let mut it = Self::new(Protocol::Tcp, near, SocketState::Established, owner);
        it.takes.push(Truth::AcceptedOwner);
        Self {
            remote: Some(end(far)),
            direction: Some(Direction::Inbound),
            role: Some(Role::Server),
            ..it
        }
    }

    /// A UDP socket without a peer.
    pub(crate) fn bound(at: SocketAddr, owner: &Actor) -> Self {
        Self::new(Protocol::Udp, at, SocketState::Listen, owner)
    }

    /// A UDP socket with a peer.
    pub(crate) fn joined(near: SocketAddr, far: SocketAddr, owner: &Actor) -> Self {
        let remote = Some(end(far));
        Self { remote, ..Self::new(Protocol::Udp, near, SocketState::Established, owner) }
    }

    /// Another address than the one that tells whose table it stands in.
    pub(crate) fn in_table_of_ipv6(mut self) -> Self {
        self.takes.push(Truth::Tcp6Owner);
        self
    }

    fn fits(&self, socket: &Socket) -> bool {
        socket.protocol == self.protocol
            && socket.local == self.local
            && socket.remote == self.remote
            && !socket.key.is_flow()
    }

    /// All sockets with these addresses. A place that was left and taken again at once may be
    /// there twice for a moment.
    pub(crate) fn find(&self, stage: &Stage) -> Vec<(SocketId, Socket)> {
        let all = stage.graph().sockets().filter(|(_, socket)| self.fits(socket));
        all.map(|(id, socket)| (id, socket.clone())).collect()
    }

    /// The one socket, or what is wrong with it.
    pub(crate) fn is_told(&self, stage: &Stage) -> Result<Socket, String> {
        let found = self.find(stage);
        let [(id, socket)] = &found[..] else {
            return Err(format!("{} of {self:?}", found.len()));
        };
        let wrong = |what: &str| Err(format!("{what} of {socket:?} rather than {self:?}"));
        if socket.state != self.state {
            return wrong("the state");
        }
        let owners: Vec<u32> = socket.owners.iter().map(|owner| owner.process.pid).collect();
        let told = self.takes.iter().all(|truth| stage.who.tells(*truth));
        if owners != [self.owner].as_slice() && told || !told && !owners.is_empty() {
            return wrong("the owner");
        }
        let alive = |owner| stage.graph().process(owner).is_some_and(|process| process.alive);
        if !socket.owners.iter().all(|owner| alive(owner.process)) {
            return wrong("the owner's process");
        }
        if self.direction.is_some_and(|direction| stage.graph().direction(*id).0 != direction) {
            return wrong("the direction");
        }
        let role = self.role.filter(|_| stage.who.tells(Truth::SeenRole));
        if self.protocol == Protocol::Tcp && socket.role != role {
            return wrong("the role");
        }
        Ok(socket.clone())
    }

    /// Nothing is there with these addresses.
    pub(crate) fn is_gone(&self, stage: &Stage) -> Result<(), String> {
        let found = self.find(stage);
        if found.is_empty() { Ok(()) } else { Err(format!("there still is {found:?}")) }
    }
}

/// The link from one actor to another at that port.
pub(crate) fn link(
    stage: &Stage,
    client: &Actor,
    server: &Actor,
    port: u16,
) -> Result<Link, String> {
    let graph = stage.graph();
    let is_of = |party: procnet_core::graph::Party, actor: &Actor| {
        party.process().is_some_and(|process| process.pid == actor.pid)
    };
    let mut links = graph.links().map(|(_, link)| link).filter(|link| {
        link.key.port == port && is_of(link.key.client, client) && is_of(link.key.server, server)
    });
    match (links.next(), links.next()) {
        (Some(link), None) => Ok(link.clone()),
        (None, _) => Err(format!("no link {client:?} → {server:?} :{port}")),
        _ => Err(format!("several links {client:?} → {server:?} :{port}")),
    }
}
