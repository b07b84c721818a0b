//! What answers cost: `/api/graph`, a whole scene and a 1 % delta, each with its size.
//!
//! `cargo bench -p procnet-server --bench encode [-- --quick]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use procnet_core::Moment;
use procnet_core::engine::{Engine, EngineOptions, STALE_AFTER};
use procnet_core::view::{View, ViewSpec};
use procnet_sim::{World, WorldOptions};
use procnet_wire::encode::{self, Surroundings};
use procnet_wire::graph::{EdgeMemory, GraphOptions, graph_answer};
use procnet_wire::live::{HostInfo, ToggleInfo};
use serde::Serialize;

const ROUNDS: usize = 15;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let sizes: &[usize] = if quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
    println!("encoding: medians of {ROUNDS} rounds, to JSON bytes; udp=1");
    println!(
        "{:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {:>12} {:>10} {:>10}",
        "sockets",
        "note ms",
        "graph ms",
        "graph kB",
        "scene ms",
        "scene kB",
        "1 % delta ms",
        "delta kB",
        "edges"
    );
    for size in sizes {
        measure(*size);
    }
}

/// The median time that `f` takes.
fn median<R>(mut f: impl FnMut() -> R) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(f());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain structs of strings and numbers have a JSON form")
}

fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}

fn measure(size: usize) {
    let mut world = World::new(WorldOptions::of_sockets(size, 7));
    let mut engine = Engine::new(EngineOptions::default());
    engine.apply(world.resync(), Moment(1));
    let changes = engine.take_changes();
    let links = changes.links.iter().copied();
    let note = median(|| {
        let mut memory = EdgeMemory::new(STALE_AFTER);
        memory.update(engine.graph(), links.clone(), Moment(1));
    });
    let mut memory = EdgeMemory::new(STALE_AFTER);
    memory.update(engine.graph(), links, Moment(1));
    let options = GraphOptions { udp: true, ..GraphOptions::default() };
    let graph = || {
        let answer = graph_answer(engine.graph(), &memory, options, &|_| None, Moment(1));
        (answer.edges.len(), json(&answer))
    };
    let graph_ms = median(graph);
    let (edges, graph) = graph();

    let mut view = View::new(ViewSpec { udp: true, ..ViewSpec::default() }, engine.graph());
    let grouping = encode::grouping_info(view.spec(), view.resolution());
    let legend = encode::base_legend(&|_| None);
    let host = HostInfo { name: "box".into(), os: "simulated".into(), version: "0".into() };
    let surroundings = Surroundings {
        grouping: &grouping,
        toggles: ToggleInfo::default(),
        legend: &legend,
        degradations: &[],
    };
    let scene = || {
        let at = engine.graph().at();
        json(&encode::scene_message(view.scene(), "epoch", at, &host, surroundings))
    };
    let scene_ms = median(scene);
    let scene = scene();

    // One second of a world in which 1 % of the connections are replaced.
    engine.apply(world.step(Duration::from_secs(1)), Moment(1_000_000_000));
    let changes = engine.take_changes();
    let delta = view.update(engine.graph(), &changes).unwrap_or_default();
    let delta_json = || json(&encode::delta_message(&delta, engine.graph().at()));
    let delta_ms = median(delta_json);
    println!(
        "{size:>9} {note:>10.2} {graph_ms:>10.2} {:>10.1} {scene_ms:>10.2} {:>10.1} \
         {delta_ms:>12.3} {:>10.1} {edges:>10}",
        kilobytes(graph.len()),
        kilobytes(scene.len()),
        kilobytes(delta_json().len()),
    );
}
