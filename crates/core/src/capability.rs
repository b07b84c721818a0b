//! What a source can and cannot see, and why: data that is shown to the user.

use std::sync::Arc;

/// Whether something can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapabilityState {
    /// All of it.
    Full,
    /// Some of it.
    Partial,
    /// None of it.
    Missing,
}

impl CapabilityState {
    /// `full`, `partial` or `missing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

/// One thing that a source may be able to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// A stable name for machines: `socket-owners`, `network-namespaces`, ….
    pub id: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// How much of it can be seen.
    pub state: CapabilityState,
    /// Why, in one sentence.
    pub reason: Arc<str>,
    /// The exact command that grants more, if there is one.
    pub remedy: Option<Arc<str>>,
}

/// Something that is currently not seen, though it could be: told when it begins, and again with
/// `count` 0 when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degradation {
    /// A stable name for machines: `owners-hidden`, `dump-interrupted`, ….
    pub id: &'static str,
    /// What is not seen and why, in one sentence.
    pub message: Arc<str>,
    /// How many things it touches: sockets, processes, namespaces. 0: over.
    pub count: u64,
}
