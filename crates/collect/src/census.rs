//! The machine's processes from one list to the next: each is looked into once, when it is new, and
//! is forgotten one list after it ended. It knows no platform.

use std::sync::Arc;

use procnet_core::secrets::Masking;
use procnet_core::{Icon, Process, ProcessKey, Unit, User};
use rustc_hash::FxHashMap;

use crate::parse::sighting::ProcessSighting;

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
    /// The package that it came in: its unit, unless it runs services.
    pub package: Option<Arc<Unit>>,
    /// The icon that its executable brings along, as far as it is known.
    pub icon: Option<Arc<Icon>>,
    /// Something is missing that a process which has only begun may have later.
    pub may_come: bool,
}

/// All processes that run.
#[derive(Debug, Default)]
pub struct Census {
    masking: Masking,
    entries: FxHashMap<u32, Entry>,
    /// Marks those of the current list.
    look: u64,
    left_out: u64,
    /// Processes that have yet to be looked into, kept for its memory.
    unknown: Vec<u32>,
    /// One was seen to begin since the last list.
    begun: bool,
}

#[derive(Debug)]
struct Entry {
    look: u64,
    /// The id of who made it.
    maker: u32,
    process: Arc<Process>,
    attempts: u8,
    package: Option<Arc<Unit>>,
    /// It was seen to end. Its sockets may be listed yet, and are still its own.
    ended: bool,
}

impl Entry {
    fn new(look: u64, maker: u32, process: Arc<Process>) -> Self {
        Self { look, maker, process, attempts: 0, package: None, ended: false }
    }

    fn describe(&mut self, parent: Option<ProcessKey>, details: Details, masking: &Masking) {
        self.attempts = if details.may_come { self.attempts + 1 } else { MAX_ATTEMPTS };
        self.package = details.package.or(self.package.take());
        let process = Arc::make_mut(&mut self.process);
        // Whoever made it may be gone by the second attempt.
        process.parent = parent.or(process.parent);
        if let Some(name) = details.name {
            process.name = name;
        }
        process.exe = details.exe.or_else(|| process.exe.take());
        process.set_arguments(masking, &details.arguments);
        process.user = details.user;
        process.icon = details.icon.or_else(|| process.icon.take());
        // A unit that it has already may be the services that it runs.
        process.unit = process.unit.take().or_else(|| self.package.clone());
    }
}

impl Census {
    /// Nobody yet. What `masking` finds in command lines is hidden.
    pub fn new(masking: Masking) -> Self {
        Self { masking, ..Self::default() }
    }

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
            // One that has ended may stay listed: on Windows as long as anybody has a handle to it.
            known.look = look;
            if !known.ended && known.attempts < MAX_ATTEMPTS {
                self.unknown.push(key.pid);
            }
            return;
        }
        if !self.has_room(key.pid) {
            self.left_out += 1;
            return;
        }
        self.entries.insert(key.pid, Entry::new(look, maker, Arc::new(begun())));
        self.unknown.push(key.pid);
    }

    /// The list is over. Whoever it lacked and the one before too is forgotten: what was listed as
    /// its own before it ended still is. Looks into those that are new, and says whether there were
    /// any since the list before.
    pub fn finish(&mut self, mut examine: impl FnMut(&Process) -> Details) -> bool {
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
            if let Some(entry) = self.entries.get_mut(pid) {
                entry.describe(parent, details, &self.masking);
            }
        }
        let begun = std::mem::take(&mut self.begun) || !unknown.is_empty();
        self.unknown = unknown;
        begun
    }

    /// A process was seen to begin: looks into it at once, for it may end before the next list.
    /// Whoever has ended already is what was seen of it.
    pub fn began(
        &mut self,
        sighting: ProcessSighting,
        parent: Option<ProcessKey>,
        examine: impl FnOnce(&Process) -> Details,
    ) -> Arc<Process> {
        let key = sighting.key();
        if let Some(known) = self.get(key.pid).filter(|process| process.key == key) {
            return Arc::clone(known);
        }
        let process = sighting.bare(parent);
        if !self.has_room(key.pid) {
            return process;
        }
        let details = examine(&process);
        let mut entry = Entry::new(self.look, parent.map_or(0, |parent| parent.pid), process);
        entry.describe(parent, details, &self.masking);
        let process = Arc::clone(&entry.process);
        self.entries.insert(key.pid, entry);
        self.begun = true;
        process
    }

    /// A process was seen to end.
    pub fn ended(&mut self, key: ProcessKey) {
        if let Some(entry) = self.entries.get_mut(&key.pid).filter(|it| it.process.key == key) {
            entry.ended = true;
        }
    }

    /// What runs in each process is known anew: its unit, or else the package that it came in.
    pub fn place(&mut self, unit: impl Fn(u32) -> Option<Arc<Unit>>) {
        for (pid, entry) in &mut self.entries {
            let unit = unit(*pid).or_else(|| entry.package.clone());
            if entry.process.unit != unit {
                Arc::make_mut(&mut entry.process).unit = unit;
            }
        }
    }

    /// That executable is known to bring that icon along.
    pub fn illustrate(&mut self, exe: &str, icon: Option<&Arc<Icon>>) {
        for entry in self.entries.values_mut() {
            let process = &entry.process;
            if process.exe.as_deref() == Some(exe) && process.icon.as_ref() != icon {
                Arc::make_mut(&mut entry.process).icon = icon.cloned();
            }
        }
    }

    /// The process that has that id now, or had it at the list before.
    pub fn get(&self, pid: u32) -> Option<&Arc<Process>> {
        self.entries.get(&pid).map(|entry| &entry.process)
    }

    /// The identity of the process that has that id now, or had it at the list before.
    pub fn key(&self, pid: u32) -> Option<ProcessKey> {
        self.get(pid).map(|process| process.key)
    }

    /// All that run.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Process>> {
        self.entries.values().filter(|entry| !entry.ended).map(|entry| &entry.process)
    }

    /// How many were left out because there are too many.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn has_room(&self, pid: u32) -> bool {
        self.entries.len() < MAX_PROCESSES || self.entries.contains_key(&pid)
    }
}

#[cfg(test)]
mod tests {
    use procnet_core::{HostId, Manager, Timestamp};

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

    fn started(pid: u32, started: u64) -> ProcessSighting {
        let (key, at) = (key(pid, started), Timestamp(7));
        ProcessSighting::Started { key, name: Arc::from("seen"), exe: None, parent: 1, at }
    }

    fn unit(name: &str) -> Arc<Unit> {
        let (name, manager) = (Arc::from(name), Manager::System);
        Arc::new(Unit { name, manager, application: None, within: None })
    }

    #[test]
    fn a_list_that_breaks_off_leaves_nobody_without_details() {
        let mut census = Census::default();
        census.begin();
        census.take(key(1, 1), 0, || Process::bare(key(1, 1), "name"));
        assert_eq!(list(&mut census, &[(key(1, 1), 0)], false), [1]);
    }

    #[test]
    fn who_was_seen_to_begin_is_looked_into_at_once_and_only_then() {
        let mut census = Census::default();
        list(&mut census, &[(key(1, 1), 0)], false);
        let details =
            |_: &Process| Details { exe: Some(Arc::from("/bin/it")), ..Details::default() };
        let process = census.began(started(2, 5), Some(key(1, 1)), details);
        assert_eq!((&*process.name, process.exe.as_deref()), ("seen", Some("/bin/it")));
        assert_eq!((process.parent, process.started), (Some(key(1, 1)), Timestamp(7)));
        let again = census.began(started(2, 5), None, |_| unreachable!("it is known"));
        assert!(Arc::ptr_eq(&process, &again));
        // The next list says that there is somebody new, and looks into nobody.
        census.begin();
        census.take(key(1, 1), 0, || unreachable!("it is known"));
        census.take(key(2, 5), 1, || unreachable!("it is known"));
        assert!(census.finish(|_| unreachable!("it was looked into")));
        census.begin();
        census.take(key(2, 5), 1, || unreachable!("it is known"));
        assert!(!census.finish(|_| unreachable!("it was looked into")));
        assert_eq!(census.get(2).unwrap().parent, Some(key(1, 1)));
    }

    #[test]
    fn who_was_seen_to_end_runs_no_more_but_keeps_its_sockets_for_one_list() {
        let mut census = Census::default();
        list(&mut census, &[(key(1, 1), 0)], true);
        census.ended(key(1, 8));
        assert_eq!(census.iter().count(), 1);
        census.ended(key(1, 1));
        assert_eq!(census.iter().count(), 0);
        assert_eq!(census.key(1), Some(key(1, 1)));
        // Somebody has a handle to it yet: it is listed, and not looked into any more.
        assert!(list(&mut census, &[(key(1, 1), 0)], true).is_empty());
        assert_eq!(census.iter().count(), 0);
        list(&mut census, &[], false);
        list(&mut census, &[], false);
        assert_eq!(census.key(1), None);
        // Its id is given to another.
        assert_eq!(list(&mut census, &[(key(1, 9), 0)], false), [1]);
        assert_eq!(census.iter().count(), 1);
    }

    #[test]
    fn an_icon_is_its_executables() {
        let mut census = Census::default();
        list(&mut census, &[(key(1, 1), 0), (key(2, 2), 0)], false);
        let other = |_: &Process| Details { exe: Some(Arc::from("/bin/b")), ..Details::default() };
        census.began(started(3, 3), None, other);
        let icon = Arc::new(Icon::new("image/png", &b"it"[..]));
        census.illustrate("/bin/it", Some(&icon));
        let icons = [1, 2, 3].map(|pid| census.get(pid).unwrap().icon.clone());
        assert_eq!(icons, [Some(Arc::clone(&icon)), Some(icon), None]);
        // A list of the same processes leaves it.
        list(&mut census, &[(key(1, 1), 0)], false);
        assert!(census.get(1).unwrap().icon.is_some());
        census.illustrate("/bin/it", None);
        assert_eq!(census.get(1).unwrap().icon, None);
    }

    #[test]
    fn services_are_a_processs_unit_before_its_package_is() {
        let mut census = Census::default();
        let find = |census: &mut Census| {
            census.begin();
            census.take(key(1, 1), 0, || Process::bare(key(1, 1), "name"));
            let package = || Some(unit("package"));
            census.finish(|_| Details { package: package(), may_come: true, ..Details::default() });
            census.get(1).unwrap().unit.as_ref().map(|unit| unit.name.to_string())
        };
        let told = |census: &Census| census.get(1).unwrap().unit.clone().unwrap().name.to_string();
        assert_eq!(find(&mut census).as_deref(), Some("package"));
        census.place(|pid| (pid == 1).then(|| unit("service")));
        assert_eq!(told(&census), "service");
        // Another look into it does not make it lose its services.
        assert_eq!(find(&mut census).as_deref(), Some("service"));
        census.place(|_| None);
        assert_eq!(told(&census), "package");
    }
}
