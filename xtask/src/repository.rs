//! Where the repository is, and which files it has.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What is built, fetched or git's own, which is a file in a linked worktree.
const NOT_OURS: &[&str] =
    &[".git", "target", "node_modules", "dist", "test-results", "playwright-report"];

/// The root of the checkout: the folder above this crate.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A text file of the repository.
pub(crate) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl SourceFile {
    /// The part after the last dot of the file name; empty if there is none.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Every text file of ours, sorted by path.
pub(crate) fn files() -> Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    collect(root(), "", &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<SourceFile>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("can't list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("can't list {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().with_context(|| format!("can't look at {name}"))?;
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path())
                .with_context(|| format!("can't read {prefix}{name}"))?;
            // Images, fonts and other bytes have no lines to check.
            if let Ok(text) = String::from_utf8(bytes) {
                found.push(SourceFile { path: format!("{prefix}{name}"), text });
            }
        }
    }
    Ok(())
}
