//! The one way to ask this machine what happens: by events where an event tracing session may be had,
//! by scanning where not.

use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability};

use super::scan::Scanner;
use super::trace::EventTracing;
use crate::pace::next_look;
use crate::trace::Listener;
use crate::{CollectError, CollectOptions, CollectorKind};

/// One machine's source.
#[derive(Debug)]
pub struct Collector {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Listen(Box<Listener<Scanner, EventTracing>>),
    Scan { scanner: Box<Scanner>, interval: Duration, next: Instant },
}

impl Collector {
    /// Begins to collect. Unless events are insisted on, that none can be had is no error: then it
    /// scans, and the capability `kernel-events` says why.
    pub fn new(options: CollectOptions) -> Result<Self, CollectError> {
        let scanner = Scanner::new(options.scan.clone())?;
        if options.kind == CollectorKind::Scan {
            let (interval, next) = (options.interval, Instant::now());
            let scanner = Box::new(scanner);
            return Ok(Self { source: Source::Scan { scanner, interval, next } });
        }
        let listener = Listener::new(scanner, EventTracing, &options, Instant::now());
        match listener.failure() {
            Some(error) if options.kind == CollectorKind::Events => {
                Err(CollectError::Events { reason: error.to_string() })
            }
            _ => Ok(Self { source: Source::Listen(Box::new(listener)) }),
        }
    }

    /// Whether there are events now, or the machine is only scanned.
    pub fn kind(&self) -> CollectorKind {
        match &self.source {
            Source::Listen(listener) if listener.failure().is_none() => CollectorKind::Events,
            Source::Listen(_) | Source::Scan { .. } => CollectorKind::Scan,
        }
    }

    /// What happened since the last call, at once: what events told meanwhile or, if a look is due,
    /// what it found. `None` if nothing did.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        let began = Instant::now();
        match &mut self.source {
            Source::Listen(listener) => listener.poll(began),
            Source::Scan { next, .. } if began < *next => Ok(None),
            Source::Scan { scanner, interval, next } => {
                let batch = scanner.poll();
                *next = next_look(began, *interval);
                batch.map(Some)
            }
        }
    }

    /// Waits for something to happen, but no longer than that. It also rests for as long as the
    /// last look took: however busy the machine, half of one core is the most that this costs.
    pub fn next(&mut self, longest: Duration) -> Result<Option<Batch>, CollectError> {
        let end = Instant::now() + longest;
        loop {
            let next = match &self.source {
                Source::Listen(listener) => listener.next_poll(),
                Source::Scan { next, .. } => *next,
            };
            std::thread::sleep(next.min(end).saturating_duration_since(Instant::now()));
            if next > end {
                return Ok(None);
            }
            if let Some(batch) = self.poll()? {
                return Ok(Some(batch));
            }
        }
    }

    /// The next look tells everything anew: for a consumer that lost a batch. Scanning looks when
    /// it would have looked anyway, for a consumer that can't keep up is not helped by haste.
    pub fn request_resync(&mut self) {
        match &mut self.source {
            Source::Listen(listener) => listener.request_resync(Instant::now()),
            Source::Scan { scanner, .. } => scanner.request_resync(),
        }
    }

    /// There is no list of UNIX sockets here: asking for them changes nothing.
    pub fn set_unix(&mut self, _unix: bool) {}

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        match &self.source {
            Source::Listen(listener) => listener.machine().capabilities(),
            Source::Scan { scanner, .. } => scanner.capabilities(),
        }
    }
}
