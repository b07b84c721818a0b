//! What the scanner lends to whoever hears of events: its knowledge of namespaces, processes and
//! clocks, so that both tell the same thing in the same words.

use std::net::IpAddr;
use std::sync::Arc;

use procnet_core::{
    Capability, Endpoint, NetnsId, Process, ProcessKey, SocketIdentity, Timestamp, User,
};
use rustc_hash::FxHashMap;

use super::Scanner;
use crate::differ::{Differ, Draft};
use crate::platform::examine::{Details, Job, examine_all};
use crate::platform::host::Rights;

impl Scanner {
    pub(in crate::platform) fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Replaces what can be seen here.
    pub(in crate::platform) fn set_capabilities(&mut self, capabilities: Arc<[Capability]>) {
        self.differ.set_capabilities(capabilities);
    }

    pub(in crate::platform) fn differ_mut(&mut self) -> &mut Differ {
        &mut self.differ
    }

    /// The next snapshot reads every descriptor table.
    pub(in crate::platform) fn read_everything(&mut self) {
        self.last_full = None;
    }

    /// Whether snapshots know the namespace's sockets by their cookies.
    pub(in crate::platform) fn identifies_by_cookie(&self, netns: NetnsId) -> bool {
        self.by_listing || self.sources.identifies_by_cookie(netns.0)
    }

    /// The local address that the kernel chooses towards `remote`, as far as the namespace is
    /// known. A question to the kernel takes one from `budget`.
    pub(in crate::platform) fn local_towards(
        &mut self,
        netns: NetnsId,
        remote: IpAddr,
        budget: &mut usize,
    ) -> Option<IpAddr> {
        self.sources.local_towards(netns.0, remote, budget)
    }

    /// Datagrams whose peers there was no room for; told with the next snapshot.
    pub(in crate::platform) fn note_untold_datagrams(&mut self, count: u64) {
        self.untold_datagrams = self.untold_datagrams.saturating_add(count);
    }

    /// The local ends of those of the namespace's sockets that wait for an answer.
    pub(in crate::platform) fn connecting(
        &mut self,
        netns: NetnsId,
    ) -> FxHashMap<SocketIdentity, Endpoint> {
        let mut rows = Vec::new();
        self.sources.read_connecting(netns.0, &mut rows);
        rows.iter().map(|row| (super::identity(row), row.local)).collect()
    }

    pub(in crate::platform) fn tells_udp(&self) -> bool {
        self.sources.tells_udp()
    }

    /// Closes what the last scan lacked; with `all` also where it can't have been seen.
    pub(super) fn close_missed(&mut self, all: bool, draft: &mut Draft) {
        let sources = &self.sources;
        self.differ.close_missed(draft, |netns| all || sources.sees(netns.0));
    }

    /// A process' start, from nanoseconds since boot, in the unit of [`ProcessKey`].
    pub(in crate::platform) fn ticks(&self, nanoseconds: u64) -> u64 {
        self.processes.clock().ticks_of(nanoseconds)
    }

    /// The wall clock that many nanoseconds after boot.
    pub(in crate::platform) fn wall_clock(&self, nanoseconds: u64) -> Timestamp {
        self.processes.clock().after_boot(nanoseconds)
    }

    /// When the process started, by the wall clock.
    pub(in crate::platform) fn started(&self, key: &ProcessKey) -> Timestamp {
        self.processes.clock().timestamp(key.started)
    }

    /// What `/proc` says about these processes, by pid; without those that have ended.
    pub(in crate::platform) fn look_into(
        &mut self,
        keys: &[ProcessKey],
    ) -> FxHashMap<u32, Details> {
        let jobs: Vec<Job> = keys
            .iter()
            .map(|key| Job {
                pid: key.pid,
                started: key.started,
                details: true,
                netns: false,
                descriptors: false,
            })
            .collect();
        let reports = examine_all(&self.procfs, &jobs, &mut self.readers, || {});
        reports.into_iter().filter_map(|report| Some((report.pid, report.details?))).collect()
    }

    /// A process, as `/proc` shows it.
    pub(in crate::platform) fn describe(
        &mut self,
        key: ProcessKey,
        details: Details,
        parent: Option<ProcessKey>,
    ) -> Arc<Process> {
        Arc::new(self.processes.describe(key, details, parent))
    }

    pub(in crate::platform) fn user(&mut self, uid: u32) -> User {
        self.processes.user(uid)
    }
}
