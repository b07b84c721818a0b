//! Identities that survive: pid reuse, socket reuse, several hosts.

use crate::endpoint::Endpoint;
use crate::socket::Protocol;

/// One machine. `HostId::LOCAL` is the one that this program runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

impl HostId {
    /// The machine that the program runs on.
    pub const LOCAL: Self = Self(0);
}

/// A network namespace: on Linux the inode number of `/proc/PID/ns/net`; 0 where there is no
/// such thing. Addresses and ports are only comparable inside one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetnsId(pub u64);

/// One run of one process. A pid alone is reused; with its start it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessKey {
    /// The machine.
    pub host: HostId,
    /// The process id.
    pub pid: u32,
    /// When it started, in the platform's own unit, for identity only: clock ticks since boot on
    /// Linux (`/proc/PID/stat` field 22), FILETIME on Windows, microseconds on macOS.
    pub started: u64,
}

/// One socket, by the identity that its platform gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey {
    /// The machine.
    pub host: HostId,
    /// The network namespace.
    pub netns: NetnsId,
    /// What tells it from the others there.
    pub identity: SocketIdentity,
}

impl SocketKey {
    /// True for what a socket exchanges with a peer that it is not connected to.
    pub const fn is_flow(&self) -> bool {
        matches!(self.identity, SocketIdentity::Flow { .. })
    }
}

/// What identifies a socket within its network namespace, the best that the source has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketIdentity {
    /// Linux' socket cookie: unique until reboot, the same in sock_diag and in eBPF.
    Cookie(u64),
    /// What one socket exchanges with one peer without being connected to it: the socket's cookie,
    /// and the peer.
    Flow {
        /// The cookie of the socket that carries it.
        cookie: u64,
        /// The peer.
        remote: Endpoint,
    },
    /// Linux' socket inode, where only `/proc/PID/net/*` could be read.
    Inode(u64),
    /// Five-tuple and owner, where the platform has no handle of its own.
    Tuple {
        /// Transport protocol.
        protocol: Protocol,
        /// Local end.
        local: Endpoint,
        /// Remote end; unspecified address and port 0 for none.
        remote: Endpoint,
        /// Tells apart sockets that share a five-tuple: the owner's pid, or 0.
        owner: u32,
    },
}
