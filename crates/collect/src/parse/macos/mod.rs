//! What macOS writes: the tables of sockets and processes of `sysctl`, what `libproc` says of
//! descriptors, the messages of the network statistics, a process' arguments. All machines that
//! macOS runs on are little-endian.

pub mod pcblist;
pub mod process;
pub mod socket_info;
pub mod sources;
pub mod statistics;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{
    Attribution, Counters, Endpoint, Owner, ProcessKey, Protocol, Socket, SocketKey, SocketState,
    Timestamp, UnknownOwner,
};

use super::netlink::array;
use super::row::peer;
use super::sighting::tuple_key;

/// `INP_IPV4` of `netinet/in_pcb.h`: the socket carries IPv4.
const CARRIES_IPV4: u8 = 1;
/// `INP_IPV6`: the socket carries IPv6.
const CARRIES_IPV6: u8 = 2;

/// A socket as a table tells it.
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
    /// True for an IPv6 socket that does not take IPv4.
    pub v6_only: bool,
    /// The user of the socket, where the table tells.
    pub uid: Option<u32>,
    /// The process that used it last, which is not always the one that holds it; 0 for none.
    pub pid: u32,
    /// The process on whose behalf that one uses it; 0 for its own.
    pub effective_pid: u32,
    /// The same number for the same socket, as long as it lives, where the table tells; else 0.
    pub handle: u64,
    /// What it carried, where the table tells.
    pub counters: Counters,
}

impl SocketRow {
    /// The socket's identity.
    pub fn key(&self) -> SocketKey {
        tuple_key(self.protocol, self.local, self.remote, self.pid)
    }

    /// The socket, held by `owner`: the process that has the row's pid, if it is known.
    pub fn socket(&self, owner: Option<ProcessKey>) -> Socket {
        let held = |process| Owner { process, attribution: Attribution::Held };
        Socket {
            key: self.key(),
            protocol: self.protocol,
            state: self.state,
            local: self.local,
            remote: self.remote,
            v6_only: self.v6_only,
            uid: self.uid,
            owners: owner.filter(|_| self.pid != 0).map(held).into_iter().collect(),
            unknown_owner: if self.pid == 0 {
                UnknownOwner::Kernel
            } else {
                UnknownOwner::NotFound
            },
            role: None,
            counters: self.counters,
            opened: Timestamp::default(),
            remote_name: None,
            unix: None,
        }
    }
}

/// Where the parts of a socket's ends lie in a structure.
#[derive(Clone, Copy, Debug)]
struct EndsLayout {
    remote_port: usize,
    local_port: usize,
    flags: usize,
    remote: usize,
    local: usize,
}

/// The ends of a socket, and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends {
    local: Endpoint,
    remote: Option<Endpoint>,
    v6_only: bool,
}

impl EndsLayout {
    fn read(&self, bytes: &[u8]) -> Option<Ends> {
        let [flags] = array(bytes, self.flags)?;
        let end = |address: usize, port: usize| {
            let ip: IpAddr = if flags & CARRIES_IPV6 != 0 {
                without_scope(array::<16>(bytes, address)?.into()).into()
            } else {
                // IPv4 lies in the last four of the sixteen bytes, whatever family the socket has.
                Ipv4Addr::from(array::<4>(bytes, address + 12)?).into()
            };
            Some(Endpoint::new(ip, u16::from_be_bytes(array(bytes, port)?)))
        };
        Some(Ends {
            local: end(self.local, self.local_port)?,
            remote: peer(end(self.remote, self.remote_port)?),
            v6_only: flags & (CARRIES_IPV4 | CARRIES_IPV6) == CARRIES_IPV6,
        })
    }
}

/// The kernel keeps the interface of a link-local address within it, in the second of its eight
/// numbers.
fn without_scope(ip: Ipv6Addr) -> Ipv6Addr {
    let mut segments = ip.segments();
    let [first, second, ..] = &mut segments;
    // fe80::/10, and groups of interface-local and link-local scope.
    if *first & 0xffc0 == 0xfe80 || matches!(*first & 0xff0f, 0xff01 | 0xff02) {
        *second = 0;
    }
    Ipv6Addr::from(segments)
}

/// Translates the state numbers of `netinet/tcp_fsm.h`. `None` for one that does not exist.
fn tcp_state(number: u32) -> Option<SocketState> {
    Some(match number {
        0 => SocketState::Closed,
        1 => SocketState::Listen,
        2 => SocketState::SynSent,
        3 => SocketState::SynReceived,
        4 => SocketState::Established,
        5 => SocketState::CloseWait,
        6 => SocketState::FinWait1,
        7 => SocketState::Closing,
        8 => SocketState::LastAck,
        9 => SocketState::FinWait2,
        10 => SocketState::TimeWait,
        _ => return None,
    })
}

/// The state of a UDP socket with these ends.
const fn udp_state(local: Endpoint, remote: Option<Endpoint>) -> SocketState {
    match remote {
        Some(_) => SocketState::Established,
        None if local.port == 0 => SocketState::Closed,
        None => SocketState::Listen,
    }
}

/// The bytes before the first NUL.
fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod layouts;
#[cfg(test)]
pub(crate) mod made;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_within_a_link_has_no_scope_in_it() {
        let told = |text: &str| without_scope(text.parse().unwrap()).to_string();
        assert_eq!(told("fe80:4::1"), "fe80::1");
        assert_eq!(told("ff02:4::fb"), "ff02::fb");
        assert_eq!(told("2001:db8::1"), "2001:db8::1");
        assert_eq!(told("::1"), "::1");
    }

    #[test]
    fn a_row_becomes_a_socket() {
        let row = SocketRow {
            protocol: Protocol::Tcp,
            state: SocketState::Listen,
            local: Endpoint::new(Ipv6Addr::UNSPECIFIED.into(), 80),
            remote: None,
            v6_only: true,
            uid: Some(501),
            pid: 42,
            effective_pid: 0,
            handle: 7,
            counters: Counters::default(),
        };
        let process = ProcessKey { host: procnet_core::HostId::LOCAL, pid: 42, started: 5 };
        let socket = row.socket(Some(process));
        assert_eq!(socket.primary_owner().unwrap().process, process);
        assert_eq!((socket.uid, socket.v6_only), (Some(501), true));
        let nobodys = SocketRow { pid: 0, ..row }.socket(Some(process));
        assert_eq!(nobodys.attribution(), Attribution::Unknown(UnknownOwner::Kernel));
        assert_eq!(row.socket(None).unknown_owner, UnknownOwner::NotFound);
    }
}
