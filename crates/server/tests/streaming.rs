//! The delta stream, over a real connection.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use procnet_core::{Degradation, Event};
use procnet_server::ServerOptions;
use serde_json::Value;
use support::{Server, machine::Machine};

/// Lets a new process listen: something visible happens.
fn appear(machine: &mut Machine, pid: u32) {
    machine.process(pid, &format!("/bin/service{pid}"));
    machine.listen(pid, &format!("127.0.0.1:{}", 10_000 + pid));
}

fn labels(added: &Value) -> Vec<String> {
    let labels = added["add"]["label"].as_array().into_iter().flatten();
    labels.map(|label| label.as_str().unwrap().to_owned()).collect()
}

/// Applies the nodes of deltas to those of a scene: id → label.
fn nodes_after(scene: &Value, deltas: &[Value]) -> std::collections::BTreeMap<u64, String> {
    let pairs = |columns: &Value| -> Vec<(u64, String)> {
        let ids = columns["id"].as_array().cloned().unwrap_or_default();
        let labels = columns["label"].as_array().cloned().unwrap_or_default();
        ids.iter()
            .zip(&labels)
            .map(|(id, label)| (id.as_u64().unwrap(), label.as_str().unwrap().to_owned()))
            .collect()
    };
    let mut nodes: std::collections::BTreeMap<_, _> = pairs(&scene["nodes"]).into_iter().collect();
    for delta in deltas {
        for id in delta["nodes"]["del"].as_array().into_iter().flatten() {
            nodes.remove(&id.as_u64().unwrap());
        }
        nodes.extend(pairs(&delta["nodes"]["add"]));
        let set = &delta["nodes"]["set"]["label"];
        for (id, label) in set["id"]
            .as_array()
            .into_iter()
            .flatten()
            .zip(set["value"].as_array().into_iter().flatten())
        {
            nodes.insert(id.as_u64().unwrap(), label.as_str().unwrap().to_owned());
        }
    }
    nodes
}

#[test]
fn a_scene_and_then_what_changes() {
    let mut server = Server::start();
    let mut events = server.events("/api/v1/stream?udp=1", &[]);
    let scene = events.news();
    assert_eq!(scene.name, "scene");
    let epoch = scene.data["epoch"].as_str().unwrap();
    assert_eq!(scene.id, Some(format!("{epoch}:{}", scene.data["revision"])));
    let mut deltas = Vec::new();
    let mut revision = scene.data["revision"].as_u64().unwrap();
    for pid in 500..505 {
        server.feed(|machine| appear(machine, pid));
        let delta = events.news();
        assert_eq!(delta.name, "delta");
        assert_eq!(delta.data["from"], revision);
        revision = delta.data["to"].as_u64().unwrap();
        assert_eq!(delta.id, Some(format!("{epoch}:{revision}")));
        deltas.push(delta.data);
    }
    let now = server.get("/api/v1/scene?udp=1").json();
    assert_eq!(now["revision"], revision);
    assert_eq!(nodes_after(&scene.data, &deltas), nodes_after(&now, &[]));
}

#[test]
fn who_reconnects_gets_what_was_missed() {
    let mut server = Server::start();
    let mut events = server.events("/api/v1/stream", &[]);
    let id = events.news().id.unwrap();
    drop(events);
    for pid in 500..503 {
        server.feed(|machine| appear(machine, pid));
    }
    let by_query = format!("/api/v1/stream?last_event_id={id}");
    let by_header = [("last-event-id", id.as_str())];
    for mut events in [
        server.events("/api/v1/stream", &by_header),
        server.events(&by_query, &[]),
        // What the browser itself says is newer than what the address said at first.
        server.events("/api/v1/stream?last_event_id=x:1", &by_header),
    ] {
        let missed = events.news();
        assert_eq!(missed.name, "delta");
        assert_eq!(labels(&missed.data["nodes"]), ["service500", "service501", "service502"]);
        assert!(missed.data["legend"].is_object(), "what stands around may have changed too");
    }
    for unknown in ["", "x", "other:0", "other:99999999999999999999", &format!("{id}9999")] {
        let mut events = server.events("/api/v1/stream", &[("last-event-id", unknown)]);
        assert_eq!(events.news().name, "scene", "{unknown:?}");
    }
}

#[test]
fn a_slow_client_gets_fewer_and_larger_deltas() {
    let mut server = Server::start();
    let mut events = server.events("/api/v1/stream", &[]);
    let scene = events.news();
    // Faster than the pace at which deltas are sent.
    for pid in 500..600 {
        server.feed(|machine| appear(machine, pid));
    }
    let last = server.get("/api/v1/scene").json();
    let mut deltas = Vec::new();
    while deltas.last().is_none_or(|delta: &Value| delta["to"] != last["revision"]) {
        deltas.push(events.news().data);
    }
    assert!(deltas.len() < 100, "squashed: {}", deltas.len());
    assert_eq!(nodes_after(&scene.data, &deltas), nodes_after(&last, &[]));
}

#[test]
fn what_is_not_seen_reaches_the_clients() {
    let mut server = Server::start();
    let mut events = server.events("/api/v1/stream", &[]);
    let scene = events.news();
    assert_eq!(scene.data["degradations"], Value::Array(Vec::new()));
    let hidden = |count| Degradation { id: "owners-hidden", message: "hidden".into(), count };
    for (count, left) in [(3, 1), (0, 0)] {
        server.feed(|machine| {
            machine.event(Event::Degraded(hidden(count)));
        });
        let delta = events.news();
        assert_eq!(delta.data["degradations"].as_array().unwrap().len(), left);
        assert!(delta.data.get("legend").is_none());
    }
}

#[test]
fn rules_reach_the_clients() {
    let server = Server::start();
    let mut events = server.events("/api/v1/stream", &[]);
    events.news();
    let rules = "[{match_name: nginx, type: proxy, label: Front}]";
    let rules = procnet_core::rules::RuleSet::parse("rules.yaml", rules).unwrap();
    server.live.set_rules(rules.into());
    let delta = events.news().data;
    assert_eq!(delta["nodes"]["set"]["type"]["value"][0], "proxy");
    let types = delta["legend"]["types"].as_array().unwrap();
    assert!(types.iter().any(|t| t["name"] == "proxy"));
}

#[test]
fn a_stream_says_that_it_is_alive() {
    let server = Server::start();
    let mut events = server.events("/api/v1/stream", &[]);
    let scene = events.news();
    // Twice: longer than a client may take for a request's headers.
    for _ in 0..2 {
        let beat = events.next().unwrap();
        assert_eq!(beat.name, "heartbeat");
        assert_eq!(beat.data["revision"], scene.data["revision"]);
        assert_eq!(beat.id, None);
    }
}

#[test]
fn streams_are_bounded_and_come_back() {
    // Half of all connections may be streams.
    let options = ServerOptions { connections: Some(512), ..ServerOptions::default() };
    let server = Server::with_options(options);
    let mut streams: Vec<_> = (0..256)
        .map(|_| {
            let mut events = server.events("/api/v1/stream", &[]);
            assert_eq!(events.news().name, "scene");
            events
        })
        .collect();
    let refused = server.get("/api/v1/stream");
    assert_eq!(refused.status(), 503);
    assert!(refused.json()["error"].is_string());
    assert_eq!(server.get("/healthz").json()["streams"], 256);
    streams.clear();
    // Closing is seen by the server a moment later.
    while server.get("/healthz").json()["streams"] != 0 {
        std::thread::yield_now();
    }
    assert_eq!(server.events("/api/v1/stream", &[]).news().name, "scene");
}

#[test]
fn views_are_bounded_but_only_those_in_use_count() {
    let server = Server::start();
    for n in 0..80 {
        let target = format!("/api/v1/scene?filter=port:{}", 1000 + n);
        assert_eq!(server.get(&target).status(), 200, "{target}");
    }
    let mut streams = Vec::new();
    for n in 0..64 {
        let mut events = server.events(&format!("/api/v1/stream?filter=port:{}", 2000 + n), &[]);
        assert_eq!(events.news().name, "scene");
        streams.push(events);
    }
    assert_eq!(server.get("/api/v1/scene?filter=port:9").status(), 503);
    assert_eq!(server.get("/api/v1/scene?filter=port:2000").status(), 200, "it is there already");
}

#[test]
fn a_simulated_machine_is_followed_to_the_letter() {
    use procnet_sim::{World, WorldOptions};
    use std::time::Duration;
    let server = Server::start();
    let mut world = World::new(WorldOptions::of_sockets(2_000, 7));
    let mut at = 100;
    let mut feed = || {
        at += 1;
        server.live.ingest([world.step(Duration::from_secs(1))], support::machine::seconds(at));
    };
    feed();
    let mut events = server.events("/api/v1/stream?group=auto", &[]);
    let scene = events.news();
    let mut deltas = Vec::new();
    for _ in 0..50 {
        feed();
    }
    let last = server.get("/api/v1/scene?group=auto").json();
    let mut begun = scene.data;
    while deltas.last().unwrap_or(&begun)["to"] != last["revision"]
        && begun["revision"] != last["revision"]
    {
        let event = events.news();
        if event.name == "scene" {
            (begun, deltas) = (event.data, Vec::new());
        } else {
            deltas.push(event.data);
        }
    }
    assert_eq!(nodes_after(&begun, &deltas), nodes_after(&last, &[]));
}
