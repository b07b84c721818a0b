//! The machine's processes: listed in one call for each look, looked into once each.

use std::io;
use std::sync::Arc;

use procnet_core::text::MAX_NAME;
use procnet_core::{HostId, Process, ProcessKey, Unit};
use rustc_hash::FxHashMap;

use super::details::Examiner;
use super::list::ProcessList;
use super::services::Services;
use crate::parse::sighting::ProcessSighting;
use crate::parse::windows::processes::ProcessRow;
use crate::parse::windows::text::utf16;

/// Most processes that are told.
const MAX_PROCESSES: usize = 65_536;
/// What could not be read of a process that has only begun is tried so often altogether.
const MAX_ATTEMPTS: u8 = 3;
/// The id of what runs when nothing does: no process.
const IDLE: u32 = 0;

/// All processes that run.
#[derive(Debug)]
pub(super) struct Processes {
    list: ProcessList,
    examiner: Examiner,
    services: Services,
    entries: FxHashMap<u32, Entry>,
    /// Marks those of the current look.
    look: u64,
    left_out: u64,
    /// Processes that have yet to be described, kept for its memory.
    unknown: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    look: u64,
    created: u64,
    /// Who made it, if that was before it.
    maker: u32,
    process: Arc<Process>,
    attempts: u8,
    package: Option<Arc<Unit>>,
    /// It was seen to end. Its sockets may be listed yet, and are still its own.
    ended: bool,
}

impl Processes {
    pub(super) fn new() -> Self {
        Self {
            list: ProcessList::default(),
            examiner: Examiner::new(),
            services: Services::default(),
            entries: FxHashMap::default(),
            look: 0,
            left_out: 0,
            unknown: Vec::new(),
        }
    }

    /// Lists them anew, looks into those that are new, and forgets those that had ended by the
    /// look before.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        self.list.read()?;
        self.look += 1;
        self.left_out = 0;
        self.unknown.clear();
        let look = self.look;
        let mut rows = self.list.rows();
        for row in rows.by_ref().filter(|row| row.pid != IDLE) {
            let known = self.entries.get_mut(&row.pid).filter(|entry| entry.created == row.created);
            if let Some(entry) = known {
                // One that has ended stays listed while anybody holds a handle to it.
                entry.look = look;
                if !entry.ended && (1..MAX_ATTEMPTS).contains(&entry.attempts) {
                    self.unknown.push(row.pid);
                }
                continue;
            }
            if self.entries.len() >= MAX_PROCESSES && !self.entries.contains_key(&row.pid) {
                self.left_out += 1;
                continue;
            }
            self.entries.insert(row.pid, begun(&row, look));
            self.services.forget(row.pid);
            self.unknown.push(row.pid);
        }
        if rows.malformed() {
            let message = "the list is cut off";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        // The sockets were listed before: those of a process that ended since are still its own.
        self.entries.retain(|_, entry| entry.look + 1 >= look);
        self.describe();
        Ok(())
    }

    /// A process was seen to begin: looks into it at once, for it may end before the next look.
    /// Whoever has ended already is what was seen of it.
    pub(super) fn began(
        &mut self,
        sighting: ProcessSighting,
        parent: Option<ProcessKey>,
    ) -> Arc<Process> {
        let key = sighting.key();
        let known = self.entries.get(&key.pid).filter(|entry| entry.created == key.started);
        if let Some(entry) = known {
            return Arc::clone(&entry.process);
        }
        let mut process = sighting.bare(parent);
        let room = self.entries.len() < MAX_PROCESSES || self.entries.contains_key(&key.pid);
        if !room {
            return process;
        }
        let details = self.examiner.examine(key.pid, key.started);
        let described = Arc::make_mut(&mut process);
        described.exe = details.exe.or_else(|| described.exe.take());
        described.arguments = details.arguments;
        described.user = details.user;
        described.unit.clone_from(&details.package);
        self.services.forget(key.pid);
        let attempts = if details.may_come { 1 } else { MAX_ATTEMPTS };
        let (look, created) = (self.look, key.started);
        let maker = parent.map_or(IDLE, |parent| parent.pid);
        let entry = Entry {
            look,
            created,
            maker,
            process: Arc::clone(&process),
            attempts,
            package: details.package,
            ended: false,
        };
        self.entries.insert(key.pid, entry);
        process
    }

    /// A process was seen to end.
    pub(super) fn ended(&mut self, key: ProcessKey) {
        let entry = self.entries.get_mut(&key.pid).filter(|entry| entry.created == key.started);
        if let Some(entry) = entry {
            entry.ended = true;
        }
    }

    /// Looks into the processes of which nothing is known but what the list says.
    fn describe(&mut self) {
        let unknown = std::mem::take(&mut self.unknown);
        for &pid in &unknown {
            let Some(entry) = self.entries.get(&pid) else { continue };
            let parent = self
                .entries
                .get(&entry.maker)
                .filter(|maker| maker.created <= entry.created && entry.maker != pid)
                .map(|maker| maker.process.key);
            let details = self.examiner.examine(pid, entry.created);
            let Some(entry) = self.entries.get_mut(&pid) else { continue };
            let attempts = if details.may_come { entry.attempts + 1 } else { MAX_ATTEMPTS };
            entry.attempts = attempts;
            let process = Arc::make_mut(&mut entry.process);
            // Whoever made it may be gone by the second attempt.
            process.parent = parent.or(process.parent);
            process.exe = details.exe.or_else(|| process.exe.take());
            process.arguments = details.arguments;
            process.user = details.user;
            entry.package = details.package.or(entry.package.take());
            process.unit = self.services.of(pid).or_else(|| entry.package.clone());
        }
        let listed = self.services.refresh(!unknown.is_empty());
        self.unknown = unknown;
        if listed {
            for (pid, entry) in &mut self.entries {
                let unit = self.services.of(*pid).or_else(|| entry.package.clone());
                if entry.process.unit != unit {
                    Arc::make_mut(&mut entry.process).unit = unit;
                }
            }
        }
    }

    /// True if the service manager did not say which services run where.
    pub(super) fn lacks_services(&self) -> bool {
        self.services.are_hidden()
    }

    /// The process that has that id now.
    pub(super) fn key(&self, pid: u32) -> Option<ProcessKey> {
        self.entries.get(&pid).map(|entry| entry.process.key)
    }

    /// All that run.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Process>> {
        self.entries.values().filter(|entry| !entry.ended).map(|entry| &entry.process)
    }

    /// How many were left out because there are more than [`MAX_PROCESSES`].
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// What the list says of a process.
fn begun(row: &ProcessRow<'_>, look: u64) -> Entry {
    let key = ProcessKey { host: HostId::LOCAL, pid: row.pid, started: row.created };
    let name = row.name.map_or_else(|| Arc::from(""), |name| utf16(name, MAX_NAME));
    let mut process = Process::bare(key, name);
    process.started = row.started().unwrap_or_default();
    let (created, maker, process) = (row.created, row.parent, Arc::new(process));
    Entry { look, created, maker, process, attempts: 0, package: None, ended: false }
}
