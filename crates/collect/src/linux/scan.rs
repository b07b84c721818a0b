//! One scan of the machine after the other.

mod live;
mod look;
mod reconcile;
mod unix;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_core::memory::{is_slack, roomy};
use procnet_core::{
    Attribution, Batch, Capability, Degradation, Endpoint, HostId, NetnsId, Owner, Owners, Socket,
    SocketIdentity, SocketKey, Timestamp, UnknownOwner,
};

pub(super) use self::look::Look;
use self::reconcile::Reconciled;
use super::examine::{Job, Report, examine_all};
use super::host::{Rights, capabilities};
use super::owners::Holders;
use super::processes::{Clock, Processes, Table};
use super::procfs::{Procfs, Reader};
use super::search::Search;
use super::sources::{Rows, Shortfall, Sources};
use crate::differ::Differ;
use crate::parse::SocketRow;
use crate::snapshot::Snapshot;
use crate::{CollectError, ScanOptions};

/// One machine's polling source.
///
/// Each [`Scanner::poll`] lists all processes and all sockets, for both are cheap. Descriptor
/// tables are not: they are read of new and young processes, of those that a new socket without
/// an owner probably belongs to, and of all others only every [`ScanOptions::rescan_millis`].
#[derive(Debug)]
pub struct Scanner {
    procfs: Procfs,
    rights: Rights,
    rescan: Duration,
    last_full: Option<Instant>,
    readers: Vec<Reader>,
    processes: Processes,
    holders: Holders,
    sources: Sources,
    search: Search,
    rows: Rows,
    snapshot: Snapshot,
    differ: Differ,
    untold_datagrams: u64,
    /// Whether the kernel's own listing says which sockets there are.
    by_listing: bool,
    reconciled: Reconciled,
}

impl Scanner {
    /// Prepares to scan; finds out what this program may see.
    pub fn new(options: ScanOptions) -> Result<Self, CollectError> {
        let path = Path::new("/proc");
        let procfs = Procfs::open(path).map_err(|error| CollectError::Procfs {
            operation: "open",
            path: path.to_owned(),
            source: error.into(),
        })?;
        let mut reader = Reader::new();
        let rights = Rights::probe(&procfs, &mut reader);
        let sources = Sources::new(&procfs, &mut reader, options.udp, options.unix);
        let capabilities =
            capabilities(&rights, sources.has_diag(), sources.has_unix_diag(), sources.may_enter());
        Ok(Self {
            procfs,
            rights,
            rescan: Duration::from_millis(options.rescan_millis),
            last_full: None,
            readers: vec![reader],
            processes: Processes::new(options.masking),
            holders: Holders::default(),
            sources,
            search: Search::default(),
            rows: Rows::default(),
            snapshot: Snapshot::default(),
            differ: Differ::new(HostId::LOCAL, capabilities),
            untold_datagrams: 0,
            by_listing: false,
            reconciled: Reconciled::default(),
        })
    }

    /// Scans once, and returns what changed since the last call.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Batch, CollectError> {
        let now = Instant::now();
        let full = self.last_full.is_none_or(|last| now.duration_since(last) >= self.rescan);
        let mut shortfall = Shortfall::default();
        self.rows.clear();
        self.scan_processes(full, &mut shortfall)?;
        if full {
            self.last_full = Some(now);
        }
        self.sources.read_others(&self.procfs, &self.processes, &mut self.rows, &mut shortfall);
        self.find_owners();
        self.fill_snapshot(shortfall);
        self.snapshot.complete = full;
        self.snapshot.lingering = true;
        Ok(self.differ.diff(&mut self.snapshot))
    }

    /// The next poll tells the whole truth again, and reads it anew: for a consumer that lost a
    /// batch.
    pub fn request_resync(&mut self) {
        if !self.by_listing {
            self.last_full = None;
        }
        self.differ.request_resync();
    }

    /// Whether UNIX sockets are told too, from the next poll on.
    pub fn set_unix(&mut self, unix: bool) {
        self.sources.set_unix(unix);
    }

    /// What this machine, kernel and privilege allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.differ.capabilities()
    }

    /// Lists the processes, and says into which to look.
    fn list_processes(&mut self, full: bool) -> Result<Vec<Job>, CollectError> {
        if self.readers.is_empty() {
            self.readers.push(Reader::new());
        }
        let Some(reader) = self.readers.first_mut() else { return Ok(Vec::new()) };
        self.processes.list(&self.procfs, reader, &mut self.holders, full).map_err(|error| {
            CollectError::Procfs { operation: "list", path: "/proc".into(), source: error.into() }
        })
    }

    /// Lists the processes, and looks into some while the own namespace's sockets are read.
    fn scan_processes(
        &mut self,
        full: bool,
        shortfall: &mut Shortfall,
    ) -> Result<(), CollectError> {
        let jobs = self.list_processes(full)?;
        let mut sockets = Ok(());
        let reports = examine_all(&self.procfs, &jobs, &mut self.readers, || {
            sockets = self.sources.read_own(&self.procfs, &mut self.rows, shortfall);
        });
        self.apply(reports);
        sockets
    }

    fn apply(&mut self, reports: Vec<Report>) {
        self.processes.apply(reports, &mut self.holders);
    }

    /// Looks for the holders of sockets that came up since the tables were read.
    fn find_owners(&mut self) {
        let privileged = self.rights.privileged();
        let own = self.rights.uid;
        let differ = &self.differ;
        let mut missing = self.search.missing(&self.rows, &self.holders, |netns, row| {
            // Others' descriptors are out of reach: what of theirs we hold comes with a rescan.
            let within_reach = privileged || row.uid == Some(own);
            within_reach && !differ.has_observed_owner(&key(netns, row))
        });
        let unix = self
            .rows
            .unix
            .iter()
            .filter(|(_, row)| privileged || row.uid.is_none_or(|uid| uid == own));
        self.search.add_unix(&mut missing, unix.map(|(_, row)| row.socket.inode), &self.holders);
        if missing.is_empty() {
            return;
        }
        for pid in missing.likely_holders(&self.rows, &self.holders) {
            let Some(job) = self.processes.descriptor_job(pid) else { continue };
            let reports = examine_all(&self.procfs, &[job], &mut self.readers, || {});
            self.apply(reports);
            if missing.all_found(&self.holders) {
                return;
            }
        }
        if let Some(started) = self.search.may_read_all() {
            let jobs = self.processes.descriptor_jobs();
            let reports = examine_all(&self.procfs, &jobs, &mut self.readers, || {});
            self.apply(reports);
            self.search.read_all(started);
            missing.all_found(&self.holders);
            self.search.give_up(&missing);
        }
    }

    fn fill_snapshot(&mut self, shortfall: Shortfall) {
        self.fill_processes();
        let snapshot = &mut self.snapshot;
        let unknown = Unknown::new(&self.rights, &self.processes);
        snapshot.sockets.clear();
        let coming = self.rows.rows.len() + self.rows.unix.len();
        if is_slack(snapshot.sockets.capacity(), coming) {
            snapshot.sockets.shrink_to(roomy(coming));
        }
        snapshot.sockets.reserve(coming);
        let mut hidden = 0;
        for (netns, row) in self.rows.iter() {
            let socket = socket(netns, row, &self.holders, &self.processes, &unknown);
            let no_permission = socket.unknown_owner == UnknownOwner::NoPermission;
            hidden += u64::from(socket.owners.is_empty() && no_permission);
            snapshot.sockets.push(socket);
        }
        for (netns, row) in &self.rows.unix {
            let inode = row.socket.inode;
            let owners = owners(inode, &self.holders, &self.processes);
            let socket = unix::socket(*netns, row, owners, unknown.reason(inode, row.uid));
            let no_permission = socket.unknown_owner == UnknownOwner::NoPermission;
            hidden += u64::from(socket.owners.is_empty() && no_permission);
            snapshot.sockets.push(socket);
        }
        self.fill_degradations(shortfall, hidden);
    }

    fn fill_processes(&mut self) {
        self.snapshot.at = Clock::now();
        self.snapshot.processes.clear();
        let known = self.processes.iter().filter_map(|(_, entry)| entry.process.as_ref());
        self.snapshot.processes.extend(known.map(Arc::clone));
    }

    fn fill_degradations(&mut self, shortfall: Shortfall, hidden: u64) {
        self.snapshot.degradations.clear();
        let counts = [
            ("owners-hidden", hidden),
            ("dump-interrupted", shortfall.interrupted),
            ("netns-hidden", shortfall.hidden),
            ("netns-limit", shortfall.namespaces),
            ("unix-hidden", shortfall.unix),
            ("sockets-limit", shortfall.sockets),
            ("processes-limit", self.processes.left_out()),
            ("udp-peers-limit", std::mem::take(&mut self.untold_datagrams)),
        ];
        for (id, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let message = Arc::from(degradation_message(id));
            self.snapshot.degradations.push(Degradation { id, message, count });
        }
    }
}

fn degradation_message(id: &str) -> &'static str {
    match id {
        "owners-hidden" => {
            "Sockets show a user but no process: the descriptors of their processes may not be read."
        }
        "dump-interrupted" => {
            "Socket tables changed faster than they could be read; some sockets may be missing or \
             stale until the next scan."
        }
        "netns-hidden" => "Network namespaces could not be read; their sockets are missing.",
        "unix-hidden" => {
            "The UNIX sockets of network namespaces could not be read; they are missing."
        }
        "netns-limit" => "There are more network namespaces than are read; the rest is missing.",
        "sockets-limit" => "There are more sockets than are read; the rest is missing.",
        "udp-peers-limit" => {
            "Unconnected UDP sockets have more peers than are told; datagrams of the others count \
             only for their sockets."
        }
        _ => "There are more processes than are read; the rest is missing.",
    }
}

/// Tells why a socket has no known owner.
struct Unknown {
    uid: u32,
    /// Others' descriptors can be read too, but for those of `denied`.
    privileged: bool,
    /// The users of processes whose descriptors may not be read, sorted.
    denied: Vec<u32>,
}

impl Unknown {
    fn new(rights: &Rights, processes: &Processes) -> Self {
        let entries = processes.iter().filter(|(_, entry)| entry.table == Table::Denied);
        let mut denied: Vec<u32> = entries.filter_map(|(_, entry)| entry.uid).collect();
        denied.sort_unstable();
        denied.dedup();
        Self { uid: rights.uid, privileged: rights.privileged(), denied }
    }

    fn reason(&self, inode: u64, uid: Option<u32>) -> UnknownOwner {
        if inode == 0 {
            return UnknownOwner::Kernel;
        }
        let within_reach = uid.is_some_and(|uid| {
            (self.privileged || uid == self.uid) && self.denied.binary_search(&uid).is_err()
        });
        if within_reach { UnknownOwner::NotFound } else { UnknownOwner::NoPermission }
    }
}

fn socket(
    netns: NetnsId,
    row: &SocketRow,
    holders: &Holders,
    processes: &Processes,
    unknown: &Unknown,
) -> Socket {
    Socket {
        key: key(netns, row),
        protocol: row.protocol,
        state: row.state,
        local: row.local,
        remote: row.remote,
        v6_only: row.v6_only,
        uid: row.uid,
        owners: if row.inode == 0 { Owners::new() } else { owners(row.inode, holders, processes) },
        unknown_owner: unknown.reason(row.inode, row.uid),
        role: None,
        counters: row.counters,
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

/// Who holds the inode: sorted by pid, and so by key.
fn owners(inode: u64, holders: &Holders, processes: &Processes) -> Owners {
    holders
        .of(inode)
        .iter()
        .filter_map(|pid| processes.get(*pid))
        .filter(|entry| entry.process.is_some())
        .map(|entry| Owner { process: entry.key, attribution: Attribution::Held })
        .collect()
}

fn key(netns: NetnsId, row: &SocketRow) -> SocketKey {
    SocketKey { host: HostId::LOCAL, netns, identity: identity(row) }
}

fn identity(row: &SocketRow) -> SocketIdentity {
    match (row.cookie, row.inode) {
        (Some(cookie), _) => SocketIdentity::Cookie(cookie),
        (None, 0) => {
            let nobody = Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
            SocketIdentity::Tuple {
                protocol: row.protocol,
                local: row.local,
                remote: row.remote.unwrap_or(nobody),
                owner: 0,
            }
        }
        (None, inode) => SocketIdentity::Inode(inode),
    }
}
