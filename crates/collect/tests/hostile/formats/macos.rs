//! What macOS writes.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_collect::CollectOptions;
use procnet_collect::macos::{Collector, System};
use procnet_collect::parse::macos::pcblist::Sockets;
use procnet_collect::parse::macos::process::{Arguments, Processes, ROW_LENGTH};
use procnet_collect::parse::macos::socket_info::{self, SOCKET_INFO_LENGTH};
use procnet_collect::parse::macos::sources::Sources;
use procnet_collect::parse::macos::statistics::Messages;
use procnet_core::{Event, Protocol, Timestamp};

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

/// A Mac that answers each question with the next of these bytes: two for how many, then the answer.
#[derive(Debug)]
struct Mac<'a> {
    rest: &'a [u8],
    connected: bool,
}

impl Mac<'_> {
    fn answer(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        to.clear();
        let (length, rest) = self.rest.split_first_chunk().ok_or(io::ErrorKind::NotFound)?;
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (answer, rest) = rest.split_at(length);
        self.rest = rest;
        to.extend_from_slice(answer);
        Ok(())
    }
}

impl System for Mac<'_> {
    fn processes(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn path(&mut self, _pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn arguments(&mut self, _pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn account(&mut self, _uid: u32) -> Option<Arc<str>> {
        None
    }

    fn sockets(&mut self, _protocol: Protocol, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn descriptors(&mut self, _pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn socket(&mut self, _pid: u32, _descriptor: i32, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn connect(&mut self) -> io::Result<()> {
        self.connected = true;
        Ok(())
    }

    fn ask(&mut self, _message: &[u8]) -> io::Result<()> {
        if self.connected { Ok(()) } else { Err(io::ErrorKind::NotConnected.into()) }
    }

    fn hear(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        self.answer(to)
    }

    fn is_root(&self) -> bool {
        false
    }

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}

/// The collector as a whole, against a kernel that says anything.
fn answers_of_a_kernel() -> Format {
    let table = |state: u8| {
        let header = record(24, 1, &[]);
        let ends = record(104, 0x10, &[(16, &[0, 80, 1, 187]), (44, &[1]), (60, &[10, 0, 0, 1])]);
        let socket = record(112, 0x01, &[(8, &[7]), (68, &[42])]);
        let tcp = record(204, 0x20, &[(36, &[state])]);
        [&header[..], &ends, &socket, &tcp, &header].concat()
    };
    let nothing = [record(24, 0, &[]), record(24, 0, &[])].concat();
    let process = fields(ROW_LENGTH, &[(0, &[7; 12]), (40, &[42]), (243, b"sh")]);
    let arguments = b"\x01\0\0\0/bin/sh\0\0sh\0".to_vec();
    let descriptors = vec![3, 0, 0, 0, 2, 0, 0, 0];
    let socket = fields(SOCKET_INFO_LENGTH, &[(160, &[7]), (256, &[2]), (288, &[1]), (344, &[1])]);
    let address: [u8; 8] = [16, 2, 1, 187, 10, 0, 0, 1];
    let tcp = fields(344, &[(76, &[4]), (116, &[42]), (124, &address), (152, &address)]);
    let told = message(10_003, &[&fields(24, &[(0, &[7]), (16, &[2])]), &tcp[..]].concat());
    let answers = [
        table(1),
        nothing.clone(),
        // The first look.
        table(1),
        nothing.clone(),
        process.clone(),
        b"/bin/sh".to_vec(),
        arguments,
        descriptors,
        socket,
        // What is heard, and a second look.
        told,
        Vec::new(),
        table(4),
        nothing,
        process,
    ];
    let with_length =
        |answer: &Vec<u8>| [&(answer.len() as u16).to_le_bytes(), &answer[..]].concat();
    Format {
        name: "macOS: answers of a kernel",
        seeds: vec![answers.iter().flat_map(with_length).collect()],
        read: |bytes| {
            let mac = Mac { rest: bytes, connected: false };
            let mut now = Instant::now();
            let options = CollectOptions { udp_flows: 8, ..CollectOptions::default() };
            let Ok(mut collector) = Collector::new(mac, &options, now) else { return 0 };
            let mut told = 0;
            for _ in 0..3 {
                if let Ok(Some(batch)) = collector.poll(now) {
                    let opened = |it: &&Event| matches!(it, Event::SocketOpened(_));
                    told += batch.events.iter().filter(opened).count();
                }
                now += Duration::from_millis(700);
            }
            // A row of a table, or a message, has more than that.
            assert!(told <= 3 * bytes.len() / 24);
            told
        },
    }
}

formats! {
    socket_tables,
    descriptors,
    processes,
    network_statistics,
    answers_of_a_kernel,
}
