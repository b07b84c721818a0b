//! The one way to ask this machine what happens: by events where an event tracing session may be had,
//! by scanning where not.

use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability};

use super::scan::Scanner;
use super::trace::EventTracing;
use crate::pace::{Looks, Source, wait};
use crate::trace::Listener;
use crate::{CollectError, CollectOptions, CollectorKind};

/// One machine's source.
#[derive(Debug)]
pub struct Collector {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Listen(Box<Listener<Scanner, EventTracing>>),
    Scan { scanner: Box<Scanner>, looks: Looks },
}

impl Collector {
    /// Begins to collect. Unless events are insisted on, that none can be had is no error: then it
    /// scans, and the capability `kernel-events` says why.
    pub fn new(options: CollectOptions) -> Result<Self, CollectError> {
        let scanner = Scanner::new(options.scan.clone())?;
        if options.kind == CollectorKind::Scan {
            let (scanner, looks) = (Box::new(scanner), Looks::new(options.interval));
            return Ok(Self { way: Way::Scan { scanner, looks } });
        }
        let listener = Listener::new(scanner, EventTracing, &options, Instant::now());
        match listener.failure() {
            Some(error) if options.kind == CollectorKind::Events => {
                Err(CollectError::Events { reason: error.to_string() })
            }
            _ => Ok(Self { way: Way::Listen(Box::new(listener)) }),
        }
    }

    /// Whether there are events now, or the machine is only scanned.
    pub fn kind(&self) -> CollectorKind {
        match &self.way {
            Way::Listen(listener) if listener.failure().is_none() => CollectorKind::Events,
            Way::Listen(_) | Way::Scan { .. } => CollectorKind::Scan,
        }
    }

    /// What happened since the last call, at once: what events told meanwhile or, if a look is due,
    /// what it found. `None` if nothing did.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        match &mut self.way {
            Way::Listen(listener) => listener.poll(Instant::now()),
            Way::Scan { scanner, looks } => looks.look(|| scanner.poll()),
        }
    }

    /// Waits for something to happen, but no longer than that. It also rests for as long as the
    /// last look took: however busy the machine, half of one core is the most that this costs.
    pub fn next(&mut self, longest: Duration) -> Result<Option<Batch>, CollectError> {
        wait(self, longest)
    }

    /// The next look tells everything anew: for a consumer that lost a batch. Scanning looks when
    /// it would have looked anyway, for a consumer that can't keep up is not helped by haste.
    pub fn request_resync(&mut self) {
        match &mut self.way {
            Way::Listen(listener) => listener.request_resync(Instant::now()),
            Way::Scan { scanner, .. } => scanner.request_resync(),
        }
    }

    /// There is no list of UNIX sockets here: asking for them changes nothing.
    pub fn set_unix(&mut self, _unix: bool) {}

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        match &self.way {
            Way::Listen(listener) => listener.machine().capabilities(),
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
