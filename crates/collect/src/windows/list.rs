//! Lists the processes: `NtQuerySystemInformation(SystemProcessInformation)`, one call for all.
#![allow(unsafe_code, reason = "the list is written by a foreign function")]

use std::ffi::c_void;
use std::io;

use windows_sys::Wdk::System::SystemInformation::{
    NtQuerySystemInformation, SystemProcessInformation,
};

use super::buffer::{Answer, Buffer};
use super::status;
use crate::parse::windows::processes::Processes;

/// The list, as it was read last.
#[derive(Debug, Default)]
pub(super) struct ProcessList {
    buffer: Buffer,
}

impl ProcessList {
    /// Reads it anew. When that fails, it is empty.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.buffer.fill(0, read)
    }

    /// What was read.
    pub(super) fn rows(&self) -> Processes<'_> {
        Processes::new(self.buffer.bytes(), self.buffer.base())
    }
}

fn read(to: *mut c_void, room: u32) -> io::Result<Answer> {
    let mut length = 0;
    // SAFETY: `to` points to `room` aligned bytes that nobody else uses, and no more than that is
    // written; `length` may be written to.
    let status =
        unsafe { NtQuerySystemInformation(SystemProcessInformation, to, room, &raw mut length) };
    status::answer(status, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_listed() {
        let mut list = ProcessList::default();
        list.read().unwrap();
        let own = list.rows().find(|row| row.pid == std::process::id()).unwrap();
        assert!(own.created > 0 && own.name.is_some());
        assert!(!list.rows().malformed());
    }
}
