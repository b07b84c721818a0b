//! Kernel events: connections and processes are told as they come and go, snapshots complete them.

mod ahead;
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
mod walk;

use std::time::{Duration, Instant};

use procnet_core::Batch;

pub(in crate::platform) use self::capabilities::why_not;
use self::capabilities::{with_events, without_events};
use self::counting::Counting;
use self::inheritance::Inheritance;
pub(in crate::platform) use self::iterators::Iterators;
use self::programs::{LoadError, Programs};
use self::tracker::Tracker;
pub(in crate::platform) use self::walk::Walk;
use super::processes::Clock;
use super::scan::{Look, Scanner};
use crate::differ::Draft;
use crate::pace::next_look;
use crate::parse::kernel_record::{KernelRecord, SocketRecord};
use crate::{CollectError, CollectOptions};

/// How long records gather. A frame: shorter costs wake-ups, longer is seen.
const FRAME: Duration = Duration::from_millis(18);
/// Rounds of draining for one batch, lest a flood of records never ends it.
const MAX_ROUNDS: usize = 4;
/// Snapshots come at least so often while UNIX sockets are told: there are no events of them.
const UNIX_INTERVAL: Duration = Duration::from_secs(1);
/// But they may take one part in so many of one core.
const UNIX_DUTY: u32 = 25;

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
    /// The snapshot that is being taken.
    look: Option<Box<Look>>,
    /// One has been taken.
    begun: bool,
    next_snapshot: Instant,
    next_drain: Instant,
    /// No snapshot is taken before: one that takes long is followed by as long a rest.
    rested: Instant,
    /// What happened before the snapshot that is due has been told.
    caught_up: bool,
    /// A snapshot that was begun before this was asked for is not enough.
    urgent: bool,
    /// Records were lost since the last snapshot was begun, and before it.
    lost: bool,
    lost_before: bool,
    /// A snapshot has been taken and what it lacked is to be closed; true if records had been lost
    /// before it: then what cannot be verified any more is not kept.
    unsettled: Option<bool>,
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
            look: None,
            begun: false,
            next_snapshot: Instant::now(),
            next_drain: Instant::now(),
            rested: Instant::now(),
            caught_up: true,
            urgent: false,
            lost: false,
            lost_before: false,
            unsettled: None,
        })
    }

    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// The next snapshot is due at once, and is the whole truth.
    pub(super) fn request_resync(&mut self) {
        self.scanner.request_resync();
        self.next_snapshot = Instant::now();
        self.urgent = true;
    }

    /// See [`Iterators::bare_walk`]; `None` if the kernel can't walk.
    pub(super) fn bare_walk(&mut self) -> Option<usize> {
        self.programs.iterators()?.bare_walk().ok()
    }

    /// Whether UNIX sockets are told too.
    pub(super) fn set_unix(&mut self, unix: bool) {
        self.scanner.set_unix(unix);
        if unix && !self.unix {
            self.next_snapshot = self.next_snapshot.min(Instant::now() + UNIX_INTERVAL);
        }
        self.unix = unix;
    }

    /// What happened since the last call: events, or a snapshot's findings when one is due. A
    /// snapshot is taken little by little, for up to a frame at a time. `None` if nothing happened.
    pub(super) fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        let began = Instant::now();
        if let Some(look) = self.look.take() {
            if let Some(batch) = self.go_on_looking(look)? {
                return Ok(Some(batch));
            }
            // What happens before the first whole truth is part of it.
            if !self.begun || Instant::now() < self.next_drain {
                return Ok(None);
            }
        } else if began >= self.next_snapshot && self.caught_up {
            return self.begin_snapshot(began);
        }
        self.caught_up = began >= self.next_snapshot;
        let batch = self.drain();
        self.next_drain = next_look(began, FRAME);
        Ok(batch)
    }

    /// When asking again is worth it: records gather for a frame, but what comes before a snapshot
    /// that is due is told right before it.
    pub(super) fn next_poll(&self) -> Instant {
        if self.look.is_some() { Instant::now() } else { self.next_drain.min(self.next_snapshot) }
    }

    fn begin_snapshot(&mut self, began: Instant) -> Result<Option<Batch>, CollectError> {
        self.caught_up = false;
        self.urgent = false;
        self.lost_before = std::mem::take(&mut self.lost);
        // Until it has ended; and trying again at once after a failure would only fail again.
        self.rest_after(began, 1);
        let iterators = self.programs.iterators();
        self.scanner.set_by_listing(iterators.is_some());
        if let Some(iterators) = iterators {
            self.look = Some(Box::new(self.scanner.begin_look(iterators)?));
            return Ok(None);
        }
        let batch = self.scanner.poll();
        self.rest_after(began, 1);
        batch.map(|batch| Some(self.taken(batch)))
    }

    /// Takes in what the walk tells until it is time to drain; the snapshot's findings if it has
    /// ended.
    fn go_on_looking(&mut self, mut look: Box<Look>) -> Result<Option<Batch>, CollectError> {
        let until = if self.begun { self.next_drain } else { Instant::now() + FRAME };
        if !self.scanner.go_on_looking(&mut look, until)? {
            self.look = Some(look);
            return Ok(None);
        }
        let Some(iterators) = self.programs.iterators() else { return Ok(None) };
        let batch = self.scanner.finish_look(&look, iterators)?;
        // The walkers, which wait for memory most of the time, and this thread, which waits for them.
        self.rest_after(look.began(), Walk::THREADS);
        Ok(Some(self.taken(batch)))
    }

    /// A snapshot's findings.
    fn taken(&mut self, batch: Batch) -> Batch {
        self.tracker.after_snapshot(batch.at);
        self.unsettled = Some(self.lost_before);
        self.begun = true;
        batch
    }

    /// Puts off the next snapshot after one that began then and kept up to so many cores busy: of
    /// all time it may take half of one (C9).
    fn rest_after(&mut self, began: Instant, cores: u32) {
        let took = began.elapsed() * cores;
        let mut interval = self.snapshot_interval;
        if self.unix {
            interval = interval.min(UNIX_INTERVAL.max(took * UNIX_DUTY));
        }
        self.rested = Instant::now() + began.elapsed() * (2 * cores - 1);
        let next = if self.urgent { self.rested } else { began + interval };
        self.next_snapshot = next.max(self.rested);
    }

    fn drain(&mut self) -> Option<Batch> {
        let Self { scanner, programs, tracker, draft, inheritance, counting, .. } = self;
        for _ in 0..MAX_ROUNDS {
            let more = programs.drain(|record| {
                if let KernelRecord::Socket(SocketRecord { process: Some(process), .. }) = &record {
                    counting.expect_news(process.pid);
                }
                tracker.record(&record, scanner, draft);
            });
            if !more {
                break;
            }
        }
        let lost = programs.newly_lost();
        scanner.note_untold_datagrams(programs.newly_untold());
        let again = self.unsettled.take().is_some_and(|all| scanner.settle(all, draft));
        if lost > 0 {
            self.lost = true;
            scanner.read_everything();
        }
        if lost > 0 || again {
            self.urgent = true;
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
