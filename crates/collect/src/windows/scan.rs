//! One scan of the machine after the other.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use procnet_core::{Batch, Capability, Degradation, HostId, Timestamp};
use rustc_hash::FxHashSet;

use super::host::{Rights, capabilities};
use super::processes::Processes;
use super::tables::SocketTable;
use crate::differ::{Differ, Draft};
use crate::parse::sighting::ProcessSighting;
use crate::parse::windows::tables::Table;
use crate::sightings::Sightings;
use crate::snapshot::Snapshot;
use crate::trace::Machine;
use crate::{CollectError, ScanOptions};

/// One machine, looked at.
///
/// Each [`Scanner::poll`] reads the tables of sockets and then the list of processes, in that
/// order: a process that began meanwhile is known, and one that ended is told to have ended by the
/// next poll, when the tables have none of its sockets any more.
#[derive(Debug)]
pub struct Scanner {
    tables: Vec<SocketTable>,
    processes: Processes,
    snapshot: Snapshot,
    differ: Differ,
    /// Rows of the tables that could not be read at the last look.
    unreadable: u64,
    /// The local addresses of its sockets.
    own: FxHashSet<IpAddr>,
}

impl Scanner {
    /// Prepares to scan; finds out what this program may see.
    pub fn new(options: ScanOptions) -> Result<Self, CollectError> {
        let wanted = |table: &Table| options.udp || !matches!(table, Table::Udp4 | Table::Udp6);
        Ok(Self {
            tables: Table::ALL.into_iter().filter(wanted).map(SocketTable::new).collect(),
            processes: Processes::new(options.masking),
            snapshot: Snapshot { complete: true, lingering: true, ..Snapshot::default() },
            differ: Differ::new(HostId::LOCAL, capabilities(&Rights::probe())),
            unreadable: 0,
            own: FxHashSet::default(),
        })
    }

    /// Scans once, and returns what changed since the last call.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Batch, CollectError> {
        self.look_beside(None, &[])
    }

    /// The same beside what was seen meanwhile.
    fn look_beside(
        &mut self,
        sightings: Option<&Sightings>,
        degradations: &[Degradation],
    ) -> Result<Batch, CollectError> {
        let failed = self.read_tables()?;
        self.processes.refresh().map_err(|source| CollectError::System {
            operation: "list the processes (NtQuerySystemInformation)",
            source,
        })?;
        self.fill_snapshot(failed, degradations);
        let Self { tables, processes, snapshot, differ, unreadable, own } = self;
        *unreadable = 0;
        own.clear();
        differ.begin();
        Ok(differ.diff_from(snapshot, |intake| {
            for table in tables {
                let mut rows = table.rows();
                for row in rows.by_ref() {
                    let mut socket = row.socket(processes.census.key(row.pid));
                    let Some(sightings) = sightings else {
                        intake.take(socket);
                        continue;
                    };
                    own.insert(socket.local.ip);
                    let told = intake.counters(&socket.key);
                    if sightings.complete_one(&mut socket, told) {
                        intake.take(socket);
                    }
                }
                *unreadable += u64::from(rows.unreadable());
            }
            failed == 0
        }))
    }

    /// The next poll tells the whole truth again: for a consumer that lost a batch.
    pub fn request_resync(&mut self) {
        self.differ.request_resync();
    }

    /// There is no list of UNIX sockets here: asking for them changes nothing.
    pub fn set_unix(&mut self, _unix: bool) {}

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.differ.capabilities()
    }

    /// Reads all tables, and says how many could not be read; an error if none could.
    fn read_tables(&mut self) -> Result<u64, CollectError> {
        let mut failed = 0;
        let mut last = None;
        for table in &mut self.tables {
            if let Err(error) = table.read() {
                failed += 1;
                last = Some((table.table(), error));
            }
        }
        match last {
            Some((table, source)) if failed == self.tables.len() => Err(CollectError::System {
                operation: match table {
                    Table::Tcp4 | Table::Tcp6 => "read the TCP sockets (GetExtendedTcpTable)",
                    Table::Udp4 | Table::Udp6 => "read the UDP sockets (GetExtendedUdpTable)",
                },
                source,
            }),
            _ => Ok(failed as u64),
        }
    }

    fn fill_snapshot(&mut self, failed: u64, degradations: &[Degradation]) {
        let snapshot = &mut self.snapshot;
        snapshot.at = now();
        snapshot.processes.clear();
        snapshot.processes.extend(self.processes.census.iter().map(Arc::clone));
        snapshot.degradations.clear();
        snapshot.degradations.extend_from_slice(degradations);
        let counts = [
            (
                "tables-unreadable",
                failed,
                "Tables of sockets could not be read; what they said before is shown.",
            ),
            (
                "sockets-unreadable",
                self.unreadable,
                "Rows of the tables of sockets make no sense; their sockets are missing.",
            ),
            (
                "processes-limit",
                self.processes.census.left_out(),
                "There are more processes than are read; the rest is missing.",
            ),
            (
                "services-hidden",
                u64::from(self.processes.lacks_services()),
                "The service manager does not list its services; their processes are shown \
                 without their names.",
            ),
        ];
        for (id, count, message) in counts.into_iter().filter(|(_, count, _)| *count > 0) {
            snapshot.degradations.push(Degradation { id, message: Arc::from(message), count });
        }
    }
}

impl Machine for Scanner {
    fn look(
        &mut self,
        sightings: &mut Sightings,
        degradations: &[Degradation],
    ) -> Result<Batch, CollectError> {
        let batch = self.look_beside(Some(sightings), degradations)?;
        let keys = self.snapshot.processes.iter().map(|process| &process.key);
        sightings.after_snapshot(batch.at, keys);
        Ok(batch)
    }

    fn differ(&mut self) -> &mut Differ {
        &mut self.differ
    }

    fn is_own(&self, address: IpAddr) -> bool {
        self.own.contains(&address)
    }

    fn saw(&mut self, sighting: &ProcessSighting) {
        if let ProcessSighting::Exited(key) = sighting {
            self.processes.census.ended(*key);
        }
    }

    fn finish(&mut self, lost: u64, sightings: &mut Sightings, draft: &mut Draft) {
        let Self { processes, differ, .. } = self;
        let describe = |sighting, parent| processes.began(sighting, parent);
        sightings.finish(lost, differ, draft, describe);
    }

    fn now(&self) -> Timestamp {
        now()
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
