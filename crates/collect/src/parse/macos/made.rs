//! Tables made by hand: nothing here was recorded on macOS.

use procnet_core::Protocol;

use super::process::ROW_LENGTH;
use super::socket_info::SOCKET_INFO_LENGTH;

/// A record made by hand.
fn record(length: usize, kind: u32, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length.next_multiple_of(8)];
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(&kind.to_le_bytes());
    for (offset, value) in fields {
        bytes[*offset..offset + value.len()].copy_from_slice(value);
    }
    bytes
}

/// A socket of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) flags: u8,
    pub(crate) local: ([u8; 16], u16),
    pub(crate) remote: ([u8; 16], u16),
    pub(crate) state: u32,
    pub(crate) pid: u32,
}

fn socket(made: &Made, protocol: Protocol) -> Vec<u8> {
    let mut bytes = record(
        104,
        0x010,
        &[
            (16, &made.remote.1.to_be_bytes()),
            (18, &made.local.1.to_be_bytes()),
            (44, &[made.flags]),
            (48, &made.remote.0),
            (64, &made.local.0),
        ],
    );
    bytes.extend(record(
        112,
        0x001,
        &[
            (8, &0xfeed_u64.to_le_bytes()),
            (64, &501_u32.to_le_bytes()),
            (68, &made.pid.to_le_bytes()),
            (72, &9_u32.to_le_bytes()),
        ],
    ));
    bytes.extend(record(34, 0x002, &[]));
    bytes.extend(record(34, 0x004, &[]));
    let class = [3_u64, 300, 2, 20].map(u64::to_le_bytes).concat();
    bytes.extend(record(136, 0x008, &[(8, &class), (8 + 96, &class)]));
    if protocol == Protocol::Tcp {
        bytes.extend(record(204, 0x020, &[(36, &made.state.to_le_bytes())]));
    }
    bytes
}

/// A list made by hand: nothing here was recorded on macOS.
pub(crate) fn list(protocol: Protocol, sockets: &[Made]) -> Vec<u8> {
    let header = record(24, sockets.len() as u32, &[]);
    let sockets = sockets.iter().flat_map(|made| socket(made, protocol));
    header.iter().copied().chain(sockets).chain(header.iter().copied()).collect()
}

pub(crate) fn v4(a: u8, b: u8, c: u8, d: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
}

/// A row of the list of processes.
pub(crate) fn process(pid: u32, parent: u32, uid: u32, started: u64, name: &[u8]) -> Vec<u8> {
    with_fields(
        ROW_LENGTH,
        &[
            (0, &started.to_le_bytes()),
            (36, &[2]),
            (40, &pid.to_le_bytes()),
            (243, name),
            (420, &uid.to_le_bytes()),
            (560, &parent.to_le_bytes()),
        ],
    )
}

/// What is said of a descriptor that is a socket of TCP, with the handle of those of [`list`].
pub(crate) fn descriptor(made: &Made) -> Vec<u8> {
    with_fields(
        SOCKET_INFO_LENGTH,
        &[
            (24 + 136, &0xfeed_u64.to_le_bytes()),
            (24 + 156, &6_u32.to_le_bytes()),
            (24 + 232, &2_u32.to_le_bytes()),
            (264, &made.remote.1.to_be_bytes()),
            (268, &made.local.1.to_be_bytes()),
            (264 + 24, &[made.flags]),
            (264 + 32, &made.remote.0),
            (264 + 48, &made.local.0),
            (264 + 80, &made.state.to_le_bytes()),
        ],
    )
}

/// The arguments of a process, with an environment behind them.
pub(crate) fn arguments(path: &str, arguments: &[&str]) -> Vec<u8> {
    let mut bytes = (arguments.len() as u32).to_le_bytes().to_vec();
    bytes.extend(path.as_bytes());
    bytes.extend([0; 5]);
    for string in arguments.iter().chain(&["SECRET=1"]) {
        bytes.extend(string.as_bytes());
        bytes.push(0);
    }
    bytes
}

fn with_fields(length: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (offset, value) in fields {
        bytes[*offset..offset + value.len()].copy_from_slice(value);
    }
    bytes
}
