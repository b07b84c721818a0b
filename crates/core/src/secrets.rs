//! Secrets in command lines: found by how they are given, and hidden before anything keeps them.
//!
//! Whoever starts a program with a password in its arguments shows it to everybody on the machine;
//! a map that many people look at would show it to more. Collectors send every command line through
//! [`Masking::mask`]: what stands where secrets stand becomes [`MASK`]. It rather hides too much than
//! too little where a value follows a name such as `password`, and leaves everything else alone.

mod keys;
mod places;
mod shapes;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::text::{MAX_COMMAND_LINE, truncated};

/// What stands in the place of a secret.
pub const MASK: &str = "••••";

/// Most masks of a rule file.
pub const MAX_MASKS: usize = 200;
/// Largest compiled regular expression of a mask, in bytes.
const MAX_PATTERN_SIZE: usize = 1 << 20;

/// How often a command line is looked through at most: twice nearly always, the second time to find
/// nothing more.
const MAX_ROUNDS: usize = 8;

/// Where secrets stand, beside the places that are known: a `mask:` of a rule file.
#[derive(Clone, Debug)]
pub enum Mask {
    /// The value of this name is a secret: of `--NAME VALUE`, `NAME=VALUE`, `"NAME": "VALUE"`.
    Key(Arc<str>),
    /// What this finds in an argument is one: its first group, or all of it.
    Pattern {
        /// As it was written, between slashes.
        source: Arc<str>,
        /// What it means.
        regex: Regex,
    },
}

impl Mask {
    /// `/…/` and `/…/i` are patterns, all else is a name.
    pub fn parse(text: &str) -> Result<Self, regex::Error> {
        let inner = text.strip_prefix('/').and_then(|rest| {
            let with_flag = rest.strip_suffix("/i").map(|source| (source, true));
            with_flag.or_else(|| rest.strip_suffix('/').map(|source| (source, false)))
        });
        match inner {
            Some((source, ignore_case)) if !source.is_empty() => Ok(Self::Pattern {
                source: Arc::from(text),
                regex: RegexBuilder::new(source)
                    .case_insensitive(ignore_case)
                    .size_limit(MAX_PATTERN_SIZE)
                    .build()?,
            }),
            _ => Ok(Self::Key(Arc::from(text.to_lowercase()))),
        }
    }

    fn source(&self) -> &str {
        match self {
            Self::Key(text) | Self::Pattern { source: text, .. } => text,
        }
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Mask {}

/// What is hidden in command lines, and whether the owner may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masking {
    more: Arc<[Mask]>,
    reveal: bool,
}

/// A command line whose secrets are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked {
    /// The arguments, as anybody may see them.
    pub arguments: Arc<[Arc<str>]>,
    /// How many secrets were hidden.
    pub count: u32,
    /// The arguments as they are, if that was asked for and anything was hidden.
    pub revealed: Option<Arc<[Arc<str>]>>,
}

/// A place in an argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    argument: usize,
    start: usize,
    end: usize,
}

impl Masking {
    /// What is known, and these.
    pub fn new(more: impl Into<Arc<[Mask]>>) -> Self {
        Self { more: more.into(), reveal: false }
    }

    /// Keeps also what was hidden.
    #[must_use]
    pub fn revealing(self, reveal: bool) -> Self {
        Self { reveal, ..self }
    }

    /// True if it hides more than what is known.
    pub fn has_more(&self) -> bool {
        !self.more.is_empty()
    }

    /// The arguments with their secrets hidden. What a mask leaves can read differently than before,
    /// say by a quotation that it opens: so again until nothing more is found, and what is masked
    /// already is never masked otherwise.
    pub fn mask(&self, arguments: &Arc<[Arc<str>]>) -> Masked {
        let mut masked = Arc::clone(arguments);
        let mut count = 0u32;
        for _ in 0..MAX_ROUNDS {
            let places = self.places(&masked);
            if places.is_empty() {
                break;
            }
            // What takes in a mask was counted when that was made.
            let new = places.iter().filter(|place| !place.of(&masked).contains(MASK)).count();
            count = count.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
            masked = hidden(&masked, &places);
        }
        let revealed = (self.reveal && count > 0).then(|| Arc::clone(arguments));
        Masked { arguments: masked, count, revealed }
    }

    /// Where there are secrets that are not hidden yet.
    fn places(&self, arguments: &[Arc<str>]) -> Vec<Place> {
        let mut places = places::find(arguments, &self.more);
        let length: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
        for (argument, text) in arguments.iter().enumerate() {
            for Range { start, end } in shapes::find(text, length >= MAX_COMMAND_LINE) {
                places.push(Place { argument, start, end });
            }
            for mask in &*self.more {
                let Mask::Pattern { regex, .. } = mask else { continue };
                for found in regex.captures_iter(text) {
                    if let Some(secret) = found.get(1).or_else(|| found.get(0)) {
                        places.push(Place { argument, start: secret.start(), end: secret.end() });
                    }
                }
            }
        }
        // What is hidden already stays as it is.
        places.retain(|place| !is_masked(place.of(arguments)));
        joined(places)
    }
}

impl Place {
    /// What stands there.
    fn of<'a>(&self, arguments: &'a [Arc<str>]) -> &'a str {
        let text = arguments.get(self.argument).and_then(|text| text.get(self.start..self.end));
        text.unwrap_or_default()
    }
}

/// True for what a mask left, also where a limit cut it off.
fn is_masked(text: &str) -> bool {
    text.chars().all(|c| c == '•')
}

/// Sorted, and those that overlap or touch as one.
fn joined(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_unstable();
    let mut joined: Vec<Place> = Vec::with_capacity(places.len());
    for place in places {
        match joined.last_mut() {
            Some(last) if last.argument == place.argument && place.start <= last.end => {
                last.end = last.end.max(place.end);
            }
            _ => joined.push(place),
        }
    }
    joined
}

/// The arguments with [`MASK`] in those places, within the bound of all command lines.
fn hidden(arguments: &[Arc<str>], places: &[Place]) -> Arc<[Arc<str>]> {
    let mut left = MAX_COMMAND_LINE;
    let mut places = places.iter().peekable();
    let mut masked = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.iter().enumerate() {
        let mut text = String::new();
        let mut done = 0;
        while let Some(place) = places.next_if(|place| place.argument == index) {
            text.push_str(argument.get(done..place.start).unwrap_or_default());
            text.push_str(MASK);
            done = place.end;
        }
        let argument = if done == 0 && text.is_empty() {
            Arc::clone(argument)
        } else {
            text.push_str(argument.get(done..).unwrap_or_default());
            Arc::from(text)
        };
        // A mask may be longer than what it hides.
        let argument = match truncated(&argument, left) {
            cut if cut.len() < argument.len() => Arc::from(cut),
            _ => argument,
        };
        left -= argument.len();
        masked.push(argument);
    }
    masked.into()
}
