//! Snapshots from the kernel's own listing of what our programs remember: every socket that a
//! process holds or that was told of, in all network namespaces, with its owners.
//!
//! What has no memory there is asked for over netlink: handshakes, what lingers after its end,
//! and sockets of the kernel itself that are older than our programs.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use procnet_core::{
    Attribution, Batch, HostId, NetnsId, Owner, Owners, Protocol, Socket, SocketIdentity,
    SocketKey, SocketState, Timestamp, UnknownOwner,
};
use rustc_hash::FxHashSet;

use super::{Scanner, key};
use crate::CollectError;
use crate::differ::Draft;
use crate::parse::SocketRow;
use crate::parse::inet_diag::{
    ALL_STATES, CLOSING_STATES, HANDSHAKE_STATES, LINGERING_STATE, NO_STATE,
};
use crate::parse::kernel_record::{Holder, KernelRow, ListedSocket};
use crate::platform::ebpf::Iterators;
use crate::platform::examine::{Job, examine_all};
use crate::platform::processes::Processes;
use crate::platform::sock_diag::MAX_SOCKETS;
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
pub(super) struct Reconciled {
    /// Namespaces whose sockets were all asked for in the last snapshot, and whether they told.
    whole: BTreeSet<NetnsId>,
    told: BTreeSet<NetnsId>,
    /// Namespaces where something was missed that may be there.
    suspected: BTreeSet<NetnsId>,
    /// Sockets that were there though the listing lacked them.
    unlisted: FxHashSet<SocketKey>,
    /// Whether there are connections that are over and known only from their lingering, and when
    /// they were last asked for.
    lingering: bool,
    lingering_asked: Option<Instant>,
    udp: usize,
}

impl Scanner {
    /// Whether snapshots are taken by [`Scanner::reconcile`]; else by [`Scanner::poll`].
    pub(in crate::platform) fn set_by_listing(&mut self, by_listing: bool) {
        if self.by_listing != by_listing {
            self.by_listing = by_listing;
            self.reconciled = Reconciled::default();
            self.last_full = None;
        }
    }

    /// Takes a snapshot by walking over what our programs remember, and returns what changed.
    pub(in crate::platform) fn reconcile(
        &mut self,
        iterators: &mut Iterators,
    ) -> Result<Batch, CollectError> {
        let everything = self.last_full.is_none();
        let refused = |source| CollectError::Sockets {
            operation: "walk over the descriptors of all processes",
            source,
        };
        // Holders before processes: whoever holds something and still lives is then listed.
        let (holders, too_many) = iterators.find_holders().map_err(refused)?;
        self.examine_processes()?;
        self.last_full = Some(Instant::now());
        let mut shortfall = Shortfall { sockets: too_many, ..Shortfall::default() };
        let before = std::mem::take(&mut self.reconciled);
        let due = |asked: Instant| before.lingering && asked.elapsed() >= LINGERING;
        let lingering = before.lingering_asked.is_none_or(due);
        if lingering {
            self.reconciled.lingering_asked = Some(Instant::now());
        } else {
            self.reconciled.lingering_asked = before.lingering_asked;
            self.reconciled.lingering = before.lingering;
        }
        self.ask_for_the_rest(&before, everything, lingering, &mut shortfall);
        self.fill_processes();
        self.snapshot.complete = true;
        self.snapshot.lingering = lingering;
        self.fill_degradations(shortfall, 0);
        let Self { differ, processes, rows, snapshot, reconciled, sources, .. } = self;
        let with_udp = sources.tells_udp();
        let batch = differ.diff_from(snapshot, |intake| {
            let mut listed = 0_usize;
            let listing = iterators.list(|row| {
                let KernelRow::Listed(socket) = row else { return };
                let is_udp = socket.protocol == Protocol::Udp;
                listed += 1;
                if listed > MAX_SOCKETS || is_udp && !with_udp {
                    return;
                }
                reconciled.udp += usize::from(is_udp);
                intake.take(described(&socket, &holders, processes));
            });
            for (netns, row) in rows.iter() {
                if !intake.complete(unheld(netns, row)) {
                    continue;
                }
                let asked_anyway = row.state == SocketState::SynReceived
                    || is_closing(row.state)
                    || row.protocol == Protocol::Udp && before.udp <= MAX_UDP_ASKED;
                reconciled.lingering |= row.state == SocketState::TimeWait;
                if reconciled.whole.contains(&netns)
                    && !asked_anyway
                    && reconciled.unlisted.len() < MAX_UNLISTED
                {
                    let key = key(netns, row);
                    // One that was only quicker than the listing is not there again.
                    if !before.whole.contains(&netns) || before.unlisted.contains(&key) {
                        reconciled.unlisted.insert(key);
                    }
                }
            }
            listing.is_ok() && listed <= MAX_SOCKETS
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
            if reconciled.told.contains(&netns) || !sources.sees(netns.0) {
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

    /// Descriptors are walked over in the kernel, so only the rest is read of each process.
    fn examine_processes(&mut self) -> Result<(), CollectError> {
        let jobs = self.list_processes(true)?;
        let jobs: Vec<Job> =
            jobs.into_iter().map(|job| Job { descriptors: false, ..job }).collect();
        let reports = examine_all(&self.procfs, &jobs, &mut self.readers, || {});
        self.apply(reports);
        Ok(())
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
        let unlisted: BTreeSet<NetnsId> = before.unlisted.iter().map(|key| key.netns).collect();
        let lingering = if lingering { LINGERING_STATE } else { NO_STATE };
        let is_whole = |netns: NetnsId| {
            everything || before.suspected.contains(&netns) || unlisted.contains(&netns)
        };
        let states = |netns| {
            let whole = is_whole(netns);
            let udp = with_udp && (whole || before.udp <= MAX_UDP_ASKED);
            let tcp = if whole {
                ALL_STATES & !LINGERING_STATE
            } else {
                HANDSHAKE_STATES | CLOSING_STATES
            };
            States { tcp: tcp | lingering, udp: if udp { ALL_STATES } else { NO_STATE } }
        };
        self.rows.clear();
        let Self { sources, procfs, processes, rows, .. } = self;
        sources.read_states(procfs, processes, states, rows, shortfall);
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

/// A listed socket, with those that hold it; `holders` are sorted by socket.
fn described(socket: &ListedSocket, holders: &[Holder], processes: &Processes) -> Socket {
    let clock = processes.clock();
    let mut owners = Owners::new();
    let mut add = |pid: u32, started: u64, attribution| {
        let entry = processes.get(pid).filter(|entry| {
            entry.key.started == clock.ticks_of(started) && entry.process.is_some()
        });
        owners.extend(entry.map(|entry| Owner { process: entry.key, attribution }));
    };
    if socket.held {
        let first = holders.partition_point(|holder| holder.cookie < socket.cookie);
        let others = holders.get(first..).unwrap_or_default();
        let mut alone = true;
        for other in others.iter().take_while(|other| other.cookie == socket.cookie) {
            alone = false;
            add(other.pid, other.started, Attribution::Held);
        }
        match socket.process {
            Some((pid, started)) if socket.process_holds => {
                let seen = socket.process_seen;
                add(pid, started, if seen { Attribution::Observed } else { Attribution::Held });
            }
            // It has been opened since the descriptors were walked over, or is on its way.
            Some((pid, started)) if alone => add(pid, started, Attribution::Observed),
            _ => {}
        }
        owners.sort_unstable();
    }
    Socket {
        key: SocketKey {
            host: HostId::LOCAL,
            netns: NetnsId(u64::from(socket.netns)),
            identity: SocketIdentity::Cookie(socket.cookie),
        },
        protocol: socket.protocol,
        state: socket.state,
        local: socket.local,
        remote: socket.remote,
        v6_only: socket.v6_only,
        uid: socket.held.then_some(socket.uid),
        owners,
        unknown_owner: if socket.held { UnknownOwner::NotFound } else { UnknownOwner::Kernel },
        role: None,
        counters: socket.counters,
        opened: Timestamp::default(),
        unix: None,
    }
}

/// A socket that no process holds, or that came up after the descriptors were walked over.
fn unheld(netns: NetnsId, row: &SocketRow) -> Socket {
    let held = row.inode != 0;
    Socket {
        key: key(netns, row),
        protocol: row.protocol,
        state: row.state,
        local: row.local,
        remote: row.remote,
        v6_only: row.v6_only,
        uid: row.uid,
        owners: Owners::new(),
        unknown_owner: if held { UnknownOwner::NotFound } else { UnknownOwner::Kernel },
        role: None,
        counters: row.counters,
        opened: Timestamp::default(),
        unix: None,
    }
}
