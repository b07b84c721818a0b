//! The one language of every source: a collector, a recording, a remote host, the simulator.

use std::sync::Arc;

use crate::capability::{Capability, Degradation};
use crate::key::{HostId, ProcessKey, SocketKey};
use crate::process::Process;
use crate::socket::{Counters, Socket};
use crate::time::Timestamp;

/// What a source saw at about one time, in the order in which it saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The machine that it is about.
    pub host: HostId,
    /// Counts this source's batches, from 1. A jump means that batches were lost.
    pub sequence: u64,
    /// When, by that machine's wall clock.
    pub at: Timestamp,
    /// What happened.
    pub events: Vec<Event>,
}

/// One observation.
///
/// Opening and starting are also how a known thing is told anew: they replace what was known
/// under the same key. Closing or ending an unknown thing is no error: events can be lost.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A process was seen for the first time, or is now known better.
    ProcessStarted(Arc<Process>),
    /// A process ended.
    ProcessExited(ProcessKey),
    /// A socket was seen for the first time, or something of it changed beyond its counters.
    /// Shared: very many sockets idle, and source and graph need not remember each twice.
    SocketOpened(Arc<Socket>),
    /// Only the counters of a socket changed.
    SocketCounted {
        /// The socket.
        key: SocketKey,
        /// Its new totals.
        counters: Counters,
    },
    /// A socket is gone.
    SocketClosed {
        /// The socket.
        key: SocketKey,
        /// How it ended, where the source saw that.
        ending: Option<Ending>,
    },
    /// The rest of this batch is the whole truth about the host: what it does not name is gone.
    /// Always the first event of its batch.
    Resync,
    /// Events were lost here.
    Gap {
        /// How many; 0 if not known.
        lost: u64,
        /// Why.
        reason: GapReason,
    },
    /// What the source can see, told at its start and when it changes.
    Capabilities(Arc<[Capability]>),
    /// Something is not seen, or is seen again.
    Degraded(Degradation),
}

impl Event {
    /// True for what no whole truth tells again.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Capabilities(_) | Self::Degraded(_))
    }
}

/// How a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What it counted in all.
    pub totals: Counters,
    /// When, by the wall clock that says when sockets opened.
    pub at: Timestamp,
}

/// Why events were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The inbox between source and engine was full.
    InboxFull,
    /// The kernel dropped records.
    Kernel,
}

impl GapReason {
    /// `inbox full` or `kernel`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InboxFull => "inbox full",
            Self::Kernel => "kernel",
        }
    }
}
