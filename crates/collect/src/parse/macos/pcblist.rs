//! `sysctl net.inet.tcp.pcblist_n` and `net.inet.udp.pcblist_n` (`bsd/netinet/in_pcblist.c`): a
//! header, then several records for each socket, each with its length and its kind, rounded up to
//! eight bytes; and a header again. The records' fields lie four bytes apart at least.

use procnet_core::{Counters, Protocol};

use super::super::netlink::array;
use super::{EndsLayout, SocketRow, tcp_state, udp_state};

/// Length of the header at both ends: anything that short ends the list.
const HEADER_LENGTH: usize = 24;

const SOCKET: u32 = 0x001;
const TRAFFIC: u32 = 0x008;
const ENDS: u32 = 0x010;
const TCP: u32 = 0x020;

const ENDS_LAYOUT: EndsLayout =
    EndsLayout { remote_port: 16, local_port: 18, flags: 44, remote: 48, local: 64 };

/// The records of one socket.
#[derive(Clone, Copy, Debug, Default)]
struct Group<'a> {
    ends: &'a [u8],
    socket: Option<&'a [u8]>,
    traffic: Option<&'a [u8]>,
    tcp: Option<&'a [u8]>,
}

/// Walks the sockets of one list.
#[derive(Clone, Debug)]
pub struct Sockets<'a> {
    protocol: Protocol,
    rest: &'a [u8],
    group: Option<Group<'a>>,
    malformed: bool,
    unreadable: u32,
}

impl<'a> Sockets<'a> {
    /// Walks the list in `buffer`.
    pub fn new(protocol: Protocol, buffer: &'a [u8]) -> Self {
        let mut walk =
            Self { protocol, rest: buffer, group: None, malformed: false, unreadable: 0 };
        walk.rest = match split(buffer) {
            Some((header, rest)) if header.len() >= HEADER_LENGTH => rest,
            _ => {
                walk.malformed = true;
                &[]
            }
        };
        walk
    }

    /// True if the walk ended at bytes that are no record: the list was cut off.
    pub fn malformed(&self) -> bool {
        self.malformed
    }

    /// How many sockets could not be read, so far: of a state that does not exist, or with records
    /// that are shorter than they should be.
    pub fn unreadable(&self) -> u32 {
        self.unreadable
    }

    /// The records of the next socket.
    fn group(&mut self) -> Option<Group<'a>> {
        loop {
            let Some((record, rest)) = split(self.rest) else {
                // Even an empty list ends with a header.
                self.malformed |= !self.rest.is_empty() || self.group.is_some();
                self.rest = &[];
                return self.group.take();
            };
            if record.len() <= HEADER_LENGTH {
                self.rest = &[];
                return self.group.take();
            }
            self.rest = rest;
            let kind = array(record, 4).map_or(0, u32::from_le_bytes);
            if kind == ENDS {
                let before = self.group.replace(Group { ends: record, ..Group::default() });
                if before.is_some() {
                    return before;
                }
            } else if let Some(group) = &mut self.group {
                match kind {
                    SOCKET => group.socket = Some(record),
                    TRAFFIC => group.traffic = Some(record),
                    TCP => group.tcp = Some(record),
                    _ => {}
                }
            }
        }
    }

    fn row(&self, group: &Group<'_>) -> Option<SocketRow> {
        let ends = ENDS_LAYOUT.read(group.ends)?;
        let state = match self.protocol {
            Protocol::Tcp => tcp_state(u32::from_le_bytes(array(group.tcp?, 36)?))?,
            Protocol::Udp | Protocol::Unix => udp_state(ends.local, ends.remote),
        };
        let socket = group.socket.unwrap_or_default();
        let number = |offset| array(socket, offset).map(u32::from_le_bytes);
        Some(SocketRow {
            protocol: self.protocol,
            state,
            local: ends.local,
            remote: ends.remote,
            v6_only: ends.v6_only,
            uid: number(64),
            pid: number(68).unwrap_or(0),
            effective_pid: number(72).unwrap_or(0),
            handle: array(socket, 8).map_or(0, u64::from_le_bytes),
            counters: group.traffic.map_or_else(Counters::default, counters),
        })
    }
}

impl Iterator for Sockets<'_> {
    type Item = SocketRow;

    fn next(&mut self) -> Option<SocketRow> {
        while let Some(group) = self.group() {
            if let Some(row) = self.row(&group) {
                return Some(row);
            }
            self.unreadable = self.unreadable.saturating_add(1);
        }
        None
    }
}

/// A record that begins with its length, and what follows its padding.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(array(bytes, 0)?) as usize;
    // A record has at least its length and its kind, so the walk goes on.
    let record = bytes.get(..length).filter(|record| record.len() >= 8)?;
    Some((record, bytes.get(length.next_multiple_of(8)..).unwrap_or_default()))
}

/// What went by, in four classes of traffic: packets and bytes that came in, and that went out.
fn counters(traffic: &[u8]) -> Counters {
    let mut total = Counters::default();
    let (numbers, _) = traffic.get(8..).unwrap_or_default().as_chunks::<8>();
    let (classes, _) = numbers.as_chunks::<4>();
    for class in classes.iter().take(4) {
        let [packets_in, bytes_in, packets_out, bytes_out] = class.map(u64::from_le_bytes);
        total.received_packets = total.received_packets.saturating_add(packets_in);
        total.received_bytes = total.received_bytes.saturating_add(bytes_in);
        total.sent_packets = total.sent_packets.saturating_add(packets_out);
        total.sent_bytes = total.sent_bytes.saturating_add(bytes_out);
    }
    total
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use procnet_core::{Endpoint, SocketState};
    use proptest::prelude::*;

    use super::super::made::{Made, list, v4};
    use super::*;

    fn three() -> Vec<u8> {
        let mut link = [0; 16];
        link[..4].copy_from_slice(&[0xfe, 0x80, 0, 4]);
        link[15] = 1;
        list(
            Protocol::Tcp,
            &[
                Made { flags: 3, local: ([0; 16], 80), remote: ([0; 16], 0), state: 1, pid: 42 },
                Made {
                    flags: 1,
                    local: (v4(10, 0, 0, 1), 80),
                    remote: (v4(192, 0, 2, 7), 6000),
                    state: 4,
                    pid: 42,
                },
                Made { flags: 2, local: (link, 5000), remote: (link, 443), state: 10, pid: 0 },
            ],
        )
    }

    #[test]
    fn a_list_of_tcp_sockets() {
        let bytes = three();
        let mut walk = Sockets::new(Protocol::Tcp, &bytes);
        let [listener, served, waiting] = walk.by_ref().collect::<Vec<_>>()[..] else {
            panic!("three sockets")
        };
        assert!(!walk.malformed() && walk.unreadable() == 0);
        assert_eq!(listener.local.to_string(), "[::]:80");
        assert_eq!((listener.state, listener.remote), (SocketState::Listen, None));
        assert!(!listener.v6_only, "it takes both");
        assert_eq!((listener.pid, listener.effective_pid), (42, 9));
        assert_eq!((listener.uid, listener.handle), (Some(501), 0xfeed));

        assert_eq!(served.local.to_string(), "10.0.0.1:80");
        assert_eq!(served.remote.unwrap().to_string(), "192.0.2.7:6000");
        assert_eq!((served.counters.received_bytes, served.counters.sent_bytes), (600, 40));
        assert_eq!((served.counters.received_packets, served.counters.sent_packets), (6, 4));

        assert_eq!(waiting.local.to_string(), "[fe80::1]:5000");
        assert_eq!((waiting.state, waiting.v6_only), (SocketState::TimeWait, true));
        assert_eq!(waiting.pid, 0);
    }

    #[test]
    fn a_list_of_udp_sockets() {
        let bytes = list(
            Protocol::Udp,
            &[
                Made { flags: 1, local: ([0; 16], 53), remote: ([0; 16], 0), state: 0, pid: 1 },
                Made {
                    flags: 1,
                    local: (v4(10, 0, 0, 1), 5000),
                    remote: (v4(192, 0, 2, 7), 53),
                    state: 0,
                    pid: 2,
                },
                Made { flags: 1, local: ([0; 16], 0), remote: ([0; 16], 0), state: 0, pid: 3 },
            ],
        );
        let told: Vec<_> = Sockets::new(Protocol::Udp, &bytes).map(|row| row.state).collect();
        assert_eq!(told, [SocketState::Listen, SocketState::Established, SocketState::Closed]);
        let any = Sockets::new(Protocol::Udp, &bytes).next().unwrap().local;
        assert_eq!(any, Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 53));
    }

    #[test]
    fn an_empty_list_is_no_malformed_one() {
        let bytes = list(Protocol::Tcp, &[]);
        let mut walk = Sockets::new(Protocol::Tcp, &bytes);
        assert_eq!(walk.next(), None);
        assert!(!walk.malformed());
    }

    #[test]
    fn a_list_that_is_cut_off_says_so() {
        let bytes = three();
        let whole: Vec<_> = Sockets::new(Protocol::Tcp, &bytes).collect();
        let without_end = bytes.len() - 24;
        for length in 0..bytes.len() {
            let mut walk = Sockets::new(Protocol::Tcp, &bytes[..length]);
            let got: Vec<_> = walk.by_ref().collect();
            assert!(got.len() <= whole.len());
            // What a cut leaves of a socket is told without what is missing, or not at all.
            for (got, whole) in got.iter().zip(&whole) {
                assert_eq!((got.local, got.remote), (whole.local, whole.remote));
            }
            assert!(walk.malformed() || length == 24, "at {length} of {without_end}");
        }
    }

    #[test]
    fn a_state_that_does_not_exist_costs_its_socket_only() {
        let made = |state| Made {
            flags: 1,
            local: (v4(10, 0, 0, 1), 80),
            remote: ([0; 16], 0),
            state,
            pid: 1,
        };
        let bytes = list(Protocol::Tcp, &[made(11), made(1)]);
        let mut walk = Sockets::new(Protocol::Tcp, &bytes);
        assert_eq!(walk.by_ref().count(), 1);
        assert_eq!(walk.unreadable(), 1);
    }

    proptest! {
        #[test]
        fn no_mutation_makes_it_panic_or_run_on(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
        ) {
            let mut bytes = three();
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let told = Sockets::new(protocol, &bytes).count();
                prop_assert!(told <= bytes.len() / HEADER_LENGTH);
            }
        }
    }
}
