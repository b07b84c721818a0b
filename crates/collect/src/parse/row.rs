//! One row of a Linux socket table, however it was read.

use procnet_core::{Counters, Endpoint, Protocol, SocketState};

/// A socket as a kernel table tells it: without owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketRow {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where it is in its life.
    pub state: SocketState,
    /// The local end.
    pub local: Endpoint,
    /// The remote end, if there is one.
    pub remote: Option<Endpoint>,
    /// True for an IPv6 socket that is known not to take IPv4.
    pub v6_only: bool,
    /// The user of the socket; not known where no process holds it.
    pub uid: Option<u32>,
    /// The socket's inode; 0 if no process holds it.
    pub inode: u64,
    /// The socket's cookie, if the source tells it.
    pub cookie: Option<u64>,
    /// What it carried, as far as the source tells.
    pub counters: Counters,
}

/// Translates the kernel's state number (`include/net/tcp_states.h`), which UDP sockets carry too:
/// there, only "has a peer" means something. `None` for a number that does not exist.
pub(crate) fn socket_state(
    protocol: Protocol,
    number: u8,
    local: Endpoint,
    remote: Option<Endpoint>,
) -> Option<SocketState> {
    if protocol == Protocol::Udp {
        return Some(match remote {
            Some(_) => SocketState::Established,
            None if local.port == 0 => SocketState::Closed,
            None => SocketState::Listen,
        });
    }
    Some(match number {
        1 => SocketState::Established,
        2 => SocketState::SynSent,
        // 12 is TCP_NEW_SYN_RECV, a request that has no full socket yet.
        3 | 12 => SocketState::SynReceived,
        4 => SocketState::FinWait1,
        5 => SocketState::FinWait2,
        6 => SocketState::TimeWait,
        // 13 is TCP_BOUND_INACTIVE: bound, neither connected nor listening.
        7 | 13 => SocketState::Closed,
        8 => SocketState::CloseWait,
        9 => SocketState::LastAck,
        10 => SocketState::Listen,
        11 => SocketState::Closing,
        _ => return None,
    })
}

/// A remote end, unless it says "nobody": the unspecified address with port 0.
pub(crate) fn peer(endpoint: Endpoint) -> Option<Endpoint> {
    (!(endpoint.port == 0 && endpoint.ip.is_unspecified())).then_some(endpoint)
}
