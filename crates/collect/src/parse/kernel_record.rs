//! What our own programs in the kernel tell: the layout of `bpf/record.h`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{Counters, Endpoint, Protocol, SocketState};

use super::kernel_flow::{KernelFlow, like};
use super::netlink::array;
use super::row::{peer, socket_state};

/// Length of the part that all records share.
const HEADER_LENGTH: usize = 48;
/// Length of a record about a process.
const PROCESS_LENGTH: usize = 192;
/// Length of a record about a socket.
pub(super) const SOCKET_LENGTH: usize = 144;
/// Flags of a listing: `enum known`.
pub(super) const HELD: u8 = 1;
pub(super) const PROCESS_SEEN: u8 = 2;

/// `TCP_SYN_SENT` of `include/net/tcp_states.h`.
const SYN_SENT: u8 = 2;
/// `TCP_SYN_RECV`.
const SYN_RECEIVED: u8 = 3;

/// A process, as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelProcess {
    /// Its id in the kernel's own pid namespace.
    pub pid: u32,
    /// When it started, in nanoseconds since boot.
    pub started: u64,
    /// Its short name, padded with zeros.
    pub comm: [u8; 16],
}

/// A record about a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRecord<'a> {
    /// What happened.
    pub kind: ProcessChange,
    /// To which process.
    pub process: KernelProcess,
    /// Its effective user.
    pub uid: u32,
    /// The parent's id and start, for a fork.
    pub parent: Option<(u32, u64)>,
    /// The path that was executed, for an exec; cut off at 127 bytes.
    pub file: Option<&'a [u8]>,
}

/// What happens to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessChange {
    /// Another process made it.
    Forked,
    /// It runs another program now.
    Executed,
    /// Its last thread ended.
    Exited,
    /// It calls itself something else now.
    Renamed,
}

/// A record about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketRecord {
    /// What happened.
    pub kind: SocketChange,
    /// When, in nanoseconds since boot.
    pub at: u64,
    /// The process that it is about: the opener, or whoever uses the socket.
    pub process: Option<KernelProcess>,
    /// The socket's user.
    pub uid: u32,
    /// The network namespace's inode.
    pub netns: u32,
    /// The socket's cookie.
    pub cookie: u64,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where it is in its life now.
    pub state: SocketState,
    /// The local end. While a SYN is being sent its port may not have been chosen yet: 0.
    pub local: Endpoint,
    /// The remote end, if there is one.
    pub remote: Option<Endpoint>,
    /// True for an IPv6 socket that does not take IPv4.
    pub v6_only: bool,
    /// What it carried.
    pub counters: Counters,
}

/// What happens to sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketChange {
    /// It listens.
    Listening,
    /// It called connect.
    Connecting,
    /// Its connect succeeded.
    Connected,
    /// A listener's handshake made it.
    Accepted,
    /// A process uses it.
    Used,
    /// It is gone.
    Closed,
}

/// A record about what a UDP socket exchanges with a peer: it began, or somebody else takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowRecord {
    /// Who sent or received.
    pub process: KernelProcess,
    /// The socket's cookie.
    pub cookie: u64,
    /// The peer.
    pub remote: Endpoint,
    /// What is known of it.
    pub flow: KernelFlow,
}

/// A socket, as a listing tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedSocket {
    /// The process that is noted for it: who opened, accepted or was first found to hold it, by
    /// id and start in nanoseconds since boot. It may have closed it since.
    pub process: Option<(u32, u64)>,
    /// Whether it was seen opening, accepting or using it, rather than only found.
    pub process_seen: bool,
    /// Whether anybody holds it, be it a process or the kernel.
    pub held: bool,
    /// The socket's user.
    pub uid: u32,
    /// The network namespace's inode.
    pub netns: u32,
    /// The socket's cookie.
    pub cookie: u64,
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
    /// What it carried.
    pub counters: Counters,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelRecord<'a> {
    /// About a process.
    Process(ProcessRecord<'a>),
    /// About a socket.
    Socket(SocketRecord),
    /// About what a UDP socket exchanges with a peer that it is not connected to.
    Flow(FlowRecord),
}

/// Reads one record. `None` for what is none of ours.
pub fn parse(bytes: &[u8]) -> Option<KernelRecord<'_>> {
    match u32::from_ne_bytes(array(bytes, 40)?) {
        1..=3 => socket(bytes.first_chunk()?).map(KernelRecord::Socket),
        4 => process(ProcessChange::Forked, bytes.get(..PROCESS_LENGTH)?),
        5 => process(ProcessChange::Executed, bytes.get(..PROCESS_LENGTH)?),
        6 => process(ProcessChange::Exited, bytes.get(..PROCESS_LENGTH)?),
        8 => process(ProcessChange::Renamed, bytes.get(..PROCESS_LENGTH)?),
        7 => flow(bytes.first_chunk()?).map(KernelRecord::Flow),
        _ => None,
    }
}

fn kernel_process(bytes: &[u8]) -> Option<KernelProcess> {
    let pid = u32::from_ne_bytes(array(bytes, 16)?);
    let started = u64::from_ne_bytes(array(bytes, 8)?);
    (pid != 0).then_some(KernelProcess { pid, started, comm: array(bytes, 24)? })
}

fn process(kind: ProcessChange, bytes: &[u8]) -> Option<KernelRecord<'_>> {
    let file = until_nul(bytes.get(HEADER_LENGTH + 16..)?);
    let parent = u32::from_ne_bytes(array(bytes, HEADER_LENGTH + 8)?);
    let parent_started = u64::from_ne_bytes(array(bytes, HEADER_LENGTH)?);
    Some(KernelRecord::Process(ProcessRecord {
        kind,
        process: kernel_process(bytes)?,
        uid: u32::from_ne_bytes(array(bytes, 20)?),
        parent: (parent != 0).then_some((parent, parent_started)),
        file: (!file.is_empty()).then_some(file),
    }))
}

/// What comes before the first zero byte.
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn socket(bytes: &[u8; SOCKET_LENGTH]) -> Option<SocketRecord> {
    let listed = listed(bytes)?;
    let [former] = array(bytes, 108)?;
    let kind = match (number(bytes, 40)?, listed.state, former) {
        (3, ..) => SocketChange::Closed,
        (2, ..) => SocketChange::Used,
        (_, SocketState::Listen, _) => SocketChange::Listening,
        (_, SocketState::SynSent, _) => SocketChange::Connecting,
        (_, SocketState::Established, SYN_SENT) => SocketChange::Connected,
        (_, SocketState::Established, SYN_RECEIVED) => SocketChange::Accepted,
        _ => return None,
    };
    Some(SocketRecord {
        kind,
        at: long(bytes, 0)?,
        process: kernel_process(bytes),
        uid: listed.uid,
        netns: listed.netns,
        cookie: listed.cookie,
        protocol: listed.protocol,
        state: listed.state,
        local: listed.local,
        remote: listed.remote,
        v6_only: listed.v6_only,
        counters: listed.counters,
    })
}

/// By its number (RFC 9293, RFC 768).
pub(super) fn protocol(number: u16) -> Option<Protocol> {
    match number {
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        _ => None,
    }
}

/// What all records about sockets tell.
pub(super) fn listed(bytes: &[u8; SOCKET_LENGTH]) -> Option<ListedSocket> {
    let [protocol, state, _, v6_only, known] = array(bytes, 106)?;
    let protocol = self::protocol(u16::from(protocol))?;
    let (local, remote) = ends(bytes)?;
    let remote = peer(remote);
    let state = socket_state(protocol, state, local, remote)?;
    let pid = number(bytes, 16)?;
    Some(ListedSocket {
        process: if pid == 0 { None } else { Some((pid, long(bytes, 8)?)) },
        process_seen: pid != 0 && known & PROCESS_SEEN != 0,
        held: known & HELD != 0,
        uid: number(bytes, 20)?,
        netns: number(bytes, 96)?,
        cookie: long(bytes, 48)?,
        protocol,
        state,
        local,
        // A listener that was connected before keeps the old peer's address.
        remote: remote.filter(|_| state != SocketState::Listen),
        // As sock_diag has it: of a connection it says nothing.
        v6_only: v6_only != 0 && remote.is_none(),
        counters: counters(bytes)?,
    })
}

fn flow(bytes: &[u8; SOCKET_LENGTH]) -> Option<FlowRecord> {
    let process = kernel_process(bytes)?;
    let (local, remote) = ends(bytes)?;
    let opened = long(bytes, 0)?;
    let flow = KernelFlow {
        opened,
        used: opened,
        process: (process.pid, process.started),
        uid: number(bytes, 20)?,
        netns: number(bytes, 96)?,
        local: like(remote, local),
        sent_first: array::<1>(bytes, 108)? != [0],
        counters: counters(bytes)?,
    };
    Some(FlowRecord { process, cookie: long(bytes, 48)?, remote, flow })
}

pub(super) fn long(bytes: &[u8], offset: usize) -> Option<u64> {
    array(bytes, offset).map(u64::from_ne_bytes)
}

pub(super) fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    array(bytes, offset).map(u32::from_ne_bytes)
}

fn counters(bytes: &[u8; SOCKET_LENGTH]) -> Option<Counters> {
    Some(Counters {
        received_bytes: long(bytes, 56)?,
        sent_bytes: long(bytes, 64)?,
        received_packets: long(bytes, 72)?,
        sent_packets: long(bytes, 80)?,
        rtt_us: number(bytes, 88)?,
        retransmits: number(bytes, 92)?,
    })
}

/// The local and the remote end.
fn ends(bytes: &[u8; SOCKET_LENGTH]) -> Option<(Endpoint, Endpoint)> {
    let short = |offset| array(bytes, offset).map(u16::from_ne_bytes);
    let family = short(100)?;
    let local = endpoint(family, array(bytes, 112)?, short(102)?)?;
    Some((local, endpoint(family, array(bytes, 128)?, short(104)?)?))
}

fn endpoint(family: u16, address: [u8; 16], port: u16) -> Option<Endpoint> {
    let ip = match family {
        2 => {
            let [a, b, c, d, ..] = address;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        10 => IpAddr::V6(Ipv6Addr::from(address)),
        _ => return None,
    };
    Some(Endpoint::new(ip, port))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes `values` at their offsets.
    pub(in crate::parse) fn bytes(length: usize, values: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for (offset, value) in values {
            bytes[*offset..offset + value.len()].copy_from_slice(value);
        }
        bytes
    }

    pub(in crate::parse) fn connected() -> Vec<u8> {
        bytes(
            SOCKET_LENGTH,
            &[
                (0, &5_000_u64.to_ne_bytes()),
                (8, &70_u64.to_ne_bytes()),
                (16, &42_u32.to_ne_bytes()),
                (20, &1000_u32.to_ne_bytes()),
                (24, b"curl"),
                (40, &1_u32.to_ne_bytes()),
                (48, &99_u64.to_ne_bytes()),
                (56, &10_u64.to_ne_bytes()),
                (64, &20_u64.to_ne_bytes()),
                (72, &3_u64.to_ne_bytes()),
                (80, &4_u64.to_ne_bytes()),
                (88, &30_u32.to_ne_bytes()),
                (96, &4_026_531_840_u32.to_ne_bytes()),
                (100, &2_u16.to_ne_bytes()),
                (102, &40_000_u16.to_ne_bytes()),
                (104, &80_u16.to_ne_bytes()),
                (106, &[6, 1, SYN_SENT, 0]),
                (112, &[127, 0, 0, 1]),
                (128, &[127, 0, 0, 2]),
            ],
        )
    }

    #[test]
    fn a_socket_record() {
        let record = connected();
        let Some(KernelRecord::Socket(socket)) = parse(&record) else { panic!("none") };
        assert_eq!(socket.kind, SocketChange::Connected);
        assert_eq!((socket.at, socket.cookie, socket.uid), (5000, 99, 1000));
        assert_eq!(socket.netns, 4_026_531_840);
        assert_eq!(socket.local.to_string(), "127.0.0.1:40000");
        assert_eq!(socket.remote.unwrap().to_string(), "127.0.0.2:80");
        let process = socket.process.unwrap();
        assert_eq!((process.pid, process.started), (42, 70));
        assert_eq!(until_nul(&process.comm), b"curl");
        assert_eq!((socket.counters.received_bytes, socket.counters.sent_bytes), (10, 20));
        let packets = (socket.counters.received_packets, socket.counters.sent_packets);
        assert_eq!(packets, (3, 4));
        assert_eq!((socket.counters.rtt_us, socket.counters.retransmits), (30, 0));
    }

    #[test]
    fn who_is_not_known_is_nobody() {
        let mut record = connected();
        record[16..20].fill(0);
        record[108] = SYN_RECEIVED;
        let Some(KernelRecord::Socket(socket)) = parse(&record) else { panic!("none") };
        assert_eq!((socket.kind, socket.process), (SocketChange::Accepted, None));
    }

    #[test]
    fn a_record_of_an_exchange() {
        let record = bytes(
            SOCKET_LENGTH,
            &[
                (0, &5_000_u64.to_ne_bytes()),
                (8, &70_u64.to_ne_bytes()),
                (16, &42_u32.to_ne_bytes()),
                (20, &1000_u32.to_ne_bytes()),
                (24, b"dig"),
                (40, &7_u32.to_ne_bytes()),
                (48, &99_u64.to_ne_bytes()),
                (64, &20_u64.to_ne_bytes()),
                (80, &1_u64.to_ne_bytes()),
                (96, &4_026_531_840_u32.to_ne_bytes()),
                (100, &10_u16.to_ne_bytes()),
                (102, &40_000_u16.to_ne_bytes()),
                (104, &53_u16.to_ne_bytes()),
                (106, &[17, 1, 1, 0]),
                (128, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]),
            ],
        );
        let Some(KernelRecord::Flow(told)) = parse(&record) else { panic!("none") };
        assert_eq!((told.cookie, told.remote.to_string().as_str()), (99, "192.0.2.1:53"));
        assert_eq!((told.process.pid, told.flow.process), (42, (42, 70)));
        assert_eq!(told.flow.local.to_string(), "0.0.0.0:40000");
        assert!(told.flow.sent_first);
        assert_eq!((told.flow.counters.sent_bytes, told.flow.counters.sent_packets), (20, 1));
        assert_eq!(parse(&record[..SOCKET_LENGTH - 1]), None);
    }

    #[test]
    fn a_process_record() {
        let record = bytes(
            PROCESS_LENGTH,
            &[
                (8, &7_u64.to_ne_bytes()),
                (16, &43_u32.to_ne_bytes()),
                (40, &5_u32.to_ne_bytes()),
                (48, &6_u64.to_ne_bytes()),
                (56, &42_u32.to_ne_bytes()),
                (64, b"/usr/bin/curl"),
            ],
        );
        let Some(KernelRecord::Process(process)) = parse(&record) else { panic!("none") };
        assert_eq!(process.kind, ProcessChange::Executed);
        assert_eq!((process.process.pid, process.parent), (43, Some((42, 6))));
        assert_eq!(process.file, Some(b"/usr/bin/curl".as_slice()));
        assert_eq!(parse(&record[..PROCESS_LENGTH - 1]), None);
        let mut renamed = record;
        renamed[40] = 8;
        let Some(KernelRecord::Process(process)) = parse(&renamed) else { panic!("none") };
        assert_eq!(process.kind, ProcessChange::Renamed);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..256), kind in 0_u32..10) {
            let mut bytes = bytes;
            if let Some(place) = bytes.get_mut(40..44) {
                place.copy_from_slice(&kind.to_ne_bytes());
            }
            let _ = parse(&bytes);
        }
    }
}
