//! Looks into one process: safe calls around the foreign functions.
#![allow(unsafe_code, reason = "what there is to know of a process is told by foreign functions")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_sys::Wdk::System::Threading::{
    NtQueryInformationProcess, ProcessBasicInformation, ProcessCommandLineInformation,
};
use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, FILETIME, NO_ERROR};
use windows_sys::Win32::Security::{
    GetTokenInformation, TOKEN_ELEVATION, TOKEN_QUERY, TokenElevation, TokenUser,
};
use windows_sys::Win32::Storage::Packaging::Appx::GetPackageFamilyName;
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Threading::{
    GetProcessTimes, OpenProcess, OpenProcessToken, PROCESS_BASIC_INFORMATION,
    PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_VM_READ,
    QueryFullProcessImageNameW,
};

use super::buffer::{Answer, Buffer};
use super::status::{agreed, answer, succeeded};

/// Longest path in UTF-16 units, with its end.
const MAX_PATH_UNITS: usize = 32_768;

/// A process that may be looked into: while this lives, its id is nobody else's.
#[derive(Debug)]
pub(super) struct OpenedProcess(OwnedHandle);

impl OpenedProcess {
    /// To ask for what every user may know of most processes.
    pub(super) fn limited(pid: u32) -> io::Result<Self> {
        Self::open(pid, PROCESS_QUERY_LIMITED_INFORMATION)
    }

    /// To read its memory too.
    pub(super) fn with_memory(pid: u32) -> io::Result<Self> {
        Self::open(pid, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ)
    }

    fn open(pid: u32, rights: u32) -> io::Result<Self> {
        // SAFETY: it takes nothing but numbers.
        let handle = unsafe { OpenProcess(rights, 0, pid) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle is open, and nobody else's to close.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    /// When it began, as the list of processes has it.
    pub(super) fn created(&self) -> io::Result<u64> {
        let mut times = [FILETIME::default(); 4];
        let [created, exited, kernel, user] = &mut times;
        // SAFETY: the handle is open, and the four times may be written to.
        agreed(unsafe { GetProcessTimes(self.0.as_raw_handle(), created, exited, kernel, user) })?;
        Ok(u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime))
    }

    /// Fills the buffer with the path of its executable, in UTF-16.
    pub(super) fn path(&self, buffer: &mut Buffer) -> io::Result<()> {
        buffer.fill(MAX_PATH_UNITS * 2, |to, room| {
            let mut units = room / 2;
            // SAFETY: the handle is open; `to` points to aligned room for that many units, which
            // nobody else uses, and no more are written.
            agreed(unsafe {
                QueryFullProcessImageNameW(self.0.as_raw_handle(), 0, to.cast(), &raw mut units)
            })?;
            Ok(Answer::Fits(units as usize * 2))
        })
    }

    /// Fills the buffer with the name of the family that its package belongs to, in UTF-16. An error
    /// for most processes: they belong to none.
    pub(super) fn package_family(&self, buffer: &mut Buffer) -> io::Result<()> {
        buffer.fill(0, |to, room| {
            let mut units = room / 2;
            // SAFETY: the handle is open; `to` points to aligned room for that many units, which
            // nobody else uses, and no more are written.
            let status =
                unsafe { GetPackageFamilyName(self.0.as_raw_handle(), &raw mut units, to.cast()) };
            match status {
                // The NUL at the end is counted.
                NO_ERROR => Ok(Answer::Fits((units as usize).saturating_sub(1) * 2)),
                error => Err(io::Error::from_raw_os_error(error.cast_signed())),
            }
        })
    }

    /// Fills the buffer with its command line, as
    /// [`crate::parse::windows::processes::command_line_information`] reads it.
    pub(super) fn command_line(&self, buffer: &mut Buffer) -> io::Result<()> {
        buffer.fill(0, |to, room| {
            let mut length = 0;
            // SAFETY: the handle is open; `to` points to `room` aligned bytes that nobody else
            // uses, and no more are written; `length` may be written to.
            let status = unsafe {
                let class = ProcessCommandLineInformation;
                NtQueryInformationProcess(self.0.as_raw_handle(), class, to, room, &raw mut length)
            };
            answer(status, length)
        })
    }

    /// The address of its environment block, in its own memory.
    pub(super) fn environment_block(&self) -> io::Result<u64> {
        let mut basic = PROCESS_BASIC_INFORMATION::default();
        let length = size_of::<PROCESS_BASIC_INFORMATION>() as u32;
        // SAFETY: the handle is open; `basic` is what this class writes, of the length that is
        // told; how much was written need not be told back.
        succeeded(unsafe {
            let (class, to) = (ProcessBasicInformation, (&raw mut basic).cast::<c_void>());
            NtQueryInformationProcess(self.0.as_raw_handle(), class, to, length, null_mut())
        })?;
        Ok(basic.PebBaseAddress.addr() as u64)
    }

    /// Reads its memory from that address on, as much as there is room for in `to`, or fails.
    pub(super) fn read(&self, address: u64, to: &mut [u8]) -> io::Result<()> {
        let address = std::ptr::without_provenance(usize::try_from(address).unwrap_or_default());
        let mut read = 0;
        // SAFETY: the handle is open; `address` is the other process' affair and never followed
        // in this one; `to` may be written to, and no more than its length is written.
        agreed(unsafe {
            let handle = self.0.as_raw_handle();
            ReadProcessMemory(handle, address, to.as_mut_ptr().cast(), to.len(), &raw mut read)
        })?;
        if read == to.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// What says who it is and what it may do.
    pub(super) fn token(&self) -> io::Result<Token> {
        let mut token = null_mut();
        // SAFETY: the handle is open, and `token` may be written to.
        agreed(unsafe { OpenProcessToken(self.0.as_raw_handle(), TOKEN_QUERY, &raw mut token) })?;
        // SAFETY: the handle is open, and nobody else's to close.
        Ok(Token(unsafe { OwnedHandle::from_raw_handle(token) }))
    }
}

/// Who a process is and what it may do.
#[derive(Debug)]
pub(super) struct Token(OwnedHandle);

impl Token {
    /// Fills the buffer with the user to whom it belongs, as
    /// [`crate::parse::windows::sid::of_token_user`] reads it.
    pub(super) fn user(&self, buffer: &mut Buffer) -> io::Result<()> {
        buffer.fill(0, |to, room| {
            let mut length = 0;
            // SAFETY: the handle is open; `to` points to `room` aligned bytes that nobody else
            // uses, and no more are written; `length` may be written to.
            let told = unsafe {
                GetTokenInformation(self.0.as_raw_handle(), TokenUser, to, room, &raw mut length)
            };
            match agreed(told) {
                Ok(()) => Ok(Answer::Fits(length as usize)),
                Err(error) if is(&error, ERROR_INSUFFICIENT_BUFFER) => {
                    Ok(Answer::Needs(length as usize))
                }
                Err(error) => Err(error),
            }
        })
    }

    /// True if it may do what an administrator may.
    pub(super) fn is_elevated(&self) -> io::Result<bool> {
        let mut elevation = TOKEN_ELEVATION::default();
        let mut length = size_of::<TOKEN_ELEVATION>() as u32;
        // SAFETY: the handle is open; `elevation` is what this class writes, of the length that
        // is told; `length` may be written to.
        agreed(unsafe {
            let to = (&raw mut elevation).cast();
            let handle = self.0.as_raw_handle();
            GetTokenInformation(handle, TokenElevation, to, length, &raw mut length)
        })?;
        Ok(elevation.TokenIsElevated != 0)
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code.cast_signed())
}
