//! The rule file: where it is, what it says, and when it says something else.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use procnet_core::rules::{MAX_FILE_SIZE, RuleSet};

/// Where rules come from: perhaps a file, and perhaps the built-in ones.
#[derive(Clone, Debug)]
pub(crate) struct RulesSource {
    file: Option<PathBuf>,
    builtin: bool,
}

impl RulesSource {
    /// The file as named on the command line, found.
    pub(crate) fn new(named: Option<&Path>, builtin: bool) -> Result<Self, String> {
        let file = named.map(|named| locate(named, beside_program().as_deref())).transpose()?;
        Ok(Self { file, builtin })
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the rules as they are now.
    pub(crate) fn load(&self) -> Result<Arc<RuleSet>, String> {
        let own = match &self.file {
            Some(file) => {
                let name = file.display().to_string();
                RuleSet::parse(&name, &read(file)?).map_err(|error| error.to_string())?
            }
            None => RuleSet::default(),
        };
        Ok(Arc::new(if self.builtin { own.with_builtin() } else { own }))
    }
}

/// A relative path is looked for in the working directory, then beside the program.
fn locate(named: &Path, beside: Option<&Path>) -> Result<PathBuf, String> {
    let candidates = [
        Some(named.to_path_buf()),
        beside.filter(|_| named.is_relative()).map(|folder| folder.join(named)),
    ];
    if let Some(found) = candidates.iter().flatten().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let named_is = |what: &str| format!("--rules {}: {what}", named.display());
    if let Some(other) = candidates.iter().flatten().find(|path| path.exists()) {
        let what = if other.is_dir() { "it is a folder" } else { "it is no ordinary file" };
        return Err(named_is(&format!("{what}; name a YAML or JSON file")));
    }
    Err(named_is(if named.is_relative() {
        "there is no such file in the working directory or beside the program"
    } else {
        "there is no such file"
    }))
}

fn beside_program() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(Path::to_path_buf)
}

/// At most as much as the parser takes: a device or a log file does no harm.
fn read(file: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("can't read {}: {error}", file.display());
    // Opening a pipe would wait for whoever writes it.
    let metadata = std::fs::metadata(file).map_err(failed)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "it is a folder" } else { "it is no ordinary file" };
        return Err(format!("can't read {}: {what}", file.display()));
    }
    let limit = u64::try_from(MAX_FILE_SIZE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
        .map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| format!("can't read {}: it is no UTF-8", file.display()))
}

/// What tells one version of a file from the next, also where an editor renames a new file over
/// the old one or a link is turned to another folder.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    target: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl Version {
    fn of(file: &Path) -> Option<Self> {
        let target = std::fs::canonicalize(file).ok()?;
        let metadata = std::fs::metadata(&target).ok()?;
        Some(Self { target, size: metadata.len(), modified: metadata.modified().ok() })
    }
}

/// Notices that the file has changed.
#[derive(Debug)]
pub(crate) struct Watcher {
    source: RulesSource,
    seen: Option<Version>,
    missing: u32,
}

/// Looks after which a file that is gone is reported: an editor may take a moment to put the new
/// one in the old one's place.
const PATIENCE: u32 = 3;

impl Watcher {
    /// Watches from now on; none if there is no file.
    pub(crate) fn new(source: RulesSource) -> Option<Self> {
        let seen = Version::of(source.file()?);
        Some(Self { source, seen, missing: 0 })
    }

    /// The rules, if they are others than at the last look, or why they can't be taken.
    pub(crate) fn look(&mut self) -> Option<Result<Arc<RuleSet>, String>> {
        let file = self.source.file()?;
        let Some(now) = Version::of(file) else {
            self.missing = self.missing.saturating_add(1);
            let message = format!("the rule file {} is gone", file.display());
            return (self.missing == PATIENCE).then_some(Err(message));
        };
        self.missing = 0;
        if self.seen.as_ref() == Some(&now) {
            return None;
        }
        self.seen = Some(now);
        Some(self.source.load())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "- match_name: a\n  type: service\n";
    const TWO: &str = "- match_name: a\n  type: service\n- match_name: b\n  type: cache\n";

    fn source(file: &Path) -> RulesSource {
        RulesSource { file: Some(file.to_path_buf()), builtin: true }
    }

    fn count(looked: Option<Result<Arc<RuleSet>, String>>) -> Option<usize> {
        looked.map(|rules| rules.unwrap().len())
    }

    #[test]
    fn parity_row_16_a_relative_path_is_looked_for_beside_the_program() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("only-beside-the-program.yaml"), ONE).unwrap();
        let named = Path::new("only-beside-the-program.yaml");
        assert_eq!(locate(named, Some(folder.path())), Ok(folder.path().join(named)));
        assert!(locate(named, None).unwrap_err().contains("no such file in the working directory"));
        let absolute = folder.path().join("none.yaml");
        assert!(locate(&absolute, Some(folder.path())).unwrap_err().contains("none.yaml"));
        let told = locate(folder.path(), None).unwrap_err();
        assert!(told.contains("it is a folder"), "{told}");
    }

    #[test]
    fn an_edit_a_rename_and_a_turned_link_are_noticed_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        std::fs::write(&file, ONE).unwrap();
        let mut watcher = Watcher::new(source(&file)).unwrap();
        assert!(watcher.look().is_none());

        std::fs::write(&file, TWO).unwrap();
        assert_eq!(count(watcher.look()), Some(2));
        assert!(watcher.look().is_none());

        let new = folder.path().join("new");
        std::fs::write(&new, ONE).unwrap();
        std::fs::rename(&new, &file).unwrap();
        assert_eq!(count(watcher.look()), Some(1));
    }

    #[test]
    fn a_broken_edit_is_told_once_and_a_repair_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        std::fs::write(&file, ONE).unwrap();
        let mut watcher = Watcher::new(source(&file)).unwrap();

        std::fs::write(&file, "- match_name: a\n  typ: service\n").unwrap();
        let message = watcher.look().unwrap().unwrap_err();
        assert!(message.contains("rules.yaml") && message.contains("line "), "{message}");
        assert!(watcher.look().is_none());

        std::fs::remove_file(&file).unwrap();
        let told: Vec<_> = (0..10).filter_map(|_| watcher.look()).collect();
        assert_eq!(told.len(), 1);
        std::fs::write(&file, TWO).unwrap();
        assert_eq!(count(watcher.look()), Some(2));
    }

    #[test]
    fn a_file_that_is_too_large_or_no_text_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        std::fs::write(&file, "# \n".repeat(MAX_FILE_SIZE / 3 + 1)).unwrap();
        assert!(source(&file).load().is_err());
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(source(&file).load().unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn without_a_file_there_is_nothing_to_watch() {
        let none = RulesSource::new(None, false).unwrap();
        assert!(none.load().unwrap().is_empty());
        assert!(Watcher::new(none).is_none());
    }
}
