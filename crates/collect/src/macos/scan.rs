//! One look at the machine after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_core::{
    Batch, Capability, Degradation, HostId, Process, ProcessKey, Protocol, Socket, SocketKey,
    Timestamp,
};
use rustc_hash::FxHashSet;

use super::System;
use super::capabilities::{Sight, capabilities};
use super::processes::Processes;
use super::sockets::Sockets;
use crate::differ::Differ;
use crate::parse::macos::sources::Sources;
use crate::sightings::Sightings;
use crate::snapshot::Snapshot;
use crate::{CollectError, ScanOptions};

/// One machine's polling source.
///
/// Each [`Scanner::poll`] reads the sockets and then the list of processes, in that order: a process
/// that began meanwhile is known, and one that ended is told to have ended by the next poll.
#[derive(Debug)]
pub struct Scanner<S> {
    system: S,
    protocols: &'static [Protocol],
    processes: Processes,
    sockets: Sockets,
    snapshot: Snapshot,
    differ: Differ,
    /// What the network statistics know, kept for its memory.
    counted: FxHashSet<SocketKey>,
    sight: Sight,
    rescan: Duration,
    /// When to read the descriptors again.
    next_rescan: Option<Instant>,
}

impl<S: System> Scanner<S> {
    /// Prepares to scan; finds out what may be seen.
    pub fn new(mut system: S, options: &ScanOptions) -> Self {
        let protocols: &[Protocol] =
            if options.udp { &[Protocol::Tcp, Protocol::Udp] } else { &[Protocol::Tcp] };
        let mut sockets = Sockets::default();
        sockets.read_tables(&mut system, protocols);
        let events = Err(Arc::from("It was asked for scanning."));
        let sight = Sight { tables: sockets.failed() == 0, root: system.is_root(), events };
        Self {
            differ: Differ::new(HostId::LOCAL, capabilities(&sight)),
            system,
            protocols,
            processes: Processes::new(options.masking.clone()),
            sockets,
            snapshot: Snapshot { lingering: true, ..Snapshot::default() },
            counted: FxHashSet::default(),
            sight,
            rescan: Duration::from_millis(options.rescan_millis),
            next_rescan: None,
        }
    }

    /// Looks once, and returns what changed since the last call.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Batch, CollectError> {
        self.look(None, &[])
    }

    /// The same beside what the network statistics told meanwhile.
    pub(super) fn look(
        &mut self,
        beside: Option<(&mut Sightings, &Sources)>,
        degradations: &[Degradation],
    ) -> Result<Batch, CollectError> {
        let now = Instant::now();
        let Self { system, protocols, processes, sockets, .. } = self;
        sockets.read_tables(system, protocols);
        processes.refresh(system).map_err(|source| CollectError::System {
            operation: "list the processes (sysctl KERN_PROC_ALL)",
            source,
        })?;
        let due = self.next_rescan.is_none_or(|due| now >= due);
        if due || sockets.failed() > 0 {
            sockets.read_descriptors(system, &processes.census);
            self.next_rescan = Some(Instant::now() + self.rescan);
        }
        let hidden = sockets.hidden();
        let none = sockets.failed() == protocols.len() && hidden > 0 && beside.is_none();
        if none && hidden == processes.census.iter().count() as u64 {
            return Err(CollectError::System {
                operation: "read the sockets (sysctl net.inet.tcp.pcblist_n, proc_pidinfo)",
                source: sockets.take_error().unwrap_or(std::io::ErrorKind::PermissionDenied.into()),
            });
        }
        self.snapshot.complete = due && hidden == 0;
        self.fill_snapshot(degradations);
        let Self { processes, sockets, snapshot, differ, counted, .. } = self;
        let all = !sockets.lacks_what_was_seen();
        snapshot.sockets.extend(sockets.iter(&processes.census));
        let Some((sightings, sources)) = beside else {
            return Ok(diff(differ, snapshot, &[], all));
        };
        sightings.complete(&mut snapshot.sockets, differ);
        // The statistics count on their own, and more than the tables do.
        counted.clear();
        counted.extend(sources.keys());
        for socket in snapshot.sockets.iter_mut().filter(|socket| counted.contains(&socket.key)) {
            if let Some(told) = differ.socket(&socket.key) {
                socket.counters = told.counters;
            }
        }
        // The tables may leave out what the statistics know to be there.
        let mut known = Vec::new();
        known.extend(counted.iter().filter_map(|key| differ.socket(key).cloned()));
        let batch = diff(differ, snapshot, &known, all);
        sightings.after_snapshot(snapshot.at, snapshot.processes.iter().map(|it| &it.key));
        Ok(batch)
    }

    /// The next look tells the whole truth again: for a consumer that lost a batch.
    pub fn request_resync(&mut self) {
        self.differ.request_resync();
    }

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.differ.capabilities()
    }

    /// Whether events are told too, or why not. True if that is news.
    pub(super) fn set_events(&mut self, events: Result<(), Arc<str>>) -> bool {
        if self.sight.events == events {
            return false;
        }
        self.sight.events = events;
        self.differ.set_capabilities(capabilities(&self.sight));
        true
    }

    pub(super) fn differ(&mut self) -> &mut Differ {
        &mut self.differ
    }

    pub(super) fn system(&mut self) -> &mut S {
        &mut self.system
    }

    /// Lists the processes anew, for somebody is not among them. Those that were not known before.
    pub(super) fn refresh_processes(&mut self) -> Vec<Arc<Process>> {
        if self.processes.refresh(&mut self.system).is_err() {
            // The next look says so.
            return Vec::new();
        }
        let new = |process: &&Arc<Process>| !self.differ.knows_process(&process.key);
        self.processes.census.iter().filter(new).cloned().collect()
    }

    /// The process that has that id.
    pub(super) fn process(&self, pid: u32) -> Option<ProcessKey> {
        self.processes.census.key(pid)
    }

    /// The wall clock.
    pub(super) fn now(&self) -> Timestamp {
        self.system.now()
    }

    fn fill_snapshot(&mut self, degradations: &[Degradation]) {
        let Self { system, processes, sockets, snapshot, .. } = self;
        snapshot.at = system.now();
        snapshot.processes.clear();
        snapshot.processes.extend(processes.census.iter().map(Arc::clone));
        snapshot.sockets.clear();
        snapshot.degradations.clear();
        snapshot.degradations.extend_from_slice(degradations);
        let failed = sockets.failed() as u64;
        let counts = [
            (
                "tables-unreadable",
                failed,
                "Tables of sockets could not be read; descriptors of the processes that may be \
                 looked into stand in for them.",
            ),
            (
                "owners-hidden",
                if failed > 0 { sockets.hidden() } else { 0 },
                "Processes may not be looked into, and so their sockets are missing; run procnet \
                 as root: sudo procnet.",
            ),
            (
                "sockets-unreadable",
                sockets.unreadable(),
                "Rows of the tables of sockets make no sense; their sockets are missing.",
            ),
            (
                "sockets-limit",
                sockets.left_out(),
                "There are more sockets than are read; the rest is missing.",
            ),
            (
                "processes-limit",
                processes.census.left_out(),
                "There are more processes than are read; the rest is missing.",
            ),
        ];
        for (id, count, message) in counts.into_iter().filter(|(_, count, _)| *count > 0) {
            snapshot.degradations.push(Degradation { id, message: Arc::from(message), count });
        }
    }
}

/// What is new in the snapshot, and in what else is known to be there.
fn diff(differ: &mut Differ, snapshot: &mut Snapshot, known: &[Socket], all: bool) -> Batch {
    let mut sockets = std::mem::take(&mut snapshot.sockets);
    differ.begin();
    let batch = differ.diff_from(snapshot, |intake| {
        for socket in sockets.drain(..) {
            intake.take(socket);
        }
        for socket in known {
            intake.complete(socket.clone());
        }
        all
    });
    snapshot.sockets = sockets;
    batch
}
