//! What walks in the kernel tell: who holds which socket, which sockets there are, and what they
//! carried. The layouts are those of `bpf/record.h`.

use procnet_core::{Counters, Protocol};

use super::kernel_record::{ListedSocket, listed, long, number, protocol};
use super::netlink::array;

/// Length of a record about a socket's holder.
const HOLDER_LENGTH: usize = 32;

/// What walks over sockets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelRow {
    /// It is there.
    Listed(ListedSocket),
    /// It carried something.
    Counted {
        /// The socket's cookie.
        cookie: u64,
        /// The network namespace's inode.
        netns: u32,
        /// Transport protocol.
        protocol: Protocol,
        /// What it carried, all in all.
        counters: Counters,
    },
}

/// A process that holds a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The socket's cookie; of a UNIX socket its inode.
    pub cookie: u64,
    /// The process' id in the kernel's own pid namespace.
    pub pid: u32,
    /// When it started, in nanoseconds since boot.
    pub started: u64,
    /// The socket's network namespace.
    pub netns: u32,
}

/// What a walk over descriptors tells of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldSocket {
    /// Who holds which socket.
    pub holder: Holder,
    /// The socket's transport protocol.
    pub protocol: Protocol,
    /// Whether it listens, and handshakes have begun there that are not finished.
    pub half_open: bool,
    /// What is told of the socket.
    pub told: Told,
}

/// What a walk tells of a socket when it comes to one of its descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// All that is known, for something changed.
    Changed(ListedSocket),
    /// Nothing changed since it was told before.
    Unchanged,
    /// It was told at another descriptor.
    Elsewhere,
}

/// Reads one row of a walk over sockets. `None` for what is none.
pub fn parse_row(bytes: &[u8]) -> Option<KernelRow> {
    let bytes = bytes.first_chunk()?;
    let listed = listed(bytes)?;
    match u32::from_ne_bytes(array(bytes, 40)?) {
        16 => Some(KernelRow::Listed(listed)),
        17 => Some(KernelRow::Counted {
            cookie: listed.cookie,
            netns: listed.netns,
            protocol: listed.protocol,
            counters: listed.counters,
        }),
        _ => None,
    }
}

/// Reads what a walk over descriptors told; what is cut off at the end is left out.
pub fn held_sockets(mut bytes: &[u8]) -> impl Iterator<Item = HeldSocket> {
    std::iter::from_fn(move || {
        loop {
            let (holder, rest) = bytes.split_first_chunk::<HOLDER_LENGTH>()?;
            let length = usize::try_from(number(holder, 24)?).ok()?;
            let (socket, rest) = rest.split_at_checked(length)?;
            bytes = rest;
            if let Some(found) = held_socket(holder, socket) {
                return Some(found);
            }
        }
    })
}

/// `None` for what makes no sense.
fn held_socket(holder: &[u8; HOLDER_LENGTH], socket: &[u8]) -> Option<HeldSocket> {
    let [elsewhere, half_open] = array(holder, 28)?;
    let told = match (socket.first_chunk(), elsewhere) {
        (Some(socket), _) => Told::Changed(listed(socket)?),
        (None, 0) => Told::Unchanged,
        (None, _) => Told::Elsewhere,
    };
    let protocol = match u16::from_ne_bytes(array(holder, 30)?) {
        0 => Protocol::Unix,
        number => protocol(number)?,
    };
    Some(HeldSocket { protocol, half_open: half_open != 0, told, holder: self::holder(holder)? })
}

fn holder(bytes: &[u8; HOLDER_LENGTH]) -> Option<Holder> {
    let pid = number(bytes, 16)?;
    (pid != 0).then_some(Holder {
        cookie: long(bytes, 0)?,
        started: long(bytes, 8)?,
        pid,
        netns: number(bytes, 20)?,
    })
}

#[cfg(test)]
mod tests {
    use procnet_core::SocketState;
    use proptest::prelude::*;

    use super::super::kernel_record::tests::{bytes, connected};
    use super::super::kernel_record::{HELD, PROCESS_SEEN, SOCKET_LENGTH, parse};
    use super::*;

    #[test]
    fn a_listed_socket() {
        let mut record = connected();
        record[40..44].copy_from_slice(&16_u32.to_ne_bytes());
        let Some(KernelRow::Listed(socket)) = parse_row(&record) else { panic!("none") };
        assert_eq!((socket.cookie, socket.process), (99, Some((42, 70))));
        assert_eq!((socket.held, socket.process_seen), (false, false));
        assert_eq!(socket.state, SocketState::Established);
        record[110] = HELD;
        let Some(KernelRow::Listed(socket)) = parse_row(&record) else { panic!("none") };
        assert_eq!((socket.held, socket.process_seen), (true, false));
        record[110] = PROCESS_SEEN;
        let Some(KernelRow::Listed(socket)) = parse_row(&record) else { panic!("none") };
        assert_eq!((socket.held, socket.process_seen), (false, true));
        record[110] = HELD | PROCESS_SEEN;
        record[16..20].fill(0);
        let Some(KernelRow::Listed(socket)) = parse_row(&record) else { panic!("none") };
        assert_eq!((socket.held, socket.process, socket.process_seen), (true, None, false));
        assert_eq!(parse(&record), None, "a listing is no event");
        assert_eq!(parse_row(&connected()), None, "an event is no listing");
    }

    #[test]
    fn a_counted_socket() {
        let mut record = connected();
        record[40..44].copy_from_slice(&17_u32.to_ne_bytes());
        let Some(KernelRow::Counted { cookie, netns, counters, .. }) = parse_row(&record) else {
            panic!("none")
        };
        assert_eq!((cookie, netns), (99, 4_026_531_840));
        assert_eq!((counters.received_bytes, counters.sent_bytes), (10, 20));
    }

    fn held(length: u32, elsewhere: u8) -> Vec<u8> {
        bytes(
            HOLDER_LENGTH,
            &[
                (0, &99_u64.to_ne_bytes()),
                (8, &70_u64.to_ne_bytes()),
                (16, &42_u32.to_ne_bytes()),
                (20, &5_u32.to_ne_bytes()),
                (24, &length.to_ne_bytes()),
                (28, &[elsewhere, 1]),
                (30, &6_u16.to_ne_bytes()),
            ],
        )
    }

    #[test]
    fn holders_with_and_without_their_sockets() {
        let holder = Holder { cookie: 99, pid: 42, started: 70, netns: 5 };
        let nobody = [0; HOLDER_LENGTH];
        let with = held(SOCKET_LENGTH as u32, 0);
        let all = [held(0, 0), nobody.to_vec(), with, connected(), held(0, 1)].concat();
        let found: Vec<HeldSocket> = held_sockets(&all).collect();
        assert!(found.iter().all(|found| found.holder == holder && found.half_open));
        let [Told::Unchanged, Told::Changed(socket), Told::Elsewhere] =
            [found[0].told, found[1].told, found[2].told]
        else {
            panic!("{found:?}")
        };
        assert_eq!((found.len(), socket.cookie), (3, 99));
        for length in 0..all.len() {
            assert!(held_sockets(&all[..length]).count() < found.len());
        }
    }

    #[test]
    fn a_holder_of_a_unix_socket() {
        let mut unix = held(0, 0);
        unix[30..32].fill(0);
        let mut other = held(0, 0);
        other[30] = 1;
        let found: Vec<HeldSocket> = held_sockets(&[other, unix].concat()).collect();
        let [HeldSocket { protocol: Protocol::Unix, holder, .. }] = found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((holder.cookie, holder.pid), (99, 42));
    }

    #[test]
    fn what_is_cut_off_is_no_row() {
        let mut record = connected();
        for kind in [16_u32, 17] {
            record[40..44].copy_from_slice(&kind.to_ne_bytes());
            for length in 0..SOCKET_LENGTH {
                assert_eq!(parse_row(&record[..length]), None);
            }
            assert!(parse_row(&record).is_some());
        }
    }

    proptest! {
        #[test]
        fn no_mutation_of_a_row_makes_it_panic(
            changes in prop::collection::vec((0_usize..SOCKET_LENGTH, any::<u8>()), 0..16),
        ) {
            let mut record = connected();
            record[40] = 16;
            for (place, value) in changes {
                record[place] = value;
            }
            let _ = parse_row(&record);
            let _ = parse(&record);
            let _ = held_sockets(&record).count();
            let _ = held_sockets(&[held(144, 0), record].concat()).count();
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = parse_row(&bytes);
            let _ = held_sockets(&bytes).count();
        }
    }
}
