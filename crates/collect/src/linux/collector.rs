//! The one way to ask this machine what happens: by events where the kernel tells them, by
//! scanning where it does not.

use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability};

use super::ebpf::Listener;
use super::scan::Scanner;
use crate::{CollectError, CollectOptions, CollectorKind};

/// One machine's source.
#[derive(Debug)]
pub struct Collector(Source);

#[derive(Debug)]
enum Source {
    Listen(Box<Listener>),
    Scan { scanner: Box<Scanner>, interval: Duration, next: Instant },
}

impl Collector {
    /// Begins to collect. Unless events are insisted on, a kernel that tells none is no error:
    /// then it scans, and the capability `kernel-events` says why.
    pub fn new(options: CollectOptions) -> Result<Self, CollectError> {
        let scanner = Scanner::new(options.scan)?;
        let scan =
            |scanner| Source::Scan { scanner, interval: options.interval, next: Instant::now() };
        if options.kind == CollectorKind::Scan {
            return Ok(Self(scan(Box::new(scanner))));
        }
        match Listener::new(scanner, options.ring_bytes, options.interval) {
            Ok(listener) => Ok(Self(Source::Listen(Box::new(listener)))),
            Err((_, error)) if options.kind == CollectorKind::Events => {
                Err(CollectError::Events { reason: error.to_string() })
            }
            Err((scanner, _)) => Ok(Self(scan(scanner))),
        }
    }

    /// Whether the kernel tells of events, or the machine is only scanned.
    pub fn kind(&self) -> CollectorKind {
        match &self.0 {
            Source::Listen(_) => CollectorKind::Events,
            Source::Scan { .. } => CollectorKind::Scan,
        }
    }

    /// What happened since the last call, at once: what the kernel told meanwhile or, if one is
    /// due, a snapshot's findings. `None` if nothing did.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        match &mut self.0 {
            Source::Listen(listener) => listener.poll(),
            Source::Scan { scanner, interval, next } => {
                let now = Instant::now();
                if now < *next {
                    return Ok(None);
                }
                *next = now + *interval;
                scanner.poll().map(Some)
            }
        }
    }

    /// Waits for something to happen, but no longer than that.
    pub fn next(&mut self, longest: Duration) -> Result<Option<Batch>, CollectError> {
        let end = Instant::now() + longest;
        loop {
            let batch = self.poll()?;
            let left = end.saturating_duration_since(Instant::now());
            if batch.is_some() || left.is_zero() {
                return Ok(batch);
            }
            match &self.0 {
                Source::Listen(listener) => listener.rest(left),
                Source::Scan { next, .. } => {
                    std::thread::sleep(left.min(next.saturating_duration_since(Instant::now())));
                }
            }
        }
    }

    /// Tells the whole truth again at the next call: for a consumer that lost a batch.
    pub fn request_resync(&mut self) {
        match &mut self.0 {
            Source::Listen(listener) => listener.request_resync(),
            Source::Scan { scanner, next, .. } => {
                scanner.request_resync();
                *next = Instant::now();
            }
        }
    }

    /// What this machine, kernel and privilege allow.
    pub fn capabilities(&self) -> &[Capability] {
        match &self.0 {
            Source::Listen(listener) => listener.scanner().capabilities(),
            Source::Scan { scanner, .. } => scanner.capabilities(),
        }
    }
}
