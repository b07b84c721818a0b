//! What goes wrong between a source and the engine: loss, late arrival, clock steps, resyncs.

use std::time::Duration;

use fastrand::Rng;
use procnet_core::{Batch, Event, GapReason, Timestamp};

use crate::world::World;

/// How often things go wrong; each a probability per step.
#[derive(Clone, Copy, Debug)]
pub struct FaultOptions {
    /// A batch is lost.
    pub lose_batch: f64,
    /// An event within a batch is lost.
    pub lose_event: f64,
    /// A batch arrives after its successor.
    pub late_batch: f64,
    /// Two events within a batch change places.
    pub swap_events: f64,
    /// The wall clock jumps by up to an hour, either way.
    pub step_clock: f64,
    /// The source tells everything again.
    pub resync: f64,
    /// An event is told twice.
    pub repeat_event: f64,
    /// A pid is used again: an exited process's key comes back with another start.
    pub reuse_pid: f64,
}

impl FaultOptions {
    /// Everything goes wrong, often.
    pub const fn rough() -> Self {
        Self {
            lose_batch: 0.05,
            lose_event: 0.05,
            late_batch: 0.05,
            swap_events: 0.3,
            step_clock: 0.05,
            resync: 0.05,
            repeat_event: 0.05,
            reuse_pid: 0.1,
        }
    }
}

/// A world seen through a bad connection.
#[derive(Clone, Debug)]
pub struct Faults {
    world: World,
    options: FaultOptions,
    random: Rng,
    clock_step: i64,
    late: Option<Batch>,
}

impl Faults {
    /// A world with faults, seeded apart from the world itself.
    pub fn new(world: World, options: FaultOptions, seed: u64) -> Self {
        Self { world, options, random: Rng::with_seed(seed), clock_step: 0, late: None }
    }

    /// The next batches to arrive: none, one or two.
    pub fn step(&mut self, elapsed: Duration) -> Vec<Batch> {
        let mut batch = if self.happens(self.options.resync) {
            self.world.resync()
        } else {
            self.world.step(elapsed)
        };
        if self.happens(self.options.step_clock) {
            self.clock_step += self.random.i64(-3_600..3_600) * 1_000_000_000;
        }
        batch.at = Timestamp(batch.at.0.saturating_add(self.clock_step));
        let first = matches!(batch.events.first(), Some(Event::Resync));
        self.spoil(&mut batch.events, usize::from(first));
        let mut arriving = Vec::new();
        if self.late.is_none() && self.happens(self.options.late_batch) {
            self.late = Some(batch);
            return arriving;
        }
        if !self.happens(self.options.lose_batch) {
            arriving.push(batch);
        }
        arriving.extend(self.late.take());
        arriving
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.random.f64() < probability
    }

    /// Damages events from index `from` on: a resync stays in front.
    fn spoil(&mut self, events: &mut Vec<Event>, from: usize) {
        let before = events.len();
        let mut index = from;
        while index < events.len() {
            if self.happens(self.options.lose_event) {
                events.remove(index);
                continue;
            }
            if self.happens(self.options.repeat_event) {
                let again = events[index].clone();
                events.insert(index, again);
                index += 1;
            }
            index += 1;
        }
        let lost = before.saturating_sub(events.len());
        if events.len() > from + 1 && self.happens(self.options.swap_events) {
            let a = self.random.usize(from..events.len());
            let b = self.random.usize(from..events.len());
            events.swap(a, b);
        }
        if self.happens(self.options.reuse_pid) {
            self.reuse_a_pid(events);
        }
        if lost > 0 {
            let lost = u64::try_from(lost).unwrap_or(u64::MAX);
            events.push(Event::Gap { lost, reason: GapReason::Kernel });
        }
    }

    fn reuse_a_pid(&mut self, events: &mut Vec<Event>) {
        let started = events.iter().find_map(|event| match event {
            Event::ProcessStarted(process) => Some(process.clone()),
            _ => None,
        });
        if let Some(process) = started {
            let mut other = (*process).clone();
            other.key.started += 1_000_000;
            other.name = std::sync::Arc::from("reused");
            events.push(Event::ProcessExited(process.key));
            events.push(Event::ProcessStarted(std::sync::Arc::new(other)));
        }
    }
}
