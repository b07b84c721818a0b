//! The machine's processes from one list to the next: each is looked into once, when it is new, and
//! is forgotten one list after it ended. It knows no platform.

use std::sync::Arc;

use procnet_core::{Process, ProcessKey, User};
use rustc_hash::FxHashMap;

/// Most processes that are told.
const MAX_PROCESSES: usize = 65_536;
/// What could not be read of a process that has only begun is tried so often altogether.
const MAX_ATTEMPTS: u8 = 3;

/// What is found out about a process by looking into it.
#[derive(Debug, Default)]
pub struct Details {
    /// A better name than the list's.
    pub name: Option<Arc<str>>,
    /// Its executable.
    pub exe: Option<Arc<str>>,
    /// Its command line.
    pub arguments: Arc<[Arc<str>]>,
    /// Whose it is.
    pub user: Option<User>,
    /// Something is missing that a process which has only begun may have later.
    pub may_come: bool,
}

/// All processes that run.
#[derive(Debug, Default)]
pub struct Census {
    entries: FxHashMap<u32, Entry>,
    /// Marks those of the current list.
    look: u64,
    left_out: u64,
    /// Processes that have yet to be looked into, kept for its memory.
    unknown: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    look: u64,
    /// The id of who made it.
    maker: u32,
    process: Arc<Process>,
    attempts: u8,
}

impl Census {
    /// A new list begins.
    pub fn begin(&mut self) {
        self.look += 1;
        self.left_out = 0;
        self.unknown.clear();
    }

    /// The list names this process, made by the one that has the id `maker`. `begun` says what the
    /// list tells of one that is new.
    pub fn take(&mut self, key: ProcessKey, maker: u32, begun: impl FnOnce() -> Process) {
        let look = self.look;
        if let Some(known) = self.entries.get_mut(&key.pid).filter(|it| it.process.key == key) {
            known.look = look;
            if (1..MAX_ATTEMPTS).contains(&known.attempts) {
                self.unknown.push(key.pid);
            }
            return;
        }
        if self.entries.len() >= MAX_PROCESSES && !self.entries.contains_key(&key.pid) {
            self.left_out += 1;
            return;
        }
        let process = Arc::new(begun());
        self.entries.insert(key.pid, Entry { look, maker, process, attempts: 0 });
        self.unknown.push(key.pid);
    }

    /// The list is over. Whoever it lacked and the one before too is forgotten: what was listed as
    /// its own before it ended still is. Looks into those that are new.
    pub fn finish(&mut self, mut examine: impl FnMut(&Process) -> Details) {
        let look = self.look;
        self.entries.retain(|_, entry| entry.look + 1 >= look);
        let unknown = std::mem::take(&mut self.unknown);
        for pid in &unknown {
            let Some(entry) = self.entries.get(pid) else { continue };
            let key = entry.process.key;
            // Whoever started later only has the same id.
            let parent = self
                .key(entry.maker)
                .filter(|maker| maker.started <= key.started && maker.pid != key.pid);
            let details = examine(&entry.process);
            let Some(entry) = self.entries.get_mut(pid) else { continue };
            entry.attempts = if details.may_come { entry.attempts + 1 } else { MAX_ATTEMPTS };
            let process = Arc::make_mut(&mut entry.process);
            // Whoever made it may be gone by the second attempt.
            process.parent = parent.or(process.parent);
            if let Some(name) = details.name {
                process.name = name;
            }
            process.exe = details.exe;
            process.arguments = details.arguments;
            process.user = details.user;
        }
        self.unknown = unknown;
    }

    /// The process that has that id now.
    pub fn get(&self, pid: u32) -> Option<&Arc<Process>> {
        self.entries.get(&pid).map(|entry| &entry.process)
    }

    /// The identity of the process that has that id now.
    pub fn key(&self, pid: u32) -> Option<ProcessKey> {
        self.get(pid).map(|process| process.key)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Process>> {
        self.entries.values().map(|entry| &entry.process)
    }

    /// How many were left out because there are too many.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use procnet_core::HostId;

    use super::*;

    fn key(pid: u32, started: u64) -> ProcessKey {
        ProcessKey { host: HostId::LOCAL, pid, started }
    }

    fn list(census: &mut Census, keys: &[(ProcessKey, u32)], may_come: bool) -> Vec<u32> {
        census.begin();
        for (key, maker) in keys {
            census.take(*key, *maker, || Process::bare(*key, "name"));
        }
        let mut examined = Vec::new();
        census.finish(|process| {
            examined.push(process.key.pid);
            Details { exe: Some(Arc::from("/bin/it")), may_come, ..Details::default() }
        });
        examined
    }

    #[test]
    fn each_process_is_looked_into_once() {
        let mut census = Census::default();
        let both = [(key(1, 1), 0), (key(2, 5), 1)];
        assert_eq!(list(&mut census, &both, false), [1, 2]);
        assert!(list(&mut census, &both, false).is_empty());
        assert_eq!(census.get(2).unwrap().parent, Some(key(1, 1)));
        // The same id, another process; and its supposed parent is younger than its child.
        assert_eq!(list(&mut census, &[(key(1, 9), 0), (key(2, 5), 1)], false), [1]);
        assert_eq!(
            list(&mut census, &[(key(1, 9), 0), (key(2, 5), 1), (key(3, 8), 1)], false),
            [3]
        );
        assert_eq!(census.get(3).unwrap().parent, None);
    }

    #[test]
    fn what_may_come_is_tried_three_times() {
        let mut census = Census::default();
        let one = [(key(1, 1), 0)];
        let tries: Vec<usize> = (0..5).map(|_| list(&mut census, &one, true).len()).collect();
        assert_eq!(tries, [1, 1, 1, 0, 0]);
    }

    #[test]
    fn who_ended_is_forgotten_one_list_later() {
        let mut census = Census::default();
        list(&mut census, &[(key(1, 1), 0)], false);
        list(&mut census, &[], false);
        assert_eq!(census.key(1), Some(key(1, 1)));
        list(&mut census, &[], false);
        assert_eq!(census.key(1), None);
    }
}
