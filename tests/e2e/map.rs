//! The three faces of one truth — `/api/graph`, `procnet ls`, the scene — over a real workload.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::machine::family;
use crate::program::{Server, procnet_json};
use crate::workload::Workload;
use crate::{shared_workload, wait_for};

/// A connection that there is.
struct Expected {
    what: &'static str,
    client: BTreeSet<u32>,
    server: BTreeSet<u32>,
    port: u16,
    protocol: &'static str,
}

fn expected(workload: &Workload) -> Vec<Expected> {
    let link = |what, client: u32, server: u32, port, protocol| Expected {
        what,
        client: family(client),
        server: family(server),
        port,
        protocol,
    };
    let Workload { nginx, app, postgres, memcached, redis, udp_server, .. } = workload;
    let mut links = vec![
        link("nginx → app", nginx.pid(), app.pid(), app.port, "tcp"),
        link("app → postgres", app.pid(), postgres.pid(), postgres.port, "tcp"),
        link("app → memcached", app.pid(), memcached.pid(), memcached.port, "tcp"),
        link(
            "udp client → udp server",
            workload.udp_client.pid(),
            udp_server.pid(),
            udp_server.port,
            "udp",
        ),
    ];
    for client in &workload.web_clients {
        links.push(link("web client → nginx", client.pid(), nginx.pid(), nginx.port, "tcp"));
    }
    for worker in &workload.workers {
        links.push(link("worker → redis", worker.pid(), redis.pid(), redis.port, "tcp"));
    }
    links
}

fn pid(value: &Value) -> Option<u32> {
    value.as_str()?.parse().ok()
}

#[test]
fn parity_row_02_sockets_owners_and_directions_of_real_programs() {
    let Some(workload) = shared_workload() else { return };
    let rows = wait_for("all sockets in `procnet ls`", || {
        let rows = procnet_json(&["ls", "--json"]);
        let rows = rows.as_array().expect("an array").clone();
        let complete = expected(&workload).iter().all(|link| {
            has_socket(&rows, &link.client, link, "outbound")
                && (link.protocol == "udp" || has_socket(&rows, &link.server, link, "inbound"))
        });
        complete.then_some(rows)
    });
    for program in [&workload.redis, &workload.nginx, &workload.postgres, &workload.idle] {
        let listener = rows.iter().find(|row| {
            row["state"] == "LISTEN"
                && row["local"]["port"] == program.port
                && owners(row).contains(&program.pid())
        });
        let listener = listener.expect("each server listens");
        assert_eq!(listener["direction"], "listen");
        assert_eq!(listener["remote"], Value::Null);
    }
    // nginx's worker inherited the listener from its master: one socket, several owners.
    let nginx =
        rows.iter().find(|r| r["state"] == "LISTEN" && r["local"]["port"] == workload.nginx.port);
    assert!(owners(nginx.expect("nginx listens")).len() > 1);
}

/// True if one of `processes` has the socket of `link` that points that way, with every field of
/// the published form.
fn has_socket(rows: &[Value], processes: &BTreeSet<u32>, link: &Expected, direction: &str) -> bool {
    let end = if direction == "outbound" { "remote" } else { "local" };
    rows.iter().any(|row| {
        row["protocol"] == link.protocol
            && row["state"] == "ESTABLISHED"
            && row["direction"] == direction
            && row[end]["port"] == link.port
            && row["attribution"] == "held"
            && owners(row).iter().any(|pid| processes.contains(pid))
            && ["rx_bytes", "tx_bytes", "rtt_us", "netns", "cookie"].iter().all(|n| row[n].is_u64())
            && row["owners"][0]["user"].is_string()
            && row["owners"][0]["started"].as_i64().is_some_and(|started| started > 0)
    })
}

fn owners(row: &Value) -> Vec<u32> {
    let owners = row["owners"].as_array().map(Vec::as_slice).unwrap_or_default();
    owners.iter().filter_map(|o| o["pid"].as_u64()?.try_into().ok()).collect()
}

#[test]
fn parity_row_07_each_connection_is_one_edge_from_client_to_server() {
    let Some(workload) = shared_workload() else { return };
    let server = Server::start(&[]);
    for link in expected(&workload) {
        let edges = server.edges("/api/graph?udp=1", |edge| {
            pid(&edge["from"]).is_some_and(|p| link.client.contains(&p))
                && pid(&edge["to"]).is_some_and(|p| link.server.contains(&p))
                && edge["stale"] == false
        });
        assert_eq!(edges.len(), 1, "{}: {edges:?}", link.what);
        let edge = &edges[0];
        let (from, to) = (pid(&edge["from"]).unwrap(), pid(&edge["to"]).unwrap());
        assert_eq!(edge["id"], format!("{from}->{to}:{}", link.port), "{}", link.what);
        assert_eq!(edge["proto"], link.protocol.to_uppercase(), "{}", link.what);
        let label = edge["label"].as_str().unwrap();
        assert!(label.contains(&format!("→:{}", link.port)), "{}: {label}", link.what);
    }
    let graph = server.json("/api/graph?udp=1");
    let ids: Vec<&Value> = graph["nodes"].as_array().unwrap().iter().map(|n| &n["id"]).collect();
    let unique: BTreeSet<String> = ids.iter().map(|id| id.to_string()).collect();
    assert_eq!(ids.len(), unique.len(), "ids are unique");
    // Nobody is drawn as a client of its own clients.
    for link in expected(&workload) {
        let backwards = graph["edges"].as_array().unwrap().iter().find(|edge| {
            pid(&edge["from"]).is_some_and(|p| link.server.contains(&p))
                && pid(&edge["to"]).is_some_and(|p| link.client.contains(&p))
        });
        assert!(backwards.is_none(), "{}: {backwards:?}", link.what);
    }
}

#[test]
fn parity_row_15_programs_have_their_types_and_labels() {
    let Some(workload) = shared_workload() else { return };
    let server = Server::start(&[]);
    for (pid, kind, label) in [
        (workload.redis.pid(), "cache", "redis-server"),
        (workload.memcached.pid(), "cache", "memcached"),
        (workload.postgres.pid(), "database", "postgres"),
        (workload.nginx.pid(), "load_balancer", "nginx"),
        (workload.app.pid(), "app", "app.py"),
        (workload.workers[0].pid(), "app", "worker.py"),
        (workload.web_clients[0].pid(), "app", "web_client.py"),
    ] {
        let pids = family(pid);
        let node = wait_for(label, || {
            let graph = server.json("/api/graph");
            let nodes = graph["nodes"].as_array()?.clone();
            nodes.into_iter().find(|n| crate::map::pid(&n["id"]).is_some_and(|p| pids.contains(&p)))
        });
        assert_eq!(node["type"], kind, "{node}");
        assert!(node["label"].as_str().unwrap().contains(label), "{node}");
    }
}

#[test]
fn the_scene_shows_the_same_links_as_the_graph() {
    let Some(workload) = shared_workload() else { return };
    let server = Server::start(&["--udp"]);
    for link in expected(&workload) {
        let edge = wait_for(link.what, || {
            let scene = server.json("/api/v1/scene?group=process");
            let mut found = scene_edges(&scene).into_iter().filter(|edge| {
                edge.port == link.port
                    && edge.from.iter().any(|pid| link.client.contains(pid))
                    && edge.to.iter().any(|pid| link.server.contains(pid))
            });
            found.next()
        });
        assert_eq!(edge.protocol, link.protocol, "{}", link.what);
        // nginx keeps one for each client, if ever two asked at the same moment.
        let most = if link.server.contains(&workload.app.pid()) {
            workload.web_clients.len() as u64
        } else {
            1
        };
        assert!((1..=most).contains(&edge.sockets), "{}: {}", link.what, edge.sockets);
    }
}

struct SceneEdge {
    from: Vec<u32>,
    to: Vec<u32>,
    port: u16,
    protocol: String,
    sockets: u64,
}

/// The edges of a scene, with the processes at their ends.
fn scene_edges(scene: &Value) -> Vec<SceneEdge> {
    let (nodes, edges) = (&scene["nodes"], &scene["edges"]);
    let processes = |id: &Value| -> Vec<u32> {
        let ids = nodes["id"].as_array().unwrap();
        let index = ids.iter().position(|own| own == id).expect("an edge's node is in the scene");
        let keys = nodes["processes"][index].as_array().unwrap();
        let pids = keys.iter().filter_map(|key| key.as_str()?.split('-').next()?.parse().ok());
        pids.collect()
    };
    let count = edges["id"].as_array().unwrap().len();
    (0..count)
        .map(|index| SceneEdge {
            from: processes(&edges["from"][index]),
            to: processes(&edges["to"][index]),
            port: u16::try_from(edges["port"][index].as_u64().unwrap()).unwrap(),
            protocol: edges["protocol"][index].as_str().unwrap().to_owned(),
            sockets: edges["sockets"][index].as_u64().unwrap(),
        })
        .collect()
}

#[test]
fn an_idle_listener_is_on_the_map() {
    let Some(workload) = shared_workload() else { return };
    let server = Server::start(&[]);
    let address = format!("tcp 127.0.0.1:{}", workload.idle.port);
    let node = server.node(workload.idle.pid(), |_| true);
    assert!(node["listeners"].to_string().contains(&address), "{node}");
    wait_for("the idle listener in the scene", || {
        let scene = server.json("/api/v1/scene?group=process");
        scene["nodes"]["listeners"].to_string().contains(&address).then_some(())
    });
    let hidden = server.json("/api/v1/scene?group=process&listeners=0");
    assert!(!hidden["nodes"]["listeners"].to_string().contains(&address));
}

#[test]
fn parity_row_11_udp_on_request_in_its_own_colour() {
    let Some(workload) = shared_workload() else { return };
    let client = workload.udp_client.pid().to_string();
    let with = Server::start(&["--udp"]);
    let edges = with.edges("/api/graph", |edge| edge["from"] == *client);
    assert_eq!(edges[0]["to"], workload.udp_server.pid().to_string());
    assert_eq!((&edges[0]["state"], &edges[0]["proto"]), (&"UDP".into(), &"UDP".into()));
    assert_eq!(edges[0]["color"], "#00c2ff");

    let without = Server::start(&[]);
    let worker = workload.workers[0].pid().to_string();
    without.edges("/api/graph", |edge| edge["from"] == *worker);
    let graph = without.json("/api/graph");
    assert!(graph["edges"].as_array().unwrap().iter().all(|edge| edge["proto"] == "TCP"));
    without.edges("/api/graph?udp=1", |edge| edge["from"] == *client);
}
