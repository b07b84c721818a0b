//! What macOS says of a process: `sysctl KERN_PROCARGS2`, and `proc_pidinfo(PROC_PIDTBSDINFO)`
//! (`struct proc_bsdinfo` of `sys/proc_info.h`).

use procnet_core::Timestamp;
use procnet_core::text::MAX_ARGUMENTS;

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
}

/// Where the fields of the answer lie.
pub(super) const PID: usize = 12;
pub(super) const PARENT: usize = 16;
pub(super) const UID: usize = 20;
pub(super) const SHORT_NAME: usize = 48;
pub(super) const NAME: usize = 64;
pub(super) const STARTED_SECONDS: usize = 120;
pub(super) const STARTED_MICROSECONDS: usize = 128;

/// Length of the answer to `PROC_PIDTBSDINFO`: another length means another layout.
pub const PROCESS_INFO_LENGTH: usize = 136;

/// A process as `libproc` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessInfo<'a> {
    /// Its id.
    pub pid: u32,
    /// Its parent's id.
    pub parent: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its name, up to 31 bytes of any kind.
    pub name: &'a [u8],
    /// When it started, in microseconds since the Unix epoch: what tells it from others that had
    /// the same id.
    pub started: u64,
}

impl<'a> ProcessInfo<'a> {
    /// Reads the answer. `None` if it has not the length that is known.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() != PROCESS_INFO_LENGTH {
            return None;
        }
        let number = |offset| Some(u32::from_le_bytes(array(bytes, offset)?));
        let long = |offset| Some(u64::from_le_bytes(array(bytes, offset)?));
        let name = |from: usize, length: usize| Some(until_nul(bytes.get(from..from + length)?));
        let (short, full) = (name(SHORT_NAME, 16)?, name(NAME, 32)?);
        let seconds = long(STARTED_SECONDS)?;
        Some(Self {
            pid: number(PID)?,
            parent: number(PARENT)?,
            uid: number(UID)?,
            name: if full.is_empty() { short } else { full },
            started: seconds.saturating_mul(1_000_000).saturating_add(long(STARTED_MICROSECONDS)?),
        })
    }

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
        let many: Vec<&str> = vec!["a"; 1000];
        assert_eq!(read(&buffer(1000, "/bin/sh", &many)).len(), MAX_ARGUMENTS);
    }

    #[test]
    fn a_process() {
        let mut bytes = vec![0; PROCESS_INFO_LENGTH];
        let fields: [(usize, &[u8]); 7] = [
            (12, &42_u32.to_le_bytes()),
            (16, &1_u32.to_le_bytes()),
            (20, &501_u32.to_le_bytes()),
            (48, b"com.apple.WebKi\0"),
            (64, b"com.apple.WebKit.Networking\0"),
            (120, &1_700_000_000_u64.to_le_bytes()),
            (128, &250_000_u64.to_le_bytes()),
        ];
        for (offset, value) in fields {
            bytes[offset..offset + value.len()].copy_from_slice(value);
        }
        let process = ProcessInfo::parse(&bytes).unwrap();
        assert_eq!((process.pid, process.parent, process.uid), (42, 1, 501));
        assert_eq!(process.name, b"com.apple.WebKit.Networking");
        assert_eq!(process.started, 1_700_000_000_250_000);
        assert_eq!(process.started_at(), Timestamp(1_700_000_000_250_000_000));
        bytes[64] = 0;
        assert_eq!(ProcessInfo::parse(&bytes).unwrap().name, b"com.apple.WebKi");
        for length in 0..bytes.len() {
            assert_eq!(ProcessInfo::parse(&bytes[..length]), None);
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
            bytes.resize(PROCESS_INFO_LENGTH, 7);
            let _ = ProcessInfo::parse(&bytes).map(|process| process.started_at());
        }
    }
}
