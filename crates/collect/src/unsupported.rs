//! Operating systems without a collector: everything compiles and says so.

use procnet_core::{Batch, Capability};

use crate::callers::{Caller, NamedAccount, UnknownCaller};
use crate::{CollectError, CollectOptions, CollectorKind, HostFacts, ScanOptions};

/// One machine's polling source. There is none for this operating system.
#[derive(Debug)]
pub struct Scanner {
    never: std::convert::Infallible,
}

impl Scanner {
    /// Always fails here with [`CollectError::Unsupported`].
    pub fn new(_options: ScanOptions) -> Result<Self, CollectError> {
        Err(CollectError::Unsupported { os: std::env::consts::OS })
    }

    /// Cannot be called: there is no value of this type.
    pub fn poll(&mut self) -> Result<Batch, CollectError> {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn request_resync(&mut self) {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn set_unix(&mut self, _unix: bool) {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn capabilities(&self) -> &[Capability] {
        match self.never {}
    }
}

/// One machine's source. There is none for this operating system.
#[derive(Debug)]
pub struct Collector {
    never: std::convert::Infallible,
}

impl Collector {
    /// Always fails here with [`CollectError::Unsupported`].
    pub fn new(_options: CollectOptions) -> Result<Self, CollectError> {
        Err(CollectError::Unsupported { os: std::env::consts::OS })
    }

    /// Cannot be called: there is no value of this type.
    pub fn kind(&self) -> CollectorKind {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn poll(&mut self) -> Result<Option<Batch>, CollectError> {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn next(&mut self, _longest: std::time::Duration) -> Result<Option<Batch>, CollectError> {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn request_resync(&mut self) {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn set_unix(&mut self, _unix: bool) {
        match self.never {}
    }

    /// Cannot be called: there is no value of this type.
    pub fn capabilities(&self) -> &[Capability] {
        match self.never {}
    }
}

/// The little that the standard library knows.
pub fn host_facts() -> HostFacts {
    HostFacts {
        hostname: String::new(),
        os: std::env::consts::OS.to_owned(),
        kernel: String::new(),
        uid: 0,
        capabilities: None,
        privileged: false,
    }
}

/// Nothing is known here of rights that could be given up.
pub fn relinquish(_kind: CollectorKind) -> std::io::Result<()> {
    Ok(())
}

/// This system's allocator gives back by itself.
pub fn give_back_memory() {}

/// Threads are not confined here.
pub fn confine(_part: &crate::confinement::Part) -> crate::confinement::Confinement {
    crate::confinement::Confinement::none("On this system no thread is confined to its part.")
}

/// There is no limit here that is known.
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}

/// Who is at the other end of a connection. Nobody says so on this operating system.
#[derive(Debug)]
pub struct Callers;

impl Callers {
    /// Succeeds, so that programs that ask need no other way here.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Never known here.
    pub fn of(
        &mut self,
        _local: std::net::SocketAddr,
        _remote: std::net::SocketAddr,
    ) -> Result<Caller, UnknownCaller> {
        Err(UnknownCaller::Unsupported)
    }
}

/// The user whom this program runs as: not known here.
pub fn own_account() -> std::io::Result<NamedAccount> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// The user for whom this program runs: not known here.
pub fn invoking_account() -> Option<NamedAccount> {
    None
}

/// The user of that name: not known here.
pub fn account_named(_name: &str) -> std::io::Result<NamedAccount> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Which interface has which address is not asked here yet.
pub fn local_interfaces() -> std::io::Result<Option<procnet_core::Interfaces>> {
    Ok(None)
}
