//! What one view shows: filter, grouping, toggles, limits.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::filter::{Filter, Subject};
use crate::socket::{Protocol, Socket};

/// Most nodes that stay legible (a bake-off's result: see `docs/ARCHITECTURE.md`).
pub const MAX_NODES: usize = 400;
/// Most edges that stay legible.
pub const MAX_EDGES: usize = 800;
/// Most nodes that a view which chooses its grouping itself begins with: what takes no search.
pub const LEGIBLE_NODES: usize = 150;
/// Most edges of such a view.
pub const LEGIBLE_EDGES: usize = 150;
/// Most nodes of a view without a budget.
pub const MOST_NODES: usize = 20_000;
/// Most edges of a view without a budget.
pub const MOST_EDGES: usize = 100_000;
/// Most members of expanded groups that a view shows beyond its budget.
pub const MAX_EXPANDED: usize = 1_000;

/// By what processes are joined into nodes. Those without a container or unit, where nodes are
/// containers or units, are joined into trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// The finest of the following that keeps within what reads well ([`LEGIBLE_NODES`],
    /// [`LEGIBLE_EDGES`]) and within the budget, from [`Grouping::Tree`] on.
    #[default]
    Auto,
    /// Every process by itself.
    Process,
    /// A process and those of its descendants that are the same program: a server's workers.
    Tree,
    /// All processes of a container.
    Container,
    /// All processes of a unit of systemd.
    Unit,
    /// All processes with one label.
    Family,
    /// All processes of one type that run one program, whatever they were told to do.
    Executable,
    /// All processes of a user.
    User,
    /// All processes of a machine.
    Host,
}

impl Grouping {
    /// Every grouping.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Process,
        Self::Tree,
        Self::Container,
        Self::Unit,
        Self::Family,
        Self::Executable,
        Self::User,
        Self::Host,
    ];

    /// `auto`, `process`, `tree`, `container`, `unit`, `family`, `executable`, `user`,
    /// or `host`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Process => "process",
            Self::Tree => "tree",
            Self::Container => "container",
            Self::Unit => "unit",
            Self::Family => "family",
            Self::Executable => "executable",
            Self::User => "user",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A grouping's name is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no grouping `{name}`, only {known}")]
pub struct UnknownGrouping {
    name: String,
    known: String,
}

impl FromStr for Grouping {
    type Err = UnknownGrouping;

    fn from_str(text: &str) -> Result<Self, UnknownGrouping> {
        Self::ALL.into_iter().find(|grouping| grouping.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            UnknownGrouping { name: crate::text::truncated(text, 64).to_owned(), known }
        })
    }
}

/// By what remotes are joined into nodes at the finest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemoteGrouping {
    /// Those that the same node talks to, one way, about the same.
    #[default]
    Auto,
    /// Every address and port by itself.
    Endpoint,
    /// Every address by itself.
    Address,
    /// By registered domain where a name is known, else by block: IPv4 /24, IPv6 /48.
    Network,
    /// The Internet as one, private networks as another.
    Internet,
}

impl RemoteGrouping {
    /// Every grouping of remotes.
    pub const ALL: [Self; 5] =
        [Self::Auto, Self::Endpoint, Self::Address, Self::Network, Self::Internet];

    /// `auto`, `endpoint`, `address`, `network`, or `internet`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Endpoint => "endpoint",
            Self::Address => "address",
            Self::Network => "network",
            Self::Internet => "internet",
        }
    }
}

impl fmt::Display for RemoteGrouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RemoteGrouping {
    type Err = UnknownGrouping;

    fn from_str(text: &str) -> Result<Self, UnknownGrouping> {
        Self::ALL.into_iter().find(|grouping| grouping.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            UnknownGrouping { name: crate::text::truncated(text, 64).to_owned(), known }
        })
    }
}

/// What one view shows.
#[derive(Clone, Debug)]
pub struct ViewSpec {
    /// Only links and listeners that fit.
    pub filter: Filter,
    /// Links and listeners that fit one of these are left out: noise.
    pub mutes: Vec<Filter>,
    /// How processes are joined.
    pub grouping: Grouping,
    /// How remotes are joined at the finest.
    pub remotes: RemoteGrouping,
    /// Begin with every process and every remote endpoint, where no grouping is asked for.
    pub everything: bool,
    /// Only links between processes.
    pub p2p_only: bool,
    /// UDP too.
    pub udp: bool,
    /// UNIX sockets too.
    pub unix: bool,
    /// Processes that only listen too.
    pub listeners: bool,
    /// Groups, by node key, that are shown as their members.
    pub expanded: BTreeSet<Arc<str>>,
    /// Most nodes before a coarser grouping is taken.
    pub max_nodes: usize,
    /// Most edges before a coarser grouping is taken.
    pub max_edges: usize,
}

impl ViewSpec {
    /// The same, but of everything that there is and as fine as asked for, legible or not; beyond
    /// what a page can hold it is made coarser all the same.
    #[must_use]
    pub fn without_budget(self) -> Self {
        Self { everything: true, max_nodes: MOST_NODES, max_edges: MOST_EDGES, ..self }
    }

    /// Whether filter and mutes let what `subject` says through.
    pub(crate) fn admits(&self, subject: &Subject<'_>) -> Admission {
        if !self.filter.matches(subject) {
            Admission::Hidden
        } else if self.mutes.iter().any(|mute| mute.matches(subject)) {
            Admission::Muted
        } else {
            Admission::Shown
        }
    }

    /// True if neither the filter nor a mute leaves it out.
    pub fn lets_through(&self, subject: &Subject<'_>) -> bool {
        self.admits(subject) == Admission::Shown
    }

    /// True if the view tells of a socket: in a table, or counted. `subject` says what of it.
    pub fn tells_of<'a>(&self, socket: &Socket, subject: impl FnOnce() -> Subject<'a>) -> bool {
        if !self.shows(socket.protocol) || (socket.is_listener() && !self.listeners) {
            return false;
        }
        if !self.p2p_only && self.admits_all() {
            return true;
        }
        let subject = subject();
        !(self.p2p_only && (subject.external || subject.listener)) && self.lets_through(&subject)
    }

    /// True if neither filter nor mutes leave anything out.
    pub fn admits_all(&self) -> bool {
        self.filter.is_empty() && self.mutes.is_empty()
    }

    /// True if links and listeners of the protocol are shown.
    pub const fn shows(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => true,
            Protocol::Udp => self.udp,
            Protocol::Unix => self.unix,
        }
    }
}

/// What becomes of a link or listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Shown,
    /// It does not fit the filter, or is of a kind that is not shown.
    Hidden,
    /// It fits a mute.
    Muted,
}

impl Default for ViewSpec {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            mutes: Vec::new(),
            grouping: Grouping::Auto,
            remotes: RemoteGrouping::Auto,
            everything: false,
            p2p_only: false,
            udp: false,
            unix: false,
            listeners: true,
            expanded: BTreeSet::new(),
            max_nodes: MAX_NODES,
            max_edges: MAX_EDGES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groupings_have_names() {
        for grouping in Grouping::ALL {
            assert_eq!(grouping.as_str().parse(), Ok(grouping));
        }
        let error = "pod".parse::<Grouping>().unwrap_err().to_string();
        assert!(error.contains("`pod`") && error.contains("family"), "{error}");
        for remotes in RemoteGrouping::ALL {
            assert_eq!(remotes.as_str().parse(), Ok(remotes));
        }
        let error = "planet".parse::<RemoteGrouping>().unwrap_err().to_string();
        assert!(error.contains("`planet`") && error.contains("network"), "{error}");
    }
}
