//! Looks into single processes, several at a time: what costs most of a scan.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use procnet_core::text::{MAX_ARGUMENTS, MAX_COMMAND_LINE, MAX_NAME, sanitized};
use rustix::io::Errno;

use super::procfs::{ProcessDirectory, Procfs, Reader, is_shortage};
use crate::parse::process;

/// More threads than this make nothing faster: the kernel's own locks are the limit.
const MAX_THREADS: usize = 4;
/// Below this many processes, starting a thread costs more than it brings.
const MIN_JOBS_PER_THREAD: usize = 12;

/// Which process to look into, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) pid: u32,
    /// The start time that it must have; otherwise the pid has been given to another.
    pub(super) started: u64,
    pub(super) details: bool,
    pub(super) netns: bool,
    pub(super) descriptors: bool,
}

/// What was found. All is `None` for a process that has ended.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) pid: u32,
    pub(super) details: Option<Details>,
    pub(super) netns: Option<Netns>,
    pub(super) descriptors: Option<Descriptors>,
}

/// What a process is.
#[derive(Debug)]
pub(super) struct Details {
    pub(super) name: Arc<str>,
    pub(super) exe: Option<Arc<str>>,
    pub(super) arguments: Arc<[Arc<str>]>,
    pub(super) uid: Option<u32>,
    /// All of `/proc/PID/cgroup`; empty if it cannot be read.
    pub(super) cgroup: Box<[u8]>,
}

/// Where a process' sockets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Netns {
    /// The namespace's inode.
    Known(u64),
    /// Only a number that tells it from others: see [`ProcessDirectory::netns_mark`].
    Marked(u64),
}

/// The sockets in a descriptor table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Descriptors {
    /// Their inodes, sorted, each once.
    Sockets(Vec<u64>),
    /// The table may not be read.
    Denied,
}

/// Does all jobs, and `meanwhile` beside them. The reports come in no particular order.
pub(super) fn examine_all(
    procfs: &Procfs,
    jobs: &[Job],
    readers: &mut Vec<Reader>,
    meanwhile: impl FnOnce(),
) -> Vec<Report> {
    let mut threads = jobs.len() / MIN_JOBS_PER_THREAD;
    if threads > 1 {
        // Not asked for a few jobs: the answer takes twenty system calls.
        let parallelism = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        threads = threads.min(parallelism).min(MAX_THREADS);
    }
    let threads = threads.max(1);
    while readers.len() < threads {
        readers.push(Reader::new());
    }
    let Some((own, others)) = readers.split_first_mut() else { return Vec::new() };
    let next = AtomicUsize::new(0);
    let work = |reader: &mut Reader| {
        let mut reports = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            reports.push(examine(procfs, *job, reader));
        }
        reports
    };
    std::thread::scope(|scope| {
        let helpers: Vec<_> = others
            .iter_mut()
            .take(threads - 1)
            .filter_map(|reader| {
                let builder = std::thread::Builder::new().name("procnet-scan".to_owned());
                // Where no thread can be had, this one does it all.
                builder.spawn_scoped(scope, || work(reader)).ok()
            })
            .collect();
        meanwhile();
        let mut reports = work(own);
        for helper in helpers {
            reports.extend(helper.join().unwrap_or_default());
        }
        reports
    })
}

/// Looks into one process.
pub(super) fn examine(procfs: &Procfs, job: Job, reader: &mut Reader) -> Report {
    let nothing = Report { pid: job.pid, details: None, netns: None, descriptors: None };
    let Ok(directory) = procfs.process(job.pid) else { return nothing };
    // From here on all is about the same run of the process, or fails.
    let Ok(text) = directory.file(c"stat", 4096, reader) else { return nothing };
    let Some(stat) = process::stat(text).filter(|stat| stat.started == job.started) else {
        return nothing;
    };
    // Sixteen bytes hold every name that the kernel writes.
    let mut comm = [0; 64];
    let length = stat.comm.len().min(comm.len());
    for (to, from) in comm.iter_mut().zip(stat.comm) {
        *to = *from;
    }
    let comm = comm.get(..length).unwrap_or_default();
    Report {
        pid: job.pid,
        details: if job.details { details(&directory, comm, reader) } else { None },
        netns: if job.netns { netns(&directory, reader) } else { None },
        descriptors: if job.descriptors { descriptors(&directory, reader) } else { None },
    }
}

/// What it says of itself, as far as that may be read; nothing where this program has run out of
/// descriptors, so that it is asked again.
fn details(directory: &ProcessDirectory, comm: &[u8], reader: &mut Reader) -> Option<Details> {
    let exe = directory.link(c"exe", reader).ok().map(|link| process::executable(link).to_vec());
    let uid = readable(directory.file(c"status", 8192, reader))?.and_then(process::effective_uid);
    let cgroup = readable(directory.file(c"cgroup", 16 * 1024, reader))?;
    let cgroup = Box::from(cgroup.unwrap_or_default());
    let cmdline = readable(directory.file(c"cmdline", MAX_COMMAND_LINE, reader))?;
    let cmdline = cmdline.unwrap_or_default();
    let name = process::name(comm, exe.as_deref(), process::arguments(cmdline).next());
    Some(Details {
        name: sanitized(name, MAX_NAME),
        exe: exe.as_deref().map(|path| sanitized(path, MAX_NAME)),
        arguments: bounded_arguments(cmdline),
        uid,
        cgroup,
    })
}

/// What a file says, if it may be read; `None` where that can't be told for want of descriptors.
fn readable(read: rustix::io::Result<&[u8]>) -> Option<Option<&[u8]>> {
    match read {
        Ok(bytes) => Some(Some(bytes)),
        Err(error) if is_shortage(error) => None,
        Err(_) => Some(None),
    }
}

/// The arguments, within the limits of the vocabulary: replacing a bad byte may lengthen a text.
fn bounded_arguments(cmdline: &[u8]) -> Arc<[Arc<str>]> {
    let mut left = MAX_COMMAND_LINE;
    process::arguments(cmdline)
        .take(MAX_ARGUMENTS)
        .map_while(|argument| {
            let text = sanitized(argument, left);
            (left > 0).then(|| {
                left -= text.len();
                text
            })
        })
        .collect()
}

fn netns(directory: &ProcessDirectory, reader: &mut Reader) -> Option<Netns> {
    match directory.netns(reader) {
        Ok(inode) => Some(Netns::Known(inode)),
        Err(Errno::ACCESS | Errno::PERM) => directory.netns_mark().ok().map(Netns::Marked),
        Err(_) => None,
    }
}

fn descriptors(directory: &ProcessDirectory, reader: &mut Reader) -> Option<Descriptors> {
    match directory.sockets(reader) {
        Ok(inodes) => Some(Descriptors::Sockets(inodes)),
        Err(Errno::ACCESS | Errno::PERM) => Some(Descriptors::Denied),
        Err(_) => None,
    }
}
