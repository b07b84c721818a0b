//! The rules of `docs/SPEC.md` about views, each by its number.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod machine;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use machine::{Machine, key, labels, node};
use procnet_core::filter::Filter;
use procnet_core::view::scene::{NodeId, NodeKind};
use procnet_core::view::{Grouping, View, ViewSpec};
use procnet_core::{Container, Event, Manager, Process, Protocol, Runtime, Unit};

fn grouped(grouping: Grouping) -> ViewSpec {
    ViewSpec { grouping, ..ViewSpec::default() }
}

/// A server with two workers, and two clients that somebody started by hand.
fn stack() -> Machine {
    let mut machine = Machine::new();
    machine.start(1, "bash", None);
    machine.start(10, "nginx", Some(1));
    machine.start(11, "nginx", Some(10));
    machine.start(12, "nginx", Some(10));
    machine.start(20, "curl", Some(1));
    machine.start(21, "curl", Some(1));
    machine.listen("0.0.0.0:80", 10);
    for (client, worker, port) in [(20, 11, 40_001), (21, 12, 40_002)] {
        let ephemeral = format!("127.0.0.1:{port}");
        machine.tcp(&ephemeral, "127.0.0.1:80", client);
        machine.tcp("127.0.0.1:80", &ephemeral, worker);
    }
    machine
}

#[test]
fn v3_the_groupings_join_what_they_say() {
    let machine = stack();
    let cases: [(Grouping, &[&str]); 7] = [
        (Grouping::Process, &["curl", "curl", "nginx", "nginx", "nginx"]),
        (Grouping::Auto, &["curl", "curl", "nginx ×3"]),
        (Grouping::Tree, &["curl", "curl", "nginx ×3"]),
        (Grouping::Container, &["curl", "curl", "nginx ×3"]),
        (Grouping::Unit, &["curl", "curl", "nginx ×3"]),
        (Grouping::Family, &["curl ×2", "nginx ×3"]),
        (Grouping::User, &["alice ×5"]),
    ];
    for (grouping, expected) in cases {
        let view = machine.view(grouped(grouping));
        assert_eq!(labels(view.scene()), expected, "{grouping}");
    }
    let view = machine.view(grouped(Grouping::Tree));
    let nginx = node(view.scene(), "nginx ×3");
    assert_eq!(nginx.listeners.iter().map(|l| &**l).collect::<Vec<_>>(), ["tcp *:80"]);
    assert_eq!((&*nginx.type_name, nginx.sockets), ("load_balancer", 2));
    assert_eq!(nginx.processes, [key(10), key(11), key(12)], "the oldest first");
}

/// The stack, with the server in a container of one unit and a client in another unit.
fn contained_stack(name: Option<&str>) -> Machine {
    let mut machine = stack();
    let container = Arc::new(Container {
        runtime: Runtime::Docker,
        id: Arc::from("0123456789abcdef".repeat(4)),
        name: name.map(Arc::from),
        pod: None,
    });
    let unit = |name: String| Unit {
        name: Arc::from(name),
        manager: Manager::System,
        application: None,
        within: None,
    };
    for pid in [10, 11, 12] {
        let scope = unit(format!("docker-{}.scope", container.id));
        machine.move_into(pid, Some(container.clone()), scope);
    }
    machine.move_into(20, None, unit("backup.service".to_owned()));
    machine
}

#[test]
fn v7_containers_and_units_are_nodes_and_what_has_none_is_a_tree() {
    let machine = contained_stack(Some("web"));
    let view = machine.view(grouped(Grouping::Container));
    assert_eq!(labels(view.scene()), ["curl", "curl", "web ×3"]);
    let web = node(view.scene(), "web ×3");
    assert_eq!(&*web.key, format!("c/docker/{}", "0123456789abcdef".repeat(4)));
    assert_eq!((&*web.detail, &*web.type_name, &*web.container), ("nginx", "load_balancer", "web"));
    assert!(web.expandable);
    let view = machine.view(grouped(Grouping::Unit));
    assert_eq!(labels(view.scene()), ["backup.service", "curl", "web ×3"]);
    assert_eq!(&*node(view.scene(), "backup.service").key, "s/system/backup.service");
    // Elsewhere the container is the quieter line.
    let view = machine.view(grouped(Grouping::Tree));
    assert_eq!(&*node(view.scene(), "nginx ×3").detail, "3 processes · web");
    let unnamed = contained_stack(None).view(grouped(Grouping::Container));
    assert_eq!(&*node(unnamed.scene(), "0123456789ab ×3").container, "0123456789ab");
}

#[test]
fn v7_a_name_found_later_and_a_move_reach_the_node() {
    let mut machine = contained_stack(None);
    machine.engine.take_changes();
    let mut views: Vec<View> = [Grouping::Container, Grouping::Unit, Grouping::Tree]
        .map(|grouping| machine.view(grouped(grouping)))
        .into();
    let id = node(views[0].scene(), "0123456789ab ×3").id;
    let named = contained_stack(Some("web"));
    for pid in [10, 11, 12, 21] {
        let told = named.engine.graph().process(key(if pid == 21 { 20 } else { pid })).unwrap();
        let process = Process { key: key(pid), ..(*told.process).clone() };
        machine.tell(vec![Event::ProcessStarted(Arc::new(process))]);
    }
    let changes = machine.engine.take_changes();
    for view in &mut views {
        view.update(machine.engine.graph(), &changes);
        let scratch = machine.view(view.spec().clone());
        assert_eq!(labels(view.scene()), labels(scratch.scene()));
    }
    assert_eq!(node(views[0].scene(), "web ×3").id, id, "a node keeps its id when it gets a name");
    assert_eq!(labels(views[1].scene()), ["backup.service ×2", "web ×3"]);
}

#[test]
fn v7_over_budget_the_rest_is_joined_first_and_nothing_is_lost() {
    let mut machine = contained_stack(Some("web"));
    for pid in 30..60 {
        machine.start(pid, "curl", Some(1));
        let ephemeral = format!("127.0.0.1:{}", 41_000 + pid);
        machine.tcp(&ephemeral, "127.0.0.1:80", pid);
        machine.tcp("127.0.0.1:80", &ephemeral, 11);
    }
    let spec = ViewSpec { max_nodes: 10, ..grouped(Grouping::Container) };
    let view = machine.view(spec);
    assert_eq!(view.level(), Grouping::Container);
    assert_eq!(labels(view.scene()), ["curl ×32", "web ×3"]);
    let edge = view.scene().edges.values().next().unwrap();
    assert_eq!(edge.sockets, 32);
}

#[test]
fn v4_a_group_opens_into_its_members() {
    let machine = stack();
    let view = machine.view(grouped(Grouping::Family));
    let group = node(view.scene(), "curl ×2").key.clone();
    let spec = ViewSpec { expanded: [group.clone()].into(), ..grouped(Grouping::Family) };
    let view = machine.view(spec);
    assert_eq!(labels(view.scene()), ["curl", "curl", "nginx ×3"]);
    for member in view.scene().nodes.values().filter(|n| &*n.label == "curl") {
        assert_eq!(member.parent, group);
        assert!(!member.expandable);
        let sockets = view.sockets_of_node(machine.engine.graph(), &member.key).unwrap();
        assert_eq!(sockets.len(), 2, "its own and the other end's");
    }
    assert!(view.sockets_of_node(machine.engine.graph(), "f/app/no such").is_none());
}

#[test]
fn v4_an_edge_tells_all_its_sockets() {
    let machine = stack();
    let view = machine.view(grouped(Grouping::Family));
    let edge = view.scene().edges.values().next().unwrap();
    assert_eq!((edge.sockets, edge.links, edge.port), (2, 2, 80));
    let sockets = view.sockets_of_edge(machine.engine.graph(), &edge.key).unwrap();
    assert_eq!(sockets.len(), 4, "both ends of both connections");
}

#[test]
fn v5_remotes_are_joined_by_peer_direction_and_class() {
    let mut machine = Machine::new();
    machine.start(10, "app", None);
    machine.listen("0.0.0.0:443", 10);
    for client in 1..=3 {
        machine.tcp("10.0.0.1:443", &format!("192.0.2.{client}:50000"), 10);
    }
    machine.tcp("10.0.0.1:40001", "198.51.100.1:5432", 10);
    machine.tcp("10.0.0.1:40002", "198.51.100.2:443", 10);
    let view = machine.view(ViewSpec::default());
    let scene = view.scene();
    assert_eq!(
        labels(scene),
        ["198.51.100.1:5432", "198.51.100.2:443", "Internet clients ×3", "app"]
    );
    assert_eq!(node(scene, "Internet clients ×3").kind, NodeKind::Client);
    assert!(node(scene, "Internet clients ×3").expandable);
    assert_eq!(node(scene, "198.51.100.1:5432").kind, NodeKind::Server);
    let edge =
        scene.edges.values().find(|e| e.from == node(scene, "Internet clients ×3").id).unwrap();
    assert_eq!((edge.to, edge.port, edge.sockets), (node(scene, "app").id, 443, 3));

    let mut expanded: BTreeSet<Arc<str>> = [node(scene, "Internet clients ×3").key.clone()].into();
    let view = machine.view(ViewSpec { expanded: expanded.clone(), ..ViewSpec::default() });
    expanded.insert(node(view.scene(), "192.0.2.0/24 ×3").key.clone());
    let view = machine.view(ViewSpec { expanded, ..ViewSpec::default() });
    assert_eq!(view.scene().nodes.len(), 6);
}

#[test]
fn v8_a_remote_is_called_as_it_was_asked_for() {
    let mut machine = Machine::new();
    machine.start(10, "app", None);
    machine.start(20, "job", None);
    let mut view = machine.view(ViewSpec::default());
    machine.engine.take_changes();
    let first = machine.tcp("10.0.0.1:40001", "198.51.100.1:443", 10);
    machine.tcp("10.0.0.1:40002", "198.51.100.1:443", 20);
    machine.update(&mut view);
    machine.name(first, "api.example");
    machine.update(&mut view);
    let label = |view: &View, peer: &str| {
        let scene = view.scene();
        let from = node(scene, peer).id;
        let edge = scene.edges.values().find(|edge| edge.from == from).unwrap();
        let remote = &scene.nodes[&edge.to];
        format!("{} | {}", remote.label, remote.detail)
    };
    assert_eq!(label(&view, "app"), "api.example:443 | web · 198.51.100.1:443");
    assert_eq!(label(&view, "job"), "198.51.100.1:443 | web", "who did not ask does not name it");

    let second = machine.tcp("10.0.0.1:40003", "198.51.100.2:443", 10);
    machine.update(&mut view);
    assert_eq!(label(&view, "app"), "Internet ×2 | web · api.example");
    machine.name(second, "api.example");
    machine.update(&mut view);
    assert_eq!(label(&view, "app"), "api.example ×2 | web");
    machine.name(second, "b.example");
    machine.update(&mut view);
    assert_eq!(label(&view, "app"), "Internet ×2 | web · api.example, b.example");
    let third = machine.tcp("10.0.0.1:40004", "198.51.100.3:443", 10);
    machine.name(third, "c.example");
    machine.update(&mut view);
    assert_eq!(label(&view, "app"), "Internet ×3 | web · api.example, b.example +1");
    let anew = machine.view(ViewSpec::default());
    assert_eq!(label(&anew, "app"), label(&view, "app"));

    for (text, expected) in [
        ("domain:b.ex", 1),
        ("domain=b.ex", 0),
        ("c.example", 1),
        ("-domain~/./", 1),
        ("proc:app", 3),
    ] {
        let filter = Filter::parse(text).unwrap();
        let view = machine.view(ViewSpec { filter, ..ViewSpec::default() });
        let links: u32 = view.scene().edges.values().map(|edge| edge.links).sum();
        assert_eq!(links, expected, "{text}");
    }

    // What is over keeps its name while it is shown.
    machine.close(second);
    machine.close(third);
    machine.update(&mut view);
    assert_eq!(label(&view, "app"), "Internet ×3 | web · api.example, b.example +1");
    machine.pass(16);
    machine.update(&mut view);
    assert_eq!(label(&view, "app"), "api.example:443 | web · 198.51.100.1:443");
}

#[test]
fn v1_a_group_keeps_its_id_while_it_has_a_member() {
    let mut machine = Machine::new();
    machine.start(10, "app", None);
    machine.listen("0.0.0.0:443", 10);
    let first = machine.tcp("10.0.0.1:443", "192.0.2.1:50000", 10);
    let mut view = machine.view(ViewSpec::default());
    machine.engine.take_changes();
    let id = node(view.scene(), "192.0.2.1").id;
    machine.tcp("10.0.0.1:443", "192.0.2.2:50000", 10);
    machine.update(&mut view);
    assert_eq!(node(view.scene(), "Internet clients ×2").id, id);
    machine.close(first);
    machine.pass(16);
    machine.update(&mut view);
    assert_eq!(node(view.scene(), "192.0.2.2").id, id);
}

#[test]
fn v3_a_view_over_budget_groups_more_coarsely_and_comes_back() {
    let mut machine = Machine::new();
    machine.start(1, "init", None);
    machine.start(10, "server", Some(1));
    machine.listen("0.0.0.0:9000", 10);
    let mut view = machine.view(ViewSpec { max_nodes: 20, ..ViewSpec::default() });
    machine.engine.take_changes();
    let server = node(view.scene(), "server").id;
    let mut opened = Vec::new();
    for pid in 100..160 {
        machine.start(pid, "client", Some(1));
        let local = format!("127.0.0.1:{}", 40_000 + pid);
        opened.push((pid, machine.tcp(&local, "127.0.0.1:9000", pid)));
    }
    machine.update(&mut view);
    assert_eq!(view.level(), Grouping::Family);
    assert_eq!(labels(view.scene()), ["client ×60", "server"]);
    for (pid, socket) in opened.into_iter().skip(3) {
        machine.close(socket);
        machine.tell(vec![Event::ProcessExited(key(pid))]);
    }
    machine.pass(16);
    machine.update(&mut view);
    assert_eq!(view.level(), Grouping::Tree);
    assert_eq!(labels(view.scene()), ["client", "client", "client", "server"]);
    let ids: BTreeMap<&str, NodeId> =
        view.scene().nodes.values().map(|node| (&*node.key, node.id)).collect();
    assert_eq!(ids.len(), 4);
    assert_ne!(server, NodeId(u32::MAX));
}

#[test]
fn v6_a_udp_clients_socket_is_no_listener() {
    let mut machine = Machine::new();
    machine.start(10, "resolver", None);
    machine.start(20, "dig", None);
    machine.open(Protocol::Udp, "0.0.0.0:53", None, 10);
    machine.open(Protocol::Udp, "0.0.0.0:45678", None, 20);
    let view = machine.view(ViewSpec { udp: true, ..ViewSpec::default() });
    assert_eq!(labels(view.scene()), ["resolver"]);
    assert!(machine.view(ViewSpec::default()).scene().nodes.is_empty(), "UDP is off by default");
}

#[test]
fn parity_row_10_p2p_only_shows_only_processes_and_their_edges() {
    let mut machine = stack();
    machine.start(30, "idle", None);
    machine.listen("0.0.0.0:7000", 30);
    machine.tcp("10.0.0.1:40005", "192.0.2.1:443", 20);
    let all = machine.view(ViewSpec::default());
    assert!(labels(all.scene()).contains(&"idle") && all.scene().edges.len() == 3);
    let view = machine.view(ViewSpec { p2p_only: true, ..ViewSpec::default() });
    assert_eq!(labels(view.scene()), ["curl", "curl", "nginx ×2"]);
    assert_eq!(view.scene().edges.len(), 2);
    assert_eq!(view.scene().summary.hidden_links, 1);
}

#[test]
fn filters_choose_links_and_listeners() {
    let mut machine = stack();
    machine.start(30, "idle", None);
    machine.listen("0.0.0.0:7000", 30);
    for (text, expected) in [
        ("port:7000", &["idle"][..]),
        // Of a group, those that have something to show.
        ("pid:20", &["curl", "nginx"][..]),
        ("proc:idle OR pid:21", &["curl", "idle", "nginx"][..]),
        ("-port:80", &["idle"][..]),
        ("remote:192.0.2.0/24", &[][..]),
    ] {
        let filter = Filter::parse(text).unwrap();
        let view = machine.view(ViewSpec { filter, ..ViewSpec::default() });
        assert_eq!(labels(view.scene()), expected, "{text}");
    }
}

#[test]
fn g6_what_is_over_is_shown_stale_first() {
    let mut machine = Machine::new();
    machine.start(10, "server", None);
    machine.start(20, "client", None);
    machine.listen("0.0.0.0:9000", 10);
    let near = machine.tcp("127.0.0.1:40000", "127.0.0.1:9000", 20);
    let far = machine.tcp("127.0.0.1:9000", "127.0.0.1:40000", 10);
    let mut view = machine.view(ViewSpec::default());
    machine.engine.take_changes();
    machine.close(near);
    machine.close(far);
    machine.tell(vec![Event::ProcessExited(key(20))]);
    machine.update(&mut view);
    assert!(view.scene().edges.values().all(|edge| edge.stale && edge.sockets == 0));
    assert!(node(view.scene(), "client").stale);
    assert!(!node(view.scene(), "server").stale);
    machine.pass(16);
    machine.update(&mut view);
    assert_eq!(labels(view.scene()), ["server"]);
    assert!(view.scene().edges.is_empty());
}

#[test]
fn a_node_tells_the_program_that_all_of_it_runs() {
    let mut machine = stack();
    for (pid, exe, expected) in [
        (30, Some(r"C:\Program Files\Google\Chrome\Chrome.EXE"), "chrome"),
        (31, Some("/opt/odd\\name"), "odd\\name"),
        (32, Some("/usr/bin/.exe"), ".exe"),
        (33, None, "hidden"),
    ] {
        let mut process = Process::bare(key(pid), "hidden");
        process.exe = exe.map(Arc::from);
        machine.tell(vec![Event::ProcessStarted(Arc::new(process))]);
        machine.tcp(&format!("127.0.0.1:4{pid}"), "192.0.2.1:443", pid);
        let view = machine.view(grouped(Grouping::Process));
        let node = view.scene().nodes.values().find(|node| node.processes == [key(pid)]).unwrap();
        assert_eq!(&*node.program, expected);
    }
    let view = machine.view(grouped(Grouping::Tree));
    assert_eq!(&*node(view.scene(), "nginx ×3").program, "nginx");
    let remote = view.scene().nodes.values().find(|node| node.kind == NodeKind::Server).unwrap();
    assert_eq!(&*remote.program, "");
    let view = machine.view(grouped(Grouping::Host));
    assert_eq!(&*node(view.scene(), "this machine ×9").program, "", "they differ");
}

#[test]
fn an_edge_tells_its_services_name() {
    let mut machine = stack();
    machine.tcp("10.0.0.5:50001", "198.51.100.1:443", 20);
    let services = |machine: &Machine, grouping| {
        let view = machine.view(grouped(grouping));
        let edges = view.scene().edges.values().map(|edge| (edge.port, edge.service));
        edges.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(services(&machine, Grouping::Tree), [(80, "http"), (443, "https")]);
    // Both ports are of one class, and so of one edge to the remotes.
    machine.tcp("10.0.0.5:50002", "198.51.100.1:8443", 20);
    assert_eq!(services(&machine, Grouping::Tree), [(0, ""), (80, "http")]);
    machine.tcp("127.0.0.1:50003", "127.0.0.1:30999", 20);
    machine.listen("127.0.0.1:30999", 21);
    assert!(services(&machine, Grouping::Tree).contains(&(30_999, "")));
}
