//! `cargo xtask tidy`: the rules that keep the rooms apart, as far as a program can check them.
//!
//! Every rule is a function from text to violations, so that its tests can show it failing.

mod code;
mod manifest;
mod parity;
mod promises;
mod rooms;
mod rust;
mod text;
mod web;

use anyhow::{Result, bail};

use crate::repository::{self, SourceFile};

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// File, with a line if it has one.
    place: String,
    /// What is wrong and what to do.
    message: String,
}

impl Violation {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    fn at(file: &SourceFile, line_index: usize, message: impl Into<String>) -> Self {
        Self::new(format!("{}:{}", file.path, line_index + 1), message)
    }
}

pub(crate) fn run() -> Result<()> {
    let files = repository::files()?;
    let mut violations = rooms::check()?;
    for file in &files {
        violations.extend(text::check(file));
        violations.extend(rust::check(file));
        violations.extend(web::check(file));
        violations.extend(manifest::check(file));
        for warning in text::warnings(file) {
            eprintln!("tidy: warning: {}: {}", warning.place, warning.message);
        }
    }
    violations.extend(parity::check(&files));
    violations.extend(promises::check(&files));
    for violation in &violations {
        eprintln!("tidy: {}: {}", violation.place, violation.message);
    }
    if !violations.is_empty() {
        bail!("tidy: {} violations in {} files", violations.len(), files.len());
    }
    eprintln!("tidy: {} files, all tidy", files.len());
    Ok(())
}

/// A file for the tests of rules.
#[cfg(test)]
fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}
