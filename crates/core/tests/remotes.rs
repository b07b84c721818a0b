//! How remotes are joined, told apart step by step, and joined again; and what mutes leave out.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod machine;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use machine::{Machine, labels, node};
use procnet_core::Moment;
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::filter::Filter;
use procnet_core::graph::Graph;
use procnet_core::network::Scope;
use procnet_core::view::scene::{Node, NodeId, NodeKind, Scene};
use procnet_core::view::{Grouping, RemoteGrouping, View, ViewSpec};
use procnet_sim::{World, WorldOptions};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// A program that talks to three networks of the Internet, one of which has a name, and to its own,
/// and that others call.
fn traveller() -> Machine {
    let mut machine = Machine::new();
    machine.start(10, "app", None);
    machine.start(20, "job", None);
    machine.listen("0.0.0.0:8080", 10);
    for (port, remote, name, pid) in [
        (40_001, "140.82.112.3:443", Some("api.github.com"), 10),
        (40_002, "140.82.113.4:443", Some("GitHub.com"), 10),
        (40_003, "140.82.113.4:22", Some("github.com"), 20),
        (40_004, "198.51.100.7:443", None, 10),
        (40_005, "198.51.100.8:443", None, 20),
        (40_006, "[2001:db8:1:2::3]:443", None, 10),
        (40_007, "10.0.3.9:5432", None, 10),
    ] {
        let local = if remote.starts_with('[') { "[2001:db8::5]" } else { "10.0.0.5" };
        let socket = machine.tcp(&format!("{local}:{port}"), remote, pid);
        if let Some(name) = name {
            machine.name(socket, name);
        }
    }
    machine.tcp("10.0.0.5:8080", "203.0.113.1:50000", 10);
    machine.tcp("10.0.0.5:8080", "203.0.113.2:50000", 10);
    machine.tcp("10.0.0.5:8080", "192.168.7.7:50000", 10);
    machine
}

fn by(remotes: RemoteGrouping, expanded: &[&str]) -> ViewSpec {
    let expanded = expanded.iter().map(|key| Arc::from(*key)).collect();
    ViewSpec { remotes, expanded, ..ViewSpec::default() }
}

fn remotes(scene: &Scene) -> Vec<&str> {
    let mut labels: Vec<&str> =
        scene.nodes.values().filter(|node| node.scope.is_some()).map(|node| &*node.label).collect();
    labels.sort_unstable();
    labels
}

#[test]
fn v5_the_internet_and_private_networks_are_told_apart() {
    let machine = traveller();
    let view = machine.view(ViewSpec::default());
    let shown = [
        "10.0.3.9:5432",
        "192.168.7.7",
        "198.51.100.8:443",
        "Internet clients ×2",
        "Internet ×4",
        "github.com:22",
    ];
    assert_eq!(remotes(view.scene()), shown);
    for node in view.scene().nodes.values() {
        let private = ["10.0.3.9:5432", "192.168.7.7"].contains(&&*node.label);
        let expected = match node.kind {
            NodeKind::Process => None,
            _ if private => Some(Scope::Private),
            _ => Some(Scope::Internet),
        };
        assert_eq!(node.scope, expected, "{node:?}");
    }
    let view = machine.view(by(RemoteGrouping::Internet, &[]));
    let shown = ["10.0.3.9:5432", "192.168.7.7", "Internet clients ×2", "Internet ×6"];
    assert_eq!(remotes(view.scene()), shown);
    let internet = node(view.scene(), "Internet ×6");
    assert_eq!((&*internet.key, internet.sockets, internet.class), ("out/internet", 6, None));
    assert_eq!(&*internet.detail, "web, infra · GitHub.com, api.github.com +1");
}

#[test]
fn v9_remotes_are_joined_as_they_were_asked_to_be() {
    let machine = traveller();
    for (remotes_asked, expected) in [
        (
            RemoteGrouping::Network,
            &[
                "10.0.3.9:5432",
                "192.168.7.7",
                "198.51.100.0/24 ×2",
                "203.0.113.0/24 ×2",
                "[2001:db8:1:2::3]:443",
                "github.com ×3",
            ][..],
        ),
        (
            RemoteGrouping::Address,
            &[
                "10.0.3.9:5432",
                "140.82.113.4",
                "192.168.7.7",
                "198.51.100.7:443",
                "198.51.100.8:443",
                "203.0.113.1",
                "203.0.113.2",
                "[2001:db8:1:2::3]:443",
                "api.github.com:443",
            ],
        ),
        (
            RemoteGrouping::Endpoint,
            &[
                "10.0.3.9:5432",
                "192.168.7.7",
                "198.51.100.7:443",
                "198.51.100.8:443",
                "203.0.113.1",
                "203.0.113.2",
                "GitHub.com:443",
                "[2001:db8:1:2::3]:443",
                "api.github.com:443",
                "github.com:22",
            ],
        ),
    ] {
        let view = machine.view(by(remotes_asked, &[]));
        assert_eq!(remotes(view.scene()), expected, "{remotes_asked}");
        assert_eq!(view.resolution().remotes, remotes_asked);
        assert!(!view.resolution().coarsened);
    }
    // Whoever talks to it: one node, and an edge for each service.
    let view = machine.view(by(RemoteGrouping::Address, &[]));
    let github = node(view.scene(), "140.82.113.4");
    let ports: BTreeSet<u16> =
        view.scene().edges.values().filter(|e| e.to == github.id).map(|e| e.port).collect();
    assert_eq!(ports, [22, 443].into());
    assert_eq!(&*github.detail, "web, infra · 2 ports · GitHub.com, github.com");
}

#[test]
fn v9_the_internet_expands_one_level_at_a_time() {
    let machine = traveller();
    let internet = "out/internet";
    let github = "out/internet/n:github.com";
    let address = "out/internet/n:github.com/a:140.82.113.4";
    let rest = ["10.0.3.9:5432", "192.168.7.7", "Internet clients ×2"];
    let others = ["198.51.100.0/24 ×2", "[2001:db8:1:2::3]:443"];
    for (expanded, more) in [
        (&[internet][..], &["github.com ×3"][..]),
        (&[internet, github], &["140.82.113.4", "api.github.com:443"]),
        (&[internet, github, address], &["GitHub.com:443", "api.github.com:443", "github.com:22"]),
        // Its parent is closed: what is open within it does not show.
        (&[internet, address], &["github.com ×3"]),
    ] {
        let view = machine.view(by(RemoteGrouping::Internet, expanded));
        let mut expected: Vec<&str> = rest.into_iter().chain(others).collect();
        expected.extend(more);
        expected.sort_unstable();
        assert_eq!(remotes(view.scene()), expected, "{expanded:?}");
    }
    let view = machine.view(by(RemoteGrouping::Internet, &[internet, github, address]));
    let parent = |label: &str| node(view.scene(), label).parent.to_string();
    assert_eq!(parent("github.com:22"), address);
    assert_eq!(parent("api.github.com:443"), github);
    assert_eq!(parent("198.51.100.0/24 ×2"), internet);
    assert!(!node(view.scene(), "github.com:22").expandable);
}

#[test]
fn v9_a_name_that_is_found_later_moves_an_address_to_its_domain() {
    let mut machine = traveller();
    let mut view = machine.view(by(RemoteGrouping::Network, &[]));
    machine.engine.take_changes();
    let late = machine.tcp("10.0.0.5:40100", "198.51.100.7:443", 10);
    machine.update(&mut view);
    let id = node(view.scene(), "github.com ×3").id;
    machine.name(late, "gist.github.com");
    machine.update(&mut view);
    assert_eq!(node(view.scene(), "github.com ×4").id, id);
    let anew = machine.view(by(RemoteGrouping::Network, &[]));
    assert_eq!(labels(anew.scene()), labels(view.scene()));
}

#[test]
fn v3_what_there_is_too_much_of_is_joined() {
    let mut machine = Machine::new();
    machine.start(10, "crawler", None);
    machine.start(20, "other", None);
    machine.tcp("10.0.0.5:39999", "10.0.0.6:80", 20);
    for n in 0..200_u16 {
        let remote = format!("198.51.{}.{}:443", n % 4, n);
        machine.tcp(&format!("10.0.0.5:{}", 40_000 + n), &remote, 10);
    }
    for (max_nodes, shown, remotes) in [
        (400, 203, RemoteGrouping::Endpoint),
        (20, 7, RemoteGrouping::Network),
        (5, 4, RemoteGrouping::Internet),
    ] {
        let spec = ViewSpec { max_nodes, ..by(RemoteGrouping::Endpoint, &[]) };
        let view = machine.view(spec);
        assert_eq!(view.scene().nodes.len(), shown, "{:?}", labels(view.scene()));
        assert_eq!((view.level(), view.resolution().remotes), (Grouping::Tree, remotes));
        assert_eq!(view.resolution().coarsened, max_nodes < 400);
    }
    let all = machine.view(ViewSpec::default().without_budget());
    assert_eq!((all.scene().nodes.len(), all.level()), (203, Grouping::Process));
    let bounded = ViewSpec { max_nodes: 10, ..ViewSpec::default().without_budget() };
    let bounded = machine.view(bounded);
    assert!(bounded.resolution().coarsened && bounded.scene().nodes.len() <= 10);
}

#[test]
fn v10_what_is_muted_is_left_out_and_counted() {
    let mut machine = traveller();
    let mutes = |texts: &[&str]| texts.iter().map(|text| Filter::parse(text).unwrap()).collect();
    let spec = ViewSpec { mutes: mutes(&["port:443", "is:listener"]), ..ViewSpec::default() };
    let mut view = machine.view(spec.clone());
    let summary = view.scene().summary;
    assert_eq!((summary.links, summary.muted_links, summary.hidden_links), (10, 5, 0));
    assert!(
        view.scene().nodes.values().all(|node| node.kind != NodeKind::Process || node.sockets > 0)
    );
    machine.engine.take_changes();
    let noise = machine.tcp("10.0.0.5:40200", "198.51.100.99:443", 20);
    machine.tcp("10.0.0.5:40201", "198.51.100.99:25", 20);
    machine.update(&mut view);
    assert_eq!(view.scene().summary.muted_links, 6);
    machine.close(noise);
    machine.pass(16);
    machine.update(&mut view);
    assert_eq!(view.scene().summary.muted_links, 5);
    // What the filter leaves out is not counted as muted.
    let filter = Filter::parse("port:443").unwrap();
    let both = machine.view(ViewSpec { filter, mutes: mutes(&["proc:job"]), ..spec });
    let summary = both.scene().summary;
    assert_eq!((summary.muted_links, summary.hidden_links), (1, 6));
}

/// Everything that nodes and edges add up, which no grouping may change.
fn totals(scene: &Scene) -> (u32, u32, u64, BTreeSet<(NodeKind, Option<Scope>)>) {
    let edges = scene.edges.values();
    let nodes = scene.nodes.values().filter(|node| node.scope.is_some());
    (
        edges.clone().map(|edge| edge.links).sum(),
        edges.clone().map(|edge| edge.sockets).sum(),
        edges.map(|edge| edge.to_server + edge.to_client).sum(),
        nodes.map(|node| (node.kind, node.scope)).collect(),
    )
}

fn by_key(scene: &Scene) -> BTreeMap<String, Node> {
    let plain = |node: &Node| Node { id: NodeId(0), ..node.clone() };
    scene.nodes.values().map(|node| (node.key.to_string(), plain(node))).collect()
}

/// Expands one group after the other until nothing can be expanded, and looks at each step.
fn expand_all(graph: &Graph, spec: &ViewSpec, choices: &[prop::sample::Index]) {
    let collapsed = View::new(spec.clone(), graph);
    let all = totals(collapsed.scene());
    let mut spec = spec.clone();
    let mut before = by_key(collapsed.scene());
    for choice in choices {
        let mut groups: Vec<&Node> =
            before.values().filter(|node| node.expandable && node.scope.is_some()).collect();
        groups.sort_by_key(|node| node.key.clone());
        if groups.is_empty() {
            break;
        }
        let group = (*choice.get(&groups)).clone();
        spec.expanded.insert(group.key.clone());
        let view = View::new(spec.clone(), graph);
        let after = by_key(view.scene());
        let members: Vec<&Node> =
            after.values().filter(|node| *node.parent == *group.key).collect();
        assert!(!members.is_empty() && !after.contains_key(&*group.key), "{group:?}");
        assert_eq!(members.iter().map(|node| node.sockets).sum::<u32>(), group.sockets);
        let held: u32 = members.iter().map(|node| node.count).sum();
        assert!(held >= group.count, "{group:?} holds what it expands to");
        assert!(members.iter().all(|m| m.kind == group.kind && m.scope == group.scope));
        // Nobody else is touched.
        for (key, node) in &before {
            assert!(*key == *group.key || after.get(key) == Some(node), "{key}");
        }
        assert_eq!(totals(view.scene()), all);
        let sockets = |view: &View, keys: Vec<&str>| -> BTreeSet<_> {
            keys.into_iter().flat_map(|key| view.sockets_of_node(graph, key).unwrap()).collect()
        };
        let mut closed = spec.clone();
        closed.expanded.remove(&group.key);
        let closed = View::new(closed, graph);
        assert_eq!(by_key(closed.scene()), before, "collapsing is the way back");
        assert_eq!(
            sockets(&closed, vec![&*group.key]),
            sockets(&view, members.iter().map(|node| &*node.key).collect()),
            "the members have the group's sockets"
        );
        before = after;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 120,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/remotes.regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn v4_expanding_loses_nothing_and_collapsing_is_the_way_back(
        seed: u64,
        grouping in prop::sample::select(RemoteGrouping::ALL.to_vec()),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let mut world = World::new(WorldOptions::of_sockets(400, seed));
        let mut engine = Engine::new(EngineOptions::default());
        engine.apply(world.resync(), Moment(1));
        engine.apply(world.step(Duration::from_secs(5)), Moment(5_000_000_000));
        let spec = ViewSpec { udp: true, ..by(grouping, &[]) };
        expand_all(engine.graph(), &spec, &choices);
    }
}
