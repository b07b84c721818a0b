use std::mem::{offset_of, size_of};

use proptest::prelude::*;
use windows_sys::Win32::Foundation::UNICODE_STRING;
use windows_sys::Win32::System::Threading::{PEB, RTL_USER_PROCESS_PARAMETERS};
use windows_sys::Win32::System::WindowsProgramming::SYSTEM_PROCESS_INFORMATION;

use super::super::text::{encoded, utf16};
use super::*;

const BASE: u64 = 0x0000_01f3_0000_0000;

#[test]
fn the_layouts_are_microsofts() {
    // Microsoft's types have the addresses of a 64-bit Windows only on a 64-bit machine.
    assert_eq!(size_of::<usize>(), 8);
    type Entry = SYSTEM_PROCESS_INFORMATION;
    assert_eq!(offset_of!(Entry, NextEntryOffset), 0);
    // The creation time is within what Microsoft's header reserves: it is followed by the times
    // spent in user and kernel mode, and those by the name.
    assert_eq!(offset_of!(Entry, ImageName) - 3 * size_of::<u64>(), 32);
    assert_eq!(offset_of!(Entry, ImageName), 56);
    assert_eq!(offset_of!(Entry, UniqueProcessId), 80);
    // The parent is what comes next, also reserved.
    assert_eq!(offset_of!(Entry, Reserved2), 88);
    assert_eq!(offset_of!(Entry, SessionId) + size_of::<u32>(), ENTRY_LENGTH);
    assert_eq!(offset_of!(UNICODE_STRING, Length), 0);
    assert_eq!(offset_of!(UNICODE_STRING, Buffer), 8);
    assert_eq!(offset_of!(PEB, ProcessParameters), 32);
    assert_eq!(offset_of!(PEB, ProcessParameters) + 8, ENVIRONMENT_BLOCK_LENGTH);
    assert_eq!(offset_of!(RTL_USER_PROCESS_PARAMETERS, ImagePathName), 96);
    assert_eq!(offset_of!(RTL_USER_PROCESS_PARAMETERS, CommandLine), 112);
    assert_eq!(size_of::<RTL_USER_PROCESS_PARAMETERS>(), PARAMETERS_LENGTH);
}

fn unicode_string(bytes: &mut [u8], length: usize, address: u64) {
    bytes[..2].copy_from_slice(&(length as u16).to_le_bytes());
    bytes[2..4].copy_from_slice(&(length as u16 + 2).to_le_bytes());
    bytes[8..16].copy_from_slice(&address.to_le_bytes());
}

/// A hand-made list, with each name behind its entry, and room for two threads between them.
fn list(processes: &[(u32, u32, u64, &str)]) -> Vec<u8> {
    const THREADS: usize = 256 + 2 * 80;
    let mut bytes = Vec::new();
    let mut last = 0;
    for (pid, parent, created, name) in processes {
        let name = encoded(name);
        last = bytes.len();
        let length = (THREADS + name.len() + 2).next_multiple_of(8);
        let mut entry = vec![0; length];
        entry[..4].copy_from_slice(&(length as u32).to_le_bytes());
        entry[32..40].copy_from_slice(&created.to_le_bytes());
        if !name.is_empty() {
            let address = BASE + (last + THREADS) as u64;
            unicode_string(&mut entry[56..72], name.len(), address);
        }
        entry[80..84].copy_from_slice(&pid.to_le_bytes());
        entry[88..92].copy_from_slice(&parent.to_le_bytes());
        entry[100..104].copy_from_slice(&1_u32.to_le_bytes());
        entry[THREADS..THREADS + name.len()].copy_from_slice(&name);
        bytes.extend(entry);
    }
    bytes[last..last + 4].fill(0);
    bytes
}

fn three() -> Vec<u8> {
    list(&[
        (0, 0, 0, ""),
        (4, 0, 133_485_284_960_000_000, "System"),
        (4711, 4, 133_485_284_970_000_000, "数据 Дом.exe"),
    ])
}

fn name(row: &ProcessRow<'_>) -> String {
    row.name.map_or_else(String::new, |name| utf16(name, 100).to_string())
}

#[test]
fn a_list_of_processes() {
    let bytes = three();
    let mut walk = Processes::new(&bytes, BASE);
    let [idle, system, program] = walk.by_ref().collect::<Vec<_>>()[..] else {
        panic!("three processes")
    };
    assert!(!walk.malformed());
    assert_eq!((idle.pid, idle.name, idle.started()), (0, None, None));
    assert_eq!((system.pid, name(&system)), (4, "System".to_owned()));
    assert_eq!((program.pid, program.parent, program.session), (4711, 4, 1));
    assert_eq!(name(&program), "数据 Дом.exe");
    assert_eq!(program.created, 133_485_284_970_000_000);
    assert_eq!(program.started(), Some(Timestamp::from_seconds(1_704_054_897)));
}

#[test]
fn a_list_that_is_cut_off_says_so() {
    let bytes = three();
    let whole: Vec<_> = Processes::new(&bytes, BASE).map(|row| row.pid).collect();
    for length in 0..bytes.len() {
        let mut walk = Processes::new(&bytes[..length], BASE);
        let got: Vec<_> = walk.by_ref().map(|row| row.pid).collect();
        assert_eq!(got, whole[..got.len()]);
        assert_eq!(walk.malformed(), got.len() < 3 && length > 0, "at {length}");
    }
}

#[test]
fn a_name_that_points_elsewhere_is_none() {
    let bytes = three();
    for base in [0, BASE + 1_000_000, u64::MAX] {
        assert!(Processes::new(&bytes, base).all(|row| row.name.is_none()));
    }
}

#[test]
fn entries_never_overlap() {
    let mut bytes = three();
    bytes[..4].copy_from_slice(&8_u32.to_le_bytes());
    let mut walk = Processes::new(&bytes, BASE);
    assert_eq!(walk.by_ref().count(), 0);
    assert!(walk.malformed());
}

#[test]
fn what_lies_in_a_process() {
    let mut block = [0; ENVIRONMENT_BLOCK_LENGTH];
    assert_eq!(parameters(&block), None);
    block[32..].copy_from_slice(&0x7ff0_1000_u64.to_le_bytes());
    assert_eq!(parameters(&block), Some(0x7ff0_1000));
    let mut bytes = [0; PARAMETERS_LENGTH];
    assert_eq!(command_line(&bytes), None);
    unicode_string(&mut bytes[112..], 24, 0x7ff0_2000);
    unicode_string(&mut bytes[96..112], 12, 0x7ff0_3000);
    assert_eq!(command_line(&bytes), Some(Place { address: 0x7ff0_2000, length: 24 }));
    assert_eq!(image_path(&bytes), Some(Place { address: 0x7ff0_3000, length: 12 }));
    for length in 0..PARAMETERS_LENGTH {
        assert_eq!(command_line(&bytes[..length]), None);
    }
}

#[test]
fn the_command_line_in_one_answer() {
    let text = encoded("a.exe \"b c\"");
    let mut buffer = vec![0; 16];
    unicode_string(&mut buffer, text.len(), BASE + 16);
    buffer.extend(&text);
    assert_eq!(command_line_information(&buffer, BASE), Some(text.as_slice()));
    for length in 0..buffer.len() {
        assert_eq!(command_line_information(&buffer[..length], BASE), None);
    }
}

proptest! {
    #[test]
    fn no_mutation_makes_it_panic_or_run_on(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..32),
        base in prop_oneof![Just(BASE), any::<u64>()],
    ) {
        let mut bytes = three();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let told: Vec<_> = Processes::new(&bytes, base).map(|row| name(&row)).collect();
        prop_assert!(told.len() <= bytes.len() / ENTRY_LENGTH + 1);
        let _ = command_line_information(&bytes, base);
        let _ = command_line(&bytes);
    }
}
