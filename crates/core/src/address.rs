//! What is known of an address beside itself: told by whoever asks for names, never by a collector.

use std::sync::Arc;

/// What is known of a remote address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressFacts {
    /// What the name service calls it. Whoever answers for the address chose it.
    pub name: Option<Arc<str>>,
    /// Where it is: `DE`; empty if not known.
    pub country: Arc<str>,
    /// Whose network it is in: `AS64500 Example`; empty if not known.
    pub network: Arc<str>,
}

impl AddressFacts {
    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.country.is_empty() && self.network.is_empty()
    }
}

/// What a remote's name rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameEvidence {
    /// The process asked for this name, and got the address.
    Asked,
    /// The name service calls the address so.
    Reverse,
}

impl NameEvidence {
    /// `asked` or `reverse`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Reverse => "reverse",
        }
    }
}
