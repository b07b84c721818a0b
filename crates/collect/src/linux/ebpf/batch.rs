//! Reads a whole map with few calls of bpf(2): aya looks up one element at a time.
#![allow(unsafe_code, reason = "bpf(2) has no safe wrapper that reads many elements at once")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use aya::maps::{HashMap, IterableMap, MapData};
use nix::errno::Errno;
use nix::libc;

/// The command, by its number in `include/uapi/linux/bpf.h`; for hash maps as of Linux 5.6.
const BPF_MAP_LOOKUP_BATCH: libc::c_long = 24;
/// Elements of one call: room for the fullest bucket of the map many times over.
const BATCH: usize = 4096;

/// `union bpf_attr` for the command.
#[repr(C)]
struct Attributes {
    from: u64,
    to: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: RawFd,
    element_flags: u64,
    flags: u64,
}

/// An element: its key and its value.
pub(super) type Element<const K: usize, const V: usize> = ([u8; K], [u8; V]);

/// The elements of a map, `most` or a few more. What changes meanwhile may be missing, or twice.
pub(super) fn read_all<const K: usize, const V: usize>(
    map: &HashMap<MapData, [u8; K], [u8; V]>,
    most: usize,
) -> io::Result<Vec<Element<K, V>>> {
    let descriptor = IterableMap::map(map).fd().as_fd().as_raw_fd();
    let mut keys = vec![[0_u8; K]; BATCH];
    let mut values = vec![[0_u8; V]; BATCH];
    let mut elements = Vec::new();
    // Where the last call ended, in the kernel's own terms; a hash map's take four bytes.
    let mut place: Option<u32> = None;
    while elements.len() < most {
        let mut next = 0_u32;
        let mut attributes = Attributes {
            from: place.as_ref().map_or(0, |place| address(std::ptr::from_ref(place))),
            to: address(&raw mut next),
            keys: address(keys.as_mut_ptr()),
            values: address(values.as_mut_ptr()),
            count: BATCH as u32,
            map: descriptor,
            element_flags: 0,
            flags: 0,
        };
        let pointer = &raw mut attributes;
        // SAFETY: the kernel reads and writes `attributes`, which has the layout that the command
        // expects and lives through the call. It writes at most `count` keys of K and values of V
        // bytes, the map's own sizes, which aya checked for this type, into buffers for as many;
        // and four bytes to `next`. All of them are valid for any bytes.
        let answer = unsafe {
            libc::syscall(libc::SYS_bpf, BPF_MAP_LOOKUP_BATCH, pointer, size_of::<Attributes>())
        };
        let error = (answer < 0).then(Errno::last);
        if error.is_some_and(|error| error != Errno::ENOENT) {
            return Err(io::Error::last_os_error());
        }
        let count = usize::try_from(attributes.count).unwrap_or(0);
        elements.extend(keys.iter().copied().zip(values.iter().copied()).take(count));
        if error.is_some() || count == 0 {
            break; // That was the end.
        }
        place = Some(next);
    }
    Ok(elements)
}

/// As the kernel takes addresses, whatever the width of a pointer.
fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        assert_eq!(std::mem::offset_of!(Attributes, keys), 16);
        assert_eq!(std::mem::offset_of!(Attributes, count), 32);
        assert_eq!(std::mem::offset_of!(Attributes, map), 36);
        assert_eq!(std::mem::offset_of!(Attributes, element_flags), 40);
        assert_eq!(size_of::<Attributes>(), 56);
    }

    #[test]
    fn every_element_is_read() {
        // What is read at once is checked against what aya reads one by one.
        let Ok(mut map) = HashMap::<MapData, [u8; 8], [u8; 16]>::create(10_000, 0) else {
            assert!(std::env::var_os("CI").is_none(), "may not be skipped in CI");
            eprintln!("SKIPPED: this user may make no maps");
            return;
        };
        assert!(read_all(&map, 100).expect("it reads").is_empty());
        for number in 0..9_000_u64 {
            map.insert(number.to_ne_bytes(), [7; 16], 0).expect("there is room");
        }
        let mut all = read_all(&map, 10_000).expect("it reads");
        all.sort_unstable();
        let mut expected: Vec<_> = map.iter().map(|element| element.expect("it reads")).collect();
        expected.sort_unstable();
        assert_eq!(all, expected);
        assert_eq!(all.len(), 9_000);
    }
}
