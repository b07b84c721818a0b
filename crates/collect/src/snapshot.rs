//! All that a polling collector saw in one look at a machine.

use std::sync::Arc;

use procnet_core::{Degradation, Process, Socket, Timestamp};

/// The whole truth about a machine at one time.
///
/// A collector fills one and hands it to the [`crate::Differ`], which empties `sockets`, so that
/// its memory is used again for the next look.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When, by the machine's wall clock.
    pub at: Timestamp,
    /// Every process that is told. An unchanged one is best handed over as the same `Arc` again.
    pub processes: Vec<Arc<Process>>,
    /// Every socket. If `opened` is the default, the differ notes when it first saw the socket.
    pub sockets: Vec<Socket>,
    /// Whether every descriptor table was read for it, so that whoever is not named as an owner is
    /// none.
    pub complete: bool,
    /// Whether it names the connections that are over and only linger in the kernel's tables.
    pub lingering: bool,
    /// What is not seen, with counts above 0. Whatever is not named here any more is over.
    pub degradations: Vec<Degradation>,
}
