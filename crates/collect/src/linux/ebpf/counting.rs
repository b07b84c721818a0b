//! What sockets carry, told a few times a second for those that carried something.

use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use procnet_core::{Counters, HostId, NetnsId, SocketIdentity, SocketKey};
use rustc_hash::FxHashSet;

use super::iterators::{Count, Iterators};
use super::pace::Pace;
use crate::differ::Draft;
use crate::parse::kernel_walk::KernelRow;
use crate::platform::scan::Scanner;

/// Most counts that wait for their socket to be told.
const MAX_EARLY: usize = 4096;
/// Most processes that are looked at one by one; of more, all are.
const MAX_USERS: usize = 64;

/// Counts, at a pace that is affordable, and beside everything else.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pace: Pace,
    /// Counts of sockets that nobody had told of: the record was still on its way.
    early: Vec<(SocketKey, Counters)>,
    /// Processes that may have got sockets since the last count.
    users: FxHashSet<u32>,
    running: Option<JoinHandle<Counted>>,
}

/// What was counted, and how long that took.
type Counted = (Vec<(SocketKey, Counters)>, Duration);

impl Counting {
    /// Notes that the process may have got a socket.
    pub(super) fn expect_news(&mut self, pid: u32) {
        if self.users.len() <= MAX_USERS {
            self.users.insert(pid);
        }
    }

    /// Tells what sockets have carried since they were counted last, and counts again if it is
    /// time to. What can't be read now is told with the next count.
    pub(super) fn count(
        &mut self,
        iterators: &Iterators,
        scanner: &mut Scanner,
        draft: &mut Draft,
    ) {
        let Self { pace, early, users, running } = self;
        let differ = scanner.differ_mut();
        for (key, counters) in early.drain(..) {
            differ.socket_counted(key, counters, draft);
        }
        if let Some(done) = running.take_if(|running| running.is_finished()) {
            // One that panicked has counted nothing.
            let (counted, took) = done.join().unwrap_or_default();
            pace.took(took);
            for (key, counters) in counted {
                if !differ.socket_counted(key, counters, draft) && early.len() < MAX_EARLY {
                    early.push((key, counters));
                }
            }
        }
        if running.is_some() || !pace.is_due(Instant::now()) {
            return;
        }
        let among: Vec<u32> = users.drain().collect();
        let pids = (among.len() <= MAX_USERS).then_some(among.as_slice());
        let Some(count) = iterators.count(pids) else { return };
        pace.begins(Instant::now());
        *running = Builder::new().name("count".to_owned()).spawn(|| take(count)).ok();
    }
}

fn take(count: Count) -> Counted {
    let begin = Instant::now();
    let mut counted = Vec::new();
    // What was read before a failure is true.
    let _ = count.take(|row| {
        let KernelRow::Counted { cookie, netns, counters, .. } = row else { return };
        let netns = NetnsId(u64::from(netns));
        let identity = SocketIdentity::Cookie(cookie);
        counted.push((SocketKey { host: HostId::LOCAL, netns, identity }, counters));
    });
    (counted, begin.elapsed())
}
