//! A seeded world that emits events: for tests, benches and `procnet demo`.
//!
//! The same seed and the same steps give the same events, for ever: nothing here reads a clock
//! or draws from anything but its own generator.

mod belonging;
mod datagrams;
mod faults;
mod populate;
mod services;
mod unix;
mod world;

pub use faults::{FaultOptions, Faults};
pub use world::{Size, World, WorldOptions};
