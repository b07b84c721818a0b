//! Incremental equals from scratch, and a delta leads from one scene to the next: over the
//! simulator's events, with everything going wrong that can.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeMap;
use std::time::Duration;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::filter::Filter;
use procnet_core::graph::Graph;
use procnet_core::view::scene::{Delta, Edge, EdgeId, Node, NodeId, Scene, Summary};
use procnet_core::view::{Grouping, RemoteGrouping, View, ViewSpec};
use procnet_core::{Moment, Timestamp};
use procnet_sim::{FaultOptions, Faults, World, WorldOptions};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// Which of the views has a budget that it cannot keep.
const TIGHT: usize = 7;

fn specs() -> Vec<ViewSpec> {
    let spec = ViewSpec { udp: true, unix: true, ..ViewSpec::default() };
    let filter = |text: &str| Filter::parse(text).unwrap();
    vec![
        spec.clone(),
        ViewSpec { grouping: Grouping::Process, ..spec.clone() },
        ViewSpec { grouping: Grouping::Family, p2p_only: true, ..spec.clone() },
        ViewSpec { grouping: Grouping::User, listeners: false, ..spec.clone() },
        ViewSpec { filter: filter("proto:unix path:run"), ..spec.clone() },
        ViewSpec { unix: false, ..spec.clone() },
        ViewSpec { grouping: Grouping::Container, ..spec.clone() },
        ViewSpec { grouping: Grouping::Container, max_nodes: 8, max_edges: 9, ..spec.clone() },
        ViewSpec { grouping: Grouping::Unit, filter: filter("unit:service"), ..spec.clone() },
        ViewSpec { filter: filter("port:5432 OR proc:nginx"), ..spec.clone() },
        ViewSpec { max_nodes: 12, max_edges: 20, ..spec.clone() },
        ViewSpec { remotes: RemoteGrouping::Endpoint, ..spec.clone() },
        ViewSpec {
            remotes: RemoteGrouping::Internet,
            expanded: [
                "out/internet".into(),
                "in/internet".into(),
                "in/private".into(),
                "in/private/n:10.0.0.0/24".into(),
                "out/private".into(),
            ]
            .into(),
            ..spec.clone()
        },
        ViewSpec {
            remotes: RemoteGrouping::Network,
            mutes: vec![filter("port:443"), filter("is:listener proc~/s/")],
            max_nodes: 30,
            ..spec.clone()
        },
        ViewSpec { udp: false, ..spec.clone().without_budget() },
        ViewSpec { expanded: ["f/app/reused".into()].into(), grouping: Grouping::Family, ..spec },
    ]
}

/// A scene without ids and without what only its history tells.
fn plain(scene: &Scene) -> (BTreeMap<String, Node>, BTreeMap<String, Edge>, Summary) {
    let nodes = scene.nodes.values().map(|node| {
        let mut node = node.clone();
        node.id = NodeId(0);
        node.since = Timestamp::default();
        (node.key.to_string(), node)
    });
    let edges = scene.edges.values().map(|edge| {
        let mut edge = edge.clone();
        edge.id = EdgeId(0);
        (edge.from, edge.to) = (NodeId(0), NodeId(0));
        (edge.key.to_string(), edge)
    });
    let counts = (nodes.len(), edges.len());
    let (nodes, edges): (BTreeMap<_, _>, BTreeMap<_, _>) = (nodes.collect(), edges.collect());
    assert_eq!(counts, (nodes.len(), edges.len()), "keys are unique");
    (nodes, edges, scene.summary)
}

/// Says what differs, not everything there is.
fn assert_same<K: Ord + std::fmt::Debug, T: PartialEq + std::fmt::Debug>(
    incremental: &BTreeMap<K, T>,
    scratch: &BTreeMap<K, T>,
    what: &str,
) {
    for key in incremental.keys().chain(scratch.keys()) {
        assert_eq!(incremental.get(key), scratch.get(key), "{what} {key:?}");
    }
}

/// Ids point at what is there, and no id is ever used for two things.
fn assert_sound(scene: &Scene, owners: &mut BTreeMap<NodeId, String>) {
    for (id, node) in &scene.nodes {
        assert_eq!(*id, node.id);
        assert!(node.count > 0, "{node:?}");
        let key = owners.entry(*id).or_insert_with(|| node.key.to_string());
        assert_eq!(*key, *node.key, "a node id was used again");
    }
    for edge in scene.edges.values() {
        assert!(scene.nodes.contains_key(&edge.from) && scene.nodes.contains_key(&edge.to));
        assert_ne!(edge.from, edge.to, "G4: an edge never joins a node to itself");
    }
}

fn assert_same_truth(graph: &Graph) {
    let (incremental, scratch) = (graph.conclusions(), graph.rebuilt().conclusions());
    assert_same(&incremental.sockets, &scratch.sockets, "socket");
    assert_same(&incremental.links, &scratch.links, "link");
    assert_eq!(incremental.listeners, scratch.listeners);
    assert_eq!(incremental.counts, scratch.counts);
}

fn check(seed: u64, stacks: usize, sockets: usize, faults: FaultOptions, steps: usize) {
    let world = World::new(WorldOptions {
        seed,
        stacks,
        sockets,
        churn_per_second: 0.3,
        traffic_per_second: 0.5,
        unix: true,
    });
    let mut source = Faults::new(world, faults, seed ^ 0x9e37_79b9);
    let mut engine = Engine::new(EngineOptions::default());
    let mut views: Vec<View> =
        specs().into_iter().map(|spec| View::new(spec, engine.graph())).collect();
    let first: Vec<Scene> = views.iter().map(|view| view.scene().clone()).collect();
    let mut scenes = first.clone();
    let mut squashed: Vec<Option<Delta>> = vec![None; views.len()];
    let mut owners: Vec<BTreeMap<NodeId, String>> = vec![BTreeMap::new(); views.len()];
    let mut now = Moment(1);
    for step in 0..steps {
        now = now.saturating_add(Duration::from_millis(1_700));
        for batch in source.step(Duration::from_secs(1)) {
            engine.apply(batch, now);
        }
        engine.tick(now);
        let changes = engine.take_changes();
        assert_same_truth(engine.graph());
        for (index, view) in views.iter_mut().enumerate() {
            let before = scenes[index].clone();
            if let Some(delta) = view.update(engine.graph(), &changes) {
                scenes[index].apply(&delta);
                let mut back = scenes[index].clone();
                back.apply(&delta.clone().reversed());
                assert_eq!(back, before, "a reversed delta leads back");
                squashed[index] = Some(match squashed[index].take() {
                    Some(earlier) => earlier.squashed(delta),
                    None => delta,
                });
            }
            assert_eq!(&scenes[index], view.scene(), "delta(scene) = next scene");
            assert_sound(view.scene(), &mut owners[index]);
            let scratch = View::new(view.spec().clone(), engine.graph());
            // Hysteresis may keep a view coarser than a new one would be.
            if scratch.joins_like(view) && index != TIGHT {
                let (nodes, edges, summary) = plain(view.scene());
                let (fresh_nodes, fresh_edges, fresh_summary) = plain(scratch.scene());
                let place = format!("step {step}, view {index}:");
                assert_same(&nodes, &fresh_nodes, &place);
                assert_same(&edges, &fresh_edges, &place);
                assert_eq!(summary, fresh_summary, "step {step}, view {index}");
            }
        }
    }
    for (index, delta) in squashed.into_iter().enumerate() {
        let mut scene = first[index].clone();
        if let Some(delta) = delta {
            scene.apply(&delta);
        }
        assert_eq!(scene, scenes[index], "one squashed delta says the same as all of them");
    }
}

/// Failing seeds are kept beside the test.
fn config(cases: u32) -> ProptestConfig {
    let kept = FileFailurePersistence::Direct("tests/incremental.regressions");
    ProptestConfig {
        cases,
        max_shrink_iters: 64,
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1_200))]

    #[test]
    fn incremental_equals_from_scratch(seed: u64, steps in 2_usize..14, sockets in 20_usize..140) {
        check(seed, 1, sockets, FaultOptions::rough(), steps);
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn incremental_equals_from_scratch_at_length(seed: u64) {
        check(seed, 3, 300, FaultOptions::rough(), 60);
    }
}
