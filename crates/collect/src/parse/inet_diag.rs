//! The messages of `NETLINK_SOCK_DIAG` (`include/uapi/linux/inet_diag.h`, `sock_diag.h`,
//! `tcp.h`; see sock_diag(7)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{Counters, Endpoint, Protocol, SocketState};

use super::netlink::{Attributes, DUMP_REQUEST, HEADER_LENGTH, array};
use super::row::{SocketRow, peer, socket_state};

/// Message type of request and answer.
pub const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// Length of a request: a netlink header and `struct inet_diag_req_v2`.
pub const REQUEST_LENGTH: usize = HEADER_LENGTH + 56;

/// Length of `struct inet_diag_msg`; attributes follow it.
const MESSAGE_LENGTH: usize = 72;

/// Flag of a request for one socket: `NLM_F_REQUEST`.
const ONE_REQUEST: u16 = 1;
/// Whatever cookie the socket has: `INET_DIAG_NOCOOKIE`, twice.
const NO_COOKIE: [u8; 8] = [0xff; 8];

const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_SKV6ONLY: u16 = 11;

/// States 1 (`TCP_ESTABLISHED`) to 12 (`TCP_NEW_SYN_RECV`). Not 13: sockets that are merely bound
/// neither talk nor wait.
pub const ALL_STATES: u32 = 0x1ffe;
/// A handshake that a listener has not finished: `TCP_SYN_RECV`, `TCP_NEW_SYN_RECV`.
pub const HANDSHAKE_STATES: u32 = 1 << 3 | 1 << 12;
/// What is being closed, perhaps by nobody any more: both `TCP_FIN_WAIT`, `TCP_LAST_ACK`,
/// `TCP_CLOSING`.
pub const CLOSING_STATES: u32 = 1 << 4 | 1 << 5 | 1 << 9 | 1 << 11;
/// Listeners: `TCP_LISTEN`. The kernel keeps them apart, so that asking for them alone is cheap
/// however many connections there are.
pub const LISTENING_STATE: u32 = 1 << 10;
/// What is over: `TCP_TIME_WAIT`.
pub const LINGERING_STATE: u32 = 1 << 6;
/// No state at all: the answer is empty, and shows only that the kernel gives one.
pub const NO_STATE: u32 = 0;
/// The set of states that asks for connections that wait for an answer.
pub const SYN_SENT: u32 = 1 << 2;

/// Which of the kernel's two address families of IP sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `AF_INET`.
    V4,
    /// `AF_INET6`; its sockets may carry IPv4 too.
    V6,
}

impl Family {
    const fn number(self) -> u8 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }
}

const fn protocol_number(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        // Of this family and without a number: no socket is found.
        Protocol::Unix => 0,
    }
}

/// A request for the sockets of one family and protocol in any of the `states` (a mask of state
/// numbers), with counters where there are any.
pub fn request(
    family: Family,
    protocol: Protocol,
    states: u32,
    sequence: u32,
) -> [u8; REQUEST_LENGTH] {
    let mut bytes = [0; REQUEST_LENGTH];
    let extensions = match protocol {
        Protocol::Tcp => 1_u8 << (INET_DIAG_INFO - 1),
        Protocol::Udp | Protocol::Unix => 0,
    };
    let fields: [(usize, &[u8]); 8] = [
        (0, &(REQUEST_LENGTH as u32).to_ne_bytes()),
        (4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes()),
        (6, &DUMP_REQUEST.to_ne_bytes()),
        (8, &sequence.to_ne_bytes()),
        (HEADER_LENGTH, &[family.number()]),
        (HEADER_LENGTH + 1, &[protocol_number(protocol)]),
        (HEADER_LENGTH + 2, &[extensions]),
        (HEADER_LENGTH + 4, &states.to_ne_bytes()),
    ];
    for (offset, value) in fields {
        if let Some(field) = bytes.get_mut(offset..offset + value.len()) {
            field.copy_from_slice(value);
        }
    }
    bytes
}

/// A request for the one TCP socket that has those two ends. It is one of either family, if the
/// addresses are of IPv4.
pub fn request_one(local: Endpoint, remote: Endpoint, sequence: u32) -> [u8; REQUEST_LENGTH] {
    let family = match local.ip {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    };
    let mut bytes = request(family, Protocol::Tcp, ALL_STATES, sequence);
    let [source, destination] = [local.ip, remote.ip].map(|ip| match ip {
        IpAddr::V4(ip) => {
            let mut address = [0; 16];
            if let Some(first) = address.first_chunk_mut() {
                *first = ip.octets();
            }
            address
        }
        IpAddr::V6(ip) => ip.octets(),
    });
    // `struct inet_diag_sockid`; without counters, and not as a dump.
    let id = HEADER_LENGTH + 8;
    let fields: [(usize, &[u8]); 7] = [
        (6, &ONE_REQUEST.to_ne_bytes()),
        (HEADER_LENGTH + 2, &[0]),
        (id, &local.port.to_be_bytes()),
        (id + 2, &remote.port.to_be_bytes()),
        (id + 4, &source),
        (id + 20, &destination),
        (id + 40, &NO_COOKIE),
    ];
    for (offset, value) in fields {
        if let Some(field) = bytes.get_mut(offset..offset + value.len()) {
            field.copy_from_slice(value);
        }
    }
    bytes
}

/// Reads the payload of one answer. `None` if it is none.
pub fn parse(protocol: Protocol, payload: &[u8]) -> Option<SocketRow> {
    let fixed = payload.first_chunk::<MESSAGE_LENGTH>()?;
    let [family, state, ..] = *fixed;
    let local = endpoint(family, array(fixed, 8)?, array(fixed, 4)?)?;
    let remote = peer(endpoint(family, array(fixed, 24)?, array(fixed, 6)?)?);
    let state = socket_state(protocol, state, local, remote)?;
    let inode = u64::from(u32::from_ne_bytes(array(fixed, 68)?));
    let [low, high] =
        [u32::from_ne_bytes(array(fixed, 44)?), u32::from_ne_bytes(array(fixed, 48)?)];
    let mut row = SocketRow {
        protocol,
        state,
        local,
        remote,
        v6_only: false,
        // Without an inode, no process holds the socket, and the kernel writes 0 for the uid.
        uid: if inode == 0 { None } else { Some(u32::from_ne_bytes(array(fixed, 64)?)) },
        inode,
        cookie: Some(u64::from(high) << 32 | u64::from(low)),
        counters: Counters::default(),
    };
    for (kind, value) in Attributes::new(payload.get(MESSAGE_LENGTH..)?) {
        match kind {
            // A listener's figures are about its queue, not about traffic.
            INET_DIAG_INFO if state != SocketState::Listen => row.counters = counters(value, state),
            INET_DIAG_SKV6ONLY => row.v6_only = value.first().is_some_and(|&flag| flag != 0),
            _ => {}
        }
    }
    Some(row)
}

fn endpoint(family: u8, address: [u8; 16], port: [u8; 2]) -> Option<Endpoint> {
    let ip = match family {
        2 => {
            let [a, b, c, d, ..] = address;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        10 => IpAddr::V6(Ipv6Addr::from(address)),
        _ => return None,
    };
    Some(Endpoint::new(ip, u16::from_be_bytes(port)))
}

/// Reads `struct tcp_info`, of which older kernels send less.
fn counters(info: &[u8], state: SocketState) -> Counters {
    let short = |offset| array(info, offset).map_or(0, u32::from_ne_bytes);
    let long = |offset| array(info, offset).map_or(0, u64::from_ne_bytes);
    // tcpi_bytes_acked also counts the SYN that connect() sent and the FIN, once acknowledged. The
    // payload that was sent for the first time (tcpi_bytes_sent - tcpi_bytes_retrans, Linux 4.19)
    // does not, so that the smaller of the two is exact whenever nothing is under way.
    let acknowledged: u64 = long(120);
    let sent_bytes = match (array(info, 200), array(info, 208)) {
        (Some(sent), Some(again)) => {
            let payload = u64::from_ne_bytes(sent).saturating_sub(u64::from_ne_bytes(again));
            acknowledged.min(payload)
        }
        _ => acknowledged,
    };
    // tcpi_bytes_received also counts the peer's FIN, which these states have seen.
    let fin = matches!(
        state,
        SocketState::CloseWait
            | SocketState::LastAck
            | SocketState::Closing
            | SocketState::TimeWait
            | SocketState::Closed
    );
    Counters {
        received_bytes: long(128).saturating_sub(u64::from(fin)),
        sent_bytes,
        received_packets: u64::from(short(140)),
        sent_packets: u64::from(short(136)),
        rtt_us: short(68),
        retransmits: short(100),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::netlink::Messages;
    use super::*;

    /// Rows of a dump that Linux 6.18 gave on a little-endian machine: see `capture` beside the
    /// reader of datagrams.
    fn fixture(bytes: &[u8], protocol: Protocol) -> Vec<SocketRow> {
        let mut rows = Vec::new();
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (datagram, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            let answers = Messages::new(datagram).filter(|m| m.kind == SOCK_DIAG_BY_FAMILY);
            rows.extend(answers.map(|message| parse(protocol, message.payload).unwrap()));
            rest = after;
        }
        rows
    }

    fn find(rows: &[SocketRow], local_port: Option<u16>, state: SocketState) -> Vec<SocketRow> {
        let fits = |row: &&SocketRow| {
            row.state == state && local_port.is_none_or(|port| row.local.port == port)
        };
        rows.iter().filter(fits).copied().collect()
    }

    #[test]
    fn a_real_tcp_table() {
        let rows = fixture(include_bytes!("../../tests/fixtures/tcp4.bin"), Protocol::Tcp);
        let listener = find(&rows, Some(7001), SocketState::Listen);
        let [listener] = listener.as_slice() else { panic!("{listener:?}") };
        assert_eq!(listener.local.to_string(), "127.0.0.1:7001");
        assert_eq!((listener.remote, listener.uid), (None, Some(0)));
        assert!(listener.inode > 0 && listener.cookie.is_some());
        assert_eq!(listener.counters, Counters::default());

        let served = find(&rows, Some(7001), SocketState::Established);
        let [server] = served.as_slice() else { panic!("{served:?}") };
        let figures = |row: &SocketRow| (row.counters.sent_bytes, row.counters.received_bytes);
        assert_eq!(figures(server), (10, 1000));
        let client = rows.iter().find(|row| Some(row.local) == server.remote).unwrap();
        assert_eq!(figures(client), (1000, 10));
        assert_eq!(client.remote, Some(server.local));
        assert!(client.counters.rtt_us > 0);

        // Neither SYN nor FIN is payload.
        for state in [SocketState::CloseWait, SocketState::FinWait2] {
            let half = find(&rows, None, state);
            assert_eq!(half.iter().map(figures).collect::<Vec<_>>(), [(0, 0)], "{state}");
        }
        let waiting = find(&rows, None, SocketState::TimeWait);
        let [waiting] = waiting.as_slice() else { panic!("{waiting:?}") };
        assert_eq!((waiting.inode, waiting.uid), (0, None));
    }

    #[test]
    fn a_real_table_of_ipv6() {
        let rows = fixture(include_bytes!("../../tests/fixtures/tcp6.bin"), Protocol::Tcp);
        let listener = find(&rows, Some(7002), SocketState::Listen);
        assert_eq!(listener[0].local.to_string(), "[::]:7002");
        assert!(!listener[0].v6_only);
        let mapped = find(&rows, Some(7002), SocketState::Established);
        assert_eq!(mapped[0].local.to_string(), "127.0.0.1:7002");
        assert!(mapped[0].remote.unwrap().ip.is_ipv4());
    }

    #[test]
    fn a_real_udp_table() {
        let mut rows = fixture(include_bytes!("../../tests/fixtures/udp4.bin"), Protocol::Udp);
        rows.sort_by_key(|row| row.local.port);
        let told: Vec<_> = rows.iter().map(|row| (row.local.port, row.state)).collect();
        assert_eq!(told, [(7003, SocketState::Listen), (7004, SocketState::Established)]);
        assert_eq!(rows[1].remote.unwrap().to_string(), "127.0.0.1:7003");
    }

    #[test]
    fn a_request_has_the_layout_of_the_header_file() {
        let bytes = request(Family::V6, Protocol::Tcp, ALL_STATES, 9);
        assert_eq!(bytes.len(), 72);
        assert_eq!(bytes[16..20], [10, 6, 2, 0]);
        assert_eq!(bytes[20..24], 0x1ffe_u32.to_ne_bytes());
        assert_eq!(request(Family::V4, Protocol::Udp, ALL_STATES, 9)[16..20], [2, 17, 0, 0]);
    }

    /// `struct tcp_info` with the fields that are read.
    fn info(length: usize, acked: u64, sent: u64, again: u64, received: u64) -> Vec<u8> {
        let mut info = vec![0; 240];
        info[68..72].copy_from_slice(&1500_u32.to_ne_bytes());
        info[100..104].copy_from_slice(&3_u32.to_ne_bytes());
        info[120..128].copy_from_slice(&acked.to_ne_bytes());
        info[128..136].copy_from_slice(&received.to_ne_bytes());
        info[200..208].copy_from_slice(&sent.to_ne_bytes());
        info[208..216].copy_from_slice(&again.to_ne_bytes());
        info.truncate(length);
        info
    }

    #[test]
    fn syn_and_fin_are_no_payload() {
        let open = counters(&info(240, 101, 150, 50, 7), SocketState::Established);
        assert_eq!((open.sent_bytes, open.received_bytes), (100, 7));
        assert_eq!((open.rtt_us, open.retransmits), (1500, 3));
        let half = counters(&info(240, 101, 150, 50, 8), SocketState::CloseWait);
        assert_eq!(half.received_bytes, 7);
        let none = counters(&info(240, 1, 0, 0, 0), SocketState::CloseWait);
        assert_eq!((none.sent_bytes, none.received_bytes), (0, 0));
    }

    #[test]
    fn an_old_kernels_shorter_figures_are_read_as_far_as_they_go() {
        let linux_4_9 = counters(&info(160, 101, 0, 0, 7), SocketState::Established);
        assert_eq!((linux_4_9.sent_bytes, linux_4_9.received_bytes), (101, 7));
        let linux_3 = counters(&info(104, 101, 0, 0, 7), SocketState::Established);
        assert_eq!((linux_3.sent_bytes, linux_3.retransmits), (0, 3));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), v6: bool) {
            let mut bytes = bytes;
            if let Some(family) = bytes.first_mut() {
                *family = if v6 { 10 } else { 2 };
            }
            let _ = parse(Protocol::Tcp, &bytes);
            let _ = parse(Protocol::Udp, &bytes);
        }
    }
}
