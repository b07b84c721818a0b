//! What `proc_pidinfo(PROC_PIDLISTFDS)` says of a process' descriptors, and
//! `proc_pidfdinfo(PROC_PIDFDSOCKETINFO)` of one that is a socket (`struct proc_fdinfo` and
//! `struct socket_fdinfo` of `sys/proc_info.h`).

use procnet_core::{Counters, Protocol};

use super::super::netlink::array;
use super::{EndsLayout, SocketRow, tcp_state, udp_state};

/// Length of what is said of each descriptor.
pub const DESCRIPTOR_LENGTH: usize = 8;
/// `PROX_FDTYPE_SOCKET`.
pub(super) const SOCKET_DESCRIPTOR: u32 = 2;

/// Those of the descriptors in `buffer` that are sockets.
pub fn sockets_among(buffer: &[u8]) -> impl Iterator<Item = i32> + '_ {
    let (descriptors, _) = buffer.as_chunks::<DESCRIPTOR_LENGTH>();
    descriptors.iter().filter_map(|descriptor| {
        let kind = u32::from_le_bytes(array(descriptor, 4)?);
        (kind == SOCKET_DESCRIPTOR).then_some(i32::from_le_bytes(array(descriptor, 0)?))
    })
}

/// Length of the whole answer: another length means another layout.
pub const SOCKET_INFO_LENGTH: usize = 792;

/// Where `struct socket_info` begins, after what all descriptors have.
pub(super) const SOCKET: usize = 24;
pub(super) const HANDLE: usize = SOCKET + 136;
pub(super) const PROTOCOL: usize = SOCKET + 156;
pub(super) const KIND: usize = SOCKET + 232;
pub(super) const ENDS: usize = SOCKET + 240;
pub(super) const TCP_STATE: usize = ENDS + 80;

/// `SOCKINFO_IN`: an internet socket that is not one of TCP.
pub(super) const INTERNET: u32 = 1;
/// `SOCKINFO_TCP`.
pub(super) const TCP: u32 = 2;
/// `IPPROTO_UDP`.
const UDP_NUMBER: u32 = 17;

pub(super) const ENDS_LAYOUT: EndsLayout = EndsLayout {
    remote_port: ENDS,
    local_port: ENDS + 4,
    flags: ENDS + 24,
    remote: ENDS + 32,
    local: ENDS + 48,
};

/// Reads the answer about a descriptor of the process `pid`. `None` if it is about no TCP or UDP
/// socket, or not of the length that is known.
pub fn parse(pid: u32, bytes: &[u8]) -> Option<SocketRow> {
    if bytes.len() != SOCKET_INFO_LENGTH {
        return None;
    }
    let number = |offset| Some(u32::from_le_bytes(array(bytes, offset)?));
    let ends = ENDS_LAYOUT.read(bytes)?;
    let (protocol, state) = match (number(KIND)?, number(PROTOCOL)?) {
        (TCP, _) => (Protocol::Tcp, tcp_state(number(TCP_STATE)?)?),
        (INTERNET, UDP_NUMBER) => (Protocol::Udp, udp_state(ends.local, ends.remote)),
        _ => return None,
    };
    Some(SocketRow {
        protocol,
        state,
        local: ends.local,
        remote: ends.remote,
        v6_only: ends.v6_only,
        uid: None,
        pid,
        effective_pid: 0,
        handle: u64::from_le_bytes(array(bytes, HANDLE)?),
        counters: Counters::default(),
    })
}

#[cfg(test)]
mod tests {
    use procnet_core::SocketState;
    use proptest::prelude::*;

    use super::*;

    /// An answer made by hand: nothing here was recorded on macOS.
    fn answer(fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; SOCKET_INFO_LENGTH];
        for (offset, value) in fields {
            bytes[*offset..offset + value.len()].copy_from_slice(value);
        }
        bytes
    }

    fn connected() -> Vec<u8> {
        answer(&[
            (24 + 136, &0xbeef_u64.to_le_bytes()),
            (24 + 156, &6_u32.to_le_bytes()),
            // A mapped address: the socket's family is that of IPv6.
            (24 + 160, &30_u32.to_le_bytes()),
            (24 + 232, &2_u32.to_le_bytes()),
            (264, &[0x01, 0xbb]),
            (268, &[0xc3, 0x50]),
            (264 + 24, &[1]),
            (264 + 32 + 12, &[192, 0, 2, 7]),
            (264 + 48 + 12, &[10, 0, 0, 1]),
            (264 + 80, &4_u32.to_le_bytes()),
        ])
    }

    #[test]
    fn a_connection_over_ipv4_in_a_socket_of_ipv6() {
        let row = parse(42, &connected()).unwrap();
        assert_eq!(row.local.to_string(), "10.0.0.1:50000");
        assert_eq!(row.remote.unwrap().to_string(), "192.0.2.7:443");
        assert_eq!((row.state, row.protocol), (SocketState::Established, Protocol::Tcp));
        assert_eq!((row.pid, row.handle, row.v6_only), (42, 0xbeef, false));
    }

    #[test]
    fn a_udp_socket_of_ipv6() {
        let mut bytes = answer(&[
            (24 + 156, &17_u32.to_le_bytes()),
            (24 + 232, &1_u32.to_le_bytes()),
            (268, &[0x14, 0xe9]),
            (264 + 24, &[2]),
        ]);
        let row = parse(42, &bytes).unwrap();
        assert_eq!(row.local.to_string(), "[::]:5353");
        assert_eq!((row.state, row.protocol), (SocketState::Listen, Protocol::Udp));
        assert!(row.v6_only);
        bytes[24 + 156] = 1;
        assert_eq!(parse(42, &bytes), None, "ICMP");
        bytes[24 + 232] = 3;
        assert_eq!(parse(42, &bytes), None, "a UNIX socket");
    }

    #[test]
    fn sockets_among_descriptors() {
        let descriptors = [3_i32, 1, 4, 2, 5, 2, 6, 5].map(i32::to_le_bytes).concat();
        assert_eq!(sockets_among(&descriptors).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(sockets_among(&descriptors[..23]).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn another_length_is_another_layout() {
        let mut bytes = connected();
        for length in 0..bytes.len() {
            assert_eq!(parse(42, &bytes[..length]), None);
        }
        bytes.push(0);
        assert_eq!(parse(42, &bytes), None);
    }

    proptest! {
        #[test]
        fn no_mutation_makes_it_panic(
            changes in prop::collection::vec((0..SOCKET_INFO_LENGTH, any::<u8>()), 0..24),
        ) {
            let mut bytes = connected();
            for (place, value) in changes {
                bytes[place] = value;
            }
            let _ = parse(42, &bytes);
        }
    }
}
