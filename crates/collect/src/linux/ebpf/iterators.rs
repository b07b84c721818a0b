//! Walks in the kernel: who holds which socket, which sockets there are, what they carried.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;

use aya::maps::{Array, Map, MapData, RingBuf};
use aya::programs::{Program, ProgramFd};
use aya::{Btf, Ebpf};
use rustix::io::Errno;

use super::bpf_syscall::{Link, Target};
use super::programs::{Part, Parts};
use crate::parse::kernel_record::{self, Holder, KernelRow};

/// The kernel hands over at most 32 KiB per call.
const BUFFER_LENGTH: usize = 32 * 1024;
/// Most walks that one pass takes: each but the last fills the ring.
const MAX_WALKS: usize = 4096;
/// Most holders that one pass takes in, beside those that the listing names.
pub(in crate::platform) const MAX_HOLDERS: usize = 1_000_000;

/// The iterators that the kernel let us load.
pub(in crate::platform) struct Iterators {
    holders: ProgramFd,
    everybody: Link,
    listing: Link,
    counting: Option<Link>,
    /// Whether the descriptors of a single process can be walked over.
    single: bool,
    rows: RingBuf<MapData>,
    passes: Array<MapData, u32>,
    pass: u32,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Iterators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iterators").field("pass", &self.pass).finish_non_exhaustive()
    }
}

impl Iterators {
    /// Loads what the kernel lets us. `None` if holders or sockets can't be walked over.
    pub(super) fn load(object: &mut Ebpf, btf: &Btf, parts: &mut Parts) -> Option<Self> {
        let holders = load(object, "holders", "task_file", btf)?;
        let listed = load(object, "listed", "bpf_sk_storage_map", btf)?;
        let counted = load(object, "counted", "bpf_sk_storage_map", btf);
        let everybody = Link::new(holders.as_fd(), Target::Everything).ok()?;
        let sockets = match object.map("sockets")? {
            Map::SkStorage(map) => map.fd().as_fd(),
            _ => return None,
        };
        let listing = Link::new(listed.as_fd(), Target::Map(sockets)).ok()?;
        let counting =
            counted.and_then(|program| Link::new(program.as_fd(), Target::Map(sockets)).ok());
        let single = Link::new(holders.as_fd(), Target::Process(std::process::id())).is_ok();
        let rows = RingBuf::try_from(object.take_map("rows")?).ok()?;
        let passes = Array::try_from(object.take_map("passes")?).ok()?;
        for (part, there) in
            [(Part::Listed, true), (Part::Counted, counting.is_some()), (Part::Inherited, single)]
        {
            if there {
                parts.add(part);
            }
        }
        let buffer = vec![0; BUFFER_LENGTH];
        Some(Self { holders, everybody, listing, counting, single, rows, passes, pass: 0, buffer })
    }

    /// Begins a pass: finds a holder for every socket that has none noted, and returns all other
    /// holders, sorted by socket; and how many are too many.
    pub(in crate::platform) fn find_holders(&mut self) -> io::Result<(Vec<Holder>, u64)> {
        // 0 is what a socket has that no pass has seen.
        self.pass = self.pass.checked_add(1).unwrap_or(1);
        self.passes.set(0, self.pass, 0).map_err(io::Error::other)?;
        let (mut found, left_out) = read_holders(self.everybody.walk()?, &mut self.buffer)?;
        found.sort_unstable();
        found.dedup();
        Ok((found, left_out))
    }

    /// The sockets that a process holds, but for those that the listing names it for. None if it
    /// has ended.
    pub(super) fn held_by(&mut self, pid: u32) -> Vec<Holder> {
        if !self.single {
            return Vec::new();
        }
        let link = Link::new(self.holders.as_fd(), Target::Process(pid));
        let walk = link.and_then(|link| link.walk());
        let found = walk.and_then(|walk| read_holders(walk, &mut self.buffer));
        found.map(|(found, _)| found).unwrap_or_default()
    }

    /// Tells every socket, each once, as of the pass that was begun.
    pub(in crate::platform) fn list(&mut self, each: impl FnMut(KernelRow)) -> io::Result<()> {
        walk(&self.listing, &mut self.rows, &mut self.buffer, each)
    }

    /// Has every socket remembered that a process holds: those that came up since the last walk
    /// are not before they have been used for a while.
    pub(super) fn remember_all(&mut self) -> io::Result<()> {
        read_holders(self.everybody.walk()?, &mut self.buffer).map(drop)
    }

    /// Tells every socket that carried something since it was listed or counted before.
    pub(super) fn count(&mut self, each: impl FnMut(KernelRow)) -> io::Result<()> {
        match &self.counting {
            Some(link) => walk(link, &mut self.rows, &mut self.buffer, each),
            None => Ok(()),
        }
    }
}

/// Loads one iterator's program, without attaching it.
fn load(object: &mut Ebpf, name: &str, kind: &str, btf: &Btf) -> Option<ProgramFd> {
    let Some(Program::Iter(program)) = object.program_mut(name) else { return None };
    program.load(kind, btf).ok()?;
    program.fd().ok()?.try_clone().ok()
}

/// A walk ends early when the ring is full; what has been told then is not told again, so that
/// the walk that comes to its end has seen all, however much came and went meanwhile.
fn walk(
    link: &Link,
    rows: &mut RingBuf<MapData>,
    buffer: &mut [u8],
    mut each: impl FnMut(KernelRow),
) -> io::Result<()> {
    for _ in 0..MAX_WALKS {
        let mut file = link.walk()?;
        let ended = loop {
            let ended = match file.read(buffer) {
                Ok(0) => true,
                Err(error) if is(&error, Errno::AGAIN) => false,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut told = false;
            while let Some(item) = rows.next() {
                told = true;
                if let Some(row) = kernel_record::parse_row(&item) {
                    each(row);
                }
            }
            // The kernel also pauses after a million sockets, with nothing to tell.
            if ended || told {
                break ended;
            }
        };
        if ended {
            return Ok(());
        }
    }
    Err(io::Error::other("sockets come faster than they can be listed"))
}

/// Reads a walk over descriptors to its end.
fn read_holders(mut walk: File, buffer: &mut [u8]) -> io::Result<(Vec<Holder>, u64)> {
    let (mut found, mut left_out) = (Vec::new(), 0);
    loop {
        match walk.read(buffer) {
            Ok(0) => return Ok((found, left_out)),
            Ok(length) => {
                // Records are never torn.
                for holder in kernel_record::holders(buffer.get(..length).unwrap_or_default()) {
                    if found.len() < MAX_HOLDERS {
                        found.push(holder);
                    } else {
                        left_out += 1;
                    }
                }
            }
            // After a million descriptors the kernel pauses.
            Err(error) if is(&error, Errno::AGAIN) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn is(error: &io::Error, errno: Errno) -> bool {
    Errno::from_io_error(error) == Some(errno)
}
