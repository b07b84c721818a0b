//! Snapshots from a walk in the kernel over all descriptors: every socket that a process holds, in
//! all network namespaces, with its owners.
//!
//! What nobody holds is looked for in what our programs remember, and asked for over netlink:
//! handshakes, what lingers after its end, and sockets of the kernel itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use procnet_core::{Batch, NetnsId, Protocol, SocketKey, SocketState};
use rustc_hash::FxHashMap;

use super::look::{Look, unheld};
use super::{Scanner, key};
use crate::CollectError;
use crate::differ::Draft;
use crate::parse::inet_diag::{
    ALL_STATES, CLOSING_STATES, HANDSHAKE_STATES, LINGERING_STATE, LISTENING_STATE, NO_STATE,
};
use crate::platform::ebpf::Iterators;
use crate::platform::examine::{Job, examine_all};
use crate::platform::sources::{Shortfall, States};

/// Up to so many UDP sockets, all of them are asked for in each snapshot, for the kernel's own
/// ones are never told of.
const MAX_UDP_ASKED: usize = 4096;
/// How long a connection lingers after its end (`TCP_TIMEWAIT_LEN` in `include/net/tcp.h`).
/// Whoever lingers when asked for is gone after that; asking more often would have the kernel tell
/// of each connection that ended meanwhile, and those have been told of.
const LINGERING: Duration = Duration::from_secs(60);
/// Most sockets without a memory that are remembered.
const MAX_UNLISTED: usize = 65_536;

/// What is remembered from one snapshot to the next.
#[derive(Debug, Default)]
pub(in crate::platform) struct Reconciled {
    /// Namespaces whose sockets were all asked for in the last snapshot, and whether they told.
    whole: BTreeSet<NetnsId>,
    told: BTreeSet<NetnsId>,
    /// Namespaces where something was missed that may be there.
    suspected: BTreeSet<NetnsId>,
    /// Sockets that were there though the listing lacked them, and whether they listen.
    unlisted: FxHashMap<SocketKey, bool>,
    /// Whether there are connections that are over and known only from their lingering, and when
    /// they were last asked for.
    lingering: bool,
    lingering_asked: Option<Instant>,
    udp: usize,
    /// The next walk tells all that is known of sockets, changed or not.
    everything: bool,
}

impl Scanner {
    /// Whether snapshots are taken by [`Scanner::begin_look`]; else by [`Scanner::poll`].
    pub(in crate::platform) fn set_by_listing(&mut self, by_listing: bool) {
        if self.by_listing != by_listing {
            self.by_listing = by_listing;
            self.reconciled = Reconciled::default();
            self.last_full = None;
        }
    }

    /// Begins a snapshot: a walk over all descriptors, and what that can't tell.
    pub(in crate::platform) fn begin_look(
        &mut self,
        iterators: &mut Iterators,
    ) -> Result<Look, CollectError> {
        let began = Instant::now();
        let everything = self.last_full.is_none();
        // What a walk told counts as told from its beginning: if nothing comes of this one, the next
        // tells everything again.
        let in_vain = std::mem::replace(&mut self.reconciled.everything, true);
        let unix = self.sources.tells_unix();
        let walk = iterators.begin_pass(everything || in_vain, unix).map_err(refused)?;
        self.differ.begin();
        // Processes tell which network namespaces there are.
        self.examine_processes(everything)?;
        self.last_full = Some(began);
        let before = std::mem::take(&mut self.reconciled);
        let due = |asked: Instant| before.lingering && asked.elapsed() >= LINGERING;
        let lingering = before.lingering_asked.is_none_or(due);
        if lingering {
            self.reconciled.lingering_asked = Some(Instant::now());
        } else {
            self.reconciled.lingering_asked = before.lingering_asked;
            self.reconciled.lingering = before.lingering;
        }
        self.reconciled.everything = true;
        let mut shortfall = Shortfall::default();
        self.ask_for_the_rest(&before, everything, lingering, &mut shortfall);
        Ok(Look::new(began, walk, before, lingering, shortfall))
    }

    /// Takes in what the walk tells until then; true if that was all.
    pub(in crate::platform) fn go_on_looking(
        &mut self,
        look: &mut Look,
        until: Instant,
    ) -> Result<bool, CollectError> {
        let with_udp = self.sources.tells_udp();
        look.receive(until, &self.processes, &mut self.differ, with_udp).map_err(refused)
    }

    /// Ends a snapshot, and returns what changed.
    pub(in crate::platform) fn finish_look(
        &mut self,
        look: &Look,
        iterators: &Iterators,
    ) -> Result<Batch, CollectError> {
        if !look.knows_holders(&self.processes) {
            // They are younger than the last list of processes.
            self.examine_processes(false)?;
        }
        let (before, lingering) = (&look.before, look.lingering);
        let mut shortfall = look.shortfall;
        self.ask_for_the_unheld(look.half_open(), &mut shortfall);
        shortfall.sockets += look.left_out();
        self.fill_processes();
        self.snapshot.complete = true;
        self.snapshot.lingering = lingering;
        self.fill_degradations(shortfall, 0);
        let Self { differ, processes, rows, snapshot, reconciled, sources, .. } = self;
        let with_udp = sources.tells_udp();
        let batch = differ.diff_from(snapshot, |intake| {
            let told = look.tell(processes, intake);
            reconciled.udp = look.udp();
            for (netns, row) in rows.iter() {
                if !intake.complete(unheld(netns, row)) {
                    continue;
                }
                let asked_anyway = row.state == SocketState::SynReceived
                    || is_closing(row.state)
                    || row.protocol == Protocol::Udp && before.udp <= MAX_UDP_ASKED;
                reconciled.lingering |= row.state == SocketState::TimeWait;
                if asked_anyway || reconciled.unlisted.len() >= MAX_UNLISTED {
                    continue;
                }
                let key = key(netns, row);
                // One that was only quicker than the listing is not there again.
                let newly = reconciled.whole.contains(&netns) && !before.whole.contains(&netns);
                if newly || before.unlisted.contains_key(&key) {
                    reconciled.unlisted.insert(key, row.state == SocketState::Listen);
                }
            }
            for (netns, row) in &rows.unix {
                look.tell_unix(*netns, row, processes, intake);
            }
            reconciled.everything = !told;
            // Whatever is remembered was told of once: what is known says if any is missing.
            !intake.lacks_any() || look.tell_unheld(iterators, processes, with_udp, intake).is_ok()
        });
        Ok(batch)
    }

    /// Closes what the last snapshot lacked and could have told; true if one that looks closer is
    /// needed at once. With `all`, what a scan could not have seen is closed too.
    pub(in crate::platform) fn settle(&mut self, all: bool, draft: &mut Draft) -> bool {
        if !self.by_listing {
            self.close_missed(all, draft);
            return false;
        }
        let mut again = false;
        let Self { differ, sources, reconciled, .. } = self;
        let mut in_doubt = BTreeSet::new();
        for key in differ.untold_missed(draft) {
            let netns = key.netns;
            // UNIX sockets are listed whole each time.
            let unix = differ.socket(key).is_some_and(|socket| socket.unix.is_some());
            if unix || reconciled.told.contains(&netns) || !sources.sees(netns.0) {
                continue;
            }
            in_doubt.insert(netns);
            // Having been asked in vain it is asked again with the next snapshot.
            again |= !reconciled.whole.contains(&netns);
        }
        differ.close_missed(draft, |netns| !in_doubt.contains(&netns));
        reconciled.suspected = in_doubt;
        again
    }

    /// Descriptors are walked over in the kernel, so only the rest is read of each process; with
    /// `all` of those too that are known.
    fn examine_processes(&mut self, all: bool) -> Result<(), CollectError> {
        let jobs = self.list_processes(all)?;
        let jobs: Vec<Job> =
            jobs.into_iter().map(|job| Job { descriptors: false, ..job }).collect();
        let reports = examine_all(&self.procfs, &jobs, &mut self.readers, || {});
        self.apply(reports);
        Ok(())
    }

    /// Asks over netlink for connections that nobody holds yet, or any more, if there are any: it
    /// takes the kernel a walk over all connections of each network namespace.
    fn ask_for_the_unheld(&mut self, half_open: bool, shortfall: &mut Shortfall) {
        let reader = self.readers.first_mut();
        let orphans = reader.and_then(|reader| self.procfs.orphans(reader));
        let orphans = orphans.is_none_or(|count| count > 0);
        let states = match (half_open, orphans) {
            (true, true) => HANDSHAKE_STATES | CLOSING_STATES,
            (true, false) => HANDSHAKE_STATES,
            (false, true) => CLOSING_STATES,
            (false, false) => return,
        };
        let Self { sources, procfs, processes, rows, reconciled, .. } = self;
        let states = |netns| {
            let asked = reconciled.told.contains(&netns);
            States { tcp: if asked { NO_STATE } else { states }, udp: NO_STATE }
        };
        sources.read_states(procfs, processes, states, rows, shortfall);
    }

    /// Asks over netlink for what the listing can't tell.
    fn ask_for_the_rest(
        &mut self,
        before: &Reconciled,
        everything: bool,
        lingering: bool,
        shortfall: &mut Shortfall,
    ) {
        let with_udp = self.sources.tells_udp();
        // Whether only listeners were unlisted there.
        let mut unlisted: BTreeMap<NetnsId, bool> = BTreeMap::new();
        for (key, listens) in &before.unlisted {
            *unlisted.entry(key.netns).or_insert(true) &= listens;
        }
        let lingering = if lingering { LINGERING_STATE } else { NO_STATE };
        let is_whole = |netns: NetnsId| {
            everything || before.suspected.contains(&netns) || unlisted.get(&netns) == Some(&false)
        };
        let states = |netns| {
            let whole = is_whole(netns);
            let udp = with_udp && (whole || before.udp <= MAX_UDP_ASKED);
            let tcp = match (whole, unlisted.contains_key(&netns)) {
                (true, _) => ALL_STATES & !LINGERING_STATE,
                (false, true) => LISTENING_STATE,
                (false, false) => NO_STATE,
            };
            States { tcp: tcp | lingering, udp: if udp { ALL_STATES } else { NO_STATE } }
        };
        self.rows.clear();
        let Self { sources, procfs, processes, rows, .. } = self;
        sources.read_states(procfs, processes, states, rows, shortfall);
        sources.read_unix(procfs, rows, shortfall);
        let told = rows.namespaces.iter().map(|(netns, _)| *netns);
        self.reconciled.told = told.filter(|netns| is_whole(*netns)).collect();
        self.reconciled.whole = self.reconciled.told.clone();
        self.reconciled.whole.extend(&before.suspected);
    }
}

fn is_closing(state: SocketState) -> bool {
    matches!(
        state,
        SocketState::FinWait1
            | SocketState::FinWait2
            | SocketState::TimeWait
            | SocketState::LastAck
            | SocketState::Closing
    )
}

fn refused(source: std::io::Error) -> CollectError {
    CollectError::Sockets { operation: "walk over the descriptors of all processes", source }
}
