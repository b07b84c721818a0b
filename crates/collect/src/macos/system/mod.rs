//! The platform module of macOS: the real system behind what [`crate::macos`] decides. Every foreign
//! call is behind a safe one.

mod callers;
mod host;
mod kernel;

use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use procnet_core::{Batch, Capability};

pub use self::callers::Callers;
pub use self::host::host_facts;
use self::kernel::Kernel;
use crate::pace::{Source, wait};
pub use crate::unix_accounts::{account_named, invoking_account, own_account};
use crate::{CollectError, CollectOptions, CollectorKind, ScanOptions, macos};

/// More than that setrlimit(2) refuses, whatever the limit is said to be (`sys/syslimits.h`).
const OPEN_MAX: u64 = 10_240;

/// One machine's polling source.
#[derive(Debug)]
pub struct Scanner(macos::Scanner<Kernel>);

impl Scanner {
    /// Prepares to scan; finds out what this program may see.
    pub fn new(options: ScanOptions) -> Result<Self, CollectError> {
        Ok(Self(macos::Scanner::new(Kernel::default(), &options)))
    }

    /// Scans once, and returns what changed since the last call.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Batch, CollectError> {
        self.0.poll()
    }

    /// The next poll tells the whole truth again: for a consumer that lost a batch.
    pub fn request_resync(&mut self) {
        self.0.request_resync();
    }

    /// UNIX sockets are not read here: asking for them changes nothing.
    pub fn set_unix(&mut self, _unix: bool) {}

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.0.capabilities()
    }
}

/// One machine's source.
#[derive(Debug)]
pub struct Collector(macos::Collector<Kernel>);

impl Collector {
    /// Begins to collect. Unless events are insisted on, that none can be had is no error: then it
    /// scans, and the capability `kernel-events` says why.
    pub fn new(options: CollectOptions) -> Result<Self, CollectError> {
        macos::Collector::new(Kernel::default(), &options, Instant::now()).map(Self)
    }

    /// Whether there are events now, or the machine is only scanned.
    pub fn kind(&self) -> CollectorKind {
        self.0.kind()
    }

    /// What happened since the last call, at once. `None` if nothing did.
    ///
    /// The first batch begins with [`procnet_core::Event::Resync`] and names everything.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        self.0.poll(Instant::now())
    }

    /// Waits for something to happen, but no longer than that. It also rests for as long as the
    /// last look took: however busy the machine, half of one core is the most that this costs.
    pub fn next(&mut self, longest: Duration) -> Result<Option<Batch>, CollectError> {
        wait(self, longest)
    }

    /// The next look tells the whole truth again: for a consumer that lost a batch.
    pub fn request_resync(&mut self) {
        self.0.request_resync();
    }

    /// UNIX sockets are not read here: asking for them changes nothing.
    pub fn set_unix(&mut self, _unix: bool) {}

    /// What this machine and this user's rights allow.
    pub fn capabilities(&self) -> &[Capability] {
        self.0.capabilities()
    }
}

impl Source for Collector {
    fn next_poll(&self) -> Instant {
        self.0.next_poll()
    }

    fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        self.poll()
    }
}

/// This system's allocator gives back by itself.
pub fn give_back_memory() {}

/// Lets this program open as many descriptors as this system allows a program that asks for no more
/// than `OPEN_MAX`, and says how many that is.
pub fn raise_descriptor_limit() -> Option<u64> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // Where that is refused, fewer must do.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, most.min(OPEN_MAX), most);
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(current, _)| current)
}

/// This program has no rights here that it could give up and still collect.
pub fn relinquish(_kind: CollectorKind) -> std::io::Result<()> {
    Ok(())
}

/// Threads are not confined here.
pub fn confine(_part: &crate::confinement::Part) -> crate::confinement::Confinement {
    crate::confinement::Confinement::none("On this system no thread is confined to its part.")
}

/// Which interface has which address is not asked here yet.
pub fn local_interfaces() -> std::io::Result<Option<procnet_core::Interfaces>> {
    Ok(None)
}
