//! How coarse a view is: the steps from what was asked for to what fits its budget.

use super::spec::{Grouping, RemoteGrouping, ViewSpec};
use crate::process::Process;

/// By what remotes are joined, from the finest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RemoteLevel {
    /// Address and port.
    Endpoint,
    /// Address.
    Address,
    /// Domain or block of addresses.
    Network,
    /// The same peer, direction, scope and port class.
    Peer,
    /// The same direction, scope and port class, and of those that were asked for by name the same
    /// domain.
    Named,
    /// The same direction, scope and port class.
    Class,
    /// The same direction and scope.
    Scope,
}

impl RemoteLevel {
    /// What a request would have asked for to get it.
    const fn grouping(self) -> RemoteGrouping {
        match self {
            Self::Endpoint => RemoteGrouping::Endpoint,
            Self::Address => RemoteGrouping::Address,
            Self::Network => RemoteGrouping::Network,
            Self::Peer | Self::Named | Self::Class => RemoteGrouping::Auto,
            Self::Scope => RemoteGrouping::Internet,
        }
    }
}

/// How coarse a view is right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) processes: Grouping,
    /// What joins the processes that have no container or unit, where those are the nodes; and
    /// those of no known type that do little, where executables are.
    pub(crate) others: Grouping,
    pub(crate) remotes: RemoteLevel,
    /// An edge per service port; else one per port class.
    pub(crate) edge_per_port: bool,
    /// Expanded groups are honoured.
    pub(crate) expand: bool,
}

impl Level {
    /// True if only the busiest of the programs of no known type are nodes by themselves.
    pub(crate) fn keeps_busiest(self) -> bool {
        self.processes == Grouping::Executable && self.others == Grouping::User
    }

    /// By what a process is joined with others, if it has what its level joins by or not.
    pub(crate) fn joins(self, process: &Process) -> Grouping {
        match self.processes {
            Grouping::Container if process.container.is_none() => self.others,
            Grouping::Unit if process.unit.is_none() => self.others,
            grouping => grouping,
        }
    }
}

/// How things are joined in a scene: what was asked for, or what fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// By what processes are joined.
    pub processes: Grouping,
    /// By what those processes are joined that have nothing of what the others are joined by.
    pub others: Grouping,
    /// By what remotes are joined; [`RemoteGrouping::Auto`]: by the peers that they talk to.
    pub remotes: RemoteGrouping,
    /// Whether remotes with different peers are joined, where those were asked to be apart.
    pub remotes_of_any_peer: bool,
    /// Whether those of them that were asked for by name are joined by domain.
    pub remotes_by_name: bool,
    /// Whether there is an edge per service port; else one per port class.
    pub edge_per_port: bool,
    /// True if the budget made it coarser than what was asked for.
    pub coarsened: bool,
}

/// What can be made coarser on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Processes,
    Remotes,
    Edges,
}

/// Where a view stands between what was asked for and the coarsest that there is.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    processes: Vec<(Grouping, Grouping)>,
    remotes: Vec<RemoteLevel>,
    process: usize,
    remote: usize,
    edges_joined: bool,
    /// The view chooses itself how processes are joined, and with them remotes.
    chooses: bool,
    chooses_remotes: bool,
    pub(crate) expand: bool,
    /// The steps taken, the last of which is taken back first.
    taken: Vec<Step>,
}

impl Ladder {
    pub(crate) fn new(spec: &ViewSpec) -> Self {
        let grouping = match spec.grouping {
            Grouping::Auto if spec.everything => Grouping::Process,
            grouping => grouping,
        };
        let remotes = match spec.remotes {
            RemoteGrouping::Auto if spec.everything => RemoteGrouping::Endpoint,
            remotes => remotes,
        };
        let chooses = grouping == Grouping::Auto;
        Self {
            processes: process_steps(grouping),
            remotes: remote_steps(remotes),
            process: 0,
            remote: 0,
            edges_joined: false,
            chooses,
            chooses_remotes: chooses && remotes == RemoteGrouping::Auto,
            expand: true,
            taken: Vec::new(),
        }
    }

    pub(crate) fn level(&self) -> Level {
        let host = (Grouping::Host, Grouping::Host);
        let (processes, others) = self.processes.get(self.process).copied().unwrap_or(host);
        Level {
            processes,
            others,
            remotes: self.remotes.get(self.remote).copied().unwrap_or(RemoteLevel::Scope),
            edge_per_port: !self.edges_joined,
            expand: self.expand,
        }
    }

    pub(crate) fn resolution(&self) -> Resolution {
        let level = self.level();
        Resolution {
            processes: level.processes,
            others: level.others,
            remotes: level.remotes.grouping(),
            remotes_of_any_peer: matches!(level.remotes, RemoteLevel::Named | RemoteLevel::Class),
            remotes_by_name: level.remotes == RemoteLevel::Named,
            edge_per_port: level.edge_per_port,
            coarsened: !self.taken.is_empty(),
        }
    }

    /// One step coarser, where the most is won for the least; false at the coarsest. `locals` and
    /// `remotes` are how many nodes there are of each, `too_many` says whether nodes (or only
    /// edges) are too many.
    pub(crate) fn coarsen(&mut self, locals: usize, remotes: usize, too_many: bool) -> bool {
        let next_process = self.processes.get(self.process + 1);
        let remotes_left = self.remotes_left();
        let gentle = self.gentle_left();
        let mut step = if too_many {
            let mostly_remotes = remotes > 2 * locals;
            if remotes_left && (mostly_remotes || !gentle) {
                Step::Remotes
            } else {
                Step::Processes
            }
        } else if gentle {
            Step::Processes
        } else if !self.edges_joined {
            Step::Edges
        } else if remotes_left {
            Step::Remotes
        } else {
            Step::Processes
        };
        if step == Step::Processes && next_process.is_none() {
            if self.edges_joined {
                return false;
            }
            step = Step::Edges;
        }
        self.redo(step);
        true
    }

    /// One step coarser for the sake of a picture that takes no search: only where the view chooses
    /// itself, and only as far as that explains more than it hides. Where most of what there is are
    /// remotes that somebody wants to see apart, joining processes wins nothing. False if there is no
    /// such step.
    pub(crate) fn soften(&mut self, locals: usize, remotes: usize) -> bool {
        let processes = self.chooses && self.gentle_left();
        let joins_remotes = self.chooses_remotes && self.remotes_left();
        let mostly_remotes = remotes > 2 * locals;
        let step = if joins_remotes && (mostly_remotes || !processes) {
            Step::Remotes
        } else if processes && (self.chooses_remotes || !mostly_remotes) {
            Step::Processes
        } else {
            return false;
        };
        self.redo(step);
        true
    }

    /// True if there is a coarser step for processes that still tells programs apart. To join all
    /// processes of a user says little: everything else is joined before that.
    fn gentle_left(&self) -> bool {
        let next = self.processes.get(self.process + 1);
        next.is_some_and(|(grouping, _)| *grouping < Grouping::User)
    }

    const fn remotes_left(&self) -> bool {
        self.remote + 1 < self.remotes.len()
    }

    /// True if `step`, taken from where the ladder is now, is one of those that [`Self::soften`]
    /// takes.
    pub(crate) fn would_soften(&self, step: Step) -> bool {
        match step {
            Step::Processes => self.chooses && self.gentle_left(),
            Step::Remotes => self.chooses_remotes,
            Step::Edges => false,
        }
    }

    /// Takes the last step back and says which that was, if any was taken.
    pub(crate) fn refine(&mut self) -> Option<Step> {
        let step = self.taken.pop()?;
        match step {
            Step::Processes => self.process -= 1,
            Step::Remotes => self.remote -= 1,
            Step::Edges => self.edges_joined = false,
        }
        Some(step)
    }

    /// Takes a step, such as one that was just taken back.
    pub(crate) fn redo(&mut self, step: Step) {
        match step {
            Step::Processes => self.process += 1,
            Step::Remotes => self.remote += 1,
            Step::Edges => self.edges_joined = true,
        }
        self.taken.push(step);
    }
}

/// The groupings of processes from the finest that `asked` allows to the coarsest there is.
fn process_steps(asked: Grouping) -> Vec<(Grouping, Grouping)> {
    use Grouping::{Auto, Container, Executable, Family, Host, Process, Tree, Unit, User};
    const COARSE: [(Grouping, Grouping); 4] =
        [(Executable, Executable), (Executable, User), (User, User), (Host, Host)];
    let plain = |finest: &[Grouping], coarse: usize| {
        finest.iter().map(|g| (*g, *g)).chain(COARSE.into_iter().skip(coarse)).collect::<Vec<_>>()
    };
    match asked {
        Process => plain(&[Process, Tree, Family], 0),
        Auto | Tree => plain(&[Tree, Family], 0),
        Container | Unit => [(asked, Tree), (asked, Family)].into_iter().chain(COARSE).collect(),
        Family => plain(&[Family], 0),
        Executable => plain(&[], 0),
        User => plain(&[], 2),
        Host => plain(&[], 3),
    }
}

/// The same of remotes.
fn remote_steps(asked: RemoteGrouping) -> Vec<RemoteLevel> {
    use RemoteLevel::{Address, Class, Endpoint, Named, Network, Peer, Scope};
    match asked {
        RemoteGrouping::Auto => vec![Peer, Named, Class],
        RemoteGrouping::Endpoint => vec![Endpoint, Address, Network, Scope],
        RemoteGrouping::Address => vec![Address, Network, Scope],
        RemoteGrouping::Network => vec![Network, Scope],
        RemoteGrouping::Internet => vec![Scope],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_only_get_coarser_and_every_step_can_be_taken_back() {
        for grouping in Grouping::ALL {
            for remotes in RemoteGrouping::ALL {
                for counts in [(10, 1, true), (1, 10, true), (5, 5, false)] {
                    let spec = ViewSpec { grouping, remotes, ..ViewSpec::default() };
                    let mut ladder = Ladder::new(&spec);
                    let mut levels = vec![ladder.level()];
                    while ladder.soften(counts.0, counts.1) {
                        levels.push(ladder.level());
                    }
                    let remotes_kept_apart =
                        remotes != RemoteGrouping::Auto && counts.1 > 2 * counts.0;
                    assert_eq!(
                        levels.len() > 1,
                        grouping == Grouping::Auto && !remotes_kept_apart,
                        "{grouping:?} {remotes:?} {counts:?}"
                    );
                    assert!(ladder.level().processes < Grouping::User || levels.len() == 1);
                    while ladder.coarsen(counts.0, counts.1, counts.2) {
                        levels.push(ladder.level());
                    }
                    for pair in levels.windows(2) {
                        assert!(pair[0].processes <= pair[1].processes);
                        assert!(pair[0].others <= pair[1].others);
                        assert!(pair[0].remotes <= pair[1].remotes);
                        assert!(pair[0].edge_per_port >= pair[1].edge_per_port);
                        assert_ne!(pair[0], pair[1]);
                    }
                    let coarsest = levels.pop().unwrap();
                    assert_eq!(
                        (coarsest.processes, coarsest.edge_per_port),
                        (Grouping::Host, false)
                    );
                    assert!(coarsest.remotes >= RemoteLevel::Class, "{coarsest:?}");
                    while let Some(finer) = levels.pop() {
                        let step = ladder.refine().unwrap();
                        assert_eq!(ladder.level(), finer);
                        ladder.redo(step);
                        ladder.refine();
                    }
                    assert_eq!(ladder.refine(), None);
                }
            }
        }
    }

    #[test]
    fn asked_for_all_a_view_begins_with_all() {
        let level = |spec: &ViewSpec| {
            let level = Ladder::new(spec).level();
            (level.processes, level.remotes, level.edge_per_port)
        };
        let spec = ViewSpec::default();
        assert_eq!(level(&spec), (Grouping::Tree, RemoteLevel::Peer, true));
        let all = spec.without_budget();
        assert_eq!(level(&all), (Grouping::Process, RemoteLevel::Endpoint, true));
        let some = ViewSpec { grouping: Grouping::Unit, remotes: RemoteGrouping::Network, ..all };
        assert_eq!(level(&some), (Grouping::Unit, RemoteLevel::Network, true));
    }

    #[test]
    fn what_there_is_too_much_of_is_joined_first() {
        let coarsened = |locals, remotes, too_many| {
            let mut ladder = Ladder::new(&ViewSpec::default());
            assert!(ladder.coarsen(locals, remotes, too_many));
            let level = ladder.level();
            (level.processes, level.remotes, level.edge_per_port)
        };
        // For the sake of reading well never so far that programs are not told apart.
        let mut ladder = Ladder::new(&ViewSpec::default());
        while ladder.soften(10, 30) {}
        let level = ladder.level();
        assert!(level.keeps_busiest() && level.edge_per_port);
        assert_eq!((level.processes, level.remotes), (Grouping::Executable, RemoteLevel::Class));
        assert_eq!(coarsened(500, 20, true), (Grouping::Family, RemoteLevel::Peer, true));
        assert_eq!(coarsened(50, 2_000, true), (Grouping::Tree, RemoteLevel::Named, true));
        assert_eq!(coarsened(50, 200, false), (Grouping::Family, RemoteLevel::Peer, true));
    }
}
