//! The processes of a machine, from poll to poll: who is new, who is gone, and what is known.

use std::sync::Arc;

use procnet_core::secrets::Masking;
use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{HostId, Process, ProcessKey, Timestamp, User};
use rustc_hash::FxHashMap;
use rustix::io::Result;

use super::container_names::ContainerNames;
use super::examine::{Descriptors, Details, Job, Netns, Report};
use super::memberships::{Belongs, Memberships};
use super::owners::Holders;
use super::procfs::{Procfs, Reader, is_shortage};
use crate::parse::process;

/// Most processes that are told of; Linux' own limit is four million.
pub(super) const MAX_PROCESSES: usize = 262_144;
/// Most user names that are remembered; beyond that they are looked up anew.
const MAX_USERS: usize = 4096;
/// What a process says about itself is read again when its age has doubled, but after this many
/// seconds at the latest: young processes still rename themselves, change user, write titles.
const MAX_REFRESH_SECONDS: u64 = 120;

/// Whether a process' descriptor table can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Unread,
    Read,
    Denied,
}

/// One process.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: ProcessKey,
    /// `None` until it has been looked into.
    pub(super) process: Option<Arc<Process>>,
    pub(super) netns: Option<Netns>,
    pub(super) table: Table,
    pub(super) uid: Option<u32>,
    /// Number of the poll in which its descriptors were last asked for.
    scanned: u64,
    signature: Signature,
    parent: u32,
    parent_key: Option<ProcessKey>,
    /// In clock ticks since boot.
    refresh_at: u64,
    seen: u64,
}

/// Changes with every exec, and when the process renames itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Signature {
    comm: [u8; 16],
    arguments_at: u64,
}

impl Signature {
    fn of(stat: &process::Stat<'_>) -> Self {
        let mut comm = [0; 16];
        for (to, from) in comm.iter_mut().zip(stat.comm) {
            *to = *from;
        }
        Self { comm, arguments_at: stat.arguments_at }
    }
}

/// How kernel time becomes wall-clock time. Taken once, so that no start time ever jitters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The wall clock at boot, in nanoseconds since the epoch.
    boot: i64,
    ticks_per_second: u64,
}

const NANOSECONDS: i64 = 1_000_000_000;

fn nanoseconds(time: rustix::time::Timespec) -> i64 {
    time.tv_sec.saturating_mul(NANOSECONDS).saturating_add(time.tv_nsec)
}

impl Clock {
    pub(super) fn new() -> Self {
        use rustix::time::{ClockId, clock_gettime};
        let now = nanoseconds(clock_gettime(ClockId::Realtime));
        Self {
            boot: now.saturating_sub(nanoseconds(clock_gettime(ClockId::Boottime))),
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
        }
    }

    /// The wall clock now.
    pub(super) fn now() -> Timestamp {
        Timestamp(nanoseconds(rustix::time::clock_gettime(rustix::time::ClockId::Realtime)))
    }

    fn ticks(&self) -> u64 {
        let up = nanoseconds(rustix::time::clock_gettime(rustix::time::ClockId::Boottime));
        let ticks = i128::from(up) * i128::from(self.ticks_per_second) / i128::from(NANOSECONDS);
        u64::try_from(ticks).unwrap_or(0)
    }

    /// The wall clock that many nanoseconds after boot.
    pub(super) fn after_boot(&self, nanoseconds: u64) -> Timestamp {
        Timestamp(self.boot.saturating_add(i64::try_from(nanoseconds).unwrap_or(i64::MAX)))
    }

    /// Nanoseconds since boot in clock ticks, rounded as the kernel rounds them for `/proc`.
    pub(super) fn ticks_of(&self, nanoseconds: u64) -> u64 {
        let second = NANOSECONDS.unsigned_abs();
        // The usual rates divide a second evenly, and this is asked for every record.
        if second.is_multiple_of(self.ticks_per_second) {
            return nanoseconds / (second / self.ticks_per_second);
        }
        let ticks =
            u128::from(nanoseconds) * u128::from(self.ticks_per_second) / u128::from(second);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    pub(super) fn timestamp(&self, ticks: u64) -> Timestamp {
        let since = i128::from(ticks) * i128::from(NANOSECONDS) / i128::from(self.ticks_per_second);
        Timestamp(self.boot.saturating_add(i64::try_from(since).unwrap_or(i64::MAX)))
    }

    /// When to look again into a process that started at `started`.
    fn refresh_at(&self, now: u64, started: u64) -> u64 {
        let age = now.saturating_sub(started);
        let second = self.ticks_per_second;
        now.saturating_add(age.clamp(second, MAX_REFRESH_SECONDS * second))
    }
}

/// All processes.
#[derive(Debug)]
pub(super) struct Processes {
    masking: Masking,
    clock: Clock,
    entries: FxHashMap<u32, Entry>,
    users: FxHashMap<u32, User>,
    memberships: Memberships,
    pids: Vec<u32>,
    poll: u64,
    left_out: u64,
}

impl Processes {
    pub(super) fn new(masking: Masking) -> Self {
        Self {
            masking,
            clock: Clock::new(),
            entries: FxHashMap::default(),
            users: FxHashMap::default(),
            memberships: Memberships::new(ContainerNames::of_machine()),
            pids: Vec::new(),
            poll: 0,
            left_out: 0,
        }
    }

    pub(super) fn get(&self, pid: u32) -> Option<&Entry> {
        self.entries.get(&pid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.entries.iter().map(|(pid, entry)| (*pid, entry))
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// A process that is not listed, as `/proc` shows it.
    pub(super) fn describe(
        &mut self,
        key: ProcessKey,
        details: Details,
        parent: Option<ProcessKey>,
    ) -> Process {
        let user = details.uid.map(|uid| self.user(uid));
        let belongs = self.memberships.of(&details.cgroup);
        let started = self.clock.timestamp(key.started);
        Process { started, ..describe(key, details, user, belongs, parent, &self.masking) }
    }

    pub(super) fn user(&mut self, uid: u32) -> User {
        user(&mut self.users, uid)
    }

    /// How many processes were left out because there are more than [`MAX_PROCESSES`].
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Lists the processes anew, forgets those that ended, and says into which to look: those
    /// that are new or changed, and with `full` all of them.
    pub(super) fn list(
        &mut self,
        procfs: &Procfs,
        reader: &mut Reader,
        holders: &mut Holders,
        full: bool,
    ) -> Result<Vec<Job>> {
        self.poll += 1;
        procfs.pids(reader, &mut self.pids)?;
        self.left_out = self.pids.len().saturating_sub(MAX_PROCESSES) as u64;
        self.pids.truncate(MAX_PROCESSES);
        let now = self.clock.ticks();
        let mut jobs = Vec::new();
        for pid in &self.pids {
            let text = match procfs.stat(*pid, reader) {
                Ok(text) => text,
                // Nobody has ended for want of descriptors here: then this was no look.
                Err(error) if is_shortage(error) => return Err(error),
                Err(_) => continue,
            };
            let Some(stat) = process::stat(text) else { continue };
            if stat.kernel_thread || stat.zombie {
                continue;
            }
            let signature = Signature::of(&stat);
            let job = Job {
                pid: *pid,
                started: stat.started,
                details: false,
                netns: false,
                descriptors: false,
            };
            if let Some(entry) =
                self.entries.get_mut(pid).filter(|entry| entry.key.started == stat.started)
            {
                entry.seen = self.poll;
                let changed = entry.signature != signature || entry.process.is_none();
                let due = now >= entry.refresh_at;
                if changed || due || full {
                    entry.signature = signature;
                    if changed || due {
                        entry.refresh_at = self.clock.refresh_at(now, stat.started);
                    }
                    jobs.push(Job {
                        details: changed || due,
                        netns: changed || full,
                        descriptors: true,
                        ..job
                    });
                }
                continue;
            }
            holders.remove(*pid);
            let key = ProcessKey { host: HostId::LOCAL, pid: *pid, started: stat.started };
            self.entries.insert(
                *pid,
                Entry {
                    key,
                    process: None,
                    netns: None,
                    table: Table::Unread,
                    uid: None,
                    scanned: 0,
                    signature,
                    parent: stat.parent,
                    parent_key: None,
                    refresh_at: self.clock.refresh_at(now, stat.started),
                    seen: self.poll,
                },
            );
            jobs.push(Job { details: true, netns: true, descriptors: true, ..job });
        }
        let poll = self.poll;
        self.entries.retain(|pid, entry| {
            let alive = entry.seen == poll;
            if !alive {
                holders.remove(*pid);
            }
            alive
        });
        Ok(jobs)
    }

    /// Into which process' descriptors to look, unless that was done in this poll already.
    pub(super) fn descriptor_job(&self, pid: u32) -> Option<Job> {
        let entry = self.entries.get(&pid)?;
        let worth = entry.scanned != self.poll && entry.table != Table::Denied;
        worth.then_some(Job {
            pid,
            started: entry.key.started,
            details: false,
            netns: false,
            descriptors: true,
        })
    }

    /// All processes' descriptors that can be read and were not yet in this poll.
    pub(super) fn descriptor_jobs(&self) -> Vec<Job> {
        self.entries.keys().filter_map(|pid| self.descriptor_job(*pid)).collect()
    }

    /// Takes in what was found. Parents must have been listed, but not reported, before.
    pub(super) fn apply(&mut self, reports: Vec<Report>, holders: &mut Holders) {
        for report in reports {
            let parent = self.parent_of(report.pid);
            let uid = report.details.as_ref().and_then(|details| details.uid);
            let user = uid.map(|uid| user(&mut self.users, uid));
            let belongs = report.details.as_ref().map(|details| {
                let mut belongs = self.memberships.of(&details.cgroup);
                self.memberships.name(&mut belongs, self.poll);
                belongs
            });
            let Some(entry) = self.entries.get_mut(&report.pid) else { continue };
            if report.netns.is_some() {
                entry.netns = report.netns;
            }
            match report.descriptors {
                Some(Descriptors::Sockets(inodes)) => {
                    holders.set(report.pid, inodes);
                    entry.table = Table::Read;
                }
                Some(Descriptors::Denied) => {
                    holders.remove(report.pid);
                    entry.table = Table::Denied;
                }
                None => {}
            }
            entry.scanned = self.poll;
            if let (Some(details), Some(belongs)) = (report.details, belongs) {
                entry.uid = details.uid;
                // In the midst of an exec the kernel shows no command line; of a process that
                // really has none, looking once more finds the same.
                let had_some = |known: &Arc<Process>| !known.arguments.is_empty();
                if details.arguments.is_empty() && entry.process.as_ref().is_none_or(had_some) {
                    entry.refresh_at = 0;
                }
                // A process keeps the parent that started it, also when that one has ended.
                entry.parent_key = entry.parent_key.or(parent);
                let started = self.clock.timestamp(entry.key.started);
                let (key, parent) = (entry.key, entry.parent_key);
                let now = describe(key, details, user, belongs, parent, &self.masking);
                let now = Process { started, ..now };
                if entry.process.as_deref() != Some(&now) {
                    entry.process = Some(Arc::new(now));
                }
            }
        }
        if self.memberships.take_named() {
            for process in self.entries.values_mut().filter_map(|entry| entry.process.as_mut()) {
                if let Some(named) = self.memberships.renamed(process) {
                    *process = Arc::new(named);
                }
            }
        }
    }

    fn parent_of(&self, pid: u32) -> Option<ProcessKey> {
        let entry = self.entries.get(&pid)?;
        let parent = self.entries.get(&entry.parent)?.key;
        // A pid that was given to a younger process is no parent.
        (parent.started <= entry.key.started).then_some(parent)
    }
}

fn describe(
    key: ProcessKey,
    details: Details,
    user: Option<User>,
    belongs: Belongs,
    parent: Option<ProcessKey>,
    masking: &Masking,
) -> Process {
    let mut process = Process {
        exe: details.exe,
        user,
        parent,
        cgroup: belongs.path,
        container: belongs.container,
        unit: belongs.unit,
        ..Process::bare(key, details.name)
    };
    process.set_arguments(masking, &details.arguments);
    process
}

fn user(users: &mut FxHashMap<u32, User>, uid: u32) -> User {
    if users.len() >= MAX_USERS {
        users.clear();
    }
    users
        .entry(uid)
        .or_insert_with(|| {
            let found = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid));
            let name = found.ok().flatten().map(|user| sanitized(user.name.as_bytes(), MAX_NAME));
            User { id: uid, name }
        })
        .clone()
}

#[cfg(test)]
mod tests;
