//! What a machine knows: collectors for each platform and the snapshot differ.
//!
//! A [`Scanner`] reads the kernel's socket tables and the processes that hold the sockets, and
//! tells what changed since it last looked. Reading is split from understanding: `parse` turns
//! bytes into values, is pure and is tested on every operating system; the platform module makes
//! the system calls; [`snapshot`] and [`differ`] know no platform at all.
//!
//! Invariants, written as absences: no subprocess is started, nothing is written anywhere, no
//! other process is stopped or signalled, and no input (a hostile name, a truncated netlink
//! message, a process that dies in mid-scan) makes anything here panic.

pub mod callers;
pub mod census;
pub mod confinement;
pub mod differ;
pub mod icons;
pub mod macos;
pub mod pace;
pub mod parse;
pub mod sightings;
pub mod snapshot;
pub mod trace;

// Users that are numbers.
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod unix_accounts;

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod platform;
// Processes are read as those of a 64-bit Windows are.
#[cfg(all(windows, target_pointer_width = "64"))]
#[path = "windows/mod.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "macos/system/mod.rs"]
mod platform;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[cfg(not(all(windows, target_pointer_width = "64")))]
#[path = "unsupported.rs"]
mod platform;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use procnet_core::secrets::Masking;

pub use differ::Differ;
pub use platform::{
    Callers, Collector, Scanner, account_named, confine, give_back_memory, host_facts,
    invoking_account, local_interfaces, own_account, raise_descriptor_limit, relinquish,
};
pub use snapshot::Snapshot;

/// What a [`Scanner`] is asked to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// Whether UDP sockets are told too.
    pub udp: bool,
    /// Whether UNIX sockets are told too: they are many, and few ask for them.
    pub unix: bool,
    /// How often descriptor tables that have been read before are read again, in milliseconds.
    /// It bounds how long a descriptor that was passed to, or closed by, a long-running process
    /// goes unnoticed; sockets themselves are always current.
    pub rescan_millis: u64,
    /// What is hidden in command lines.
    pub masking: Masking,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { udp: true, unix: false, rescan_millis: 10_000, masking: Masking::default() }
    }
}

/// How a [`Collector`] learns what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CollectorKind {
    /// By events where the kernel tells them, else by scanning.
    #[default]
    Auto,
    /// By events, or not at all.
    Events,
    /// By scanning.
    Scan,
}

/// What a [`Collector`] is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectOptions {
    /// What to look at.
    pub scan: ScanOptions,
    /// How to learn of it.
    pub kind: CollectorKind,
    /// How often a snapshot is taken, at most, where snapshots are what tells of changes.
    pub interval: Duration,
    /// How often a snapshot is taken where events tell of all changes, and it only makes up for
    /// what they can't see: a descriptor that was handed to a process that never used it.
    pub reconcile: Duration,
    /// How much the kernel may tell between two drainings, in bytes: a power of two of at least
    /// a page. A record takes 152 or 200 bytes; what does not fit is counted and made up for by a
    /// snapshot.
    pub ring_bytes: u32,
    /// With how many peers unconnected UDP sockets may exchange datagrams at once; those of others
    /// are counted, and told to be missing.
    pub udp_flows: u32,
}

impl Default for CollectOptions {
    fn default() -> Self {
        Self {
            scan: ScanOptions::default(),
            kind: CollectorKind::default(),
            interval: Duration::from_secs(1),
            reconcile: Duration::from_secs(10),
            ring_bytes: 8 * 1024 * 1024,
            udp_flows: 65_536,
        }
    }
}

/// Why nothing can be collected at all. What can be seen only in part is no error but a
/// [`procnet_core::Capability`] or a [`procnet_core::Degradation`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// There is no collector for this operating system.
    #[error(
        "collecting is not supported on {os}: run procnet on Linux, on a 64-bit Windows or on a Mac"
    )]
    Unsupported {
        /// The operating system's name.
        os: &'static str,
    },
    /// The kernel tells no events, and they were insisted on.
    #[error("no kernel events: {reason}; run as root or as administrator, or collect by scanning")]
    Events {
        /// What the kernel, or the situation, refuses.
        reason: String,
    },
    /// Windows or macOS refuses what it grants every user.
    #[error("cannot {operation}: {source}; if it stays so after a restart, please report it")]
    System {
        /// What was tried, and by which function.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The process file system cannot be used.
    #[error("cannot {operation} {}: {source}; is proc mounted there and may this user read it?", path.display())]
    Procfs {
        /// What was tried: `open`, `list`, ….
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel's socket tables cannot be read, neither by netlink nor through `/proc/net`.
    #[error(
        "cannot {operation}: {source}; the kernel needs CONFIG_INET_DIAG, or a readable /proc/net"
    )]
    Sockets {
        /// What was tried.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Facts about the machine and about what this program may do on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// The machine's name.
    pub hostname: String,
    /// The operating system: `Linux`, `Windows`, `macOS`.
    pub os: String,
    /// The kernel's release: `6.1.0-18-amd64`, `10.0.22631`, `24.1.0`.
    pub kernel: String,
    /// The effective user id; on Windows the last number of the user's security identifier.
    pub uid: u32,
    /// The effective capabilities by name (`cap_sys_ptrace`), in the order of their numbers;
    /// `None` where privilege is no matter of capabilities.
    pub capabilities: Option<Vec<&'static str>>,
    /// On Linux whether other users' descriptors can be read, so that their sockets get owners
    /// too; on Windows whether this program runs as an administrator, on macOS as root.
    pub privileged: bool,
}
