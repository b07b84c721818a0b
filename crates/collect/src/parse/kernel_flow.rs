//! What our programs in the kernel count of UDP exchanges: the layout of `bpf/flow.h`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{Counters, Endpoint};

use super::netlink::array;

/// Length of a key.
pub const KEY_LENGTH: usize = 32;
/// Length of what is counted under it.
pub const FLOW_LENGTH: usize = 96;

/// A key, as the kernel has it.
pub type Key = [u8; KEY_LENGTH];

/// What one UDP socket exchanged with one peer that it is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelFlow {
    /// When the first datagram was sent or received, in nanoseconds since boot.
    pub opened: u64,
    /// When the last one was.
    pub used: u64,
    /// Who sent or received the first one: process id, and when it started.
    pub process: (u32, u64),
    /// The socket's user.
    pub uid: u32,
    /// The network namespace's inode.
    pub netns: u32,
    /// The local end; its address is unspecified unless the socket or the sender named one.
    pub local: Endpoint,
    /// The first datagram was sent, not received.
    pub sent_first: bool,
    /// What was exchanged.
    pub counters: Counters,
}

/// The key of what the socket with this cookie exchanges with `remote`.
pub fn key(cookie: u64, remote: Endpoint) -> Key {
    let mut key = [0; KEY_LENGTH];
    let ip = match remote.ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let (cookie_part, rest) = key.split_at_mut(8);
    let (address_part, rest) = rest.split_at_mut(16);
    cookie_part.copy_from_slice(&cookie.to_ne_bytes());
    address_part.copy_from_slice(&ip.octets());
    if let Some(port_part) = rest.first_chunk_mut() {
        *port_part = u32::from(remote.port).to_ne_bytes();
    }
    key
}

/// The least and the greatest key of the socket with this cookie.
pub fn keys_of(cookie: u64) -> (Key, Key) {
    let fill = |filler: u8| {
        let mut key = [filler; KEY_LENGTH];
        if let Some(cookie_part) = key.first_chunk_mut() {
            *cookie_part = cookie.to_ne_bytes();
        }
        key
    };
    (fill(0), fill(u8::MAX))
}

/// The socket's cookie and the peer that a key names. `None` for what is no key.
pub fn parse_key(key: &Key) -> Option<(u64, Endpoint)> {
    let port = u16::try_from(u32::from_ne_bytes(array(key, 24)?)).ok()?;
    let ip = IpAddr::V6(Ipv6Addr::from(array::<16>(key, 8)?));
    Some((u64::from_ne_bytes(array(key, 0)?), Endpoint::new(ip, port)))
}

/// Reads what is counted under the key of `remote`.
pub fn parse(bytes: &[u8; FLOW_LENGTH], remote: Endpoint) -> Option<KernelFlow> {
    let long = |offset| array(bytes, offset).map(u64::from_ne_bytes);
    let number = |offset| array(bytes, offset).map(u32::from_ne_bytes);
    let ip = IpAddr::V6(Ipv6Addr::from(array::<16>(bytes, 56)?));
    let port = u16::from_ne_bytes(array(bytes, 88)?);
    Some(KernelFlow {
        opened: long(0)?,
        used: long(8)?,
        process: (number(72)?, long(16)?),
        netns: number(80)?,
        uid: number(84)?,
        local: like(remote, Endpoint::new(ip, port)),
        sent_first: array::<1>(bytes, 90)? != [0],
        counters: Counters {
            received_bytes: long(24)?,
            sent_bytes: long(32)?,
            received_packets: long(40)?,
            sent_packets: long(48)?,
            ..Counters::default()
        },
    })
}

/// `local`, as a socket for both kinds of addresses has it towards an IPv4 peer.
pub fn like(remote: Endpoint, local: Endpoint) -> Endpoint {
    if remote.ip.is_ipv4() && local.ip == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        return Endpoint { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), ..local };
    }
    local
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(text: &str, port: u16) -> Endpoint {
        Endpoint::new(text.parse().unwrap(), port)
    }

    #[test]
    fn a_key_survives_the_round_trip() {
        for remote in [endpoint("192.0.2.1", 53), endpoint("2001:db8::1", 65_535)] {
            let key = key(0x1234_5678_9abc_def0, remote);
            assert_eq!(parse_key(&key), Some((0x1234_5678_9abc_def0, remote)));
            let (first, last) = keys_of(0x1234_5678_9abc_def0);
            assert!(first < key && key < last);
        }
        let mapped = key(1, endpoint("192.0.2.1", 53));
        assert_eq!(mapped[8..24], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]);
    }

    #[test]
    fn what_was_counted() {
        let mut bytes = [0; FLOW_LENGTH];
        for (offset, value) in (0..7).zip([5_u64, 6, 7, 8, 9, 10, 11]) {
            bytes[offset * 8..offset * 8 + 8].copy_from_slice(&value.to_ne_bytes());
        }
        bytes[72..76].copy_from_slice(&42_u32.to_ne_bytes());
        bytes[80..84].copy_from_slice(&4_026_531_840_u32.to_ne_bytes());
        bytes[84..88].copy_from_slice(&1000_u32.to_ne_bytes());
        bytes[88..90].copy_from_slice(&40_000_u16.to_ne_bytes());
        bytes[90] = 1;
        let flow = parse(&bytes, endpoint("192.0.2.1", 53)).unwrap();
        assert_eq!((flow.opened, flow.used, flow.process), (5, 6, (42, 7)));
        assert_eq!((flow.uid, flow.netns, flow.sent_first), (1000, 4_026_531_840, true));
        assert_eq!(flow.local.to_string(), "0.0.0.0:40000", "it is for both kinds of addresses");
        let counters = flow.counters;
        assert_eq!((counters.received_bytes, counters.sent_bytes), (8, 9));
        assert_eq!((counters.received_packets, counters.sent_packets), (10, 11));
        let v6 = parse(&bytes, endpoint("2001:db8::1", 53)).unwrap();
        assert_eq!(v6.local.to_string(), "[::]:40000");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(key: [u8; KEY_LENGTH], bytes in prop::collection::vec(any::<u8>(), FLOW_LENGTH)) {
            let remote = parse_key(&key).map_or(endpoint("::", 0), |(_, remote)| remote);
            prop_assert!(parse(bytes.first_chunk().unwrap(), remote).is_some());
        }
    }
}
