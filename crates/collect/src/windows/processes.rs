//! The machine's processes: listed in one call for each look, looked into once each.

use std::io;
use std::sync::Arc;

use procnet_core::secrets::Masking;
use procnet_core::text::MAX_NAME;
use procnet_core::{HostId, Process, ProcessKey};

use super::details::Examiner;
use super::icons::Files;
use super::list::ProcessList;
use super::services::Services;
use crate::census::{Census, Details};
use crate::icons::Icons;
use crate::parse::sighting::ProcessSighting;
use crate::parse::windows::processes::ProcessRow;
use crate::parse::windows::text::utf16;

/// The id of what runs when nothing does: no process.
const IDLE: u32 = 0;

/// All processes that run.
#[derive(Debug)]
pub(super) struct Processes {
    pub(super) census: Census,
    list: ProcessList,
    examiner: Examiner,
    services: Services,
    /// `None` if no thread could be had.
    icons: Option<Icons>,
}

impl Processes {
    pub(super) fn new(masking: Masking) -> Self {
        Self {
            census: Census::new(masking),
            list: ProcessList::default(),
            examiner: Examiner::new(),
            services: Services::default(),
            icons: Icons::new(Files).ok(),
        }
    }

    /// Lists them anew, looks into those that are new, and forgets those that had ended by the
    /// look before.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        let Self { census, list, examiner, services, icons } = self;
        list.read()?;
        census.begin();
        let mut rows = list.rows();
        for row in rows.by_ref().filter(|row| row.pid != IDLE) {
            let key = ProcessKey { host: HostId::LOCAL, pid: row.pid, started: row.created };
            census.take(key, row.parent, || begun(key, &row));
        }
        if rows.malformed() {
            let message = "the list is cut off";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let begun = census.finish(|process| examine(examiner, icons, process.key));
        if services.refresh(begun) {
            census.place(|pid| services.of(pid));
        }
        if let Some(icons) = icons {
            icons.learn(|exe, icon| census.illustrate(exe, icon));
        }
        Ok(())
    }

    /// A process was seen to begin.
    pub(super) fn began(
        &mut self,
        sighting: ProcessSighting,
        parent: Option<ProcessKey>,
    ) -> Arc<Process> {
        let Self { census, examiner, icons, .. } = self;
        census.began(sighting, parent, |process| examine(examiner, icons, process.key))
    }

    /// True if the service manager did not say which services run where.
    pub(super) fn lacks_services(&self) -> bool {
        self.services.are_hidden()
    }
}

fn examine(examiner: &mut Examiner, icons: &mut Option<Icons>, key: ProcessKey) -> Details {
    let mut details = examiner.examine(key);
    details.icon = icons.as_mut().zip(details.exe.as_ref()).and_then(|(icons, exe)| icons.of(exe));
    details
}

/// What the list says of a process.
fn begun(key: ProcessKey, row: &ProcessRow<'_>) -> Process {
    let name = row.name.map_or_else(|| Arc::from(""), |name| utf16(name, MAX_NAME));
    Process { started: row.started().unwrap_or_default(), ..Process::bare(key, name) }
}
