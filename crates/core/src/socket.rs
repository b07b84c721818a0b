//! Sockets: their states, owners and counters.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::endpoint::Endpoint;
use crate::key::{ProcessKey, SocketKey};
use crate::time::Timestamp;
use crate::unix::UnixSocket;

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// A UNIX domain socket, of whatever kind: no protocol, but what has its place here.
    Unix,
}

impl Protocol {
    /// `tcp`, `udp`, or `unix`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a socket: TCP's (RFC 9293 section 3.3.2), with the names of the published
/// interface. A UDP socket is `Established` with a peer and `Listen` without one; what it exchanges
/// with each peer all the same is told as a socket of its own, `Established`
/// ([`SocketIdentity::Flow`](crate::key::SocketIdentity::Flow)). A UNIX socket for datagrams is
/// `Established` with a peer and `Listen` without one, if it has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SocketState {
    /// Waiting for peers.
    Listen,
    /// SYN sent, no answer yet.
    SynSent,
    /// SYN received, handshake not finished.
    SynReceived,
    /// Open both ways.
    Established,
    /// We closed, our FIN is not acknowledged.
    FinWait1,
    /// We closed, our FIN is acknowledged, the peer has not closed.
    FinWait2,
    /// The peer closed, we have not.
    CloseWait,
    /// Both closed at once.
    Closing,
    /// The peer closed, then we did; our FIN is not acknowledged.
    LastAck,
    /// Closed, waiting for stray segments. Has no owner on Linux.
    TimeWait,
    /// Neither bound to a peer nor listening.
    Closed,
}

impl SocketState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
        Self::Closed,
    ];

    /// Every state, the one nearest to established first: the order in which states stand for
    /// several connections at once.
    pub const BY_LIVENESS: [Self; 11] = [
        Self::Established,
        Self::SynReceived,
        Self::SynSent,
        Self::CloseWait,
        Self::FinWait1,
        Self::FinWait2,
        Self::LastAck,
        Self::Closing,
        Self::TimeWait,
        Self::Closed,
        Self::Listen,
    ];

    /// The name of the published interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN_SENT",
            Self::SynReceived => "SYN_RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN_WAIT1",
            Self::FinWait2 => "FIN_WAIT2",
            Self::CloseWait => "CLOSE_WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::Closed => "CLOSED",
        }
    }
}

impl fmt::Display for SocketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SocketState {
    type Err = ();

    /// Accepts the published name in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// Which end of a connection a socket is, where somebody saw it call connect or accept. UDP has
/// neither: there, who sent the first datagram is the client; and a socket without a peer is a
/// client if all its exchanges began so, a server once a peer has begun one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It called connect, or sent first.
    Client,
    /// It was accepted from a listener, or was sent to first.
    Server,
}

impl Role {
    /// The other end's role.
    pub const fn flip(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Which way a socket points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// It is the server's end.
    Inbound,
    /// It is the client's end.
    Outbound,
    /// It waits for peers.
    Listen,
    /// It has no peer and does not listen.
    Unknown,
}

impl Direction {
    /// `inbound`, `outbound`, `listen`, or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Listen => "listen",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure we are that a process owns a socket; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribution {
    /// Seen calling connect or accept.
    Observed,
    /// Found in its descriptor table.
    Held,
    /// Came to it by fork or descriptor passing.
    Inherited,
    /// Concluded: the five-tuple's last owner, say, for a socket in TIME_WAIT.
    Inferred,
    /// Nobody could be named.
    Unknown(UnknownOwner),
}

impl Attribution {
    /// `observed`, `held`, `inherited`, `inferred`, or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Held => "held",
            Self::Inherited => "inherited",
            Self::Inferred => "inferred",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Why a socket has no known owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnknownOwner {
    /// The owner's descriptor table may not be read with this program's rights.
    NoPermission,
    /// The kernel keeps the socket without any process (TIME_WAIT, orphaned FIN_WAIT, SYN queue).
    Kernel,
    /// It was held by nobody who could be found: the owner closed it or ended in mid-scan, or
    /// lives in a pid namespace that is out of sight.
    NotFound,
}

impl UnknownOwner {
    /// `no permission`, `kernel`, or `not found`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPermission => "no permission",
            Self::Kernel => "kernel",
            Self::NotFound => "not found",
        }
    }
}

/// A process that holds a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The process.
    pub process: ProcessKey,
    /// How sure this is.
    pub attribution: Attribution,
}

/// The owners of a socket, sorted, no process twice. Nearly always one.
pub type Owners = SmallVec<[Owner; 1]>;

/// What a socket has carried. Totals since it was opened, as far as the source knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Payload bytes received.
    pub received_bytes: u64,
    /// Payload bytes sent (for TCP: sent and acknowledged).
    pub sent_bytes: u64,
    /// Segments (of TCP, those without payload and those sent again too) or datagrams received.
    pub received_packets: u64,
    /// Segments or datagrams sent, likewise.
    pub sent_packets: u64,
    /// Smoothed round-trip time in microseconds; 0 if not known.
    pub rtt_us: u32,
    /// Segments sent again.
    pub retransmits: u32,
}

/// One socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its identity.
    pub key: SocketKey,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where it is in its life.
    pub state: SocketState,
    /// The local end; the address is unspecified for a wildcard listener and for UNIX sockets.
    pub local: Endpoint,
    /// The remote end, if there is one.
    pub remote: Option<Endpoint>,
    /// The name by which its owner had asked for the remote end's address, where the source saw
    /// that. Sanitised.
    pub remote_name: Option<Arc<str>>,
    /// True for an IPv6 socket that does not take IPv4 (IPV6_V6ONLY).
    pub v6_only: bool,
    /// The uid that the kernel notes on the socket, where the source tells.
    pub uid: Option<u32>,
    /// Who holds it. Empty if nobody is known: then `unknown_owner` says why.
    pub owners: Owners,
    /// Why `owners` is empty; meaningless if it is not.
    pub unknown_owner: UnknownOwner,
    /// Which end it is, if that was observed.
    pub role: Option<Role>,
    /// What it carried.
    pub counters: Counters,
    /// When it was opened, or first seen.
    pub opened: Timestamp,
    /// What a UNIX socket has instead of endpoints; `None` for others.
    pub unix: Option<Arc<UnixSocket>>,
}

impl Socket {
    /// True if this socket waits for peers: a TCP or UNIX listener, or a datagram socket
    /// without a peer.
    pub fn is_listener(&self) -> bool {
        self.state == SocketState::Listen
    }

    /// The owner that stands for the socket: the one that started first, for a socket held by
    /// several was opened before they were forked.
    pub fn primary_owner(&self) -> Option<Owner> {
        self.owners.iter().copied().min_by_key(|o| (o.process.started, o.process.pid))
    }

    /// How sure the owner is; the primary owner's attribution.
    pub fn attribution(&self) -> Attribution {
        self.primary_owner().map_or(Attribution::Unknown(self.unknown_owner), |o| o.attribution)
    }
}
