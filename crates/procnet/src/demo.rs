//! `procnet demo`: the page over a simulated machine, in real time.

use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use procnet_core::{Batch, Timestamp};
use procnet_sim::{World, WorldOptions};
use procnet_wire::live::HostInfo;

use crate::options::{DemoOptions, Size};
use crate::serve::{Prepared, Source};

/// The longest that the world moves on at once: a machine that slept must not simulate the night.
const LONGEST_STEP: Duration = Duration::from_secs(10);

pub(crate) fn run(options: &DemoOptions) -> Result<()> {
    let prepared = Prepared::new(&options.serve)?;
    let host = HostInfo {
        name: "demo".to_owned(),
        os: "simulated".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let simulation = Simulation::new(options.size, options.seed);
    tracing::info!("a simulated machine with {} sockets", simulation.world.socket_count());
    prepared.serve(host, Box::new(simulation), options.serve.interval)
}

struct Simulation {
    world: World,
    stepped: Instant,
    resync: bool,
}

impl Simulation {
    fn new(size: Size, seed: u64) -> Self {
        let mut world = World::new(WorldOptions::of_size(world_size(size), seed));
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        world.set_wall_clock(Timestamp::default().saturating_add(since_epoch.unwrap_or_default()));
        Self { world, stepped: Instant::now(), resync: false }
    }
}

impl Source for Simulation {
    fn poll(&mut self) -> Result<Batch> {
        let elapsed = self.stepped.elapsed().min(LONGEST_STEP);
        self.stepped = Instant::now();
        let batch = self.world.step(elapsed);
        Ok(if std::mem::take(&mut self.resync) { self.world.resync() } else { batch })
    }

    fn request_resync(&mut self) {
        self.resync = true;
    }
}

fn world_size(size: Size) -> procnet_sim::Size {
    match size {
        Size::Small => procnet_sim::Size::Small,
        Size::Medium => procnet_sim::Size::Medium,
        Size::Large => procnet_sim::Size::Large,
        Size::Huge => procnet_sim::Size::Huge,
    }
}
