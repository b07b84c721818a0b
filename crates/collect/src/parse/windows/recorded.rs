//! What Wine 8 wrote: see `record.c` beside the fixtures. Its sockets are those of one program:
//! TCP on 7001 (IPv4) and 7002 (both), UDP on 7003 (IPv4) and 7004 (IPv6), and connections to them.

use std::collections::BTreeSet;

use procnet_core::{Protocol, SocketState};

use super::command_line::arguments;
use super::processes::{Processes, command_line, image_path, parameters};
use super::tables::{Detail, Rows, Table, TableRow};
use super::text::utf16;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/windows/", $name)).as_slice()
    };
}

fn tables(detail: Detail) -> Vec<TableRow> {
    let buffers = match detail {
        Detail::Module => [
            fixture!("tcp4_module.bin"),
            fixture!("tcp6_module.bin"),
            fixture!("udp4_module.bin"),
            fixture!("udp6_module.bin"),
        ],
        Detail::Pid => [
            fixture!("tcp4_pid.bin"),
            fixture!("tcp6_pid.bin"),
            fixture!("udp4_pid.bin"),
            fixture!("udp6_pid.bin"),
        ],
    };
    let mut all = Vec::new();
    for (table, buffer) in Table::ALL.into_iter().zip(buffers) {
        let mut walk = Rows::new(table, detail, buffer);
        all.extend(walk.by_ref());
        assert_eq!(walk.unreadable(), 0, "{table:?}");
    }
    all
}

/// What lay at which address.
fn at(fixture: &[u8]) -> (u64, &[u8]) {
    let (address, bytes) = fixture.split_first_chunk().unwrap();
    (u64::from_le_bytes(*address), bytes)
}

#[test]
fn tables_of_sockets() {
    let rows = tables(Detail::Module);
    let listening = |row: &&TableRow| row.state == SocketState::Listen;
    let told: Vec<String> = rows
        .iter()
        .filter(listening)
        .map(|row| format!("{} {} {}", row.protocol, row.local, row.pid))
        .collect();
    // Wine names no process in its tables of TCP over IPv6.
    assert_eq!(
        told,
        ["tcp 127.0.0.1:7001 32", "tcp [::]:7002 0", "udp 127.0.0.1:7003 32", "udp [::]:7004 32"]
    );
    // Both ends of each connection. That over IPv4 to a socket of IPv6 has its ends in two tables,
    // and the same addresses in both.
    let open: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.state == SocketState::Established)
        .map(|row| (row.local, row.remote.unwrap()))
        .collect();
    for port in [7001, 7002] {
        let served: Vec<_> = open.iter().filter(|(local, _)| local.port == port).collect();
        assert!(!served.is_empty());
        for (local, remote) in served {
            assert!(open.contains(&(*remote, *local)), "{local} {remote}: {open:?}");
        }
    }
    let lingering = rows.iter().find(|row| row.state == SocketState::TimeWait).unwrap();
    assert_eq!((lingering.pid, lingering.remote.unwrap().port), (0, 7001));
    // Wine writes something, but these addresses have no scope.
    assert!(rows.iter().all(|row| row.local_scope == 0 && row.remote_scope == 0));
    // Nor does it know when, and for which service.
    assert!(rows.iter().all(|row| row.created.is_none() && row.service_tag.is_none()));
}

#[test]
fn tables_with_less_detail_say_the_same() {
    let without = |row: TableRow| (row.protocol, row.state, row.local, row.remote, row.pid);
    let all = |detail| tables(detail).into_iter().map(without).collect::<BTreeSet<_>>();
    assert_eq!(all(Detail::Pid), all(Detail::Module));
    assert!(all(Detail::Pid).iter().any(|row| row.0 == Protocol::Udp));
}

#[test]
fn a_list_of_processes() {
    let (base, buffer) = at(fixture!("processes.bin"));
    let mut walk = Processes::new(buffer, base);
    let all: Vec<_> = walk.by_ref().collect();
    assert!(!walk.malformed());
    let told: Vec<_> = all
        .iter()
        .map(|row| (row.pid, row.parent, utf16(row.name.unwrap(), 100).to_string()))
        .collect();
    assert_eq!(told.len(), 8);
    assert_eq!(told[0], (32, 0, "record.exe".to_owned()));
    assert!(told.contains(&(56, 40, "services.exe".to_owned())));
    assert!(told.contains(&(200, 56, "svchost.exe".to_owned())));
    // Some days around that on which it was recorded.
    let started = |row: &super::processes::ProcessRow<'_>| row.started().unwrap().as_millis();
    assert!(all.iter().all(|row| (1_795_000_000_000..1_796_000_000_000).contains(&started(row))));
}

#[test]
fn the_memory_of_a_process() {
    let (_, block) = at(fixture!("block.bin"));
    let (parameters_at, bytes) = at(fixture!("parameters.bin"));
    let (line_at, line) = at(fixture!("command_line.bin"));
    assert_eq!(parameters(block), Some(parameters_at));
    let place = command_line(bytes).unwrap();
    assert_eq!((place.address, place.length), (line_at, line.len()));
    assert!(image_path(bytes).is_some());
    let told = arguments(place.within(line, line_at).unwrap());
    let told: Vec<&str> = told.iter().map(|argument| &**argument).collect();
    assert_eq!(told, [r"C:\Program Files\Дом\record.exe", "a b", "", "数据"]);
}
