//! What is asked once of each process: its executable, its command line, its user, its package.

use std::io;
use std::sync::Arc;

use procnet_core::text::MAX_NAME;
use procnet_core::{ProcessKey, Unit, User};

use super::accounts::Accounts;
use super::buffer::Buffer;
use super::host;
use super::process::OpenedProcess;
use crate::census::Details;
use crate::parse::windows::command_line::arguments;
use crate::parse::windows::package;
use crate::parse::windows::processes::{
    ENVIRONMENT_BLOCK_LENGTH, PARAMETERS_LENGTH, command_line, command_line_information, parameters,
};
use crate::parse::windows::sid::of_token_user;
use crate::parse::windows::text::utf16;

/// Looks into processes.
#[derive(Debug)]
pub(super) struct Examiner {
    buffer: Buffer,
    accounts: Accounts,
    packages: Vec<Arc<Unit>>,
}

impl Examiner {
    pub(super) fn new() -> Self {
        Self {
            buffer: Buffer::default(),
            accounts: Accounts::new(host::machine_name()),
            packages: Vec::new(),
        }
    }

    /// What can be found out about that process.
    pub(super) fn examine(&mut self, key: ProcessKey) -> Details {
        let (pid, created) = (key.pid, key.started);
        let Ok(process) = OpenedProcess::limited(pid) else { return Details::default() };
        if process.created().is_ok_and(|other| other != created) {
            return Details::default();
        }
        let exe = process.path(&mut self.buffer).ok();
        let exe = exe.map(|()| utf16(self.buffer.bytes(), MAX_NAME));
        let arguments = self.command_line(pid, created, &process);
        let user = self.user(&process);
        let package = self.package(&process, user.as_ref());
        let may_come = exe.is_none() || arguments.is_none();
        let arguments = arguments.unwrap_or_default();
        Details { name: None, exe, arguments, user, package, icon: None, may_come }
    }

    fn package(&mut self, process: &OpenedProcess, user: Option<&User>) -> Option<Arc<Unit>> {
        process.package_family(&mut self.buffer).ok()?;
        let family = utf16(self.buffer.bytes(), MAX_NAME);
        let unit = package::unit(&family, user.map(|user| user.id))?;
        Some(package::shared(unit, &mut self.packages))
    }

    fn user(&mut self, process: &OpenedProcess) -> Option<User> {
        process.token().and_then(|token| token.user(&mut self.buffer)).ok()?;
        let sid = of_token_user(self.buffer.bytes(), self.buffer.base())?;
        self.accounts.of(sid)
    }

    /// By asking for it, which Windows 8.1 and later answer, else by reading the process' memory.
    fn command_line(
        &mut self,
        pid: u32,
        created: u64,
        process: &OpenedProcess,
    ) -> Option<Arc<[Arc<str>]>> {
        if process.command_line(&mut self.buffer).is_ok() {
            let told = command_line_information(self.buffer.bytes(), self.buffer.base())?;
            return Some(arguments(told).into());
        }
        remembered_command_line(pid, created).ok().map(|line| arguments(&line).into())
    }
}

/// The command line that lies in the memory of the process with that id that began then.
fn remembered_command_line(pid: u32, created: u64) -> io::Result<Vec<u8>> {
    let nothing = || io::Error::from(io::ErrorKind::InvalidData);
    let process = OpenedProcess::with_memory(pid)?;
    if process.created()? != created {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut block = [0; ENVIRONMENT_BLOCK_LENGTH];
    process.read(process.environment_block()?, &mut block)?;
    let mut all = [0; PARAMETERS_LENGTH];
    process.read(parameters(&block).ok_or_else(nothing)?, &mut all)?;
    let place = command_line(&all).ok_or_else(nothing)?;
    // Its length has sixteen bits.
    let mut line = vec![0; place.length];
    process.read(place.address, &mut line)?;
    Ok(line)
}
