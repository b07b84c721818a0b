//! The list of processes that `NtQuerySystemInformation(SystemProcessInformation)` gives, and what
//! lies in a process' own memory: its environment block's parameters. Layouts of 64-bit Windows.

use procnet_core::Timestamp;

use super::super::netlink::array;
use super::{Place, timestamp};

/// Length of an entry up to its last field that is read. Longer entries follow in the same chain.
const ENTRY_LENGTH: usize = 104;

/// A process as the list tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessRow<'a> {
    /// Its id; 0 for the idle process.
    pub pid: u32,
    /// Who made it. That process may be over, and its id another's: see `created`.
    pub parent: u32,
    /// When it began, in 100 ns since 1601: what tells it from others that had the same id.
    pub created: u64,
    /// The file name of its executable in UTF-16: see [`super::text::utf16`]. The idle process
    /// has none.
    pub name: Option<&'a [u8]>,
    /// The session that it belongs to; 0 for services.
    pub session: u32,
}

impl ProcessRow<'_> {
    /// When it began, where Windows knows: not for the idle process.
    pub fn started(&self) -> Option<Timestamp> {
        timestamp(self.created)
    }
}

/// Walks the list. An entry that does not fit ends the walk: see [`Processes::malformed`].
#[derive(Clone, Debug)]
pub struct Processes<'a> {
    buffer: &'a [u8],
    base: u64,
    /// Where the next entry begins.
    next: Option<usize>,
    malformed: bool,
}

impl<'a> Processes<'a> {
    /// Walks the list in `buffer`, which Windows wrote when it lay at the address `base`: names are
    /// told by their address.
    pub fn new(buffer: &'a [u8], base: u64) -> Self {
        Self { buffer, base, next: (!buffer.is_empty()).then_some(0), malformed: false }
    }

    /// True if the walk ended at bytes that are no entry: the list was cut off.
    pub fn malformed(&self) -> bool {
        self.malformed
    }

    fn entry(&self, offset: usize) -> Option<(ProcessRow<'a>, Option<usize>)> {
        let entry = self.buffer.get(offset..)?;
        let fixed = entry.get(..ENTRY_LENGTH)?;
        let distance = u32::from_le_bytes(array(fixed, 0)?) as usize;
        let next = match distance {
            0 => None,
            // Entries never overlap, so the walk is no longer than the buffer.
            _ if distance < ENTRY_LENGTH => return None,
            _ => Some(offset.checked_add(distance)?),
        };
        let name = Place::of_unicode_string(fixed, 56);
        let row = ProcessRow {
            // Handles have 64 bits, of which ids use 32.
            pid: u32::from_le_bytes(array(fixed, 80)?),
            parent: u32::from_le_bytes(array(fixed, 88)?),
            created: u64::from_le_bytes(array(fixed, 32)?),
            name: name.and_then(|name| name.within(self.buffer, self.base)),
            session: u32::from_le_bytes(array(fixed, 100)?),
        };
        Some((row, next))
    }
}

impl<'a> Iterator for Processes<'a> {
    type Item = ProcessRow<'a>;

    fn next(&mut self) -> Option<ProcessRow<'a>> {
        let offset = self.next.take()?;
        let Some((row, next)) = self.entry(offset) else {
            self.malformed = true;
            return None;
        };
        self.next = next;
        Some(row)
    }
}

/// How much of a process' environment block is to be read: up to the address of its parameters.
pub const ENVIRONMENT_BLOCK_LENGTH: usize = 40;
/// How much of its parameters is to be read: up to its command line.
pub const PARAMETERS_LENGTH: usize = 128;

/// Where a process' parameters lie (`PEB.ProcessParameters`).
pub fn parameters(environment_block: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(array(environment_block, 32)?)).filter(|&address| address != 0)
}

/// Where a process' command line lies (`RTL_USER_PROCESS_PARAMETERS.CommandLine`): its own memory,
/// which it may write to as it likes.
pub fn command_line(parameters: &[u8]) -> Option<Place> {
    Place::of_unicode_string(parameters, 112)
}

/// Where the path of a process' executable lies, as it was started
/// (`RTL_USER_PROCESS_PARAMETERS.ImagePathName`).
pub fn image_path(parameters: &[u8]) -> Option<Place> {
    Place::of_unicode_string(parameters, 96)
}

/// The command line in UTF-16 that `NtQueryInformationProcess(ProcessCommandLineInformation)`
/// wrote into `buffer` when that lay at the address `base`.
pub fn command_line_information(buffer: &[u8], base: u64) -> Option<&[u8]> {
    Place::of_unicode_string(buffer, 0)?.within(buffer, base)
}

#[cfg(test)]
mod tests;
