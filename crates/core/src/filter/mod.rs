//! The filter language: what the search box, `procnet ls FILTER` and saved views speak.
//!
//! - Terms separated by blanks must all fit; `OR` or `|` between them: one of them. `AND` binds
//!   closer than `OR`, parentheses group. `-term`, `!term` and `NOT term` negate the whole term.
//! - A bare or `"quoted"` word fits if it occurs, ignoring case, in any text of the subject:
//!   names, labels, command lines, users, types, hosts, addresses; or is its protocol or state. A
//!   bare number fits if it is a port or a pid, or occurs in a text that is no address; a bare
//!   address or block (`10.0.0.0/8`) if an address lies in it; a bare `/regex/` (`/regex/i`
//!   ignores case, `\/` is a slash in it) if a text fits.
//! - `field:value` asks one field ([`FIELDS`] lists them): a text contains the value, ignoring
//!   case; a number equals it or lies in the range `a-b`; an address lies in the block; a word is
//!   that word. `field:a,b` fits if one of them does. `=` asks for exactly the text, `~` for a
//!   regular expression, `> < >= <=` compare numbers. `!=` and `!~` are the negations of `=` and
//!   `~`.
//! - A term about a party (`proc`, `pid`, `user`, `type`, …) fits if either party fits. A term
//!   about something that the subject lacks does not fit, so its negation does.
//!
//! Matching is linear in the text: the regular expressions neither look around nor back.

mod field;
mod number;
mod parse;
mod subject;
mod term;

use std::fmt;
use std::ops::Range;

pub use field::{
    CLASSES, Choice, DIRECTIONS, FIELDS, Field, FieldInfo, FieldKind, PROPERTIES, PROTOCOLS,
    STATES, Unit, field_named,
};
pub use subject::{Party, StateSet, Subject};

use term::Term;

/// Longest filter, in bytes.
pub const MAX_LENGTH: usize = 1000;
/// Most terms; each value of a list counts.
pub const MAX_TERMS: usize = 64;
/// Deepest nesting of parentheses.
pub const MAX_NESTING: usize = 16;
/// Largest compiled regular expression of a filter, in bytes.
pub const MAX_REGEX_SIZE: usize = 1 << 18;

/// A parsed filter. The empty one fits everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    root: Option<Node>,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", position.start + 1)]
pub struct FilterError {
    /// What is wrong, and what would be right.
    pub message: String,
    /// Where, as a range of bytes of the text.
    pub position: Range<usize>,
    /// What was probably meant, to stand there instead.
    pub suggestion: Option<String>,
}

/// `All` and `Any` have two parts or more, and none of their own kind; `Not` none of its own.
#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Term(Box<Term>),
}

impl Filter {
    /// Reads a filter; blanks alone are the empty one.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { root: parse::parse(text)? })
    }

    /// True if it fits everything.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// True if the filter lets `subject` through.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.root.as_ref().is_none_or(|root| root.matches(subject))
    }
}

/// Two filters are equal if they read the same in their canonical form.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Filter {}

/// The canonical form: parsing it gives an equal filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.as_ref().map_or(Ok(()), |root| root.fmt(f))
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl Node {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(subject)),
            Self::Not(part) => !part.matches(subject),
            Self::Term(term) => term.matches(subject),
        }
    }

    /// All of `parts`; `None` for no part.
    fn all(parts: Vec<Self>) -> Option<Self> {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::All(parts) => parts,
            part => vec![part],
        });
        Self::joined(flat.collect(), Self::All)
    }

    /// One of `parts`; `None` for no part.
    fn any(parts: Vec<Self>) -> Option<Self> {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Any(parts) => parts,
            part => vec![part],
        });
        Self::joined(flat.collect(), Self::Any)
    }

    fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Option<Self> {
        if parts.len() > 1 { Some(join(parts)) } else { parts.pop() }
    }

    fn negated(self) -> Self {
        match self {
            Self::Not(part) => *part,
            part => Self::Not(Box::new(part)),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => join(f, parts, " ", |part| matches!(part, Self::Any(_))),
            Self::Any(parts) => join(f, parts, " OR ", |_| false),
            Self::Not(part) => match &**part {
                Self::All(_) | Self::Any(_) => write!(f, "-({part})"),
                part => write!(f, "-{part}"),
            },
            Self::Term(term) => term.fmt(f),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Node],
    separator: &str,
    in_parentheses: impl Fn(&Node) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        if in_parentheses(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
