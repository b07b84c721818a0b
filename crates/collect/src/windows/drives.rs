//! Which device each drive is: paths in events begin with devices.
#![allow(unsafe_code, reason = "drives are told by a foreign function")]

use procnet_core::text::MAX_NAME;
use windows_sys::Win32::Storage::FileSystem::{GetLogicalDrives, QueryDosDeviceW};

use crate::parse::windows::text::utf16;

/// Longest path of a device, in UTF-16 units.
const MAX_UNITS: usize = 1024;

/// The path of each drive's device, and the drive: `\Device\HarddiskVolume4` and `C:`.
pub(super) fn drives() -> Vec<(String, String)> {
    // SAFETY: it takes nothing; each bit of what it says stands for a letter.
    let there = unsafe { GetLogicalDrives() };
    ('A'..='Z')
        .enumerate()
        .filter(|(bit, _)| there >> bit & 1 == 1)
        .filter_map(|(_, letter)| {
            let drive = format!("{letter}:");
            Some((device(&drive)?, drive))
        })
        .collect()
}

fn device(drive: &str) -> Option<String> {
    let name: Vec<u16> = drive.encode_utf16().chain([0]).collect();
    let mut path = [0_u16; MAX_UNITS];
    // SAFETY: the name ends with a NUL; the path may be written to, no further than its length.
    let units = unsafe { QueryDosDeviceW(name.as_ptr(), path.as_mut_ptr(), MAX_UNITS as u32) };
    // There may be several, each with a NUL at its end. The first is the one in force.
    let units = path.get(..units as usize)?.split(|&unit| unit == 0).next()?;
    let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let path = utf16(&bytes, MAX_NAME);
    (!path.is_empty()).then(|| path.to_string())
}
