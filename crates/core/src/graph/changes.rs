//! What changed since somebody last asked: so that a view need not look at all of the graph.

use std::net::IpAddr;

use rustc_hash::FxHashSet;

use super::{Direction, Evidence, LinkId, Party};
use crate::key::ProcessKey;
use crate::socket::Socket;
use crate::time::Timestamp;

/// What changed in the graph.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Links that are new, changed, or gone.
    pub links: FxHashSet<LinkId>,
    /// Processes that are new, changed, or gone.
    pub processes: FxHashSet<ProcessKey>,
    /// Parties whose listeners changed.
    pub listeners: FxHashSet<Party>,
    /// Sockets that opened, changed or closed, in order; only if the engine was told to track
    /// them.
    pub sockets: Vec<SocketChange>,
    /// Remote addresses of links that are new, in order.
    pub remotes: Vec<IpAddr>,
    /// True if anything at all was applied: counts may differ.
    pub applied: bool,
}

/// What happened to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketChangeKind {
    /// It is new.
    Opened,
    /// Something of it changed.
    Changed,
    /// It is gone.
    Closed,
}

/// Something that happened to a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketChange {
    /// What happened.
    pub kind: SocketChangeKind,
    /// When, by the host's wall clock.
    pub at: Timestamp,
    /// The socket, as it is or last was.
    pub socket: Socket,
    /// Which way it points.
    pub direction: Direction,
    /// What that rests on.
    pub evidence: Option<Evidence>,
    /// Who is at the other end.
    pub far: Option<Party>,
}
