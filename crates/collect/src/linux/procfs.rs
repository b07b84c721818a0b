//! The system calls on `/proc`: raw directory reads and links into memory that is used again.

use std::ffi::CStr;
use std::io::Write as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawDir};
use rustix::io::{Errno, Result};

use crate::parse::process::{netns_link, socket_link};
use crate::parse::sockstat;

/// Large enough for some thousand descriptors per system call.
const DIRECTORY_BUFFER: usize = 64 * 1024;
/// The longest path that the kernel tells.
const LINK_BUFFER: usize = 4096;
/// No file of `/proc` is read further than this.
pub(super) const MAX_FILE: usize = 64 * 1024;

/// Whether it says nothing of what was asked for: this program, or the machine, has run out.
pub(super) fn is_shortage(error: Errno) -> bool {
    matches!(error, Errno::MFILE | Errno::NFILE | Errno::NOMEM)
}

/// A mounted process file system, or a tree that looks like one.
#[derive(Debug)]
pub(super) struct Procfs {
    root: OwnedFd,
}

/// One process' directory. It belongs to that one run of the process: once that has ended, every
/// access fails, even if the pid has been given to another.
#[derive(Debug)]
pub(super) struct ProcessDirectory(OwnedFd);

/// Memory for reading, one per thread.
#[derive(Debug)]
pub(super) struct Reader {
    directory: Vec<u8>,
    file: Vec<u8>,
    link: Vec<u8>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            directory: Vec::with_capacity(DIRECTORY_BUFFER),
            file: vec![0; 4096],
            link: vec![0; LINK_BUFFER],
        }
    }

    /// Reads a file from its start, at most `limit` bytes of it.
    fn read(&mut self, directory: BorrowedFd<'_>, name: &CStr, limit: usize) -> Result<&[u8]> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(directory, name, flags, Mode::empty())?;
        let limit = limit.min(MAX_FILE);
        let mut length = 0;
        while length < limit {
            if length == self.file.len() {
                self.file.resize((length * 2).min(MAX_FILE), 0);
            }
            let end = self.file.len().min(limit);
            let free = self.file.get_mut(length..end).unwrap_or_default();
            match rustix::io::read(&file, free) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.file.get(..length).unwrap_or_default())
    }

    fn link(&mut self, directory: BorrowedFd<'_>, name: &CStr) -> Result<&[u8]> {
        let length = rustix::fs::readlinkat_raw(directory, name, self.link.as_mut_slice())?;
        Ok(self.link.get(..length).unwrap_or_default())
    }

    /// Calls `each` with the name of every entry.
    fn list(&mut self, directory: BorrowedFd<'_>, mut each: impl FnMut(&CStr)) -> Result<()> {
        self.directory.clear();
        let mut entries = RawDir::new(directory, self.directory.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            each(entry?.file_name());
        }
        Ok(())
    }
}

impl Procfs {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: rustix::fs::openat(CWD, path, flags, Mode::empty())? })
    }

    /// The pids of all visible processes, into `pids`.
    pub(super) fn pids(&self, reader: &mut Reader, pids: &mut Vec<u32>) -> Result<()> {
        pids.clear();
        rustix::fs::seek(&self.root, rustix::fs::SeekFrom::Start(0))?;
        reader.list(self.root.as_fd(), |name| {
            pids.extend(name.to_str().ok().and_then(|name| name.parse::<u32>().ok()));
        })
    }

    /// `/proc/PID/stat`, in one go.
    pub(super) fn stat<'a>(&self, pid: u32, reader: &'a mut Reader) -> Result<&'a [u8]> {
        let path = PidPath::new(pid, "/stat");
        reader.read(self.root.as_fd(), path.as_c_str()?, 4096)
    }

    pub(super) fn process(&self, pid: u32) -> Result<ProcessDirectory> {
        self.directory(PidPath::new(pid, "").as_c_str()?)
    }

    /// How many TCP connections of the whole machine nobody holds any more; `None` if that can't be
    /// read.
    pub(super) fn orphans(&self, reader: &mut Reader) -> Option<u64> {
        sockstat::orphans(reader.read(self.root.as_fd(), c"self/net/sockstat", 4096).ok()?)
    }

    /// This very process.
    pub(super) fn own(&self) -> Result<ProcessDirectory> {
        self.directory(c"self")
    }

    fn directory(&self, name: &CStr) -> Result<ProcessDirectory> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(ProcessDirectory(rustix::fs::openat(&self.root, name, flags, Mode::empty())?))
    }
}

impl ProcessDirectory {
    pub(super) fn file<'a>(
        &self,
        name: &CStr,
        limit: usize,
        reader: &'a mut Reader,
    ) -> Result<&'a [u8]> {
        reader.read(self.0.as_fd(), name, limit)
    }

    pub(super) fn link<'a>(&self, name: &CStr, reader: &'a mut Reader) -> Result<&'a [u8]> {
        reader.link(self.0.as_fd(), name)
    }

    /// The whole of a file that may be large, in memory of its own.
    pub(super) fn table(&self, name: &CStr, limit: usize) -> std::io::Result<Vec<u8>> {
        use std::io::Read as _;

        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        let mut text = Vec::new();
        std::fs::File::from(file).take(limit as u64).read_to_end(&mut text)?;
        Ok(text)
    }

    /// The inodes of the sockets in the process' descriptor table, sorted, each once.
    pub(super) fn sockets(&self, reader: &mut Reader) -> Result<Vec<u64>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let table = rustix::fs::openat(&self.0, c"fd", flags, Mode::empty())?;
        let mut inodes = Vec::new();
        let mut denied = None;
        // The listing needs its own part of the reader; links to sockets are short.
        let mut link = [0_u8; 32];
        reader.list(table.as_fd(), |name| {
            if name.to_bytes().first() == Some(&b'.') || denied.is_some() {
                return;
            }
            match rustix::fs::readlinkat_raw(&table, name, link.as_mut_slice()) {
                Ok(length) => inodes.extend(socket_link(link.get(..length).unwrap_or_default())),
                Err(error @ (Errno::ACCESS | Errno::PERM)) => denied = Some(error),
                // Closed meanwhile.
                Err(_) => {}
            }
        })?;
        if let Some(error) = denied {
            return Err(error);
        }
        inodes.sort_unstable();
        inodes.dedup();
        Ok(inodes)
    }

    /// Whether the descriptor table can be opened.
    pub(super) fn opens_descriptors(&self) -> Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, c"fd", flags, Mode::empty()).map(drop)
    }

    /// The inode of the process' network namespace.
    pub(super) fn netns(&self, reader: &mut Reader) -> Result<u64> {
        netns_link(self.link(c"ns/net", reader)?).ok_or(Errno::INVAL)
    }

    /// Opens the process' network namespace for entering it.
    pub(super) fn open_netns(&self) -> Result<OwnedFd> {
        rustix::fs::openat(&self.0, c"ns/net", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
    }

    /// A number that tells the process' network namespace from others even where its link may
    /// not be read: the inode of its TCP table. The kernel numbers these and the namespaces from
    /// one pool (`proc_alloc_inum`), so that it is no other namespace's number either.
    pub(super) fn netns_mark(&self) -> Result<u64> {
        Ok(rustix::fs::statat(&self.0, c"net/tcp", AtFlags::empty())?.st_ino)
    }
}

/// `PID` and what follows, as a C string without allocation.
struct PidPath {
    bytes: [u8; 32],
}

impl PidPath {
    fn new(pid: u32, rest: &str) -> Self {
        let mut bytes = [0; 32];
        // Ten digits and the few names that are used fit; what would not is cut off.
        let _ = write!(bytes.as_mut_slice(), "{pid}{rest}\0");
        Self { bytes }
    }

    fn as_c_str(&self) -> Result<&CStr> {
        CStr::from_bytes_until_nul(&self.bytes).map_err(|_| Errno::NAMETOOLONG)
    }
}
