//! Windows: four tables of sockets and one list of processes, once per poll, without any
//! privilege; and an event tracing session, for whoever may have one. Every call is one that Windows
//! documents for programs, or has had unchanged for twenty years.

mod accounts;
mod buffer;
mod callers;
mod collector;
mod details;
mod drives;
mod host;
mod icons;
mod list;
mod process;
mod processes;
mod scan;
mod services;
mod status;
mod tables;
mod trace;

use std::io;

pub use callers::{Callers, account_named, invoking_account, own_account};
pub use collector::Collector;
pub use host::host_facts;
pub use scan::Scanner;

use crate::CollectorKind;

/// This system's allocator gives back by itself.
pub fn give_back_memory() {}

/// Sockets are limited by nothing but memory here.
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}

/// This program has no rights here that it could give up: it holds none but its user's.
pub fn relinquish(_kind: CollectorKind) -> io::Result<()> {
    Ok(())
}

/// Threads are not confined here.
pub fn confine(_part: &crate::confinement::Part) -> crate::confinement::Confinement {
    crate::confinement::Confinement::none("On this system no thread is confined to its part.")
}

/// Which interface has which address is not asked here yet.
pub fn local_interfaces() -> io::Result<Option<procnet_core::Interfaces>> {
    Ok(None)
}
