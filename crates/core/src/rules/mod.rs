//! Rules: which type and label a process gets.
//!
//! - A rule file is a YAML or JSON list. A rule has `type`, at least one of `match_pid`,
//!   `match_name` and `match_cmd`, and perhaps `label`.
//! - An entry `mask: NAME` or `mask: /regex/` is no rule: it names what is hidden in command lines
//!   ([`crate::secrets`]). Rules see the command lines as they are shown, without their secrets.
//! - The first rule that fits wins; a rule fits if any one of its match fields does.
//! - `match_name` is the exact name, or `/regex/` or `/regex/i` found anywhere in it. `match_cmd`
//!   is found, ignoring case, anywhere in the command line and the name behind it
//!   ([`haystack`]); or is a regular expression likewise.
//! - After the user's rules come the built-in ones ([`RuleSet::with_builtin`]). A process that
//!   none fits is an `app`. Without a label of its own, a rule leaves the
//!   [distinguishing label](crate::label::distinguishing_label).

mod builtin;
mod index;
mod located;
mod parse;

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::label::distinguishing_label;
use crate::process::Process;
use crate::registry::DEFAULT_TYPE;
use crate::secrets::Masking;

use index::Index;

/// Largest rule file, in bytes.
pub const MAX_FILE_SIZE: usize = 1 << 20;
/// Most rules of a file.
pub const MAX_RULES: usize = 10_000;
/// Most regular expressions of a file.
pub const MAX_PATTERNS: usize = 2_000;
/// Largest compiled regular expression, in bytes.
pub const MAX_PATTERN_SIZE: usize = 1 << 20;
/// Longest `type`, in bytes.
pub const MAX_TYPE: usize = 64;
/// Longest `label`, in bytes.
pub const MAX_RULE_LABEL: usize = 256;

/// Why a rule file was not taken: one line that names file, line and field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1, if the fault lies in one.
    pub line: Option<u64>,
    /// The field, if the fault lies in one.
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}: ", self.file)?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// What a name or command line is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// A plain text.
    Text(Arc<str>),
    /// A regular expression, to be found anywhere.
    Pattern {
        /// What stood between the slashes.
        source: Arc<str>,
        /// `/…/i`.
        ignore_case: bool,
    },
}

impl Matcher {
    /// `/…/` and `/…/i` are patterns, all else is plain text.
    fn parse(text: &str) -> Self {
        let inner = text.strip_prefix('/').and_then(|rest| {
            let with_flag = rest.strip_suffix("/i").map(|source| (source, true));
            with_flag.or_else(|| rest.strip_suffix('/').map(|source| (source, false)))
        });
        match inner {
            Some((source, ignore_case)) if !source.is_empty() => {
                Self::Pattern { source: Arc::from(source), ignore_case }
            }
            _ => Self::Text(Arc::from(text)),
        }
    }
}

/// One rule of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The process with this pid.
    pub match_pid: Option<u32>,
    /// Processes of this name.
    pub match_name: Option<Matcher>,
    /// Processes with this in their command line or name.
    pub match_cmd: Option<Matcher>,
    /// Their type.
    pub type_name: Arc<str>,
    /// Their label, if it is not the distinguishing one.
    pub label: Option<Arc<str>>,
    /// The line on which the rule starts.
    pub line: u64,
}

/// What a process is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// Its type.
    pub type_name: Arc<str>,
    /// Its label.
    pub label: Arc<str>,
    /// Which rule said so.
    pub by: ClassifiedBy,
}

/// Who classified a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassifiedBy {
    /// The user's rule at this index of [`RuleSet::rules`].
    Rule(usize),
    /// A built-in rule.
    BuiltIn,
    /// Nobody: it is an `app`.
    Default,
}

/// The user's rules in their order, and whether the built-in ones follow. The default has none.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Arc<[Rule]>,
    index: Arc<Index>,
    builtin: bool,
    masking: Masking,
}

static DEFAULT: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(DEFAULT_TYPE));

impl RuleSet {
    /// Reads a rule file: JSON if its name ends in `.json`, else YAML. An empty file is no rule.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, RuleError> {
        let parse::Contents { rules, index, masks } = parse::parse(file_name, text)?;
        Ok(Self {
            rules: rules.into(),
            index: Arc::new(index),
            builtin: false,
            masking: Masking::new(masks),
        })
    }

    /// The built-in rules alone.
    pub fn builtin() -> Self {
        Self::default().with_builtin()
    }

    /// These rules, and behind them the built-in ones.
    #[must_use]
    pub fn with_builtin(self) -> Self {
        Self { builtin: true, ..self }
    }

    /// The user's rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What is hidden in command lines: what is known to be a secret, and the user's masks.
    pub fn masking(&self) -> &Masking {
        &self.masking
    }

    /// The process with what the user's masks find in its command line hidden. What is known to be
    /// a secret was hidden by whoever looked at it.
    pub fn masked(&self, process: Arc<Process>) -> Arc<Process> {
        if !self.masking.has_more() {
            return process;
        }
        let masked = self.masking.mask(&process.arguments);
        if masked.count == 0 {
            return process;
        }
        let count = process.masked.saturating_add(masked.count);
        let arguments = masked.arguments;
        Arc::new(Process { arguments, masked: count, ..Arc::unwrap_or_clone(process) })
    }

    /// How many rules of the user's there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// True if there is no rule of the user's.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Type and label of a process.
    pub fn classify(&self, process: &Process) -> Classification {
        if let Some((index, rule)) =
            self.index.first(process).and_then(|i| self.rules.get(i).map(|rule| (i, rule)))
        {
            return Classification {
                type_name: Arc::clone(&rule.type_name),
                label: rule.label.clone().unwrap_or_else(|| distinguishing_label(process)),
                by: ClassifiedBy::Rule(index),
            };
        }
        if self.builtin
            && let Some((type_name, label)) = builtin::classify(process)
        {
            return Classification {
                type_name,
                label: label.map_or_else(|| distinguishing_label(process), Arc::from),
                by: ClassifiedBy::BuiltIn,
            };
        }
        Classification {
            type_name: Arc::clone(&DEFAULT),
            label: distinguishing_label(process),
            by: ClassifiedBy::Default,
        }
    }
}

/// What `match_cmd` looks in: the command line, a blank, the name.
pub fn haystack(process: &Process) -> String {
    let mut text = process.command_line();
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(&process.name);
    text
}

#[cfg(test)]
mod tests;
