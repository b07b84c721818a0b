//! What the engine costs: events per second from nothing, and the time that a 1 % change takes to
//! become a scene delta, at three sizes. Beside it, the floor: building the scene from scratch.
//!
//! `cargo bench -p procnet-core --bench engine [-- --quick]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use procnet_core::Moment;
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::view::{View, ViewSpec};
use procnet_sim::{World, WorldOptions};

const ROUNDS: usize = 15;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let sizes: &[usize] = if quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
    println!("engine: medians of {ROUNDS} rounds; one second with 1 % churn and 20 % traffic");
    println!(
        "{:>9} {:>9} {:>12} {:>10} {:>12} {:>12} {:>14} {:>7} {:>7}",
        "sockets",
        "events",
        "seed ms",
        "events/s",
        "events/step",
        "apply ms",
        "delta ms",
        "nodes",
        "edges"
    );
    for size in sizes {
        measure(*size);
    }
}

fn measure(size: usize) {
    let mut world = World::new(WorldOptions::of_sockets(size, 7));
    let everything = world.resync();
    let events = everything.events.len();
    let mut seeded = Vec::new();
    for _ in 0..if size > 50_000 { 3 } else { ROUNDS } {
        let batch = everything.clone();
        let mut engine = Engine::new(EngineOptions::default());
        let start = Instant::now();
        engine.apply(batch, Moment(1));
        seeded.push(start.elapsed());
        black_box(engine.graph().link_count());
    }
    let mut engine = Engine::new(EngineOptions::default());
    engine.apply(everything, Moment(1));
    let mut view = View::new(ViewSpec { udp: true, ..ViewSpec::default() }, engine.graph());
    engine.take_changes();
    let (mut applied, mut updated, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    let mut step_events = 0;
    let mut now = Moment(1);
    for _ in 0..ROUNDS {
        let batch = world.step(Duration::from_secs(1));
        step_events = batch.events.len();
        now = now.saturating_add(Duration::from_secs(1));
        let start = Instant::now();
        engine.apply(batch, now);
        applied.push(start.elapsed());
        let changes = engine.take_changes();
        let start = Instant::now();
        black_box(view.update(engine.graph(), &changes));
        updated.push(start.elapsed());
        let start = Instant::now();
        black_box(View::new(view.spec().clone(), engine.graph()).scene().nodes.len());
        scratch.push(start.elapsed());
    }
    let seed = median(seeded);
    println!(
        "{:>9} {:>9} {:>12.2} {:>10.0} {:>12} {:>12.3} {:>14.3} {:>7} {:>7}   from scratch {:.2} ms",
        world.socket_count(),
        events,
        milliseconds(seed),
        events as f64 / seed.as_secs_f64(),
        step_events,
        milliseconds(median(applied)),
        milliseconds(median(updated)),
        view.scene().nodes.len(),
        view.scene().edges.len(),
        milliseconds(median(scratch)),
    );
}
