//! The one way to ask a Mac what happens: by what the network statistics tell, where they may be
//! had, and by scanning.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability, Degradation, Event, GapReason, Moment};

use super::System;
use super::scan::Scanner;
use super::statistics::Statistics;
use crate::differ::Draft;
use crate::pace::next_look;
use crate::parse::sighting::{ProcessSighting, Sighting};
use crate::sightings::Sightings;
use crate::{CollectError, CollectOptions, CollectorKind};

/// How often it is listened to what is told.
const FRAME: Duration = Duration::from_millis(50);
/// So long after a look it is still waited for what says how that which is lacking ended.
const SETTLING: Duration = Duration::from_millis(100);
/// How long it is waited before it is connected again: twice as long each time, up to a bound.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);

/// One machine's source.
#[derive(Debug)]
pub struct Collector<S> {
    scanner: Scanner<S>,
    kind: CollectorKind,
    statistics: Option<Statistics>,
    /// When it was connected last; when to connect again, and how long to wait after that.
    connected: Instant,
    retry: (Instant, Duration),
    sightings: Sightings,
    heard: Vec<Sighting>,
    draft: Draft,
    interval: Duration,
    began: Instant,
    next: Instant,
    next_frame: Instant,
    /// When to close what the last look lacked.
    settle: Option<Instant>,
    /// The first look has been told.
    begun: bool,
    untold: u64,
}

impl<S: System> Collector<S> {
    /// Begins to collect. Unless events are insisted on, that none can be had is no error: then it
    /// scans, and the capability `kernel-events` says why.
    pub fn new(system: S, options: &CollectOptions, now: Instant) -> Result<Self, CollectError> {
        let mut collector = Self {
            scanner: Scanner::new(system, &options.scan),
            kind: options.kind,
            statistics: None,
            connected: now,
            retry: (now, FIRST_RETRY),
            sightings: Sightings::new(options.udp_flows as usize),
            heard: Vec::new(),
            draft: Draft::default(),
            interval: options.interval,
            began: now,
            next: now,
            next_frame: now,
            settle: None,
            begun: false,
            untold: 0,
        };
        if options.kind != CollectorKind::Scan
            && let Err(error) = collector.connect(now)
            && options.kind == CollectorKind::Events
        {
            return Err(CollectError::Events { reason: why(&error) });
        }
        Ok(collector)
    }

    /// Whether there are events now, or the machine is only scanned.
    pub fn kind(&self) -> CollectorKind {
        match self.statistics {
            Some(_) => CollectorKind::Events,
            None => CollectorKind::Scan,
        }
    }

    /// What happened since the last call, at once: what was told meanwhile or, if a look is due,
    /// what it found. `None` if nothing did.
    ///
    /// The first batch begins with [`Event::Resync`] and names everything.
    pub fn poll(&mut self, now: Instant) -> Result<Option<Batch>, CollectError> {
        if self.kind != CollectorKind::Scan && self.statistics.is_none() && now >= self.retry.0 {
            // Why not, the capabilities say.
            let _ = self.connect(now);
        }
        self.sightings.begin(Moment::default().saturating_add(now - self.began));
        if now < self.next {
            return Ok(self.listen(now));
        }
        let degradations = self.degradations();
        let beside = self.statistics.as_ref().map(|it| (&mut self.sightings, it.sources()));
        let clock = Instant::now();
        let batch = self.scanner.look(beside, &degradations);
        let rested = next_look(clock, self.interval).saturating_duration_since(clock);
        self.next = now + rested;
        let batch = batch?;
        self.begun = true;
        let settling = if self.statistics.is_some() { SETTLING } else { Duration::ZERO };
        self.settle = Some(now + clock.elapsed() + settling);
        Ok(Some(batch))
    }

    /// When asking again is worth it.
    pub fn next_poll(&self) -> Instant {
        let frame = self.statistics.as_ref().map(|_| self.next_frame);
        frame.into_iter().chain(self.settle).fold(self.next, Instant::min)
    }

    /// The next look tells the whole truth again: for a consumer that lost a batch. It comes when
    /// it would have come anyway, for a consumer that can't keep up is not helped by haste.
    pub fn request_resync(&mut self) {
        self.scanner.request_resync();
    }

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.scanner.capabilities()
    }

    #[cfg(test)]
    pub(super) fn system(&mut self) -> &mut S {
        self.scanner.system()
    }

    fn connect(&mut self, now: Instant) -> io::Result<()> {
        match Statistics::connect(self.scanner.system(), now) {
            Ok(statistics) => {
                self.statistics = Some(statistics);
                (self.untold, self.next_frame, self.connected) = (0, now, now);
                self.scanner.differ().set_live();
                self.set_events(Ok(()));
                Ok(())
            }
            Err(error) => {
                self.disconnect(&error, now);
                Err(error)
            }
        }
    }

    fn disconnect(&mut self, error: &io::Error, now: Instant) {
        let (_, wait) = self.retry;
        self.retry = (now + wait, (wait * 2).min(LAST_RETRY));
        if self.statistics.take().is_some() {
            // What happened since, the next look finds.
            self.draft.note(Event::Gap { lost: 0, reason: GapReason::Kernel });
        }
        self.set_events(Err(Arc::from(why(error))));
    }

    fn set_events(&mut self, events: Result<(), Arc<str>>) {
        // The first look tells them anyway.
        if self.scanner.set_events(events) && self.begun {
            let told = Arc::from(self.scanner.capabilities());
            self.draft.note(Event::Capabilities(told));
        }
    }

    /// Takes in what was told since the last call.
    fn listen(&mut self, now: Instant) -> Option<Batch> {
        self.next_frame = now + FRAME;
        // Nobody is told of anything before the whole truth.
        if self.begun {
            self.hear(now);
        }
        if self.settle.is_some_and(|settle| now >= settle) {
            self.settle = None;
            self.scanner.differ().close_missed(&mut self.draft, |_| true);
        }
        let Self { scanner, sightings, draft, .. } = self;
        // The list described those that are told to have started.
        let describe = |sighting: ProcessSighting, parent| sighting.bare(parent);
        sightings.finish(0, scanner.differ(), draft, describe);
        if draft.is_empty() {
            return None;
        }
        let at = scanner.now();
        Some(scanner.differ().batch(at, draft))
    }

    fn hear(&mut self, now: Instant) {
        let Some(mut statistics) = self.statistics.take() else { return };
        let heard = &mut self.heard;
        let result = statistics.hear(self.scanner.system(), now, |sighting| heard.push(sighting));
        let unknown = |it: &Sighting| it.pid != 0 && self.scanner.process(it.pid).is_none();
        if self.heard.iter().any(unknown) {
            for process in self.scanner.refresh_processes() {
                self.sightings.knows(process.key);
                self.scanner.differ().process_started(process, &mut self.draft);
            }
        }
        for sighting in self.heard.drain(..) {
            self.sightings.socket(&sighting, self.scanner.differ(), &mut self.draft);
        }
        // A connection that holds is as good as a first one.
        if now.saturating_duration_since(self.connected) >= LAST_RETRY {
            self.retry.1 = FIRST_RETRY;
        }
        self.statistics = Some(statistics);
        if let Err(error) = result {
            self.disconnect(&error, now);
        }
    }

    fn degradations(&mut self) -> Vec<Degradation> {
        let untold = self.statistics.as_ref().map_or(0, Statistics::untold);
        let count = untold.saturating_sub(std::mem::replace(&mut self.untold, untold));
        let message = "Messages of the network statistics of a form that this version does not \
                       know were not read.";
        let told = Degradation { id: "statistics-unreadable", message: Arc::from(message), count };
        Vec::from_iter((count > 0).then_some(told))
    }
}

fn why(error: &io::Error) -> String {
    format!(
        "The network statistics (the kernel control com.apple.network.statistics) can't be \
         listened to: {error}."
    )
}
