//! What Windows writes.

use procnet_collect::Differ;
use procnet_collect::differ::Draft;
use procnet_collect::parse::sighting::ProcessSighting;
use procnet_collect::parse::windows::command_line::arguments;
use procnet_collect::parse::windows::etw::{self, Provider, TraceEvent, TraceRecord};
use procnet_collect::parse::windows::icon::{MAX_ICON_BYTES, icon};
use procnet_collect::parse::windows::package;
use procnet_collect::parse::windows::processes::{
    Processes, command_line, command_line_information, image_path, parameters,
};
use procnet_collect::parse::windows::services::services;
use procnet_collect::parse::windows::sid::{last_sub_authority, of_token_user};
use procnet_collect::parse::windows::tables::{Detail, Rows, Table};
use procnet_collect::parse::windows::text::utf16;
use procnet_collect::sightings::Sightings;
use procnet_core::text::MAX_COMMAND_LINE;
use procnet_core::{HostId, Moment, Timestamp};

use super::{Format, fields, formats};

#[path = "../../../src/parse/windows/icon/made.rs"]
mod made;

const BASE: u64 = 0x1_0000;

fn encoded(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn table(rows: &[Vec<u8>], first: usize) -> Vec<u8> {
    let mut bytes = fields(first, &[(0, &(rows.len() as u32).to_le_bytes())]);
    bytes.extend(rows.concat());
    bytes
}

fn socket_tables() -> Format {
    let rows4: Vec<_> = [2, 5, 11_u8]
        .into_iter()
        .map(|state| {
            fields(160, &[(0, &[state]), (4, &[10, 0, 0, 1]), (8, &[0, 80]), (24, &[7; 8])])
        })
        .collect();
    let rows6: Vec<_> = [2, 5, 11_u8]
        .into_iter()
        .map(|state| fields(192, &[(0, &[0xfe, 0x80]), (20, &[0, 80]), (48, &[state])]))
        .collect();
    Format {
        name: "Windows: socket tables",
        seeds: vec![
            table(&rows4, 8),
            table(&rows6, 8),
            include_bytes!("../../fixtures/windows/tcp6_module.bin").to_vec(),
            include_bytes!("../../fixtures/windows/udp4_pid.bin").to_vec(),
        ],
        read: |bytes| {
            let mut told = 0;
            for kind in Table::ALL {
                for detail in [Detail::Pid, Detail::Module] {
                    let mut walk = Rows::new(kind, detail, bytes);
                    for row in walk.by_ref() {
                        drop(row.socket(None));
                        told += 1;
                    }
                    let _ = walk.unreadable();
                }
            }
            // The smallest row has twelve bytes.
            assert!(told <= 8 * bytes.len() / 12);
            told
        },
    }
}

fn lists_of_processes() -> Format {
    let name = encoded("数据.exe");
    let entry = |at: usize, last: bool| {
        let address = BASE + (at + 256) as u64;
        let mut bytes = fields(
            288,
            &[
                (0, &(if last { 0 } else { 288_u32 }).to_le_bytes()),
                (32, &133_485_284_960_000_000_u64.to_le_bytes()),
                (56, &(name.len() as u16).to_le_bytes()),
                (64, &address.to_le_bytes()),
                (80, &[7]),
                (88, &[4]),
            ],
        );
        bytes[256..256 + name.len()].copy_from_slice(&name);
        bytes
    };
    Format {
        name: "Windows: lists of processes",
        seeds: vec![[entry(0, false), entry(288, false), entry(576, true)].concat()],
        read: |bytes| {
            let mut told = 0;
            let mut walk = Processes::new(bytes, BASE);
            for process in walk.by_ref() {
                let name = process.name.map(|name| utf16(name, 100));
                assert!(name.is_none_or(|name| name.len() <= 100));
                let _ = process.started();
                told += 1;
            }
            let _ = walk.malformed();
            assert!(told <= bytes.len() / 104);
            told
        },
    }
}

fn memory_of_processes() -> Format {
    let line = encoded(r#""C:\Program Files\a.exe" -x "a b\\" "c\"d" ""#);
    let mut answer = fields(
        128,
        &[
            (0, &(line.len() as u16).to_le_bytes()),
            (8, &(BASE + 128).to_le_bytes()),
            (32, &BASE.to_le_bytes()),
            (96, &(line.len() as u16).to_le_bytes()),
            (104, &(BASE + 128).to_le_bytes()),
            (112, &(line.len() as u16).to_le_bytes()),
            (120, &(BASE + 128).to_le_bytes()),
        ],
    );
    answer.extend(&line);
    Format {
        name: "Windows: command lines",
        seeds: vec![answer],
        read: |bytes| {
            let _ = parameters(bytes);
            let places = [command_line(bytes), image_path(bytes)].into_iter().flatten();
            let texts = places.filter_map(|place| place.within(bytes, BASE));
            let mut told = 0;
            for text in texts.chain(command_line_information(bytes, BASE)) {
                let arguments = arguments(text);
                assert!(arguments.iter().map(|a| a.len()).sum::<usize>() <= MAX_COMMAND_LINE);
                told += arguments.len();
            }
            told
        },
    }
}

/// Events one after the other: id, version, length, payload.
fn stream(events: &[(u16, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (id, version, payload) in events {
        bytes.extend(id.to_le_bytes());
        bytes.extend([*version, payload.len() as u8]);
        bytes.extend(payload);
    }
    bytes
}

fn network(size: u32, ends: &[&[u8]], ports: [u8; 4]) -> Vec<u8> {
    [&42_u32.to_le_bytes(), &size.to_le_bytes(), &ends.concat()[..], &ports, &[0; 12]].concat()
}

fn events(bytes: &[u8]) -> impl Iterator<Item = TraceEvent<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (&[low, high, version, length], after) = rest.split_first_chunk()?;
        let (payload, after) = after.split_at_checked(usize::from(length))?;
        rest = after;
        let id = u16::from_le_bytes([low, high]);
        let provider = match id {
            0..10 => Provider::KernelProcess,
            10..100 => Provider::KernelNetwork,
            _ => Provider::DnsClient,
        };
        Some(TraceEvent { provider, id, version, at: 133_485_284_960_000_000, pid: 42, payload })
    })
}

fn story() -> Vec<u8> {
    let (here, there): (&[u8], &[u8]) = (&[10, 0, 0, 1], &[192, 0, 2, 7]);
    let (here6, there6) = ([0xfd; 16], [0x20; 16]);
    let sid: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 16, 0, 32, 0, 0];
    let image = encoded("\\Device\\a.exe\0");
    let third = [&[42, 0, 0, 0][..], &[9; 44], &sid, &image, &[0; 8], &encoded("P\0A\0")].concat();
    let started = [&[42, 0, 0, 0][..], &[9; 16], &image].concat();
    let mut stopped = [&[42, 0, 0, 0][..], &[9; 16]].concat();
    stopped.extend([0; 60]);
    let ports = [0x01, 0xbb, 0xc3, 0x50];
    let answer = [encoded("a.example\0"), vec![0; 16], encoded("type:  5 b;::ffff:192.0.2.7;\0")];
    stream(&[
        (1, 3, third),
        (1, 0, started),
        (12, 0, network(0, &[there, here], ports)),
        (10, 0, network(100, &[there, here], ports)),
        (11, 0, network(200, &[there, here], ports)),
        (13, 0, network(0, &[there, here], ports)),
        (31, 0, network(0, &[&there6, &here6], ports)),
        (30, 0, network(0, &[&there6, &here6], ports)),
        (42, 0, network(50, &[there, here], ports)),
        (43, 0, network(60, &[here, there], ports)),
        (59, 0, network(60, &[&here6, &there6], ports)),
        (3008, 0, answer.concat()),
        (2, 2, stopped),
    ])
}

fn events_of_the_kernel_and_the_resolver() -> Format {
    Format {
        name: "Windows: trace events",
        seeds: vec![story()],
        read: |bytes| {
            let mut told = 0;
            for event in events(bytes) {
                match etw::parse(&event) {
                    Some(TraceRecord::Resolved(record)) => {
                        assert!(record.addresses().count() <= 64);
                    }
                    Some(TraceRecord::Network(record)) => {
                        let _ = record.sighting(|ip| ip.is_ipv6()).key();
                    }
                    Some(TraceRecord::Started(record)) => {
                        assert!(utf16(record.image, 100).len() <= 100);
                    }
                    Some(TraceRecord::Stopped(_)) => {}
                    None => continue,
                }
                told += 1;
            }
            assert!(told <= bytes.len() / 4);
            told
        },
    }
}

fn stories_of_events() -> Format {
    Format {
        name: "Windows: stories of trace events",
        seeds: vec![story()],
        read: |bytes| {
            let mut differ = Differ::new(HostId::LOCAL, std::sync::Arc::from([]));
            let mut sightings = Sightings::new(8);
            let mut told = 0;
            for second in 0..2 {
                let mut draft = Draft::default();
                sightings.begin(Moment(second * 1_000_000_000));
                for event in events(bytes) {
                    match etw::parse(&event) {
                        Some(TraceRecord::Network(record)) => {
                            let sighting = record.sighting(|_| false);
                            sightings.socket(&sighting, &mut differ, &mut draft);
                        }
                        Some(TraceRecord::Started(record)) => {
                            let sighting = record.sighting(&[("\\Device", "C:")]);
                            sightings.process(sighting);
                        }
                        Some(TraceRecord::Stopped(record)) => {
                            sightings.process(record.sighting());
                        }
                        _ => {}
                    }
                }
                let describe = |sighting: ProcessSighting, parent| sighting.bare(parent);
                sightings.finish(second, &mut differ, &mut draft, describe);
                told += differ.batch(Timestamp::default(), &mut draft).events.len();
            }
            told
        },
    }
}

fn programs_with_icons() -> Format {
    let pictures = [(16, made::bitmap(16)), (8, made::bitmap(8)), (0, made::png(256))];
    Format {
        name: "Windows: programs with icons",
        seeds: vec![
            made::program(true, &made::icon(&pictures)),
            made::program(false, &made::icon(&pictures[..2])),
        ],
        read: |bytes| {
            let picture = icon(bytes);
            assert!(picture.as_ref().is_none_or(|it| it.bytes.len() <= MAX_ICON_BYTES));
            assert!(picture.as_ref().is_none_or(|it| it.bytes.len() <= 22 + bytes.len()));
            usize::from(picture.is_some())
        },
    }
}

fn lists_of_services() -> Format {
    let names = encoded("Dnscache\0WinRM\0");
    let entry = |address: u64, pid: u8| fields(56, &[(0, &address.to_le_bytes()), (44, &[pid])]);
    let entries = [entry(BASE + 112, 4), entry(BASE + 130, 7)].concat();
    Format {
        name: "Windows: lists of services",
        seeds: vec![[entries, names].concat()],
        read: |bytes| {
            let mut told = 0;
            for row in services(bytes, BASE, bytes.first().map_or(0, |count| usize::from(*count))) {
                assert!(utf16(row.name, 100).len() <= 100);
                told += 1;
            }
            assert!(told <= bytes.len() / 56);
            told
        },
    }
}

fn users_of_tokens() -> Format {
    let mut user = fields(16, &[(0, &(BASE + 16).to_le_bytes())]);
    user.extend([1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0]);
    user.extend([7; 16]);
    Format {
        name: "Windows: users of tokens",
        seeds: vec![user],
        read: |bytes| {
            let Some(sid) = of_token_user(bytes, BASE) else { return 0 };
            // Of fifteen numbers at most.
            assert!(sid.len() <= 68 && sid.len() <= bytes.len());
            usize::from(last_sub_authority(sid).is_some())
        },
    }
}

fn names_of_packages() -> Format {
    Format {
        name: "Windows: names of packages",
        seeds: vec![encoded("Microsoft.WindowsTerminal_8wekyb3d8bbwe")],
        read: |bytes| {
            let name = utf16(bytes, 100);
            let Some(unit) = package::unit(&name, Some(1000)) else { return 0 };
            assert!(unit.name.len() <= 100);
            1
        },
    }
}

formats! {
    lists_of_services,
    users_of_tokens,
    names_of_packages,
    socket_tables,
    lists_of_processes,
    memory_of_processes,
    events_of_the_kernel_and_the_resolver,
    stories_of_events,
    programs_with_icons,
}
