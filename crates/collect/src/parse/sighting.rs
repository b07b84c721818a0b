//! What a system's stream of events says of a socket or a process, whichever system it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use procnet_core::{
    Counters, Endpoint, HostId, NetnsId, Process, ProcessKey, Protocol, SocketIdentity, SocketKey,
    SocketState, Timestamp,
};

/// One thing that was seen of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, by the wall clock.
    pub at: Timestamp,
    /// Whose socket it is; 0 if the source does not know.
    pub pid: u32,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The end on this machine.
    pub local: Endpoint,
    /// The other end.
    pub remote: Option<Endpoint>,
    /// What was seen.
    pub activity: Activity,
}

/// What can be seen of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It connected to its remote end.
    Connected,
    /// It was accepted from a listener.
    Accepted,
    /// It is there, in this state.
    Present(SocketState),
    /// So many bytes went out: those of a datagram, of UDP.
    Sent(u64),
    /// So many bytes came in.
    Received(u64),
    /// A segment was sent again.
    Retransmitted,
    /// What it has carried in all.
    Counted(Counters),
    /// It is over.
    Closed,
}

impl Sighting {
    /// The socket's identity, the same as in a snapshot of the system's tables.
    pub fn key(&self) -> SocketKey {
        tuple_key(self.protocol, self.local, self.remote, self.pid)
    }
}

/// The identity of a socket that its platform gives no handle: its ends and its owner's pid.
pub(crate) fn tuple_key(
    protocol: Protocol,
    local: Endpoint,
    remote: Option<Endpoint>,
    owner: u32,
) -> SocketKey {
    let none = Endpoint { ip: unspecified_like(local), port: 0 };
    let remote = remote.unwrap_or(none);
    let identity = SocketIdentity::Tuple { protocol, local, remote, owner };
    SocketKey { host: HostId::LOCAL, netns: NetnsId::default(), identity }
}

/// The address that stands for any, of the same family.
pub(crate) const fn unspecified_like(end: Endpoint) -> IpAddr {
    match end.ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

/// A process that was seen starting or ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessSighting {
    /// It started.
    Started {
        /// Which.
        key: ProcessKey,
        /// Its short name, sanitised.
        name: Arc<str>,
        /// Its executable's path, where the source knows it, sanitised.
        exe: Option<Arc<str>>,
        /// The id of the process that made it.
        parent: u32,
        /// When.
        at: Timestamp,
    },
    /// It ended.
    Exited(ProcessKey),
}

impl ProcessSighting {
    /// Which process it is about.
    pub const fn key(&self) -> ProcessKey {
        match self {
            Self::Started { key, .. } | Self::Exited(key) => *key,
        }
    }

    /// The process as the sighting alone tells it: it may have ended before it could be looked at.
    pub fn bare(self, parent: Option<ProcessKey>) -> Arc<Process> {
        Arc::new(match self {
            Self::Started { key, name, exe, at, .. } => {
                Process { exe, parent, started: at, ..Process::bare(key, name) }
            }
            Self::Exited(key) => Process::bare(key, ""),
        })
    }
}
