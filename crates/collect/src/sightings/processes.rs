//! Which process has which id, and which came and went.

use std::sync::Arc;

use procnet_core::{Process, ProcessKey};
use rustc_hash::FxHashMap;

use crate::Differ;
use crate::differ::Draft;
use crate::parse::sighting::ProcessSighting;

/// The processes that there are, and what is to be told of them.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// With the snapshot that named each last. Those that the last one lacked are kept until the
    /// next: what they did before they ended may be yet to come.
    by_pid: FxHashMap<u32, (ProcessKey, u64)>,
    snapshots: u64,
    /// To be told with this batch, with their parents.
    started: Vec<(ProcessSighting, Option<ProcessKey>)>,
    /// Ended in this batch, and in the one before. They are told one batch later: what they held
    /// ends after them.
    ended: Vec<ProcessKey>,
    ended_before: Vec<ProcessKey>,
}

impl Processes {
    pub(super) fn by_pid(&self, pid: u32) -> Option<ProcessKey> {
        self.by_pid.get(&pid).map(|(key, _)| *key)
    }

    pub(super) fn saw(&mut self, sighting: ProcessSighting) {
        let key = sighting.key();
        if let ProcessSighting::Started { parent, .. } = sighting {
            // Whoever started later only has the same id.
            let parent = self.by_pid(parent).filter(|parent| parent.started <= key.started);
            self.by_pid.insert(key.pid, (key, self.snapshots));
            self.started.push((sighting, parent));
        } else {
            self.ended.push(key);
        }
    }

    pub(super) fn knows(&mut self, key: ProcessKey) {
        self.by_pid.insert(key.pid, (key, self.snapshots));
    }

    pub(super) fn replace<'a>(&mut self, processes: impl IntoIterator<Item = &'a ProcessKey>) {
        self.snapshots += 1;
        let now = self.snapshots;
        self.by_pid.extend(processes.into_iter().map(|key| (key.pid, (*key, now))));
        self.by_pid.retain(|_, (_, named)| *named + 1 >= now);
    }

    /// Tells what was seen of processes. Returns those whose end was told.
    pub(super) fn tell(
        &mut self,
        differ: &mut Differ,
        draft: &mut Draft,
        mut describe: impl FnMut(ProcessSighting, Option<ProcessKey>) -> Arc<Process>,
    ) -> Vec<ProcessKey> {
        for (sighting, parent) in self.started.drain(..) {
            differ.process_started(describe(sighting, parent), draft);
        }
        let ended = std::mem::replace(&mut self.ended_before, std::mem::take(&mut self.ended));
        for key in &ended {
            // Its id may be another's by now.
            if self.by_pid(key.pid) == Some(*key) {
                self.by_pid.remove(&key.pid);
            }
            differ.process_exited(*key, draft);
        }
        ended
    }
}
