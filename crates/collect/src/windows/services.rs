//! Which services run in which process: a `svchost.exe` alone says nothing.
#![allow(unsafe_code, reason = "services are told by foreign functions")]

use std::collections::BTreeMap;
use std::io;
use std::ptr::null;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_core::text::{MAX_NAME, truncated};
use procnet_core::{Manager, Unit};
use rustc_hash::FxHashMap;
use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, EnumServicesStatusExW, OpenSCManagerW, SC_ENUM_PROCESS_INFO, SC_HANDLE,
    SC_MANAGER_ENUMERATE_SERVICE, SERVICE_ACTIVE, SERVICE_WIN32,
};

use super::buffer::{Answer, Buffer};
use super::status::agreed;
use crate::parse::windows::services::services;
use crate::parse::windows::text::utf16;

/// How often the services are listed at most, when processes have begun.
const OFTEN: Duration = Duration::from_secs(5);
/// How often they are listed in any case: a service may begin in a process that ran already.
const SELDOM: Duration = Duration::from_secs(60);
/// Most bytes that the service manager tells at once.
const MAX_PART: u32 = 256 << 10;
/// Most parts that are asked for: many times as many services as there ever are.
const MAX_PARTS: usize = 64;

/// The services that run, by process.
#[derive(Debug, Default)]
pub(super) struct Services {
    units: FxHashMap<u32, Arc<Unit>>,
    listed: Option<Instant>,
    /// Processes have begun since.
    outdated: bool,
    hidden: bool,
    buffer: Buffer,
}

impl Services {
    /// Lists the services if it is time to, and says whether it did. `begun` says that there are
    /// new processes.
    pub(super) fn refresh(&mut self, begun: bool) -> bool {
        self.outdated |= begun;
        let rest = if self.outdated { OFTEN } else { SELDOM };
        if self.listed.is_some_and(|listed| listed.elapsed() < rest) {
            return false;
        }
        let names = names(&mut self.buffer);
        self.hidden = names.is_err();
        self.units.clear();
        let names = names.unwrap_or_default();
        self.units.extend(names.into_iter().map(|(pid, names)| (pid, Arc::new(unit(&names)))));
        self.listed = Some(Instant::now());
        self.outdated = false;
        true
    }

    /// What runs in that process, by name.
    pub(super) fn of(&self, pid: u32) -> Option<Arc<Unit>> {
        self.units.get(&pid).cloned()
    }

    /// True if the service manager did not tell.
    pub(super) fn are_hidden(&self) -> bool {
        self.hidden
    }
}

/// All services of one process: many run alone, some share.
fn unit(names: &[Arc<str>]) -> Unit {
    let name = Arc::from(truncated(&names.join(", "), MAX_NAME));
    Unit { name, manager: Manager::System, application: None, within: None }
}

/// The names of the services in each process, sorted.
fn names(buffer: &mut Buffer) -> io::Result<BTreeMap<u32, Vec<Arc<str>>>> {
    let manager = ServiceManager::open()?;
    let mut names = BTreeMap::<u32, Vec<Arc<str>>>::new();
    let mut resume = 0;
    for _ in 0..MAX_PARTS {
        let part = manager.list(buffer, &mut resume)?;
        for service in services(buffer.bytes(), buffer.base(), part.count) {
            if service.pid != 0 {
                names.entry(service.pid).or_default().push(utf16(service.name, MAX_NAME));
            }
        }
        if part.last {
            break;
        }
    }
    names.values_mut().for_each(|names| names.sort_unstable());
    Ok(names)
}

/// Some of the services.
struct Part {
    count: usize,
    /// There are no more.
    last: bool,
}

struct ServiceManager(SC_HANDLE);

impl ServiceManager {
    fn open() -> io::Result<Self> {
        // SAFETY: it takes nothing but numbers: no names stand for this machine and its own list.
        let handle = unsafe { OpenSCManagerW(null(), null(), SC_MANAGER_ENUMERATE_SERVICE) };
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }

    /// Fills the buffer with services that run, from the one on that `resume` stands for.
    fn list(&self, buffer: &mut Buffer, resume: &mut u32) -> io::Result<Part> {
        let mut part = Part { count: 0, last: true };
        buffer.fill(0, |to, room| {
            let room = room.min(MAX_PART);
            let (mut more, mut count) = (0, 0);
            // SAFETY: the handle is open; `to` points to `room` aligned bytes that nobody else
            // uses, and no more are written; the three numbers may be written to; no group is
            // named.
            let told = unsafe {
                EnumServicesStatusExW(
                    self.0,
                    SC_ENUM_PROCESS_INFO,
                    SERVICE_WIN32,
                    SERVICE_ACTIVE,
                    to.cast(),
                    room,
                    &raw mut more,
                    &raw mut count,
                    resume,
                    null(),
                )
            };
            let outcome = agreed(told);
            let unfinished = matches!(&outcome, Err(error)
                if error.raw_os_error() == Some(ERROR_MORE_DATA.cast_signed()));
            if unfinished && count == 0 && room < MAX_PART {
                return Ok(Answer::Needs(more as usize));
            }
            if !unfinished {
                outcome?;
            }
            part = Part { count: count as usize, last: !unfinished || count == 0 };
            Ok(Answer::Fits(room as usize))
        })?;
        Ok(part)
    }
}

impl Drop for ServiceManager {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody uses it any more.
        unsafe { CloseServiceHandle(self.0) };
    }
}
