//! Programs' files, where they are on a disk of this machine: what lies elsewhere is not read, for
//! to ask another machine for a file tells it who asks.
#![allow(unsafe_code, reason = "what kind of drive a file is on is told by a foreign function")]

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

use procnet_core::Icon;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_OPEN_REPARSE_POINT, GetDriveTypeW, SECURITY_ANONYMOUS,
};
use windows_sys::Win32::System::WindowsProgramming::{DRIVE_FIXED, DRIVE_RAMDISK};

use crate::icons::{Identity, Programs};
use crate::parse::windows::icon;
use crate::parse::windows::path::drive;
use crate::parse::windows::resources::Pieces;

/// The files of this machine.
#[derive(Debug)]
pub(super) struct Files;

impl Programs for Files {
    type File = File;

    fn open(&mut self, path: &str) -> io::Result<(File, Identity)> {
        let refused = || io::Error::from(io::ErrorKind::Unsupported);
        let root = drive(path).filter(|root| is_local(root)).ok_or_else(refused)?;
        let path = Path::new(path);
        // The path is the one that the system names, which has no links in it: who put one there
        // since leads elsewhere.
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != Path::new(&root));
        for folder in folders {
            if !folder.symlink_metadata()?.is_dir() {
                return Err(refused());
            }
        }
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
            .security_qos_flags(SECURITY_ANONYMOUS)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(refused());
        }
        let identity = Identity { length: metadata.len(), modified: metadata.modified().ok() };
        Ok((file, identity))
    }

    fn icon(&mut self, file: File) -> Option<Icon> {
        let picture = icon::icon(file)?;
        Some(Icon::new(picture.media_type, picture.bytes))
    }
}

impl Pieces for File {
    fn read(&mut self, at: u64, to: &mut [u8]) -> bool {
        self.seek(SeekFrom::Start(at)).and_then(|_| self.read_exact(to)).is_ok()
    }
}

/// Whether the drive with that root is a disk of this machine that is always there.
fn is_local(root: &str) -> bool {
    let name: Vec<u16> = root.encode_utf16().chain([0]).collect();
    // SAFETY: the name ends with a NUL.
    let kind = unsafe { GetDriveTypeW(name.as_ptr()) };
    kind == DRIVE_FIXED || kind == DRIVE_RAMDISK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn icon_of(path: &str) -> io::Result<Option<Icon>> {
        let mut files = Files;
        let (file, identity) = files.open(path)?;
        assert!(identity.length > 0 && identity.modified.is_some());
        Ok(files.icon(file))
    }

    #[test]
    fn programs_of_windows_bring_icons_along() {
        // Wine's have one of their own, Windows' may have it in another file.
        let icon = icon_of(r"C:\windows\system32\notepad.exe").unwrap().unwrap();
        let known = match icon.media_type() {
            "image/png" => icon.bytes().starts_with(b"\x89PNG"),
            "image/x-icon" => icon.bytes().starts_with(&[0, 0, 1, 0, 1, 0]),
            _ => false,
        };
        assert!(known && icon.bytes().len() > 100, "{icon:?}");
    }

    /// `build.rs` gives one to every program of this crate.
    #[test]
    #[cfg(target_env = "gnu")]
    fn this_test_has_procnet_s() {
        let own = std::env::current_exe().unwrap();
        let own = own.to_str().unwrap();
        // It lies on a drive that stands for the files of the machine below Wine.
        let own = own.strip_prefix(r"\\?\").unwrap_or(own);
        let icon = icon_of(own).unwrap().unwrap();
        let ours = include_bytes!("../../../procnet/windows/procnet.ico");
        let (_, picture) = icon.bytes().split_at(22);
        assert!(ours.windows(picture.len()).any(|bytes| bytes == picture));
    }

    #[test]
    fn what_is_no_file_of_this_machine_is_not_opened() {
        for path in [
            r"\\server\share\program.exe",
            r"\\?\UNC\server\share\program.exe",
            r"\\.\pipe\program.exe",
            r"\\?\C:\windows\system32\notepad.exe",
            r"C:\windows\system32",
            r"C:\windows\system32\none.exe",
            r"C:relative.exe",
            r"C:\windows\..\windows\notepad.exe",
            "NUL",
            "",
        ] {
            assert!(icon_of(path).is_err(), "{path}");
        }
    }
}
