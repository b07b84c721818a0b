//! The payloads of Event Tracing for Windows that are asked for: the kernel's own about TCP, UDP
//! and processes, and those of the resolver. Fields follow each other without padding; what they
//! are is told by event id and version.
//!
//! What the providers say of the two ends was learnt by others on real machines: the source is the
//! local end in every event about TCP, and in those about UDP but for datagrams received, whose
//! destination it is; `connid` is always 0; ids 18 and 34 count again what was received.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use procnet_core::text::MAX_NAME;
use procnet_core::{Endpoint, HostId, ProcessKey, Protocol, Timestamp, canonical};

use super::super::netlink::array;
use super::super::sighting::{Activity, ProcessSighting, Sighting, unspecified_like};
use super::text::{until_nul, utf16};
use super::timestamp;

/// Most addresses that are read of one answer of the resolver.
const MAX_ADDRESSES: usize = 64;
/// Longest name of a domain, with the dot at its end (RFC 1035 section 2.3.4).
const MAX_DOMAIN: usize = 254;

/// Who writes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// `Microsoft-Windows-Kernel-Network`.
    KernelNetwork,
    /// `Microsoft-Windows-Kernel-Process`.
    KernelProcess,
    /// `Microsoft-Windows-DNS-Client`.
    DnsClient,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::KernelNetwork, Self::KernelProcess, Self::DnsClient];

    /// Its id, the first hexadecimal digit of its written form as the highest.
    pub const fn guid(self) -> u128 {
        match self {
            Self::KernelNetwork => 0x7dd4_2a49_5329_4832_8dfd_43d9_7915_3a88,
            Self::KernelProcess => 0x22fb_2cd6_0e7b_422b_a0c7_2fad_1fd0_e716,
            Self::DnsClient => 0x1c95_126e_7eea_49a9_a3fe_a378_b03d_db4d,
        }
    }

    /// Which of its events are asked for: IPv4 and IPv6; processes; whatever there is.
    pub const fn keywords(self) -> u64 {
        match self {
            Self::KernelNetwork => 0x30,
            Self::KernelProcess => 0x10,
            Self::DnsClient => u64::MAX,
        }
    }

    /// Whether [`parse`] reads its events of this id. If such a one can't be read, something is
    /// amiss.
    pub const fn tells(self, id: u16) -> bool {
        match self {
            Self::KernelNetwork => NetworkChange::of(id).is_some(),
            Self::KernelProcess => matches!(id, PROCESS_START | PROCESS_STOP),
            Self::DnsClient => id == QUERY_COMPLETED,
        }
    }
}

const PROCESS_START: u16 = 1;
const PROCESS_STOP: u16 = 2;
const QUERY_COMPLETED: u16 = 3008;
/// The ids of events about IPv6 are greater by this.
const IPV6_OFFSET: u16 = 16;

/// One event: what its header says, and its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceEvent<'a> {
    /// Who wrote it.
    pub provider: Provider,
    /// What it is about.
    pub id: u16,
    /// Which fields its payload has.
    pub version: u8,
    /// When it was written, in 100 ns since 1601.
    pub at: u64,
    /// The process in which it was written, which need not be the one that it is about.
    pub pid: u32,
    /// Its fields.
    pub payload: &'a [u8],
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceRecord<'a> {
    /// Something of a connection, or a datagram.
    Network(NetworkRecord),
    /// A process started.
    Started(StartedRecord<'a>),
    /// A process ended.
    Stopped(StoppedRecord),
    /// A name was resolved.
    Resolved(ResolvedRecord<'a>),
}

/// What happens on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkChange {
    /// Bytes, or a datagram, went out.
    Sent,
    /// Bytes, or a datagram, came in.
    Received,
    /// A connection that was asked for stands.
    Connected,
    /// A connection is being ended.
    Disconnected,
    /// A segment was sent again.
    Retransmitted,
    /// A connection was taken from a listener.
    Accepted,
}

impl NetworkChange {
    /// What an event's id says, and of which protocol and family: true for IPv6.
    const fn of(id: u16) -> Option<(Self, Protocol, bool)> {
        let v6 = matches!(id, 26..=31 | 58 | 59);
        let (change, protocol) = match if v6 { id - IPV6_OFFSET } else { id } {
            10 => (Self::Sent, Protocol::Tcp),
            11 => (Self::Received, Protocol::Tcp),
            12 => (Self::Connected, Protocol::Tcp),
            13 => (Self::Disconnected, Protocol::Tcp),
            14 => (Self::Retransmitted, Protocol::Tcp),
            15 => (Self::Accepted, Protocol::Tcp),
            42 => (Self::Sent, Protocol::Udp),
            43 => (Self::Received, Protocol::Udp),
            _ => return None,
        };
        Some((change, protocol, v6))
    }
}

/// Something of a connection, or a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkRecord {
    /// What happened.
    pub change: NetworkChange,
    /// Of which protocol.
    pub protocol: Protocol,
    /// When.
    pub at: Timestamp,
    /// Whose socket it is; 0 for nobody's.
    pub pid: u32,
    /// How many bytes.
    pub size: u32,
    /// One end, which is nearly always the local one.
    pub source: Endpoint,
    /// The other end.
    pub destination: Endpoint,
}

impl NetworkRecord {
    /// Its local and its remote end. `is_local` says which addresses are this machine's; it
    /// decides where providers differ.
    pub fn ends(&self, is_local: impl Fn(IpAddr) -> bool) -> (Endpoint, Endpoint) {
        let datagram_in = self.protocol == Protocol::Udp && self.change == NetworkChange::Received;
        let (mut local, remote) = if datagram_in {
            (self.destination, self.source)
        } else {
            (self.source, self.destination)
        };
        let ours = |ip: IpAddr| ip.is_loopback() || is_local(ip);
        let group = local.ip.is_multicast() || local.ip == IpAddr::V4(Ipv4Addr::BROADCAST);
        if group {
            // A group is nobody's address.
            local.ip = unspecified_like(local);
        } else if !ours(local.ip) && ours(remote.ip) {
            return (remote, local);
        }
        (local, remote)
    }

    /// What it says of which socket.
    pub fn sighting(&self, is_local: impl Fn(IpAddr) -> bool) -> Sighting {
        let (local, remote) = self.ends(is_local);
        let activity = match self.change {
            NetworkChange::Sent => Activity::Sent(u64::from(self.size)),
            NetworkChange::Received => Activity::Received(u64::from(self.size)),
            NetworkChange::Connected => Activity::Connected,
            NetworkChange::Disconnected => Activity::Closed,
            NetworkChange::Retransmitted => Activity::Retransmitted,
            NetworkChange::Accepted => Activity::Accepted,
        };
        let (at, pid, protocol) = (self.at, self.pid, self.protocol);
        Sighting { at, pid, protocol, local, remote: Some(remote), activity }
    }
}

/// A process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartedRecord<'a> {
    /// Its id.
    pub pid: u32,
    /// When, in 100 ns since 1601: what tells it from others that had the same id.
    pub created: u64,
    /// The id of the process that made it.
    pub parent: u32,
    /// The session that it belongs to.
    pub session: u32,
    /// Its executable's path in UTF-16, beginning with the device it lies on.
    pub image: &'a [u8],
    /// The full name of its package in UTF-16, if it has one.
    pub package: Option<&'a [u8]>,
}

impl StartedRecord<'_> {
    /// What it says of the process. `drives`: each device's path, and the drive that it is.
    pub fn sighting(&self, drives: &[(&str, &str)]) -> ProcessSighting {
        let image = utf16(self.image, MAX_NAME);
        let path = on_drive(&image, drives);
        let name = path.rsplit('\\').next().unwrap_or_default();
        ProcessSighting::Started {
            key: process_key(self.pid, self.created),
            name: Arc::from(name),
            parent: self.parent,
            at: timestamp(self.created).unwrap_or_default(),
            exe: (!path.is_empty()).then(|| Arc::from(path)),
        }
    }
}

impl StoppedRecord {
    /// What it says of the process.
    pub fn sighting(&self) -> ProcessSighting {
        ProcessSighting::Exited(process_key(self.pid, self.created))
    }
}

const fn process_key(pid: u32, started: u64) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started }
}

/// A path as people know it: `\Device\HarddiskVolume4\a.exe` is `C:\a.exe`. One of no known drive
/// stays as it is.
pub fn on_drive(path: &str, drives: &[(&str, &str)]) -> String {
    let found = drives.iter().find_map(|(device, drive)| {
        let rest = path.strip_prefix(device)?;
        // Volume 1 is not volume 12.
        (rest.is_empty() || rest.starts_with('\\')).then(|| format!("{drive}{rest}"))
    });
    found.unwrap_or_else(|| path.to_owned())
}

/// A process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoppedRecord {
    /// Its id.
    pub pid: u32,
    /// When it started, in 100 ns since 1601.
    pub created: u64,
}

/// A process was told which addresses a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedRecord<'a> {
    /// The process that asked.
    pub pid: u32,
    /// When it was answered.
    pub at: Timestamp,
    /// The name in UTF-16.
    pub name: &'a [u8],
    /// What was asked for: 1 for IPv4 addresses, 28 for those of IPv6.
    pub kind: u32,
    /// 0 if there was an answer.
    pub status: u32,
    /// The answer in UTF-16: see [`ResolvedRecord::addresses`].
    pub results: &'a [u8],
}

impl ResolvedRecord<'_> {
    /// The name that was asked for, sanitised; `None` if it is empty.
    pub fn asked(&self) -> Option<Arc<str>> {
        let name = utf16(self.name, MAX_DOMAIN);
        // A full name may end with the root's empty label.
        let plain = name.strip_suffix('.').unwrap_or(&name);
        match plain.len() {
            0 => None,
            all if all == name.len() => Some(name),
            _ => Some(Arc::from(plain)),
        }
    }

    /// The addresses in the answer, at most 64: `type:  5 alias.example;::ffff:192.0.2.1;`.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let results = super::text::decoded(self.results, usize::from(u16::MAX));
        let addresses: Vec<IpAddr> = results
            .split(';')
            .filter_map(|result| result.split_ascii_whitespace().next_back()?.parse().ok())
            .map(canonical)
            .take(MAX_ADDRESSES)
            .collect();
        addresses.into_iter()
    }
}

/// Reads one event. `None` if it is not asked for, or is cut off, or of a version that is not
/// known.
pub fn parse<'a>(event: &TraceEvent<'a>) -> Option<TraceRecord<'a>> {
    Some(match (event.provider, event.id) {
        (Provider::KernelNetwork, _) => TraceRecord::Network(network(event)?),
        (Provider::KernelProcess, PROCESS_START) => TraceRecord::Started(started(event)?),
        (Provider::KernelProcess, PROCESS_STOP) => TraceRecord::Stopped(stopped(event)?),
        (Provider::DnsClient, QUERY_COMPLETED) => TraceRecord::Resolved(resolved(event)?),
        _ => return None,
    })
}

/// Later versions, if there are any, only append.
fn network(event: &TraceEvent<'_>) -> Option<NetworkRecord> {
    let (change, protocol, v6) = NetworkChange::of(event.id)?;
    let payload = event.payload;
    let (destination, source, ports) = if v6 {
        let address = |offset| Some(IpAddr::V6(array::<16>(payload, offset)?.into()));
        (address(8)?, address(24)?, 40)
    } else {
        let address = |offset| Some(IpAddr::V4(array::<4>(payload, offset)?.into()));
        (address(8)?, address(12)?, 16)
    };
    let port = |offset| Some(u16::from_be_bytes(array(payload, offset)?));
    let pid = u32::from_le_bytes(array(payload, 0)?);
    Some(NetworkRecord {
        change,
        protocol,
        at: timestamp(event.at)?,
        // All bits are set where the kernel does not know.
        pid: if pid == u32::MAX { 0 } else { pid },
        size: u32::from_le_bytes(array(payload, 4)?),
        source: Endpoint::new(source, port(ports + 2)?),
        destination: Endpoint::new(destination, port(ports)?),
    })
}

fn started<'a>(event: &TraceEvent<'a>) -> Option<StartedRecord<'a>> {
    let payload = event.payload;
    // Since version 3 sequence numbers stand between, and the token's label, of any length, before
    // the name.
    let (created, parent, session, image) = match event.version {
        0 => (4, 12, 16, 20),
        1 | 2 => (4, 12, 16, 24),
        3 | 4 => (12, 20, 32, 48 + sid_length(payload.get(48..)?)?),
        _ => return None,
    };
    let (image, rest) = text(payload.get(image..)?)?;
    let package = match event.version {
        0 | 1 => None,
        _ => rest.get(8..).and_then(text).map(|(name, _)| name).filter(|name| !name.is_empty()),
    };
    Some(StartedRecord {
        pid: u32::from_le_bytes(array(payload, 0)?),
        created: u64::from_le_bytes(array(payload, created)?),
        parent: u32::from_le_bytes(array(payload, parent)?),
        session: u32::from_le_bytes(array(payload, session)?),
        image,
        package,
    })
}

fn stopped(event: &TraceEvent<'_>) -> Option<StoppedRecord> {
    let created = match event.version {
        0 | 1 => 4,
        2 => 12,
        _ => return None,
    };
    Some(StoppedRecord {
        pid: u32::from_le_bytes(array(event.payload, 0)?),
        created: u64::from_le_bytes(array(event.payload, created)?),
    })
}

fn resolved<'a>(event: &TraceEvent<'a>) -> Option<ResolvedRecord<'a>> {
    let (name, rest) = text(event.payload)?;
    let (results, _) = text(rest.get(16..)?)?;
    Some(ResolvedRecord {
        pid: event.pid,
        at: timestamp(event.at)?,
        name,
        kind: u32::from_le_bytes(array(rest, 0)?),
        status: u32::from_le_bytes(array(rest, 12)?),
        results,
    })
}

/// Text in UTF-16 and what follows the NUL that ends it. `None` if there is no NUL.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = until_nul(bytes);
    Some((text, bytes.get(text.len() + 2..)?))
}

/// The length of a security identifier: revision, number of sub-authorities, authority, and the
/// sub-authorities.
fn sid_length(bytes: &[u8]) -> Option<usize> {
    let [revision, count, ..] = *bytes else { return None };
    (revision == 1 && count <= 15).then_some(8 + 4 * usize::from(count))
}

#[cfg(test)]
pub(crate) mod payloads;
#[cfg(test)]
mod tests;
