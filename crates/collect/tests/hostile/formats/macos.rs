//! What macOS writes.

use procnet_collect::parse::macos::pcblist::Sockets;
use procnet_collect::parse::macos::process::{Arguments, Processes, ROW_LENGTH};
use procnet_collect::parse::macos::socket_info::{self, SOCKET_INFO_LENGTH};
use procnet_collect::parse::macos::sources::Sources;
use procnet_collect::parse::macos::statistics::Messages;
use procnet_core::{Protocol, Timestamp};

use super::{Format, fields, formats};

/// A record of a table, with its length and kind.
fn record(length: usize, kind: u32, more: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = fields(length.next_multiple_of(8), more);
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(&kind.to_le_bytes());
    bytes
}

fn socket_tables() -> Format {
    let header = record(24, 2, &[]);
    let socket = [
        record(104, 0x10, &[(16, &[0, 80, 1, 187]), (44, &[1]), (60, &[10, 0, 0, 1])]),
        record(112, 0x01, &[(64, &[1]), (68, &[42])]),
        record(34, 0x02, &[]),
        record(136, 0x08, &[(8, &[1; 128])]),
        record(204, 0x20, &[(36, &[4])]),
    ]
    .concat();
    Format {
        name: "macOS: socket tables",
        seeds: vec![[&header[..], &socket, &socket, &header].concat()],
        read: |bytes| {
            let mut told = 0;
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let mut walk = Sockets::new(protocol, bytes);
                for row in walk.by_ref() {
                    drop(row.socket(None));
                    told += 1;
                }
                let _ = (walk.malformed(), walk.unreadable());
            }
            assert!(told <= 2 * bytes.len() / 24);
            told
        },
    }
}

fn descriptors() -> Format {
    let ends: [(usize, &[u8]); 4] =
        [(264, &[1, 187]), (268, &[0, 80]), (288, &[1]), (308, &[10, 0, 0, 1])];
    let mut tcp = fields(SOCKET_INFO_LENGTH, &ends);
    (tcp[256], tcp[344]) = (2, 4);
    let mut udp = fields(SOCKET_INFO_LENGTH, &ends);
    (udp[256], udp[180]) = (1, 17);
    Format {
        name: "macOS: descriptors",
        seeds: vec![tcp, udp, [3_u8, 0, 0, 0, 2, 0, 0, 0].repeat(4)],
        read: |bytes| {
            let sockets = socket_info::sockets_among(bytes).count();
            sockets + usize::from(socket_info::parse(42, bytes).is_some())
        },
    }
}

fn processes() -> Format {
    let arguments = b"\x03\0\0\0/bin/sh\0\0\0\0sh\0-c\0echo\0SECRET=1\0HOME=/\0";
    let process = fields(ROW_LENGTH, &[(0, &[7; 12]), (40, &[42]), (243, b"sh")]);
    Format {
        name: "macOS: processes",
        seeds: vec![arguments.to_vec(), [process.clone(), process].concat()],
        read: |bytes| {
            let arguments = Arguments::parse(bytes);
            let told = arguments.map_or(0, |arguments| arguments.iter().count());
            assert!(told <= bytes.len());
            told + Processes::new(bytes).filter(|process| process.started_at().0 >= 0).count()
        },
    }
}

fn message(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![5, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(kind.to_le_bytes());
    bytes.extend(((16 + body.len()) as u16).to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(body);
    bytes
}

fn network_statistics() -> Format {
    let address: [u8; 8] = [16, 2, 1, 187, 10, 0, 0, 1];
    let tcp = fields(344, &[(76, &[4]), (116, &[42]), (124, &address), (152, &address)]);
    let udp = fields(280, &[(56, &address), (84, &address), (128, &[42])]);
    let described = [&fields(24, &[(0, &[7]), (16, &[2])]), &tcp[..]].concat();
    let updated = [&fields(136, &[(0, &[8]), (128, &[4])]), &udp[..]].concat();
    let all = [
        message(10_001, &fields(16, &[(0, &[7]), (8, &[2])])),
        message(10_003, &described),
        message(10_004, &fields(128, &[(0, &[7]), (16, &[9; 32])])),
        message(10_006, &updated),
        message(10_002, &fields(8, &[(0, &[7])])),
        message(1, &[1, 0, 0, 0, 0, 0, 0, 0]),
    ];
    Format {
        name: "macOS: network statistics",
        seeds: vec![all.concat()],
        read: |bytes| {
            let mut sources = Sources::default();
            let (mut messages, mut told) = (0, 0);
            for message in Messages::new(bytes) {
                sources.take(&message, Timestamp::default(), |sighting| {
                    let _ = sighting.key();
                    told += 1;
                });
                messages += 1;
            }
            assert!(messages <= bytes.len() / 16 && told <= 3 * messages);
            told
        },
    }
}

formats! {
    socket_tables,
    descriptors,
    processes,
    network_statistics,
}
