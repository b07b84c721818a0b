//! By the folder: what lies in a user's own is for that user, the system and administrators.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn folder() -> Option<PathBuf> {
    super::named("LOCALAPPDATA").map(|own| own.join("procnet"))
}

pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// A new file. Where there is something already, that is an error.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Who may read it is the folder's affair.
pub(super) fn check(_file: &Metadata) -> Result<(), String> {
    Ok(())
}
