//! Kernel events: connections and processes are told as they come and go, snapshots complete them.

mod batch;
mod bpf_syscall;
mod capabilities;
mod connecting;
mod counting;
mod flows;
mod inheritance;
mod iterators;
mod pace;
mod programs;
mod skipped;
mod tracker;

use std::time::{Duration, Instant};

use procnet_core::Batch;

pub(in crate::platform) use self::capabilities::why_not;
use self::capabilities::{with_events, without_events};
use self::counting::Counting;
use self::inheritance::Inheritance;
pub(in crate::platform) use self::iterators::Iterators;
use self::programs::{LoadError, Programs};
use self::tracker::Tracker;
use super::collector::next_look;
use super::processes::Clock;
use super::scan::Scanner;
use crate::differ::Draft;
use crate::parse::kernel_record::KernelRecord;
use crate::{CollectError, CollectOptions};

/// How long records gather. A frame: shorter costs wake-ups, longer is seen.
const FRAME: Duration = Duration::from_millis(18);
/// Rounds of draining for one batch, lest a flood of records never ends it.
const MAX_ROUNDS: usize = 4;
/// Snapshots come at least so often while UNIX sockets are told: there are no events of them.
const UNIX_INTERVAL: Duration = Duration::from_secs(1);

/// One machine's source of events.
#[derive(Debug)]
pub(in crate::platform) struct Listener {
    scanner: Scanner,
    programs: Programs,
    tracker: Tracker,
    draft: Draft,
    inheritance: Inheritance,
    counting: Counting,
    snapshot_interval: Duration,
    unix: bool,
    next_snapshot: Instant,
    next_drain: Instant,
    /// No snapshot is taken before: one that takes long is followed by as long a rest.
    rested: Instant,
    /// What happened before the snapshot that is due has been told.
    caught_up: bool,
    /// Records were lost: what cannot be verified any more is not kept.
    lost: bool,
}

impl Listener {
    /// Starts to listen, so that nothing is missed, and takes `scanner` for the snapshots. Gives
    /// the scanner back if the kernel refuses.
    pub(super) fn new(
        mut scanner: Scanner,
        options: &CollectOptions,
    ) -> Result<Self, (Box<Scanner>, LoadError)> {
        let (mut programs, flows) = match Programs::load(options) {
            Ok(loaded) => loaded,
            Err(error) => {
                let told = without_events(scanner.capabilities(), &error, scanner.rights());
                scanner.set_capabilities(told);
                return Err((Box::new(scanner), error));
            }
        };
        let told = with_events(
            scanner.capabilities(),
            programs.parts(),
            scanner.tells_udp(),
            scanner.rights(),
        );
        scanner.set_capabilities(told);
        scanner.differ_mut().set_live();
        let walks = programs.iterators().is_some();
        scanner.set_by_listing(walks);
        // Without them a snapshot is also what tells of counters and processes.
        let told = walks && programs.parts().processes() && programs.parts().counters();
        let snapshot_interval = if told { options.reconcile } else { options.interval };
        Ok(Self {
            scanner,
            programs,
            tracker: Tracker::new(flows, options.udp_flows),
            draft: Draft::default(),
            inheritance: Inheritance::default(),
            counting: Counting::default(),
            snapshot_interval,
            unix: false,
            next_snapshot: Instant::now(),
            next_drain: Instant::now(),
            rested: Instant::now(),
            caught_up: true,
            lost: false,
        })
    }

    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// The next snapshot is due at once, and is the whole truth.
    pub(super) fn request_resync(&mut self) {
        self.scanner.request_resync();
        self.next_snapshot = Instant::now();
    }

    /// Whether UNIX sockets are told too.
    pub(super) fn set_unix(&mut self, unix: bool) {
        self.scanner.set_unix(unix);
        if unix && !self.unix {
            self.next_snapshot = self.next_snapshot.min(Instant::now() + UNIX_INTERVAL);
        }
        self.unix = unix;
    }

    /// What happened since the last call: events, or a snapshot's findings when one is due.
    /// `None` if nothing did.
    pub(super) fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        let began = Instant::now();
        let due = began >= self.next_snapshot;
        if due && self.caught_up {
            self.caught_up = false;
            // Our programs remember nothing of UNIX sockets.
            let iterators = self.programs.iterators().filter(|_| !self.unix);
            self.scanner.set_by_listing(iterators.is_some());
            let batch = match iterators {
                Some(iterators) => self.scanner.reconcile(iterators),
                None => self.scanner.poll(),
            };
            // Also after a failure: trying again at once would only fail again.
            let interval = self.snapshot_interval;
            let interval = if self.unix { interval.min(UNIX_INTERVAL) } else { interval };
            self.next_snapshot = next_look(began, interval);
            self.next_drain = next_look(began, FRAME);
            self.rested = next_look(began, Duration::ZERO);
            if let Ok(batch) = &batch {
                self.tracker.after_snapshot(batch.at);
            }
            return batch.map(Some);
        }
        self.caught_up = due;
        let batch = self.drain();
        self.next_drain = next_look(began, FRAME);
        Ok(batch)
    }

    /// When asking again is worth it: records gather for a frame, but what comes before a snapshot
    /// that is due is told right before it.
    pub(super) fn next_poll(&self) -> Instant {
        if self.caught_up { self.next_drain.min(self.next_snapshot) } else { self.next_drain }
    }

    fn drain(&mut self) -> Option<Batch> {
        let Self { scanner, programs, tracker, draft, inheritance, counting, .. } = self;
        for _ in 0..MAX_ROUNDS {
            let more = programs.drain(|record| {
                if matches!(record, KernelRecord::Socket(_)) {
                    counting.expect_news();
                }
                tracker.record(&record, scanner, draft);
            });
            if !more {
                break;
            }
        }
        let lost = programs.newly_lost();
        scanner.note_untold_datagrams(programs.newly_untold());
        // What was missed before the loss can't be told from what was lost of it.
        let again = scanner.settle(std::mem::replace(&mut self.lost, lost > 0), draft);
        if lost > 0 {
            scanner.read_everything();
        }
        if lost > 0 || again {
            self.next_snapshot = self.rested.max(Instant::now());
            self.caught_up = Instant::now() >= self.next_snapshot;
        }
        if let Some(iterators) = programs.iterators() {
            inheritance.settle(iterators, tracker.take_forked(), scanner, draft);
            counting.count(iterators, scanner, draft);
        }
        tracker.finish(lost, scanner, draft);
        if draft.is_empty() {
            return None;
        }
        Some(scanner.differ_mut().batch(Clock::now(), draft))
    }
}
