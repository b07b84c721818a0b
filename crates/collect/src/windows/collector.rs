//! The one way to ask this machine what happens: by scanning.

use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability};

use super::scan::Scanner;
use crate::pace::next_look;
use crate::{CollectError, CollectOptions, CollectorKind};

/// One machine's source.
#[derive(Debug)]
pub struct Collector {
    scanner: Scanner,
    interval: Duration,
    next: Instant,
}

impl Collector {
    /// Begins to collect. Events can't be had, so insisting on them is an error.
    pub fn new(options: CollectOptions) -> Result<Self, CollectError> {
        if options.kind == CollectorKind::Events {
            return Err(CollectError::Events {
                reason: "this version opens no event tracing session (ETW)".to_owned(),
            });
        }
        let scanner = Scanner::new(options.scan)?;
        Ok(Self { scanner, interval: options.interval, next: Instant::now() })
    }

    /// How it learns what happens.
    pub fn kind(&self) -> CollectorKind {
        CollectorKind::Scan
    }

    /// What changed since the last call, if it is time to look again.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        let began = Instant::now();
        if began < self.next {
            return Ok(None);
        }
        let batch = self.scanner.poll();
        self.next = next_look(began, self.interval);
        batch.map(Some)
    }

    /// Waits for something to happen, but no longer than that. It also rests for as long as the
    /// last look took: however busy the machine, half of one core is the most that this costs.
    pub fn next(&mut self, longest: Duration) -> Result<Option<Batch>, CollectError> {
        let end = Instant::now() + longest;
        loop {
            std::thread::sleep(self.next.min(end).saturating_duration_since(Instant::now()));
            if self.next > end {
                return Ok(None);
            }
            if let Some(batch) = self.poll()? {
                return Ok(Some(batch));
            }
        }
    }

    /// The next look tells everything anew: for a consumer that lost a batch. It comes when it
    /// would have come anyway, for a consumer that can't keep up is not helped by haste.
    pub fn request_resync(&mut self) {
        self.scanner.request_resync();
    }

    /// There is no list of UNIX sockets here: asking for them changes nothing.
    pub fn set_unix(&mut self, unix: bool) {
        self.scanner.set_unix(unix);
    }

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.scanner.capabilities()
    }
}
