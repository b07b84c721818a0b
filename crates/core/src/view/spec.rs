//! What one view shows: filter, grouping, toggles, limits.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::filter::Filter;
use crate::process::Process;
use crate::socket::Protocol;

/// Most nodes that stay legible (a bake-off's result: see `docs/ARCHITECTURE.md`).
pub const MAX_NODES: usize = 400;
/// Most edges that stay legible.
pub const MAX_EDGES: usize = 800;
/// Most members of expanded groups that a view shows beyond its budget.
pub const MAX_EXPANDED: usize = 1_000;

/// By what processes are joined into nodes. Those without a container or unit, where nodes are
/// containers or units, are joined into trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// The finest of the following that keeps within the budget, from [`Grouping::Tree`] on.
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
    /// All processes of a user.
    User,
    /// All processes of a machine.
    Host,
}

impl Grouping {
    /// Every grouping.
    pub const ALL: [Self; 8] = [
        Self::Auto,
        Self::Process,
        Self::Tree,
        Self::Container,
        Self::Unit,
        Self::Family,
        Self::User,
        Self::Host,
    ];

    /// `auto`, `process`, `tree`, `container`, `unit`, `family`, `user`, or `host`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Process => "process",
            Self::Tree => "tree",
            Self::Container => "container",
            Self::Unit => "unit",
            Self::Family => "family",
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
#[error("unknown grouping `{0}`: use auto, process, tree, container, unit, family, user or host")]
pub struct UnknownGrouping(String);

impl FromStr for Grouping {
    type Err = UnknownGrouping;

    fn from_str(text: &str) -> Result<Self, UnknownGrouping> {
        Self::ALL
            .into_iter()
            .find(|grouping| grouping.as_str() == text)
            .ok_or_else(|| UnknownGrouping(crate::text::truncated(text, 64).to_owned()))
    }
}

/// What one view shows.
#[derive(Clone, Debug)]
pub struct ViewSpec {
    /// Only links and listeners that fit.
    pub filter: Filter,
    /// How processes are joined.
    pub grouping: Grouping,
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
    /// True if links and listeners of the protocol are shown.
    pub const fn shows(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => true,
            Protocol::Udp => self.udp,
            Protocol::Unix => self.unix,
        }
    }
}

impl Default for ViewSpec {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            grouping: Grouping::Auto,
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

/// How coarse a view is right now: a step on the way from what was asked for to what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) processes: Grouping,
    /// What joins the processes that have no container or unit, where those are the nodes.
    pub(crate) others: Grouping,
    /// Remotes are grouped per process node that they talk to; else over all of them.
    pub(crate) remotes_per_peer: bool,
    /// An edge per service port; else one per port class.
    pub(crate) edge_per_port: bool,
    /// Expanded groups are honoured.
    pub(crate) expand: bool,
}

impl Level {
    /// By what a process is joined with others, if it has what its level joins by or not.
    pub(crate) fn joins(self, process: &Process) -> Grouping {
        match self.processes {
            Grouping::Container if process.container.is_none() => self.others,
            Grouping::Unit if process.unit.is_none() => self.others,
            grouping => grouping,
        }
    }
}

/// The steps from the finest that `asked` allows to the coarsest there is.
pub(crate) fn levels(asked: Grouping) -> Vec<Level> {
    let level = |processes, others, remotes_per_peer, edge_per_port| Level {
        processes,
        others,
        remotes_per_peer,
        edge_per_port,
        expand: true,
    };
    let plain = |grouping| level(grouping, grouping, true, true);
    // The finest levels, the last of which is kept while edges and remotes are joined.
    let fine: Vec<Level> = match asked {
        Grouping::Process => {
            [Grouping::Process, Grouping::Tree, Grouping::Family].map(plain).into()
        }
        Grouping::Auto | Grouping::Tree => [Grouping::Tree, Grouping::Family].map(plain).into(),
        Grouping::Container | Grouping::Unit => {
            [Grouping::Tree, Grouping::Family].map(|o| level(asked, o, true, true)).into()
        }
        Grouping::Family | Grouping::User | Grouping::Host => vec![plain(asked)],
    };
    let last = fine.last().map_or(Grouping::Family, |level| level.processes);
    let others = fine.last().map_or(Grouping::Family, |level| level.others);
    let joined = [(true, false), (false, false)].map(|(remotes_per_peer, edge_per_port)| {
        level(last, others, remotes_per_peer, edge_per_port)
    });
    let coarse = [Grouping::User, Grouping::Host]
        .into_iter()
        .filter(|grouping| *grouping > last)
        .map(|grouping| level(grouping, grouping, false, false));
    fine.into_iter().chain(joined).chain(coarse).collect()
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
    }

    #[test]
    fn levels_only_get_coarser() {
        for asked in Grouping::ALL {
            let levels = levels(asked);
            assert!(!levels.is_empty());
            for pair in levels.windows(2) {
                assert!(pair[0].processes <= pair[1].processes);
                assert!(pair[0].others <= pair[1].others);
                assert!(pair[0].remotes_per_peer >= pair[1].remotes_per_peer);
                assert!(pair[0].edge_per_port >= pair[1].edge_per_port);
                assert_ne!(pair[0], pair[1]);
            }
        }
        assert_eq!(levels(Grouping::Auto)[0].processes, Grouping::Tree);
        assert_eq!(levels(Grouping::Host)[0].processes, Grouping::Host);
        for asked in [Grouping::Container, Grouping::Unit] {
            assert_eq!(
                (levels(asked)[0].processes, levels(asked)[0].others),
                (asked, Grouping::Tree)
            );
        }
    }
}
