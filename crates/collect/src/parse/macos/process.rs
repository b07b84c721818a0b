//! What macOS says of processes: `sysctl KERN_PROC_ALL` lists them (`struct kinfo_proc` of
//! `sys/sysctl.h`), to every user; `sysctl KERN_PROCARGS2` tells the arguments of one.

use std::sync::Arc;

use procnet_core::Timestamp;
use procnet_core::text::{MAX_ARGUMENTS, MAX_COMMAND_LINE, sanitized};

use super::super::netlink::array;
use super::until_nul;

/// A process' executable and arguments, as it was started; bytes of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments<'a> {
    /// The path of its executable.
    pub path: &'a [u8],
    count: usize,
    strings: &'a [u8],
}

impl<'a> Arguments<'a> {
    /// Reads `KERN_PROCARGS2`: how many arguments there are, the path, padding, the arguments and
    /// the environment. `None` if it is cut off before the arguments.
    pub fn parse(buffer: &'a [u8]) -> Option<Self> {
        let count = usize::try_from(i32::from_le_bytes(array(buffer, 0)?)).ok()?;
        let rest = buffer.get(4..)?;
        let path = until_nul(rest);
        let after = rest.get(path.len()..)?;
        let padding = after.iter().take_while(|&&byte| byte == 0).count();
        Some(Self { path, count, strings: after.get(padding..)? })
    }

    /// The arguments, the program's name first. What follows them, its environment, is never
    /// read: it holds secrets.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // Each ends with a NUL; what follows the last one is none.
        let ends = self.strings.iter().filter(|&&byte| byte == 0).count();
        let count = self.count.min(ends).min(MAX_ARGUMENTS);
        self.strings.split(|&byte| byte == 0).take(count)
    }

    /// The same as text, no longer than [`MAX_COMMAND_LINE`] altogether.
    pub fn texts(&self) -> Arc<[Arc<str>]> {
        let mut left = MAX_COMMAND_LINE;
        let texts = self.iter().map_while(|argument| {
            let text = sanitized(argument, left);
            let room = left > 0;
            left = left.saturating_sub(text.len() + 1);
            room.then_some(text)
        });
        texts.collect()
    }
}

/// Where the fields of a row lie.
pub(super) const STARTED_SECONDS: usize = 0;
pub(super) const STARTED_MICROSECONDS: usize = 8;
pub(super) const STATE: usize = 36;
pub(super) const PID: usize = 40;
pub(super) const NAME: usize = 243;
pub(super) const NAME_LENGTH: usize = 17;
pub(super) const UID: usize = 420;
pub(super) const PARENT: usize = 560;

/// `SZOMB`: it has ended, and its parent has not asked how.
pub(super) const ENDED: u8 = 5;

/// Length of a row of the list.
pub const ROW_LENGTH: usize = 648;

/// A process as the list tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessRow<'a> {
    /// Its id.
    pub pid: u32,
    /// Its parent's id.
    pub parent: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its name, cut off after 16 bytes of any kind.
    pub name: &'a [u8],
    /// When it started, in microseconds since the Unix epoch: what tells it from others that had
    /// the same id.
    pub started: u64,
    /// It has ended, and is only still listed.
    pub ended: bool,
}

/// Walks the list of all processes, which every user may read.
#[derive(Clone, Debug)]
pub struct Processes<'a> {
    rows: std::slice::ChunksExact<'a, u8>,
}

impl<'a> Processes<'a> {
    /// Walks the list in `buffer`.
    pub fn new(buffer: &'a [u8]) -> Self {
        Self { rows: buffer.chunks_exact(ROW_LENGTH) }
    }

    /// True if the list ends with less than a row: its rows have another layout.
    pub fn malformed(&self) -> bool {
        !self.rows.remainder().is_empty()
    }
}

impl<'a> Iterator for Processes<'a> {
    type Item = ProcessRow<'a>;

    fn next(&mut self) -> Option<ProcessRow<'a>> {
        row(self.rows.next()?)
    }
}

fn row(bytes: &[u8]) -> Option<ProcessRow<'_>> {
    let number = |offset| Some(u32::from_le_bytes(array(bytes, offset)?));
    let seconds = u64::from_le_bytes(array(bytes, STARTED_SECONDS)?);
    Some(ProcessRow {
        pid: number(PID)?,
        parent: number(PARENT)?,
        uid: number(UID)?,
        name: until_nul(bytes.get(NAME..NAME + NAME_LENGTH)?),
        started: seconds
            .saturating_mul(1_000_000)
            .saturating_add(u64::from(number(STARTED_MICROSECONDS)?)),
        ended: bytes.get(STATE) == Some(&ENDED),
    })
}

impl ProcessRow<'_> {
    /// When it started, by the wall clock.
    pub fn started_at(&self) -> Timestamp {
        Timestamp(i64::try_from(self.started.saturating_mul(1000)).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by hand: nothing here was recorded on macOS.
    fn buffer(count: i32, path: &str, strings: &[&str]) -> Vec<u8> {
        let mut bytes = count.to_le_bytes().to_vec();
        bytes.extend(path.as_bytes());
        bytes.extend([0; 5]);
        for string in strings {
            bytes.extend(string.as_bytes());
            bytes.push(0);
        }
        bytes
    }

    fn read(buffer: &[u8]) -> Vec<&[u8]> {
        Arguments::parse(buffer).map(|arguments| arguments.iter().collect()).unwrap_or_default()
    }

    #[test]
    fn the_environment_is_never_read() {
        let bytes = buffer(3, "/bin/Дом", &["sh", "", "-c x", "SECRET=1", "HOME=/"]);
        assert_eq!(Arguments::parse(&bytes).unwrap().path, "/bin/Дом".as_bytes());
        assert_eq!(read(&bytes), [&b"sh"[..], b"", b"-c x"]);
        assert!(read(&buffer(0, "/bin/sh", &["SECRET=1"])).is_empty());
        assert!(read(&buffer(-1, "/bin/sh", &["SECRET=1"])).is_empty());
    }

    #[test]
    fn what_is_cut_off_is_no_argument() {
        let bytes = buffer(2, "/bin/sh", &["sh", "-c", "SECRET=1"]);
        for length in 0..bytes.len() {
            let got = read(&bytes[..length]);
            assert!([&[][..], &[&b"sh"[..]], &[&b"sh"[..], b"-c"]].contains(&got.as_slice()));
        }
        assert_eq!(read(&buffer(i32::MAX, "/bin/sh", &["a", "b"])).len(), 2);
        let long = "a".repeat(5000);
        let told = buffer(3, "/bin/sh", &["sh", &long, &long]);
        let told = Arguments::parse(&told).unwrap().texts();
        assert_eq!(told.len(), 3);
        assert!(told.iter().map(|text| text.len()).sum::<usize>() <= MAX_COMMAND_LINE);
        let many: Vec<&str> = vec!["a"; 1000];
        assert_eq!(read(&buffer(1000, "/bin/sh", &many)).len(), MAX_ARGUMENTS);
    }

    /// Made by hand.
    fn listed(name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; ROW_LENGTH];
        let fields: [(usize, &[u8]); 7] = [
            (0, &1_700_000_000_u64.to_le_bytes()),
            (8, &250_000_u32.to_le_bytes()),
            (36, &[2]),
            (40, &42_u32.to_le_bytes()),
            (243, name),
            (420, &501_u32.to_le_bytes()),
            (560, &1_u32.to_le_bytes()),
        ];
        for (offset, value) in fields {
            bytes[offset..offset + value.len()].copy_from_slice(value);
        }
        bytes
    }

    #[test]
    fn a_list_of_processes() {
        let mut bytes = [listed(b"com.apple.WebKi"), listed(b"sixteen-bytes-it\0")].concat();
        bytes[ROW_LENGTH + 36] = 5;
        let mut walk = Processes::new(&bytes);
        let [first, second] = walk.by_ref().collect::<Vec<_>>()[..] else { panic!("two rows") };
        assert_eq!((first.pid, first.parent, first.uid), (42, 1, 501));
        assert_eq!((first.name, first.ended), (&b"com.apple.WebKi"[..], false));
        assert_eq!(first.started, 1_700_000_000_250_000);
        assert_eq!(first.started_at(), Timestamp(1_700_000_000_250_000_000));
        assert_eq!((second.name, second.ended), (&b"sixteen-bytes-it"[..], true));
        assert!(!walk.malformed());
        for length in 0..bytes.len() {
            let mut walk = Processes::new(&bytes[..length]);
            assert_eq!(walk.by_ref().count(), length / ROW_LENGTH);
            assert_eq!(walk.malformed(), length % ROW_LENGTH != 0);
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), count: i32) {
            let mut bytes = bytes;
            let _ = read(&bytes);
            if let Some(place) = bytes.get_mut(..4) {
                place.copy_from_slice(&count.to_le_bytes());
            }
            prop_assert!(read(&bytes).len() <= MAX_ARGUMENTS);
            bytes.resize(ROW_LENGTH, 7);
            prop_assert_eq!(Processes::new(&bytes).filter(|row| row.started_at().0 >= 0).count(), 1);
        }
    }
}
