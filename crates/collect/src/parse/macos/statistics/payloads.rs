//! Messages made by hand, by the kernel's public headers: nothing here was recorded on macOS.

use std::net::{IpAddr, SocketAddr};

use super::{
    ADDED, COUNTED, COUNTERS_LENGTH, DESCRIBED, INBOUND, OUTBOUND, Provider, REMOVED, UPDATED,
    header,
};

pub(crate) fn message(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = header(5, kind, (16 + body.len()) as u16);
    bytes.extend(body);
    bytes
}

pub(crate) fn added(source: u64, provider: Provider) -> Vec<u8> {
    let provider = u64::from(provider.number()).to_le_bytes();
    message(ADDED, &[source.to_le_bytes(), provider].concat())
}

pub(crate) fn removed(source: u64) -> Vec<u8> {
    message(REMOVED, &source.to_le_bytes())
}

fn counters(sent: u64, received: u64) -> [u8; COUNTERS_LENGTH] {
    let mut bytes = [0; COUNTERS_LENGTH];
    for (index, value) in [received / 10, received, sent / 10, sent].into_iter().enumerate() {
        bytes[index * 8..index * 8 + 8].copy_from_slice(&value.to_le_bytes());
    }
    // 20 ms.
    bytes[104..108].copy_from_slice(&640_u32.to_le_bytes());
    bytes
}

pub(crate) fn counted(source: u64, sent: u64, received: u64) -> Vec<u8> {
    let about = [source.to_le_bytes(), [0; 8]].concat();
    message(COUNTED, &[about.as_slice(), &counters(sent, received)].concat())
}

/// What a socket is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) provider: Provider,
    pub(crate) state: u32,
    pub(crate) pid: u32,
    pub(crate) local: &'static str,
    pub(crate) remote: Option<&'static str>,
    pub(crate) inbound: Option<bool>,
    /// Whether it has the user, as since macOS 13.
    pub(crate) with_user: bool,
}

fn address(text: &str) -> [u8; 28] {
    let end: SocketAddr = text.parse().expect("an address and a port");
    let mut bytes = [0; 28];
    bytes[2..4].copy_from_slice(&end.port().to_be_bytes());
    match end.ip() {
        IpAddr::V4(ip) => {
            bytes[..2].copy_from_slice(&[16, 2]);
            bytes[4..8].copy_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            bytes[..2].copy_from_slice(&[28, 30]);
            bytes[8..24].copy_from_slice(&ip.octets());
        }
    }
    bytes
}

fn description(made: &Made) -> Vec<u8> {
    let mut bytes = Vec::new();
    let remote = made.remote.map_or([0; 28], address);
    let name = |bytes: &mut Vec<u8>| {
        bytes.extend(b"Safari\0");
        bytes.extend([0xaa; 57]);
    };
    if matches!(made.provider, Provider::Tcp | Provider::UserlandTcp) {
        bytes.extend([0; 76]);
        bytes.extend(made.state.to_le_bytes());
        bytes.extend([0; 36]);
        bytes.extend([made.pid.to_le_bytes(), 9_u32.to_le_bytes()].concat());
        bytes.extend([address(made.local), remote].concat());
        bytes.extend([0; 16]);
        name(&mut bytes);
    } else {
        bytes.extend([0; 56]);
        bytes.extend([address(made.local), remote].concat());
        bytes.extend([0; 16]);
        bytes.extend(made.pid.to_le_bytes());
        name(&mut bytes);
        bytes.extend(9_u32.to_le_bytes());
    }
    bytes.extend([0; 64]);
    if made.with_user {
        bytes.extend([99_u32.to_le_bytes(), 501_u32.to_le_bytes()].concat());
    }
    if matches!(made.provider, Provider::Tcp | Provider::UserlandTcp) {
        bytes.extend([0; 4]);
    }
    let direction = made.inbound.map_or(0, |inbound| if inbound { INBOUND } else { OUTBOUND });
    bytes.extend(direction.to_le_bytes());
    bytes.extend([0; 4]);
    bytes
}

pub(crate) fn described(source: u64, made: &Made) -> Vec<u8> {
    let about = [source.to_le_bytes(), [0; 8]].concat();
    let provider = u64::from(made.provider.number()).to_le_bytes();
    message(DESCRIBED, &[about.as_slice(), &provider, &description(made)].concat())
}

pub(crate) fn updated(source: u64, sent: u64, received: u64, made: &Made) -> Vec<u8> {
    let about = [source.to_le_bytes(), [0; 8]].concat();
    let provider = u64::from(made.provider.number()).to_le_bytes();
    let counters = counters(sent, received);
    message(UPDATED, &[about.as_slice(), &counters, &provider, &description(made)].concat())
}
