//! Finds the holders of new sockets without reading every descriptor table.

use std::time::{Duration, Instant};

use procnet_core::{Endpoint, NetnsId, SocketState};
use rustc_hash::{FxHashMap, FxHashSet};

use super::owners::Holders;
use super::sources::Rows;
use crate::parse::SocketRow;

/// A socket whose holder was not among all processes is searched for this often; then it waits
/// for the next rescan.
const MAX_SEARCHES: u8 = 2;
/// Processes that are tried one by one before all are read.
const MAX_LIKELY: usize = 64;
/// Reading all tables may take one part in so many of the time.
const DUTY: u32 = 25;

/// What is remembered of searches from poll to poll.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// How often a socket, by inode, was searched for in vain.
    in_vain: FxHashMap<u64, u8>,
    /// Not before this are all tables read again.
    rest_until: Option<Instant>,
}

/// Sockets whose holders are to be found.
#[derive(Debug)]
pub(super) struct Missing {
    /// Inodes, still without a holder.
    inodes: FxHashSet<u64>,
    /// Their local ports and remote ends, by which likely holders are found.
    ports: FxHashSet<(NetnsId, u16)>,
    remotes: FxHashSet<(NetnsId, Endpoint)>,
    /// How often each was searched for in vain before.
    tried_before: FxHashMap<u64, u8>,
}

impl Search {
    /// The sockets without a holder that are worth a search.
    pub(super) fn missing(
        &mut self,
        rows: &Rows,
        holders: &Holders,
        worth_it: impl Fn(NetnsId, &SocketRow) -> bool,
    ) -> Missing {
        let mut missing = Missing {
            inodes: FxHashSet::default(),
            ports: FxHashSet::default(),
            remotes: FxHashSet::default(),
            tried_before: FxHashMap::default(),
        };
        let mut in_vain = FxHashMap::default();
        for (netns, row) in rows.iter() {
            if row.inode == 0 || !holders.of(row.inode).is_empty() || !worth_it(netns, row) {
                continue;
            }
            let tried = self.in_vain.get(&row.inode).copied().unwrap_or(0);
            if tried > 0 {
                in_vain.insert(row.inode, tried);
            }
            if tried < MAX_SEARCHES {
                missing.inodes.insert(row.inode);
                missing.ports.insert((netns, row.local.port));
                missing.remotes.extend(row.remote.map(|remote| (netns, remote)));
            }
        }
        // Sockets that are gone, or have been found, are forgotten.
        missing.tried_before = std::mem::replace(&mut self.in_vain, in_vain);
        missing
    }

    /// UNIX sockets without a holder are searched for too, after [`Search::missing`]. Nothing tells
    /// who is likely to hold one.
    pub(super) fn add_unix(
        &mut self,
        missing: &mut Missing,
        inodes: impl Iterator<Item = u64>,
        holders: &Holders,
    ) {
        for inode in inodes.filter(|inode| holders.of(*inode).is_empty()) {
            let tried = missing.tried_before.get(&inode).copied().unwrap_or(0);
            if tried > 0 {
                self.in_vain.insert(inode, tried);
            }
            if tried < MAX_SEARCHES {
                missing.inodes.insert(inode);
            }
        }
    }

    /// Whether all tables may be read now, and if so the time, for [`Search::read_all`].
    pub(super) fn may_read_all(&self) -> Option<Instant> {
        let now = Instant::now();
        self.rest_until.is_none_or(|rest| now >= rest).then_some(now)
    }

    /// Notes that all tables were read, beginning at `started`, so that it is not done too often.
    pub(super) fn read_all(&mut self, started: Instant) {
        let took: Duration = started.elapsed();
        self.rest_until = Instant::now().checked_add(took * DUTY);
    }

    /// Notes what was not found even in all tables.
    pub(super) fn give_up(&mut self, missing: &Missing) {
        for inode in &missing.inodes {
            let tried = self.in_vain.entry(*inode).or_default();
            *tried = tried.saturating_add(1);
        }
    }
}

impl Missing {
    pub(super) fn is_empty(&self) -> bool {
        self.inodes.is_empty()
    }

    /// Strikes out what has a holder by now; true if nothing is left.
    pub(super) fn all_found(&mut self, holders: &Holders) -> bool {
        self.inodes.retain(|inode| holders.of(*inode).is_empty());
        self.inodes.is_empty()
    }

    /// Processes that listen on a missing socket's port, or that talk to its remote end already;
    /// the likeliest first.
    pub(super) fn likely_holders(&self, rows: &Rows, holders: &Holders) -> Vec<u32> {
        let mut votes: FxHashMap<u32, u32> = FxHashMap::default();
        for (netns, row) in rows.iter() {
            let listens =
                row.state == SocketState::Listen && self.ports.contains(&(netns, row.local.port));
            let talks = row.remote.is_some_and(|to| self.remotes.contains(&(netns, to)));
            if listens || talks {
                for pid in holders.of(row.inode) {
                    *votes.entry(*pid).or_default() += 1;
                }
            }
        }
        let mut likely: Vec<(u32, u32)> = votes.into_iter().collect();
        likely.sort_unstable_by_key(|&(pid, votes)| (std::cmp::Reverse(votes), pid));
        likely.into_iter().take(MAX_LIKELY).map(|(pid, _)| pid).collect()
    }
}
