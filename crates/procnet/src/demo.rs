//! `procnet demo`: the page over a simulated machine, in real time.

use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use procnet_core::{Batch, Timestamp};
use procnet_sim::{World, WorldOptions};
use procnet_wire::live::HostInfo;

use crate::collecting::{Source, Sources};
use crate::options::{DemoOptions, Size};
use crate::serve::Prepared;

/// The longest that the world moves on at once: a machine that slept must not simulate the night.
const LONGEST_STEP: Duration = Duration::from_secs(10);

pub(crate) fn run(options: &DemoOptions) -> Result<()> {
    let prepared = Prepared::new(&options.serve)?;
    let host = HostInfo {
        name: "demo".to_owned(),
        os: "simulated".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let interval = options.serve.collecting.interval;
    let world = world(options);
    let simulation = Simulation::new(world, interval);
    tracing::info!("a simulated machine with {} sockets", simulation.world.socket_count());
    prepared.open_page();
    let interfaces = simulation.world.interfaces();
    let again =
        move || -> Result<Box<dyn Source>> { Ok(Box::new(Simulation::new(world, interval))) };
    let sources = Sources { first: Box::new(simulation), again: Box::new(again) };
    prepared.serve(host, interfaces, sources)
}

fn world(demo: &DemoOptions) -> WorldOptions {
    let options = match demo.sockets {
        Some(sockets) => WorldOptions::of_sockets(sockets, demo.seed),
        None => WorldOptions::of_size(world_size(demo.size), demo.seed),
    };
    WorldOptions { unix: true, ..options }
}

struct Simulation {
    world: World,
    interval: Duration,
    stepped: Instant,
    next: Instant,
    resync: bool,
}

impl Simulation {
    fn new(options: WorldOptions, interval: Duration) -> Self {
        let mut world = World::new(options);
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        world.set_wall_clock(Timestamp::default().saturating_add(since_epoch.unwrap_or_default()));
        let now = Instant::now();
        Self { world, interval, stepped: now, next: now, resync: false }
    }
}

impl Source for Simulation {
    fn next(&mut self, longest: Duration) -> Result<Option<Batch>> {
        let rest = self.next.saturating_duration_since(Instant::now());
        std::thread::sleep(rest.min(longest));
        if rest > longest {
            return Ok(None);
        }
        let elapsed = self.stepped.elapsed().min(LONGEST_STEP);
        self.stepped = Instant::now();
        let batch = self.world.step(elapsed);
        let batch = if std::mem::take(&mut self.resync) { self.world.resync() } else { batch };
        // A simulation that takes longer than its interval gets a rest all the same.
        let took = self.stepped.elapsed();
        self.next = Instant::now() + self.interval.saturating_sub(took).max(took);
        Ok(Some(batch))
    }

    fn request_resync(&mut self) {
        self.resync = true;
    }

    /// They cost nothing here: the world has them anyway.
    fn set_unix(&mut self, _unix: bool) {}
}

fn world_size(size: Size) -> procnet_sim::Size {
    match size {
        Size::Small => procnet_sim::Size::Small,
        Size::Medium => procnet_sim::Size::Medium,
        Size::Large => procnet_sim::Size::Large,
        Size::Huge => procnet_sim::Size::Huge,
    }
}
