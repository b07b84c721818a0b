//! The pure heart of Procnet Live: events in; graph, scenes and deltas out.
//!
//! Invariants, written as absences: nothing here does I/O, reads a clock, draws
//! randomness, spawns a thread, knows an operating system or panics on input.
//! Time and identity come in with the events, so that the same events always
//! give the same graph, live or replayed.

pub mod address;
pub mod capability;
pub mod container;
pub mod endpoint;
pub mod engine;
pub mod event;
pub mod facet;
pub mod filter;
pub mod graph;
pub mod icon;
pub mod key;
pub mod label;
pub mod memory;
pub mod network;
pub mod process;
mod program;
pub mod registry;
pub mod rules;
pub mod secrets;
pub mod socket;
pub mod suggest;
pub mod table;
pub mod text;
pub mod time;
pub mod unit;
pub mod unix;
pub mod view;

pub use address::{AddressFacts, Interfaces, NameEvidence};
pub use capability::{Capability, CapabilityState, Degradation};
pub use container::{Container, Runtime};
pub use endpoint::{Cidr, Endpoint, canonical};
pub use event::{Batch, Ending, Event, GapReason};
pub use icon::Icon;
pub use key::{HostId, NetnsId, ProcessKey, SocketIdentity, SocketKey};
pub use process::{Process, User};
pub use socket::{
    Attribution, Counters, Direction, Owner, Owners, Protocol, Role, Socket, SocketState,
    UnknownOwner,
};
pub use time::{Moment, Timestamp};
pub use unit::{Manager, Unit};
pub use unix::{UnixKind, UnixSocket};
