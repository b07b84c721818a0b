//! Connections on the map: `/api/graph`, `/api/v1` and `procnet ls`.

use serde_json::Value;

use super::{Actor, Pair, array};
use crate::limits::Truth;
use crate::machine;
use crate::program::{Server, procnet_json};
use crate::wait_for;

#[test]
fn parity_row_01_programs_and_their_connections() {
    let folder = machine::folder();
    let server = Server::start(&[]);
    let name = "говорун tool";
    let mut above = Actor::start(&folder, name, &["Grüße, 世界", "two words"]);
    let there = above.place("listen door 127.0.0.1:0");
    let program = machine::path(&above.program);
    let words = ["start", "below", &program, "Grüße, 世界", "", "two words"];
    let below: u32 = above.puppet.order(words.join("\t")).parse().unwrap();
    let near = above.place(format_args!("tell below connect call {there}"));
    above.place("accept door guest");

    let id = format!("{below}->{}:{}", above.pid(), there.port());
    let is_it = |edge: &Value| edge["id"] == *id;
    let edge = server.edges("/api/graph", |edge| is_it(edge) && edge["stale"] == false).remove(0);
    assert_eq!((&edge["proto"], &edge["state"]), (&"TCP".into(), &"ESTABLISHED".into()));
    let file = format!("{name}{}", machine::EXE_SUFFIX);
    for pid in [above.pid(), below] {
        let node = server.node(pid, |_| true);
        assert!(node["label"].as_str().unwrap().starts_with(&file), "{node}");
        assert!(node["title"].as_str().unwrap().contains("Grüße, 世界"), "{node}");
    }

    let process = server.process(below);
    assert_eq!(
        (&process["name"], &process["exe"]),
        (&Value::from(&*file), &Value::from(&*program))
    );
    let arguments = array(&process["arguments"]);
    assert_eq!(arguments[1..], ["Grüße, 世界", "", "two words"].map(Value::from));
    assert!(process["user"].as_str().is_some_and(|user| !user.is_empty()), "{process}");
    assert!(process["started"].as_i64().is_some_and(|started| started > 1_700_000_000_000));
    assert_eq!(process["parents"][0]["pid"], above.pid(), "{process}");
    assert_eq!(process["alive"], true);
    let filter = format!("/api/v1/sockets?filter=port:{}%20lport:{}", there.port(), near.port());
    let told = server.json(&filter);
    let row = &told["sockets"][0];
    let owner = &row["owners"][0]["pid"];
    assert_eq!((owner, &row["direction"]), (&below.into(), &"outbound".into()), "{told}");

    above.order("kill below");
    let pid = above.pid();
    above.kill();
    wait_for("the sockets to go", || {
        let told = server.json(&format!("/api/v1/sockets?udp=1&filter=pid:{pid}"));
        array(&told["sockets"]).is_empty().then_some(())
    });
}

/// The connection is there before anybody watches, and nobody listens any more: only the ports
/// are left to judge by.
#[test]
fn parity_row_06_the_service_port_decides_where_nothing_better_does() {
    let mut pair = Pair::talk("one", "other");
    pair.server.order("drop door");
    let client = pair.client.pid().to_string();
    for (service, end) in [(pair.there.port(), "from"), (pair.near.port(), "to")] {
        let server = Server::start(&["--svc-ports", &format!("9,{service}")]);
        let edges = server.edges("/api/graph", |edge| {
            [&edge["from"], &edge["to"]].into_iter().any(|id| *id == *client)
        });
        assert_eq!((edges.len(), &edges[0][end]), (1, &Value::from(&*client)), "{edges:?}");
        let id = edges[0]["id"].as_str().unwrap();
        assert!(id.ends_with(&format!(":{service}")), "{id}");
    }
}

#[test]
fn parity_row_07_parallel_connections_are_one_edge_that_is_counted() {
    let mut pair = Pair::talk("server", "client");
    pair.client.order(format_args!("connect-many more {} 2", pair.there));
    pair.server.order("accept-many door more 2");
    let server = Server::start(&[]);
    let id = pair.edge();
    let edges = server.edges("/api/graph", |edge| {
        edge["id"] == *id && edge["label"].as_str().is_some_and(|label| label.contains("×3"))
    });
    assert_eq!(edges.len(), 1, "{edges:?}");
    let graph = server.json("/api/graph");
    let backwards = |edge: &&Value| edge["from"] == *pair.server.pid().to_string();
    assert_eq!(array(&graph["edges"]).iter().find(backwards), None);

    // One that ends leaves the others.
    pair.client.order("drop call");
    server.edges("/api/graph", |edge| {
        edge["id"] == *id && edge["label"].as_str().is_some_and(|label| label.contains("×2"))
    });
}

#[test]
fn parity_row_12_a_client_that_is_killed_turns_stale_and_then_goes() {
    let mut pair = Pair::talk("server", "client");
    let server = Server::start(&[]);
    let id = pair.edge();
    let edges = server.edges("/api/graph", |edge| edge["id"] == *id);
    assert_eq!((edges.len(), &edges[0]["stale"]), (1, &false.into()));
    pair.client.kill();
    let stale = server.edges("/api/graph", |edge| edge["id"] == *id && edge["stale"] == true);
    assert_eq!((&stale[0]["width"], &stale[0]["dashes"]), (&2.5.into(), &false.into()));
    let client = pair.client.pid().to_string();
    wait_for("the end of the client", || {
        let graph = server.json("/api/graph");
        let node = array(&graph["nodes"]).iter().any(|node| node["id"] == *client);
        (!node && array(&graph["edges"]).iter().all(|edge| edge["id"] != *id)).then_some(())
    });
    server.node(pair.server.pid(), |_| true);
}

#[test]
fn parity_row_08_whoever_calls_a_wildcard_listener_is_drawn_to_it() {
    let folder = machine::folder();
    let mut listener = Actor::start(&folder, "everywhere", &[]);
    let mut caller = Actor::start(&folder, "caller", &[]);
    let port = listener.place("listen door 0.0.0.0:0").port();
    caller.place(format_args!("connect call 127.0.0.1:{port}"));
    listener.place("accept door guest");
    let server = Server::start(&[]);
    let client = caller.pid().to_string();
    let edges = server.edges("/api/graph", |edge| edge["from"] == *client);
    assert_eq!((edges.len(), &edges[0]["to"]), (1, &listener.pid().to_string().into()));
}

#[test]
fn parity_row_10_only_what_is_between_processes_on_request() {
    let pair = Pair::talk("server", "client");
    let folder = machine::folder();
    let mut idle = Actor::start(&folder, "idle", &[]);
    let at = idle.place("listen door 127.0.0.1:0");
    let all = Server::start(&[]);
    let node = all.node(idle.pid(), |_| true);
    assert!(node["listeners"].to_string().contains(&format!("tcp {at}")), "{node}");

    let only = Server::start(&["--p2p-only"]);
    only.edges("/api/graph", |edge| edge["id"] == *pair.edge());
    let graph = only.json("/api/graph");
    let others =
        |node: &&Value| node["type"] == "external" || node["id"] == *idle.pid().to_string();
    assert_eq!(array(&graph["nodes"]).iter().find(others), None);
}

#[test]
fn parity_row_11_udp_on_request_in_its_own_colour() {
    let folder = machine::folder();
    let mut there = Actor::start(&folder, "udp server", &[]);
    let mut here = Actor::start(&folder, "udp client", &[]);
    let far = there.place("bind server 127.0.0.1:0");
    let near = here.place(format_args!("bind client 127.0.0.1:0"));
    here.order(format_args!("join client {far}"));
    here.order("send client 10");
    there.order("receive-one server");

    // Tables tell both sockets, with the processes.
    let server = Server::start(&["--udp"]);
    for (at, actor) in [(far, &there), (near, &here)] {
        wait_for("a UDP socket", || {
            let filter = format!("/api/v1/sockets?udp=1&filter=lport:{}%20proto:udp", at.port());
            let told = server.json(&filter);
            let row = array(&told["sockets"]).first()?.clone();
            (row["owners"][0]["pid"] == actor.pid()).then_some(())
        });
    }
    let client = here.pid().to_string();
    let from_client = |edge: &Value| edge["from"] == *client;
    if !machine::who().tells(Truth::JoinedPeer) {
        let graph = server.json("/api/graph");
        assert_eq!(array(&graph["edges"]).iter().find(|edge| from_client(edge)), None);
        return;
    }
    let edges = server.edges("/api/graph", from_client);
    assert_eq!(edges[0]["to"], there.pid().to_string());
    assert_eq!((&edges[0]["state"], &edges[0]["proto"]), (&"UDP".into(), &"UDP".into()));
    assert_eq!(edges[0]["color"], "#00c2ff");
    let without = Server::start(&[]);
    without.edges("/api/graph?udp=1", from_client);
    let graph = without.json("/api/graph");
    assert!(array(&graph["edges"]).iter().all(|edge| edge["proto"] == "TCP"), "{graph}");
}

#[test]
fn every_socket_is_listed_once_with_its_owner() {
    let folder = machine::folder();
    let mut actor = Actor::start(&folder, "hoarder", &[]);
    let (tcp, udp) = ("tcp", "udp");
    let places = [
        (tcp, actor.place("listen a 127.0.0.1:0"), None),
        (tcp, actor.place("listen b [::1]:0"), Some(Truth::Tcp6Owner)),
        (udp, actor.place("bind c 127.0.0.1:0"), None),
        (udp, actor.place("bind d [::1]:0"), None),
    ];
    let listed = |(protocol, at, takes): &(&str, std::net::SocketAddr, Option<Truth>)| {
        let rows = procnet_json(&["ls", "--json", &format!("lport:{}", at.port())]);
        let rows: Vec<&Value> =
            array(&rows).iter().filter(|row| row["protocol"] == *protocol).collect();
        let [row] = rows[..] else { return None };
        let told = takes.is_none_or(|truth| machine::who().tells(truth));
        let owner = if told { Value::from(actor.pid()) } else { Value::Null };
        let place = (row["local"]["ip"].as_str(), &row["state"]);
        (row["owners"][0]["pid"] == owner
            && place == (Some(&at.ip().to_string()), &"LISTEN".into()))
            .then_some(())
    };
    for place in &places {
        wait_for(&format!("the one socket at {place:?}"), || listed(place));
    }
}
