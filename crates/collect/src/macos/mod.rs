//! macOS: what is asked of the system, in which order, and what is made of the answers. The system
//! itself is behind [`System`], which hands over nothing but buffers, so that all of this runs in
//! tests on every system; nobody has run it on a Mac yet.
//!
//! Sockets are told by the best source that there is: the messages of the kernel control for network
//! statistics (events and counters), the tables of `sysctl` (all sockets, at each look), what
//! `libproc` says of descriptors (those of one's own processes; of all, for root). `lsof` is no
//! further source: it makes the same calls of `libproc` with the same rights.

pub mod caller;
mod capabilities;
mod collector;
mod processes;
mod scan;
mod sockets;
mod statistics;

use std::io;
use std::sync::Arc;

use procnet_core::{Protocol, Timestamp};

pub use collector::Collector;
pub use scan::Scanner;

/// What is asked of a Mac. Each answer replaces what is in the buffer.
pub trait System {
    /// All processes: `sysctl KERN_PROC_ALL`.
    fn processes(&mut self, to: &mut Vec<u8>) -> io::Result<()>;

    /// The path of a process' executable: `proc_pidpath`.
    fn path(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()>;

    /// The arguments of a process: `sysctl KERN_PROCARGS2`.
    fn arguments(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()>;

    /// The name of a user: `getpwuid_r`.
    fn account(&mut self, uid: u32) -> Option<Arc<str>>;

    /// All sockets: `sysctl net.inet.tcp.pcblist_n`, `net.inet.udp.pcblist_n`.
    fn sockets(&mut self, protocol: Protocol, to: &mut Vec<u8>) -> io::Result<()>;

    /// The descriptors of a process: `proc_pidinfo(PROC_PIDLISTFDS)`.
    fn descriptors(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()>;

    /// A descriptor that is a socket: `proc_pidfdinfo(PROC_PIDFDSOCKETINFO)`.
    fn socket(&mut self, pid: u32, descriptor: i32, to: &mut Vec<u8>) -> io::Result<()>;

    /// Connects to the network statistics, anew if it is connected.
    fn connect(&mut self) -> io::Result<()>;

    /// Sends a message to the network statistics.
    fn ask(&mut self, message: &[u8]) -> io::Result<()>;

    /// The messages that the network statistics sent next; none if they sent no more so far.
    fn hear(&mut self, to: &mut Vec<u8>) -> io::Result<()>;

    /// True if this program may look into all processes.
    fn is_root(&self) -> bool;

    /// The wall clock.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests;
