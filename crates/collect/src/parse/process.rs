//! The files of `/proc/PID` (proc(5)).

/// `PF_KTHREAD` of `include/linux/sched.h`: a kernel thread.
const PF_KTHREAD: u64 = 0x0020_0000;

/// What is read of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat<'a> {
    /// The kernel's name for it, at most 15 bytes, of any kind.
    pub comm: &'a [u8],
    /// Its parent's pid; 0 if none is visible.
    pub parent: u32,
    /// True for a thread of the kernel's own.
    pub kernel_thread: bool,
    /// True if it has ended and waits for its parent to take notice.
    pub zombie: bool,
    /// When it started, in clock ticks since boot.
    pub started: u64,
    /// Where its arguments lie in its memory, which differs after every exec; 0 if not visible.
    pub arguments_at: u64,
}

/// Reads `/proc/PID/stat`. The name may contain anything, parentheses and newlines included: it
/// reaches from the first `(` to the last `)`.
pub fn stat(text: &[u8]) -> Option<Stat<'_>> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let comm = text.get(open + 1..close)?;
    let mut fields = text
        .get(close + 1..)?
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|field| !field.is_empty());
    // Fields are counted from 1 in proc(5); the state, after the name, is field 3.
    let state = fields.next()?;
    let parent = u32::try_from(number(fields.next()?)?).ok()?;
    let flags = number(fields.nth(4)?)?;
    let started = number(fields.nth(12)?)?;
    let arguments_at = fields.nth(25).and_then(number).unwrap_or(0);
    Some(Stat {
        comm,
        parent,
        kernel_thread: flags & PF_KTHREAD != 0,
        zombie: matches!(state, b"Z" | b"X"),
        started,
        arguments_at,
    })
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The value of one line of `/proc/PID/status`.
fn status_field<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(b":"))
        .map(<[u8]>::trim_ascii)
}

/// The effective user id in `/proc/PID/status`: the rights with which the process acts.
pub fn effective_uid(status: &[u8]) -> Option<u32> {
    let value = std::str::from_utf8(status_field(status, b"Uid")?).ok()?;
    value.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// The mask of effective capabilities in `/proc/PID/status`.
pub fn effective_capabilities(status: &[u8]) -> Option<u64> {
    let value = std::str::from_utf8(status_field(status, b"CapEff")?).ok()?;
    u64::from_str_radix(value, 16).ok()
}

/// The arguments in `/proc/PID/cmdline`, each ended by a NUL; a process that wrote over them (as
/// with setproctitle) may leave many NULs at the end.
pub fn arguments(cmdline: &[u8]) -> impl Iterator<Item = &[u8]> {
    let length = cmdline.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let used = cmdline.get(..length).unwrap_or_default();
    used.split(|&byte| byte == 0).filter(move |_| length > 0)
}

/// The inode in a link such as `socket:[4711]`, of `/proc/PID/fd/N`.
pub fn socket_link(link: &[u8]) -> Option<u64> {
    number(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

/// The inode in a link such as `net:[4026531840]`, of `/proc/PID/ns/net`.
pub fn netns_link(link: &[u8]) -> Option<u64> {
    number(link.strip_prefix(b"net:[")?.strip_suffix(b"]")?)
}

/// The last component of a path.
pub(crate) fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// The executable's path in `/proc/PID/exe`: without the mark of a file that was replaced.
pub fn executable(link: &[u8]) -> &[u8] {
    link.strip_suffix(b" (deleted)").unwrap_or(link)
}

/// Longest name that the kernel keeps, in bytes (`TASK_COMM_LEN` less the final NUL).
const COMM_LENGTH: usize = 15;

/// The process' name: the kernel's, or in full where the kernel cut it off and the executable or
/// the first argument tells how it goes on.
pub fn name<'a>(
    comm: &'a [u8],
    exe: Option<&'a [u8]>,
    first_argument: Option<&'a [u8]>,
) -> &'a [u8] {
    if comm.len() < COMM_LENGTH {
        return comm;
    }
    [exe, first_argument]
        .into_iter()
        .flatten()
        .map(file_name)
        .find(|full| full.starts_with(comm))
        .unwrap_or(comm)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &[u8] = b"6994 (we) (ird\n) S 6983 6983 5444 0 -1 4194304 103 0 0 0 0 0 0 0 20 0 1 0 81270 3133440 380 18446744073709551615 94277312610304 94277312630185 140729074586848 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94277312646192 94277312647808 94277429514240 140729074592480 140729074592500 140729074592500 140729074593771 0\n";

    #[test]
    fn a_name_with_parentheses_does_not_confuse_the_fields() {
        let stat = stat(STAT).unwrap();
        assert_eq!(stat.comm, b"we) (ird\n");
        assert_eq!((stat.parent, stat.started), (6983, 81270));
        assert_eq!(stat.arguments_at, 140_729_074_592_480);
        assert!(!stat.kernel_thread && !stat.zombie);
    }

    #[test]
    fn kernel_threads_are_told_apart() {
        let text = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0 1 0 0 0\n";
        let stat = stat(text).unwrap();
        assert!(stat.kernel_thread);
        assert_eq!((stat.started, stat.arguments_at), (24, 0));
    }

    #[test]
    fn status_lines_are_found_by_their_whole_name() {
        let status = b"Name:\tUid:\nUid:\t1000\t33\t1000\t1000\nCapEff:\t000001fffeffffff\n";
        assert_eq!(effective_uid(status), Some(33));
        assert_eq!(effective_capabilities(status), Some(0x1ff_feff_ffff));
        assert_eq!(effective_uid(b"Uid:\t1000\n"), None);
    }

    #[test]
    fn arguments_keep_empty_ones_but_not_the_padding() {
        let list = |text: &'static [u8]| arguments(text).collect::<Vec<_>>();
        assert_eq!(list(b"a\0\0b\0"), [&b"a"[..], b"", b"b"]);
        assert_eq!(list(b"nginx: worker\0\0\0\0"), [b"nginx: worker"]);
        assert!(list(b"").is_empty());
        assert!(list(b"\0\0").is_empty());
    }

    #[test]
    fn links() {
        assert_eq!(socket_link(b"socket:[4711]"), Some(4711));
        assert_eq!(socket_link(b"/srv/socket:[4711]"), None);
        assert_eq!(socket_link(b"socket:[47"), None);
        assert_eq!(netns_link(b"net:[4026531840]"), Some(4_026_531_840));
        assert_eq!(executable(b"/usr/bin/a (deleted)"), b"/usr/bin/a");
    }

    #[test]
    fn a_cut_off_name_is_completed() {
        let cut = b"gnome-terminal-";
        assert_eq!(
            name(cut, Some(b"/usr/libexec/gnome-terminal-server"), None),
            b"gnome-terminal-server"
        );
        assert_eq!(
            name(cut, Some(b"/usr/bin/python3"), Some(b"gnome-terminal-x")),
            b"gnome-terminal-x"
        );
        assert_eq!(name(cut, Some(b"/usr/bin/python3"), None), cut);
        assert_eq!(name(b"node", Some(b"/usr/bin/nodejs"), None), b"node");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = stat(&bytes);
            let _ = effective_uid(&bytes);
            let _ = effective_capabilities(&bytes);
            let _ = arguments(&bytes).count();
            let _ = socket_link(&bytes);
        }

        #[test]
        fn no_cut_makes_it_panic(length in 0..STAT.len(), at in 0..STAT.len(), replaced in any::<u8>()) {
            let mut bytes = STAT.to_vec();
            bytes[at] = replaced;
            let _ = stat(&bytes[..length]);
        }
    }
}
