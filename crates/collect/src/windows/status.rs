//! What Windows' functions say of how they went.
#![allow(unsafe_code, reason = "to translate a status is a foreign function")]

use std::io;

use windows_sys::Win32::Foundation::{
    NTSTATUS, RtlNtStatusToDosError, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL,
    STATUS_INFO_LENGTH_MISMATCH,
};
use windows_sys::core::BOOL;

use super::buffer::Answer;

/// Of a function of `ntdll` that says how many bytes it wrote, or would write.
pub(super) fn answer(status: NTSTATUS, length: u32) -> io::Result<Answer> {
    match status {
        STATUS_INFO_LENGTH_MISMATCH | STATUS_BUFFER_TOO_SMALL | STATUS_BUFFER_OVERFLOW => {
            Ok(Answer::Needs(length as usize))
        }
        status => succeeded(status).map(|()| Answer::Fits(length as usize)),
    }
}

/// Of any function of `ntdll`.
pub(super) fn succeeded(status: NTSTATUS) -> io::Result<()> {
    if status >= 0 {
        return Ok(());
    }
    // SAFETY: it only looks a number up.
    let error = unsafe { RtlNtStatusToDosError(status) };
    Err(io::Error::from_raw_os_error(error.cast_signed()))
}

/// Of a function that says yes or no, and leaves the reason for a no behind.
pub(super) fn agreed(yes: BOOL) -> io::Result<()> {
    if yes == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
