//! What Windows writes: the tables of `iphlpapi`, the list of processes, command lines. Windows is
//! little-endian on every machine that it runs on.

pub mod command_line;
pub mod etw;
pub mod icon;
pub mod package;
pub mod path;
pub mod processes;
pub mod resources;
pub mod services;
pub mod sid;
pub mod tables;
pub mod text;

use procnet_core::Timestamp;

/// The Unix epoch in 100 ns since 1601, the unit and the beginning of FILETIME.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;

/// A FILETIME as a point in time. `None` for 0, by which Windows says that it knows none, and for
/// what lies outside of a [`Timestamp`]'s three centuries.
pub fn timestamp(filetime: u64) -> Option<Timestamp> {
    let filetime = i64::try_from(filetime).ok().filter(|&filetime| filetime != 0)?;
    (filetime - UNIX_EPOCH).checked_mul(100).map(Timestamp)
}

/// An address where something lies in memory, and how many bytes it has: what a process writes
/// for another to read. Nothing of it is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address of its first byte.
    pub address: u64,
    /// How many bytes it has.
    pub length: usize,
}

impl Place {
    /// What lies there, if all of it lies in `memory`, whose first byte is at the address `base`.
    pub fn within(self, memory: &[u8], base: u64) -> Option<&[u8]> {
        let start = usize::try_from(self.address.checked_sub(base)?).ok()?;
        memory.get(start..start.checked_add(self.length)?)
    }

    /// Reads a `UNICODE_STRING` of a 64-bit process: length in bytes, capacity, padding, address.
    /// `None` if it is cut off or has no address.
    fn of_unicode_string(bytes: &[u8], offset: usize) -> Option<Self> {
        let length = usize::from(u16::from_le_bytes(super::netlink::array(bytes, offset)?));
        let address = u64::from_le_bytes(super::netlink::array(bytes, offset + 8)?);
        (address != 0).then_some(Self { address, length })
    }
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_times() {
        assert_eq!(timestamp(0), None);
        assert_eq!(timestamp(UNIX_EPOCH as u64), Some(Timestamp(0)));
        let autumn_of_2023 = 133_430_000_000_000_000;
        assert_eq!(timestamp(autumn_of_2023), Some(Timestamp(1_698_526_400_000_000_000)));
        assert!(timestamp(1).is_none(), "1601 lies outside");
        assert_eq!(timestamp(u64::MAX), None);
        assert_eq!(timestamp(i64::MAX as u64), None);
    }

    #[test]
    fn a_place_outside_of_the_memory_holds_nothing() {
        let memory = [1, 2, 3, 4];
        let place = |address, length| Place { address, length };
        assert_eq!(place(101, 2).within(&memory, 100), Some(&[2, 3][..]));
        assert_eq!(place(104, 0).within(&memory, 100), Some(&[][..]));
        for outside in [place(99, 1), place(104, 1), place(u64::MAX, usize::MAX), place(103, 2)] {
            assert_eq!(outside.within(&memory, 100), None);
        }
    }
}
