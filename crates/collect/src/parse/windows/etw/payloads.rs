//! Payloads made by hand, by the providers' manifests: nothing here was recorded on Windows.

use std::net::{IpAddr, SocketAddr};

use super::super::text::encoded;
use super::{Provider, TraceEvent};

/// One event that owns its payload.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) provider: Provider,
    pub(crate) id: u16,
    pub(crate) version: u8,
    pub(crate) pid: u32,
    pub(crate) at: u64,
    pub(crate) payload: Vec<u8>,
}

impl Made {
    pub(crate) fn event(&self) -> TraceEvent<'_> {
        let Self { provider, id, version, pid, at, ref payload } = *self;
        TraceEvent { provider, id, version, pid, at, payload }
    }
}

/// The Unix epoch and that many seconds, in 100 ns since 1601.
pub(crate) fn file_time(seconds: u64) -> u64 {
    116_444_736_000_000_000 + seconds * 10_000_000
}

fn end(text: &str) -> SocketAddr {
    text.parse().expect("an address and a port")
}

/// An event about the network: its id as for IPv4, and what it names as source and destination.
pub(crate) fn network(
    id: u16,
    second: u64,
    pid: u32,
    size: u32,
    source: &str,
    destination: &str,
) -> Made {
    let (source, destination) = (end(source), end(destination));
    let mut payload = Vec::new();
    payload.extend(pid.to_le_bytes());
    payload.extend(size.to_le_bytes());
    for end in [destination, source] {
        match end.ip() {
            IpAddr::V4(ip) => payload.extend(ip.octets()),
            IpAddr::V6(ip) => payload.extend(ip.octets()),
        }
    }
    for end in [destination, source] {
        payload.extend(end.port().to_be_bytes());
    }
    // Sequence number and connection id, and what else differs from event to event.
    payload.extend([0; 12]);
    let id = if source.is_ipv6() { id + super::IPV6_OFFSET } else { id };
    // Written on behalf of whoever happened to run.
    Made {
        provider: Provider::KernelNetwork,
        id,
        version: 0,
        pid: 7,
        at: file_time(second),
        payload,
    }
}

/// A process that starts, as version 3 of the event tells it.
pub(crate) fn started(second: u64, pid: u32, parent: u32, image: &str) -> Made {
    let mut payload = Vec::new();
    payload.extend(pid.to_le_bytes());
    payload.extend(9_u64.to_le_bytes());
    payload.extend(file_time(second).to_le_bytes());
    payload.extend(parent.to_le_bytes());
    payload.extend(8_u64.to_le_bytes());
    for field in [1_u32, 0, 1, 0] {
        payload.extend(field.to_le_bytes());
    }
    // S-1-16-8192: medium integrity.
    payload.extend([1, 1, 0, 0, 0, 0, 0, 16]);
    payload.extend(8192_u32.to_le_bytes());
    payload.extend(encoded(image));
    payload.extend([0, 0]);
    payload.extend([0xaa; 8]);
    payload.extend(encoded("Some.Package_1.0_x64\0App\0"));
    Made {
        provider: Provider::KernelProcess,
        id: super::PROCESS_START,
        version: 3,
        pid: parent,
        at: file_time(second),
        payload,
    }
}

/// A process that ends, as version 2 of the event tells it.
pub(crate) fn stopped(second: u64, pid: u32, created: u64) -> Made {
    let mut payload = Vec::new();
    payload.extend(pid.to_le_bytes());
    payload.extend(9_u64.to_le_bytes());
    payload.extend(created.to_le_bytes());
    payload.extend(file_time(second).to_le_bytes());
    payload.extend([0; 60]);
    payload.extend(b"curl.exe\0");
    Made {
        provider: Provider::KernelProcess,
        id: super::PROCESS_STOP,
        version: 2,
        pid,
        at: file_time(second),
        payload,
    }
}

/// An answer of the resolver.
pub(crate) fn resolved(second: u64, pid: u32, name: &str, results: &str) -> Made {
    let mut payload = encoded(name);
    payload.extend([0, 0]);
    payload.extend(28_u32.to_le_bytes());
    payload.extend(0x4000_u64.to_le_bytes());
    payload.extend(0_u32.to_le_bytes());
    payload.extend(encoded(results));
    payload.extend([0, 0]);
    Made {
        provider: Provider::DnsClient,
        id: super::QUERY_COMPLETED,
        version: 0,
        pid,
        at: file_time(second),
        payload,
    }
}
