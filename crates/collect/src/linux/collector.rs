//! The one way to ask this machine what happens: by events where the kernel tells them, by
//! scanning where it does not.

use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability};

use super::ebpf::{Listener, why_not};
use super::scan::Scanner;
use super::slack::Slack;
use crate::pace::{Looks, Source, wait};
use crate::{CollectError, CollectOptions, CollectorKind};

/// One machine's source.
#[derive(Debug)]
pub struct Collector {
    way: Way,
    slack: Slack,
}

#[derive(Debug)]
enum Way {
    Listen(Box<Listener>),
    Scan { scanner: Box<Scanner>, looks: Looks },
}

impl Collector {
    /// Begins to collect. Unless events are insisted on, a kernel that tells none is no error:
    /// then it scans, and the capability `kernel-events` says why.
    pub fn new(options: CollectOptions) -> Result<Self, CollectError> {
        let unix = options.scan.unix;
        let scanner = Scanner::new(options.scan.clone())?;
        let scan = |scanner| Way::Scan { scanner, looks: Looks::new(options.interval) };
        if options.kind == CollectorKind::Scan {
            return Ok(Self::of(scan(Box::new(scanner))));
        }
        match Listener::new(scanner, &options) {
            Ok(mut listener) => {
                listener.set_unix(unix);
                Ok(Self::of(Way::Listen(Box::new(listener))))
            }
            Err((scanner, error)) if options.kind == CollectorKind::Events => {
                Err(CollectError::Events { reason: why_not(&error, scanner.rights()) })
            }
            Err((scanner, _)) => Ok(Self::of(scan(scanner))),
        }
    }

    fn of(way: Way) -> Self {
        Self { way, slack: Slack::default() }
    }

    /// Whether the kernel tells of events, or the machine is only scanned.
    pub fn kind(&self) -> CollectorKind {
        match &self.way {
            Way::Listen(_) => CollectorKind::Events,
            Way::Scan { .. } => CollectorKind::Scan,
        }
    }

    /// What happened since the last call, at once: what the kernel told meanwhile or, if one is
    /// due, a snapshot's findings. `None` if nothing did.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        self.slack.give_back(Instant::now());
        let told = self.look()?;
        if let Some(batch) = &told {
            self.slack.note(batch, Instant::now());
        }
        Ok(told)
    }

    fn look(&mut self) -> Result<Option<Batch>, CollectError> {
        match &mut self.way {
            Way::Listen(listener) => listener.poll(),
            Way::Scan { scanner, looks } => looks.look(|| scanner.poll()),
        }
    }

    /// Waits for something to happen, but no longer than that. It also rests for as long as the
    /// last look took: however busy the machine, half of one core is the most that this costs.
    pub fn next(&mut self, longest: Duration) -> Result<Option<Batch>, CollectError> {
        wait(self, longest)
    }

    /// The next look tells the whole truth again: for a consumer that lost a batch. Scanning looks
    /// when it would have looked anyway, for a consumer that can't keep up is not helped by haste.
    pub fn request_resync(&mut self) {
        match &mut self.way {
            Way::Listen(listener) => listener.request_resync(),
            Way::Scan { scanner, .. } => scanner.request_resync(),
        }
    }

    /// For benchmarks, the floor of all snapshots: how many sockets a bare walk of the kernel over
    /// all descriptors comes by. `None` if it can't walk.
    #[doc(hidden)]
    pub fn bare_walk(&mut self) -> Option<usize> {
        match &mut self.way {
            Way::Listen(listener) => listener.bare_walk(),
            Way::Scan { .. } => None,
        }
    }

    /// Whether UNIX sockets are told too. The kernel tells no events of them: while they are told,
    /// snapshots are taken at least every second.
    pub fn set_unix(&mut self, unix: bool) {
        match &mut self.way {
            Way::Listen(listener) => listener.set_unix(unix),
            Way::Scan { scanner, .. } => scanner.set_unix(unix),
        }
    }

    /// What this machine, kernel and privilege allow.
    pub fn capabilities(&self) -> &[Capability] {
        match &self.way {
            Way::Listen(listener) => listener.scanner().capabilities(),
            Way::Scan { scanner, .. } => scanner.capabilities(),
        }
    }
}

impl Source for Collector {
    fn next_poll(&self) -> Instant {
        match &self.way {
            Way::Listen(listener) => listener.next_poll(),
            Way::Scan { looks, .. } => looks.next,
        }
    }

    fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        self.poll()
    }
}
