//! By the file's mode.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const ROOT: u32 = 0;
/// Where root keeps what services keep there: a folder that users name might be theirs to change.
const OF_ROOT: &str = "/var/lib/procnet";

pub(super) fn folder() -> Option<PathBuf> {
    if own_uid() == ROOT {
        return Some(PathBuf::from(OF_ROOT));
    }
    let state = super::named("XDG_STATE_HOME");
    let state = state.or_else(|| Some(super::named("HOME")?.join(".local").join("state")));
    state.map(|state| state.join("procnet"))
}

pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new file. Where there is something already, a link included, that is an error.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Why others might have read it, or written it.
pub(super) fn check(file: &Metadata) -> Result<(), String> {
    let (own, owner) = (own_uid(), file.uid());
    if own != ROOT && owner != own && owner != ROOT {
        return Err(format!("it belongs to somebody else, uid {owner}: name another file"));
    }
    if file.mode() & 0o077 != 0 {
        return Err("others may read or write it: `chmod 600` it, or delete it and start again, \
                    which makes another"
            .to_owned());
    }
    Ok(())
}

fn own_uid() -> u32 {
    procnet_collect::host_facts().uid
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::{load, load_or_make};
    use super::*;

    #[test]
    fn only_the_owner_reads_what_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made").join("token");
        load_or_make(&path, || Ok("secret".into())).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn what_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (mode, good) in [(0o644, false), (0o640, false), (0o602, false), (0o400, true)] {
            std::fs::write(&path, "secret").unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(load(&path).is_ok(), good, "{mode:o}");
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let target = folder.path().join("target");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(load_or_make(&path, || Ok("secret".into())).is_err());
        assert!(!target.exists());
    }
}
