//! Scenes and deltas as the page reads them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::collections::BTreeMap;

use procnet_core::engine::Engine;
use procnet_core::graph::SocketId;
use procnet_core::view::scene::Delta;
use procnet_core::view::{Grouping, View, ViewSpec};
use procnet_wire::encode::{self, Surroundings};
use procnet_wire::live::{DeltaMessage, HostInfo, ToggleInfo};
use serde_json::{Map, Value};
use support::{engine, everyday, key, seconds};

fn view(engine: &Engine) -> View {
    let spec = ViewSpec { grouping: Grouping::Process, udp: true, ..ViewSpec::default() };
    View::new(spec, engine.graph())
}

/// Columns as one object per thing, as a reader that knows nothing of the fields would.
fn rows(columns: &Value) -> BTreeMap<u64, Map<String, Value>> {
    let columns = columns.as_object().unwrap();
    let ids = columns["id"].as_array().unwrap();
    let row = |at: usize| {
        let fields = columns.iter().filter(|(name, _)| *name != "id");
        fields
            .map(|(name, values)| {
                assert_eq!(values.as_array().unwrap().len(), ids.len(), "{name}");
                (name.clone(), values[at].clone())
            })
            .collect()
    };
    ids.iter().enumerate().map(|(at, id)| (id.as_u64().unwrap(), row(at))).collect()
}

/// Applies `nodes` or `edges` of a delta, field by field.
fn apply(things: &mut BTreeMap<u64, Map<String, Value>>, updates: &Value) {
    for id in updates["del"].as_array().into_iter().flatten() {
        assert!(things.remove(&id.as_u64().unwrap()).is_some(), "{id} was there");
    }
    if let Some(added) = updates.get("add") {
        for (id, row) in rows(added) {
            assert!(things.insert(id, row).is_none(), "{id} is new");
        }
    }
    for (field, sparse) in updates.get("set").and_then(Value::as_object).into_iter().flatten() {
        let ids = sparse["id"].as_array().unwrap();
        let values = sparse["value"].as_array().unwrap();
        for (id, value) in ids.iter().zip(values) {
            let thing = things.get_mut(&id.as_u64().unwrap()).unwrap();
            assert_ne!(thing.insert(field.clone(), value.clone()).as_ref(), Some(value), "{field}");
        }
    }
}

fn scene_json(view: &View) -> Value {
    let grouping = encode::grouping_info(view.spec(), view.resolution());
    let host = HostInfo { name: "box".into(), os: "linux".into(), version: "0.0.0".into() };
    let legend = encode::base_legend(&|_| None);
    let around = Surroundings {
        grouping: &grouping,
        toggles: ToggleInfo::default(),
        legend: &legend,
        degradations: &[],
    };
    let at = procnet_core::Timestamp::from_seconds(support::START);
    serde_json::to_value(encode::scene_message(view.scene(), "e", at, &host, around)).unwrap()
}

#[test]
fn a_scene_and_its_deltas_come_to_the_next_scene() {
    let mut machine = everyday();
    let mut engine = engine("[]");
    engine.apply(machine.batch(), seconds(1));
    engine.take_changes();
    let mut view = view(&engine);
    let before = scene_json(&view);
    let (mut nodes, mut edges) = (rows(&before["nodes"]), rows(&before["edges"]));
    assert!(nodes.len() >= 6 && edges.len() >= 5, "{before}");

    let mut closing = Vec::new();
    for step in 2..6 {
        match step {
            2 => {
                machine.process(500, "/usr/bin/curl https://example.org");
                closing.push(machine.tcp(500, "192.0.2.1:45000", "203.0.113.80:443"));
            }
            3 => closing.extend(machine.pair(200, 300, "127.0.0.1:40009", "127.0.0.1:5432")),
            4 => {
                for key in closing.drain(..) {
                    machine.close(key);
                }
            }
            _ => {
                machine.process(200, "/usr/bin/python3 other.py");
            }
        }
        let now = seconds(step * 10);
        engine.apply(machine.batch(), now);
        let changes = engine.take_changes();
        let delta = view.update(engine.graph(), &changes).expect("something visible changed");
        let message = encode::delta_message(&delta, engine.graph().at());
        let json = serde_json::to_value(&message).unwrap();
        apply(&mut nodes, &json["nodes"]);
        apply(&mut edges, &json["edges"]);
        let after = scene_json(&view);
        assert_eq!(nodes, rows(&after["nodes"]), "step {step}");
        assert_eq!(edges, rows(&after["edges"]), "step {step}");
        let back: DeltaMessage = serde_json::from_value(json).unwrap();
        assert_eq!(back, message, "what is written can be read");
    }
}

#[test]
fn a_delta_names_only_the_fields_that_changed() {
    let mut machine = everyday();
    let mut engine = engine("[]");
    engine.apply(machine.batch(), seconds(1));
    engine.take_changes();
    let mut view = view(&engine);
    machine.pair(200, 300, "127.0.0.1:40009", "127.0.0.1:5432");
    engine.apply(machine.batch(), seconds(2));
    let changes = engine.take_changes();
    let delta = view.update(engine.graph(), &changes).unwrap();
    let json = serde_json::to_value(encode::delta_message(&delta, engine.graph().at())).unwrap();
    let fields: Vec<_> = json["edges"]["set"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["sockets", "to_client", "to_server"]);
    assert!(json["edges"].get("add").is_none() && json["edges"].get("del").is_none());
    assert!(json.get("legend").is_none() && json.get("grouping").is_none());
}

#[test]
fn an_empty_delta_is_short() {
    let json = serde_json::to_string(&encode::delta_message(&Delta::default(), Default::default()));
    assert_eq!(json.unwrap(), r#"{"from":0,"to":0,"at":0,"nodes":{},"edges":{}}"#);
}

#[test]
fn the_published_scene() {
    let mut engine = engine("[{match_name: postgres, type: database, label: Orders}]");
    engine.apply(everyday().batch(), seconds(1));
    engine.take_changes();
    insta::assert_json_snapshot!("scene", scene_json(&view(&engine)));
}

#[test]
fn the_published_socket_and_process() {
    let mut engine = engine("[]");
    engine.apply(everyday().batch(), seconds(1));
    let graph = engine.graph();
    let details = encode::process_details(graph, key(200)).unwrap();
    assert_eq!(details.socket_count, 7);
    insta::assert_json_snapshot!("process", details);
    assert_eq!(encode::process_details(graph, key(201)), None);
    assert_eq!(encode::socket_row(graph, SocketId(9_999)), None);
    let listener = graph.sockets().find(|(_, s)| s.local.port == 443 && s.is_listener());
    let row = encode::socket_row(graph, listener.unwrap().0).unwrap();
    assert_eq!((row.direction.as_str(), row.evidence.as_str()), ("listen", "none"));
    assert_eq!((row.attribution.as_str(), row.unknown_owner), ("held", None));
}

#[test]
fn a_ring_of_parents_ends() {
    use procnet_core::{Event, Process};
    let mut machine = support::Machine::default();
    for (pid, parent) in [(1, 2), (2, 1)] {
        let process = Process { parent: Some(key(parent)), ..Process::bare(key(pid), "ring") };
        machine.event(Event::ProcessStarted(process.into()));
    }
    let mut engine = engine("[]");
    engine.apply(machine.batch(), seconds(1));
    let details = encode::process_details(engine.graph(), key(1)).unwrap();
    assert_eq!(details.parents.len(), encode::MAX_RELATIVES);
}
