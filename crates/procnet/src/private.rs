//! Files that nobody else may read: the token, the key of a certificate that was made here.

#[cfg(windows)]
#[path = "private/windows.rs"]
mod platform;
#[cfg(not(windows))]
#[path = "private/unix.rs"]
mod platform;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The longest that such a file may be.
const MAX_LENGTH: u64 = 64 * 1024;
/// What services get from systemd: folders with colons between.
const STATE_DIRECTORY: &str = "STATE_DIRECTORY";

/// The folder of such files, if this user has one.
pub(crate) fn folder() -> Option<PathBuf> {
    let given = std::env::var_os(STATE_DIRECTORY);
    let first = given.as_deref().and_then(|all| std::env::split_paths(all).next());
    first.filter(|folder| folder.is_absolute()).or_else(platform::folder)
}

/// A folder that a variable names, if that is a whole path.
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_absolute())
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) text: String,
    /// It was made just now.
    pub(crate) is_new: bool,
}

/// Reads a file, or makes it with what `make` says. The error is a sentence that names the file.
pub(crate) fn load_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<String, String>,
) -> Result<Kept, String> {
    if let Some(text) = load(path)? {
        return Ok(Kept { text, is_new: false });
    }
    let failed = |operation: &str, path: &Path, error: std::io::Error| {
        format!("can't {operation} {}: {error}", path.display())
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    platform::make_folder(folder).map_err(|error| failed("make the folder", folder, error))?;
    let text = make()?;
    // Whole or not at all, and never over another's: two may start at once.
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let written = platform::create(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::hard_link(&draft, path)
    });
    // If it can't be taken away, it is as private as the file itself.
    let _ = std::fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(Kept { text, is_new: true }),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = load(path)?;
            let text = text.ok_or_else(|| failed("read", path, ErrorKind::NotFound.into()))?;
            Ok(Kept { text, is_new: false })
        }
        Err(error) => Err(failed("write", path, error)),
    }
}

/// What the file holds; `None` if there is none. An error, as a sentence, if it can't be read, or if
/// others can read it too.
pub(crate) fn load(path: &Path) -> Result<Option<String>, String> {
    let told = |why: &str| format!("{}: {why}", path.display());
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told(&error.to_string())),
        // Opening something else might wait for ever.
        Ok(metadata) if !metadata.is_file() => return Err(told("it is no file")),
        Ok(_) => {}
    }
    let file = File::open(path).map_err(|error| told(&error.to_string()))?;
    let metadata = file.metadata().map_err(|error| told(&error.to_string()))?;
    platform::check(&metadata).map_err(|why| told(&why))?;
    let mut text = String::new();
    file.take(MAX_LENGTH).read_to_string(&mut text).map_err(|error| told(&error.to_string()))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_once_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("procnet").join("token");
        let made = load_or_make(&path, || Ok("one".into())).unwrap();
        assert_eq!(made, Kept { text: "one".into(), is_new: true });
        let again = load_or_make(&path, || panic!("it is there")).unwrap();
        assert_eq!(again, Kept { text: "one".into(), is_new: false });
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn what_is_no_file_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(folder.path()).unwrap_err();
        assert!(
            error.contains("it is no file") && error.contains(&*folder.path().to_string_lossy())
        );
        assert_eq!(load(&folder.path().join("none")), Ok(None));
        let within_a_file = folder.path().join("file");
        std::fs::write(&within_a_file, "x").unwrap();
        assert!(load_or_make(&within_a_file.join("token"), || Ok(String::new())).is_err());
    }
}
