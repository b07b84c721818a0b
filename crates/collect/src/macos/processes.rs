//! The machine's processes: listed in one call for each look, looked into once each.

use std::io;
use std::sync::Arc;

use procnet_core::secrets::Masking;
use procnet_core::text::{MAX_NAME, sanitized};
use procnet_core::{HostId, Process, ProcessKey, User};
use rustc_hash::FxHashMap;

use super::System;
use crate::census::{Census, Details};
use crate::parse::macos::process::{Arguments, Processes as Rows};

/// Most users whose names are remembered.
const MAX_USERS: usize = 4096;

/// All processes that run.
#[derive(Debug, Default)]
pub(super) struct Processes {
    pub(super) census: Census,
    list: Vec<u8>,
    buffer: Vec<u8>,
    users: FxHashMap<u32, User>,
}

impl Processes {
    pub(super) fn new(masking: Masking) -> Self {
        Self { census: Census::new(masking), ..Self::default() }
    }

    /// Lists them anew, and looks into those that are new.
    pub(super) fn refresh(&mut self, system: &mut impl System) -> io::Result<()> {
        let Self { census, list, buffer, users } = self;
        system.processes(list)?;
        let mut rows = Rows::new(list);
        if rows.malformed() {
            let message = "its rows have another layout than is known";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        census.begin();
        // Those that have ended hold nothing any more.
        for row in rows.by_ref().filter(|row| !row.ended) {
            let key = ProcessKey { host: HostId::LOCAL, pid: row.pid, started: row.started };
            census.take(key, row.parent, || Process {
                user: Some(user(system, users, row.uid)),
                started: row.started_at(),
                ..Process::bare(key, sanitized(row.name, MAX_NAME))
            });
        }
        census.finish(|process| examine(system, buffer, process));
        Ok(())
    }
}

fn user(system: &mut impl System, users: &mut FxHashMap<u32, User>, uid: u32) -> User {
    if let Some(user) = users.get(&uid) {
        return user.clone();
    }
    let user = User { id: uid, name: system.account(uid) };
    if users.len() >= MAX_USERS {
        users.clear();
    }
    users.insert(uid, user.clone());
    user
}

fn examine(system: &mut impl System, buffer: &mut Vec<u8>, process: &Process) -> Details {
    let pid = process.key.pid;
    let exe = system.path(pid, buffer).ok().map(|()| sanitized(buffer, MAX_NAME));
    let exe = exe.filter(|path| !path.is_empty());
    let arguments: Option<Arc<[Arc<str>]>> = system
        .arguments(pid, buffer)
        .ok()
        .and_then(|()| Arguments::parse(buffer).map(|arguments| arguments.texts()));
    // The list cuts names off.
    let file = exe.as_deref().and_then(|path| path.rsplit('/').next());
    let name = file.filter(|file| file.starts_with(&*process.name)).map(Arc::from);
    let may_come = exe.is_none() || arguments.is_none();
    let (arguments, user) = (arguments.unwrap_or_default(), process.user.clone());
    Details { name, exe, arguments, user, package: None, icon: None, may_come }
}
