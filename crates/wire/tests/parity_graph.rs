//! `/api/graph` against PARITY, row by row: rows 5 to 15.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

mod support;

use std::collections::BTreeSet;

use procnet_core::engine::{Engine, STALE_AFTER};
use procnet_core::{Protocol, SocketState};
use procnet_wire::graph::{
    Dashes, EdgeMemory, GraphAnswer, GraphEdge, GraphNode, GraphOptions, graph_answer,
};
use support::{Machine, engine, everyday, seconds};

/// What `/api/graph` has behind it.
struct World {
    engine: Engine,
    memory: EdgeMemory,
    now: u64,
}

impl World {
    fn new(rules: &str) -> Self {
        Self { engine: engine(rules), memory: EdgeMemory::new(STALE_AFTER), now: 0 }
    }

    fn of(machine: &mut Machine) -> Self {
        let mut world = Self::new("[]");
        world.apply(machine, 1);
        world
    }

    fn apply(&mut self, machine: &mut Machine, now: u64) -> &mut Self {
        self.now = now;
        self.engine.apply(machine.batch(), seconds(now));
        self.note();
        self
    }

    fn tick(&mut self, now: u64) {
        self.now = now;
        self.engine.tick(seconds(now));
        self.note();
    }

    fn note(&mut self) {
        let changes = self.engine.take_changes();
        self.memory.update(self.engine.graph(), changes.links, seconds(self.now));
    }

    fn ask(&self, options: GraphOptions) -> GraphAnswer {
        let answer =
            graph_answer(self.engine.graph(), &self.memory, options, &|_| None, seconds(self.now));
        // Rows 5 and 9: ids are unique, and edges run between nodes that are there.
        let nodes: BTreeSet<_> = answer.nodes.iter().map(|n| &n.id).collect();
        let edges: BTreeSet<_> = answer.edges.iter().map(|e| &e.id).collect();
        assert_eq!(nodes.len(), answer.nodes.len());
        assert_eq!(edges.len(), answer.edges.len());
        for edge in &answer.edges {
            assert!(nodes.contains(&edge.from) && nodes.contains(&edge.to), "{}", edge.id);
        }
        answer
    }

    fn all(&self) -> GraphAnswer {
        self.ask(GraphOptions { udp: true, ..GraphOptions::default() })
    }
}

fn edge<'a>(answer: &'a GraphAnswer, id: &str) -> &'a GraphEdge {
    let ids: Vec<_> = answer.edges.iter().map(|e| &e.id).collect();
    answer.edges.iter().find(|e| e.id == id).unwrap_or_else(|| panic!("no {id} in {ids:?}"))
}

fn node<'a>(answer: &'a GraphAnswer, id: &str) -> &'a GraphNode {
    let ids: Vec<_> = answer.nodes.iter().map(|n| &n.id).collect();
    answer.nodes.iter().find(|n| &*n.id == id).unwrap_or_else(|| panic!("no {id} in {ids:?}"))
}

fn ids(answer: &GraphAnswer) -> Vec<&str> {
    answer.edges.iter().map(|e| e.id.as_str()).collect()
}

#[test]
fn parity_row_05_what_did_not_change_looks_the_same() {
    let mut machine = everyday();
    let mut world = World::of(&mut machine);
    let before = world.all();
    machine.process(500, "/usr/bin/curl https://example.org");
    machine.tcp(500, "192.0.2.1:45000", "203.0.113.80:443");
    let after = world.apply(&mut machine, 2).all();
    for old in &before.edges {
        assert_eq!(edge(&after, &old.id), old);
    }
    for old in &before.nodes {
        assert_eq!(node(&after, &old.id), old);
    }
    assert_eq!(after.edges.len(), before.edges.len() + 1);
}

#[test]
fn parity_row_06_a_listener_tells_the_direction_and_ports_do_it_last() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/a").process(2, "/bin/b").process(3, "/bin/c");
    // The server's port is the higher and unknown one: the listener says so.
    machine.listen(2, "127.0.0.1:61000");
    machine.pair(1, 2, "127.0.0.1:1500", "127.0.0.1:61000");
    // Nobody listens: 443 is a service's port, so c is the client.
    machine.tcp(3, "192.0.2.1:50000", "203.0.113.9:443");
    // Nobody listens and no port is known: the lower one serves.
    machine.tcp(3, "192.0.2.1:20001", "203.0.113.9:50000");
    let answer = World::of(&mut machine).all();
    assert_eq!(ids(&answer), ["1->2:61000", "203.0.113.9:50000->3:20001", "3->203.0.113.9:443"]);
}

#[test]
fn parity_row_07_parallel_sockets_are_one_edge() {
    let answer = World::of(&mut everyday()).all();
    let edge = edge(&answer, "200->300:5432");
    assert_eq!((&*edge.from, &*edge.to), ("200", "300"));
    assert_eq!(edge.label, ":40002→:5432 ×3");
    assert_eq!(edge.title, "127.0.0.1:40002 ↔ 127.0.0.1:5432 | TCP ESTABLISHED :5432 | sockets: 3");
    assert_eq!((edge.sockets, edge.port), (3, 5432));
}

#[test]
fn parity_row_07_a_process_is_not_joined_to_itself() {
    let mut machine = Machine::default();
    machine.process(7, "/bin/loop");
    machine.listen(7, "127.0.0.1:9000");
    machine.pair(7, 7, "127.0.0.1:45001", "127.0.0.1:9000");
    assert_eq!(World::of(&mut machine).all().edges, []);
}

#[test]
fn parity_row_08_a_listener_answers_for_its_address() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/client").process(2, "/bin/exact").process(3, "/bin/any");
    machine.listen(2, "127.0.0.1:9001");
    machine.listen(3, "0.0.0.0:9002");
    // The other ends are not there: still in the backlog, say.
    machine.tcp(1, "127.0.0.1:45001", "127.0.0.1:9001");
    machine.tcp(1, "127.0.0.1:45002", "127.0.0.1:9002");
    assert_eq!(ids(&World::of(&mut machine).all()), ["1->2:9001", "1->3:9002"]);
}

#[test]
fn parity_row_09_any_other_remote_is_an_external_node() {
    let answer = World::of(&mut everyday()).all();
    let out = edge(&answer, "200->203.0.113.5:443");
    assert_eq!((&*out.from, &*out.to), ("200", "203.0.113.5:443"));
    // Each inbound connection comes from its own endpoint.
    for port in [50001, 50002] {
        let inbound = edge(&answer, &format!("198.51.100.7:{port}->100:443"));
        assert_eq!(inbound.label, format!(":{port}→:443"));
        assert_eq!(&*inbound.from, format!("198.51.100.7:{port}"));
    }
    let external = node(&answer, "203.0.113.5:443");
    assert_eq!(&*external.r#type, "external");
    assert_eq!(external.label, "203.0.113.5:443");
    assert_eq!(external.pid, None);
}

#[test]
fn parity_row_09_who_cannot_be_named_is_drawn_as_an_endpoint() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/client").process(2, "/bin/server");
    machine.socket(None, Protocol::Tcp, SocketState::Listen, "127.0.0.1:9001", None);
    machine.tcp(1, "127.0.0.1:45001", "127.0.0.1:9001");
    machine.listen(2, "127.0.0.1:9002");
    let established = SocketState::Established;
    machine.tcp(2, "127.0.0.1:9002", "127.0.0.1:45002");
    machine.socket(None, Protocol::Tcp, established, "127.0.0.1:45002", Some("127.0.0.1:9002"));
    // Neither end can be named.
    machine.socket(None, Protocol::Tcp, established, "127.0.0.1:45003", Some("127.0.0.1:9001"));
    machine.socket(None, Protocol::Tcp, established, "127.0.0.1:9001", Some("127.0.0.1:45003"));
    let world = World::of(&mut machine);
    let answer = world.all();
    assert_eq!(ids(&answer), ["1->127.0.0.1:9001", "127.0.0.1:45002->2:9002"]);
    assert_eq!(&*node(&answer, "127.0.0.1:9001").r#type, "external");
    assert_eq!(
        world.ask(GraphOptions { p2p_only: true, udp: true, ..GraphOptions::default() }).edges,
        []
    );
}

#[test]
fn parity_row_10_p2p_only_leaves_processes_and_their_edges() {
    let world = World::of(&mut everyday());
    let answer = world.ask(GraphOptions { p2p_only: true, udp: true, ..GraphOptions::default() });
    assert_eq!(ids(&answer), ["100->200:8000", "200->300:5432"]);
    let nodes: Vec<_> = answer.nodes.iter().map(|n| &*n.id).collect();
    assert_eq!(nodes, ["100", "200", "300"], "no idle redis, no endpoints");
}

#[test]
fn parity_row_11_udp_edges_have_a_colour_of_their_own() {
    let world = World::of(&mut everyday());
    let id = "200->203.0.113.53:53";
    let answer = world.all();
    let udp = edge(&answer, id);
    assert_eq!((&*udp.proto, &*udp.state), ("UDP", "UDP"));
    assert_eq!(udp.color, "#00c2ff");
    assert_eq!(udp.title, "192.0.2.1:40006 ↔ 203.0.113.53:53 | UDP :53 | sockets: 1");
    let without = world.ask(GraphOptions::default());
    assert!(without.edges.iter().all(|e| e.proto == "TCP"));
    assert!(without.nodes.iter().all(|n| &*n.id != "203.0.113.53:53"));
}

#[test]
fn parity_row_11_tcp_and_udp_to_the_same_port_keep_unique_ids() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/resolver");
    machine.tcp(1, "192.0.2.1:45001", "203.0.113.53:53");
    machine.socket(
        Some(1),
        Protocol::Udp,
        SocketState::Established,
        "192.0.2.1:45001",
        Some("203.0.113.53:53"),
    );
    let answer = World::of(&mut machine).all();
    assert_eq!(ids(&answer), ["1->203.0.113.53:53", "1->203.0.113.53:53/udp"]);
    assert_eq!(edge(&answer, "1->203.0.113.53:53").proto, "TCP");
}

#[test]
fn parity_row_12_an_edge_that_is_gone_stays_for_15_s() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/client").process(2, "/usr/bin/postgres");
    machine.listen(2, "127.0.0.1:5432");
    let pair = machine.pair(1, 2, "127.0.0.1:40001", "127.0.0.1:5432");
    let inbound = machine.tcp(2, "192.0.2.1:5432", "198.51.100.7:50001");
    machine.tcp(2, "192.0.2.1:5432", "198.51.100.7:50002");
    let mut world = World::of(&mut machine);
    let live = world.all();
    for key in pair {
        machine.close(key);
    }
    machine.close(inbound).exit(1);
    world.apply(&mut machine, 10);
    for now in [10, 24] {
        world.tick(now);
        let answer = world.all();
        for id in ["1->2:5432", "198.51.100.7:50001->2:5432"] {
            let (stale, live) = (edge(&answer, id), edge(&live, id));
            assert!(stale.stale && !live.stale, "{id}");
            assert_eq!(stale.width, 2.5);
            assert_eq!(stale.dashes, Dashes::Solid(false));
            assert_eq!(stale.color, "#bbbbbb");
            assert_eq!((&stale.label, &stale.title), (&live.label, &live.title));
        }
        assert!(!edge(&answer, "198.51.100.7:50002->2:5432").stale, "it is still open");
    }
    world.tick(26);
    assert_eq!(ids(&world.all()), ["198.51.100.7:50002->2:5432"]);
}

#[test]
fn parity_row_12_an_edge_that_comes_back_is_live() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/server");
    machine.listen(1, "0.0.0.0:80");
    let first = machine.tcp(1, "192.0.2.1:80", "198.51.100.7:50001");
    let mut world = World::of(&mut machine);
    machine.close(first);
    assert!(world.apply(&mut machine, 2).all().edges[0].stale);
    machine.tcp(1, "192.0.2.1:80", "198.51.100.7:50001");
    let answer = world.apply(&mut machine, 3).all();
    assert_eq!(answer.edges.len(), 1);
    assert!(!answer.edges[0].stale);
}

#[test]
fn parity_row_13_colours_by_port_class_and_dashes_by_state() {
    for (port, color) in [
        (80, "#3489eb"),
        (443, "#3489eb"),
        (8080, "#3489eb"),
        (5432, "#29a36a"),
        (3306, "#29a36a"),
        (1433, "#29a36a"),
        (27017, "#29a36a"),
        (6379, "#b68900"),
        (5672, "#e84a5f"),
        (9092, "#e84a5f"),
        (22, "#888"),
        (25, "#888"),
        (53, "#888"),
        (123, "#888"),
        (33333, "#7f7f7f"),
    ] {
        let mut machine = Machine::default();
        machine.process(1, "/bin/client");
        machine.tcp(1, "192.0.2.1:50000", &format!("203.0.113.5:{port}"));
        let answer = World::of(&mut machine).all();
        assert_eq!(edge(&answer, &format!("1->203.0.113.5:{port}")).color, color, "{port}");
    }
    for (state, dashes) in [
        (SocketState::SynSent, Dashes::Pattern([2, 6])),
        (SocketState::SynReceived, Dashes::Pattern([6, 6])),
        (SocketState::TimeWait, Dashes::Pattern([10, 6])),
        (SocketState::CloseWait, Dashes::Pattern([4, 6])),
        (SocketState::Established, Dashes::Solid(false)),
        (SocketState::FinWait1, Dashes::Solid(false)),
    ] {
        let mut machine = Machine::default();
        machine.process(1, "/bin/client");
        let remote = Some("203.0.113.5:443");
        machine.socket(Some(1), Protocol::Tcp, state, "192.0.2.1:50000", remote);
        let answer = World::of(&mut machine).all();
        assert_eq!(answer.edges[0].dashes, dashes, "{state}");
        assert_eq!(answer.edges[0].state, state.as_str());
    }
}

/// On which side of the straight line from the smaller to the larger id an edge bows, and how far.
fn bow(edge: &GraphEdge) -> (bool, u32) {
    let clockwise = edge.smooth.r#type == "curvedCW";
    ((edge.from <= edge.to) == clockwise, edge.smooth.roundness.to_bits())
}

#[test]
fn parity_row_14_parallel_and_opposite_edges_are_separate_curves() {
    let mut machine = Machine::default();
    machine.process(1, "/bin/a").process(2, "/bin/b").process(3, "/bin/c");
    for port in [8001, 8002, 8003] {
        machine.listen(2, &format!("127.0.0.1:{port}"));
        machine.pair(1, 2, &format!("127.0.0.1:4{port}"), &format!("127.0.0.1:{port}"));
    }
    for port in [9001, 9002] {
        machine.listen(1, &format!("127.0.0.1:{port}"));
        machine.pair(2, 1, &format!("127.0.0.1:4{port}"), &format!("127.0.0.1:{port}"));
    }
    machine.pair(3, 1, "127.0.0.1:50001", "127.0.0.1:9001");
    let answer = World::of(&mut machine).all();
    let (lone, parallel): (Vec<_>, Vec<_>) = answer.edges.iter().partition(|e| &*e.from == "3");
    assert_eq!(lone[0].smooth.r#type, "continuous");
    assert_eq!(parallel.len(), 5);
    let bows: BTreeSet<_> = parallel.iter().map(|e| bow(e)).collect();
    assert_eq!(bows.len(), 5, "no two lie on each other");
    for edge in parallel {
        assert!(edge.smooth.enabled);
        assert!(["curvedCW", "curvedCCW"].contains(&&*edge.smooth.r#type));
        assert!((0.0..=1.0).contains(&edge.smooth.roundness));
    }
}

#[test]
fn parity_row_15_and_16_types_labels_and_titles() {
    let rules = "
- match_name: postgres
  type: database
  label: Orders
- match_name: nginx
  type: load_balancer
- match_cmd: redis
  type: scada
";
    let mut world = World::new(rules);
    let answer = world.apply(&mut everyday(), 1).all();
    let database = node(&answer, "300");
    assert_eq!(database.label, "Orders\nPID 300");
    assert_eq!(database.title, "/usr/lib/postgres -D /data");
    assert_eq!((&*database.r#type, &*database.icon), ("database", "database"));
    assert_eq!((&*database.shape, &database.image), ("icon", &None));
    assert_eq!((database.pid, database.user.as_deref()), (Some(300), Some("www-data")));
    assert_eq!(node(&answer, "100").label, "nginx\nPID 100");
    let colors: BTreeSet<_> = answer.nodes.iter().map(|n| (&n.r#type, &n.color)).collect();
    let types: BTreeSet<_> = answer.nodes.iter().map(|n| &n.r#type).collect();
    assert_eq!(types.len(), 5, "app, load_balancer, database, scada, external");
    assert_eq!(colors.len(), types.len(), "a colour for each");
}

#[test]
fn parity_row_18_an_image_where_there_is_one() {
    let world = World::of(&mut everyday());
    let image = |name: &str| (name == "app").then(|| "/assets/app.png".to_owned());
    let graph = world.engine.graph();
    let answer = graph_answer(graph, &world.memory, GraphOptions::default(), &image, seconds(1));
    let process = node(&answer, "100");
    assert_eq!((&*process.shape, process.image.as_deref()), ("image", Some("/assets/app.png")));
    assert_eq!(node(&answer, "203.0.113.5:443").shape, "icon");
}

#[test]
fn an_idle_listener_is_a_node() {
    let answer = World::of(&mut everyday()).all();
    let redis = node(&answer, "400");
    assert_eq!(redis.listeners, ["tcp 127.0.0.1:6379"]);
    assert!(answer.edges.iter().all(|e| &*e.from != "400" && &*e.to != "400"));
    assert_eq!(node(&answer, "100").listeners, ["tcp *:443"]);
}

#[test]
fn the_published_json() {
    let mut world = World::new("[{match_name: postgres, type: database, label: Orders}]");
    let answer = world.apply(&mut everyday(), 1).all();
    insta::assert_json_snapshot!("graph", answer);
}

#[test]
fn unix_sockets_change_nothing_unless_they_are_asked_for() {
    let mut machine = everyday();
    let mut world = World::of(&mut machine);
    let before = world.all();
    machine.process(600, "/usr/bin/docker ps").process(601, "/usr/bin/dockerd");
    machine.unix(600, 601, "/run/docker.sock");
    world.apply(&mut machine, 2);
    assert_eq!(world.all(), before);

    let answer = world.ask(GraphOptions { unix: true, ..GraphOptions::default() });
    let found = edge(&answer, "600->601:/run/docker.sock");
    assert_eq!((&*found.proto, &*found.state, found.port), ("UNIX", "UNIX", 0));
    assert_eq!(found.path.as_deref(), Some("/run/docker.sock"));
    assert_eq!((found.label.as_str(), &*found.color), ("docker.sock", "#a86be0"));
    assert_eq!(found.title, "/run/docker.sock | UNIX | sockets: 1");
    assert_eq!(node(&answer, "601").listeners, ["unix /run/docker.sock"]);
}
