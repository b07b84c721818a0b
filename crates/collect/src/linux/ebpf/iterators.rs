//! Walks in the kernel: who holds which socket, which sockets there are, what they carried.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

use aya::maps::{Array, Map, MapData, RingBuf};
use aya::programs::{Program, ProgramFd};
use aya::{Btf, Ebpf};
use rustix::io::Errno;

use super::bpf_syscall::{Link, Target};
use super::programs::{Part, Parts};
use super::walk::Walk;
use crate::parse::kernel_walk::{self, Holder, KernelRow};

/// The kernel hands over at most 32 KiB per call.
const BUFFER_LENGTH: usize = 32 * 1024;
/// Most walks over what is remembered that it takes to see all of it: each but the last fills the
/// ring.
const MAX_WALKS: usize = 4096;

/// The iterators that the kernel let us load.
pub(in crate::platform) struct Iterators {
    /// Over the descriptors of one process, unless the kernel can't walk over those of one alone;
    /// and of all.
    holdings: Option<ProgramFd>,
    everybody: Link,
    /// Over every other descriptor of all processes; looking ahead if the kernel lets us.
    holders: [Link; 2],
    unheld: Link,
    counting: Option<Link>,
    rows: Arc<Mutex<Rows>>,
    passes: Array<MapData, [u32; 3]>,
    pass: u32,
}

impl std::fmt::Debug for Iterators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iterators").field("pass", &self.pass).finish_non_exhaustive()
    }
}

impl Iterators {
    /// Loads what the kernel lets us. `None` if holders or sockets can't be walked over.
    pub(super) fn load(object: &mut Ebpf, btf: &Btf, parts: &mut Parts) -> Option<Self> {
        let everybody = |program: &ProgramFd| Link::new(program.as_fd(), Target::Everything).ok();
        let mut half = |ahead: &str, plain: &str| {
            let loaded = load(object, ahead, "task_file", btf);
            everybody(&loaded.or_else(|| load(object, plain, "task_file", btf))?)
        };
        let even = half("even_holders", "even_holders_plainly")?;
        let odd = half("odd_holders", "odd_holders_plainly")?;
        let holdings = load(object, "holdings", "task_file", btf)?;
        let alone = Link::new(holdings.as_fd(), Target::Process(std::process::id())).is_ok();
        let unheld = load(object, "unheld", "bpf_sk_storage_map", btf)?;
        let counted = load(object, "counted", "bpf_sk_storage_map", btf);
        let sockets = match object.map("sockets")? {
            Map::SkStorage(map) => map.fd().as_fd(),
            _ => return None,
        };
        let unheld = Link::new(unheld.as_fd(), Target::Map(sockets)).ok()?;
        let counting =
            counted.and_then(|program| Link::new(program.as_fd(), Target::Map(sockets)).ok());
        let rows = Rows(RingBuf::try_from(object.take_map("rows")?).ok()?);
        let passes = Array::try_from(object.take_map("passes")?).ok()?;
        for (part, there) in
            [(Part::Listed, true), (Part::Counted, counting.is_some()), (Part::Inherited, alone)]
        {
            if there {
                parts.add(part);
            }
        }
        Some(Self {
            everybody: everybody(&holdings)?,
            holdings: alone.then_some(holdings),
            holders: [even, odd],
            unheld,
            counting,
            rows: Arc::new(Mutex::new(rows)),
            passes,
            pass: 0,
        })
    }

    /// Begins a pass: a walk over all descriptors that tells who holds which socket, and of
    /// sockets what changed since they were told; with `whole` of all of them. With `unix` it tells
    /// who holds which UNIX socket too.
    pub(in crate::platform) fn begin_pass(&mut self, whole: bool, unix: bool) -> io::Result<Walk> {
        // 0 is what a socket has that no pass has seen.
        self.pass = self.pass.checked_add(1).unwrap_or(1);
        let pass = [self.pass, u32::from(whole), u32::from(unix)];
        self.passes.set(0, pass, 0).map_err(io::Error::other)?;
        let [even, odd] = &self.holders;
        Walk::begin([even.walk()?, odd.walk()?])
    }

    /// Tells every socket that is remembered and that the walk of this pass did not come by.
    pub(in crate::platform) fn list_unheld(&self, each: impl FnMut(KernelRow)) -> io::Result<()> {
        walk_with(&self.rows, &self.unheld, each)
    }

    /// The sockets that a process holds. None if it has ended.
    pub(super) fn held_by(&self, pid: u32) -> Vec<Holder> {
        self.walk_over(pid).and_then(read_holders).unwrap_or_default()
    }

    /// How many descriptors of sockets there are, by nothing but a walk over all descriptors: what
    /// any snapshot takes at least.
    pub(super) fn bare_walk(&self) -> io::Result<usize> {
        read_holders(self.everybody.walk()?).map(|holders| holders.len())
    }

    fn walk_over(&self, pid: u32) -> io::Result<File> {
        let program = self.holdings.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        Link::new(program.as_fd(), Target::Process(pid))?.walk()
    }

    /// Prepares to count what these processes hold, and all else that is remembered; `None` stands
    /// for all processes. It can be done elsewhere. `None` if the kernel can't count.
    pub(super) fn count(&self, pids: Option<&[u32]>) -> Option<Count> {
        let link = self.counting.as_ref()?.try_clone().ok()?;
        let walks = match pids {
            // Who has ended holds nothing.
            Some(pids) if self.holdings.is_some() => {
                pids.iter().filter_map(|pid| self.walk_over(*pid).ok()).collect()
            }
            Some([]) => Vec::new(),
            _ => self.everybody.walk().into_iter().collect(),
        };
        Some(Count { walks, link, rows: Arc::clone(&self.rows) })
    }
}

/// A count that is about to be taken.
pub(super) struct Count {
    walks: Vec<File>,
    link: Link,
    rows: Arc<Mutex<Rows>>,
}

impl Count {
    /// Tells every socket that carried something since it was listed or counted before.
    pub(super) fn take(self, each: impl FnMut(KernelRow)) -> io::Result<()> {
        // Sockets that came up since are not remembered before they have been used for a while, or
        // a walk has come by them.
        for walk in self.walks {
            read_holders(walk)?;
        }
        walk_with(&self.rows, &self.link, each)
    }
}

/// Loads an iterator's program, without attaching it.
fn load(object: &mut Ebpf, name: &str, kind: &str, btf: &Btf) -> Option<ProgramFd> {
    let Some(Program::Iter(program)) = object.program_mut(name) else { return None };
    program.load(kind, btf).ok()?;
    program.fd().ok()?.try_clone().ok()
}

/// Where walks over what is remembered put what they tell.
struct Rows(RingBuf<MapData>);

fn walk_with(rows: &Mutex<Rows>, link: &Link, each: impl FnMut(KernelRow)) -> io::Result<()> {
    // Whoever panicked left rows there that were told to nobody: at worst they are told now.
    rows.lock().unwrap_or_else(PoisonError::into_inner).walk(link, each)
}

impl Rows {
    /// Walks. It ends early when the ring is full; what has been told then is not told again, so
    /// that the walk that comes to its end has seen all, however much came and went meanwhile.
    fn walk(&mut self, link: &Link, mut each: impl FnMut(KernelRow)) -> io::Result<()> {
        // Nothing is written to it, but the kernel wants to see one.
        let mut buffer = [0; 64];
        for _ in 0..MAX_WALKS {
            let mut file = link.walk()?;
            let ended = loop {
                let ended = match file.read(&mut buffer) {
                    Ok(0) => true,
                    Err(error) if is(&error, Errno::AGAIN) => false,
                    Ok(_) => continue,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                let mut told = false;
                while let Some(item) = self.0.next() {
                    told = true;
                    if let Some(row) = kernel_walk::parse_row(&item) {
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
}

/// Reads a walk over descriptors to its end.
fn read_holders(walk: File) -> io::Result<Vec<Holder>> {
    let mut holders = Vec::new();
    read_all(walk, |bytes| {
        holders.extend(kernel_walk::held_sockets(&bytes).map(|held| held.holder));
        true
    })?;
    Ok(holders)
}

/// Reads a walk over descriptors to its end, or until somebody wants no more of it. Records are
/// never torn.
pub(super) fn read_all(mut walk: File, mut each: impl FnMut(Vec<u8>) -> bool) -> io::Result<()> {
    loop {
        let mut buffer = vec![0; BUFFER_LENGTH];
        match walk.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                buffer.truncate(length);
                if !each(buffer) {
                    return Ok(());
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, UdpSocket};
    use std::time::{Duration, Instant};

    use aya::EbpfLoader;
    use rustix::net::sockopt::socket_cookie;

    use super::*;
    use crate::platform::ebpf::ahead;
    use crate::platform::ebpf::programs::OBJECT;

    /// What one walk tells with the programs that load from this object; `None` if none does.
    fn told(object: &[u8], btf: &Btf) -> Option<BTreeSet<u64>> {
        let mut object = EbpfLoader::new().btf(Some(btf)).load(object).ok()?;
        let mut iterators = Iterators::load(&mut object, btf, &mut Parts::default())?;
        let mut walk = iterators.begin_pass(true, false).unwrap();
        let mut told = BTreeSet::new();
        let soon = Instant::now() + Duration::from_secs(60);
        assert!(walk.receive(soon, |held| told.extend([held.holder.cookie])).unwrap());
        Some(told)
    }

    #[test]
    fn a_walk_tells_the_same_whether_it_looks_ahead_or_not() {
        let Ok(btf) = Btf::from_sys_fs() else {
            return eprintln!("skipped: the kernel describes no types of its own");
        };
        // So many that their descriptors fill several groups, with gaps and other files in between.
        let mut sockets = Vec::new();
        let mut others = Vec::new();
        for number in 0..300 {
            sockets.push(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
            if number % 7 == 0 {
                others.push(File::open("/dev/null").unwrap());
            }
        }
        let mut number = 0;
        sockets.retain(|_| {
            number += 1;
            number % 5 != 0
        });
        let cookies: BTreeSet<u64> =
            sockets.iter().map(|socket| socket_cookie(socket).unwrap()).collect();
        assert_eq!(cookies.len(), 240);
        let Some(plainly) = told(OBJECT, &btf) else {
            return eprintln!("skipped: the kernel lets nobody without privileges walk");
        };
        let object = ahead::with_function(OBJECT, &btf);
        if object != OBJECT {
            let mut object = EbpfLoader::new().btf(Some(&btf)).load(&object).unwrap();
            assert!(load(&mut object, "odd_holders", "task_file", &btf).is_some());
        }
        let ahead = told(&object, &btf).unwrap();
        assert!(cookies.is_subset(&plainly), "without looking ahead");
        assert!(cookies.is_subset(&ahead), "looking ahead");
        drop(others);
    }
}
