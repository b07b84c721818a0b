//! What is known of remote addresses: names of the name service, countries, networks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers with it"
)]

use std::net::IpAddr;
use std::sync::Arc;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::filter::Filter;
use procnet_core::graph::Graph;
use procnet_core::view::scene::{Node, NodeKind};
use procnet_core::view::{Grouping, View, ViewSpec};
use procnet_core::{
    AddressFacts, Attribution, Batch, Counters, Endpoint, Event, HostId, Moment, NameEvidence,
    NetnsId, Owner, Process, ProcessKey, Protocol, Socket, SocketIdentity, SocketKey, SocketState,
    Timestamp, UnknownOwner,
};

const SERVER: &str = "192.0.2.7";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn socket(cookie: u64, port: u16, remote: &str, asked: Option<&str>) -> Event {
    let process = ProcessKey { host: HostId::LOCAL, pid: 10, started: 1 };
    let identity = SocketIdentity::Cookie(cookie);
    Event::SocketOpened(Arc::new(Socket {
        key: SocketKey { host: HostId::LOCAL, netns: NetnsId(1), identity },
        protocol: Protocol::Tcp,
        state: SocketState::Established,
        local: Endpoint::new(ip("10.0.0.1"), port),
        remote: Some(Endpoint::new(ip(remote), 443)),
        v6_only: false,
        uid: None,
        owners: std::iter::once(Owner { process, attribution: Attribution::Held }).collect(),
        unknown_owner: UnknownOwner::NotFound,
        role: None,
        counters: Counters::default(),
        opened: Timestamp(1),
        remote_name: asked.map(Arc::from),
        unix: None,
    }))
}

fn engine(sockets: Vec<Event>) -> Engine {
    let mut engine = Engine::new(EngineOptions::default());
    let key = ProcessKey { host: HostId::LOCAL, pid: 10, started: 1 };
    let mut events =
        vec![Event::Resync, Event::ProcessStarted(Arc::new(Process::bare(key, "app")))];
    events.extend(sockets);
    engine.apply(
        Batch { host: HostId::LOCAL, sequence: 1, at: Timestamp(1), events },
        Moment::default(),
    );
    engine
}

fn facts(name: &str) -> AddressFacts {
    AddressFacts {
        name: Some(Arc::from(name)),
        country: Arc::from("DE"),
        network: Arc::from("AS64500 Example"),
    }
}

fn view(graph: &Graph) -> View {
    View::new(ViewSpec { grouping: Grouping::Process, ..ViewSpec::default() }, graph)
}

fn remote(view: &View) -> &Node {
    view.scene().nodes.values().find(|node| node.kind == NodeKind::Server).unwrap()
}

fn fits(graph: &Graph, filter: &str) -> bool {
    let filter = Filter::parse(filter).unwrap();
    let of_socket = graph.sockets().any(|(id, _)| filter.matches(&graph.subject(id)));
    let of_link = graph.links().any(|(_, link)| filter.matches(&graph.link_subject(link)));
    assert_eq!(of_socket, of_link, "{filter}");
    of_socket
}

#[test]
fn n1_a_name_that_comes_late_is_shown_at_once() {
    let mut engine = engine(vec![socket(1, 4000, SERVER, None)]);
    let changes = engine.take_changes();
    assert_eq!(changes.remotes, [ip(SERVER)]);
    let mut view = view(engine.graph());
    assert!(remote(&view).label.starts_with(SERVER));
    assert!(!fits(engine.graph(), "domain:example"));

    engine.know_addresses([(ip(SERVER), facts("a.example")), (ip("192.0.2.9"), facts("other"))]);
    let changes = engine.take_changes();
    assert_eq!((changes.links.len(), changes.remotes.len()), (1, 0));
    assert!(view.update(engine.graph(), &changes).is_some());
    let node = remote(&view);
    assert!(node.label.starts_with("a.example"), "{}", node.label);
    assert!(node.detail.contains(SERVER), "{}", node.detail);
    assert_eq!((&*node.country, &*node.network), ("DE", "AS64500 Example"));
    for filter in ["domain:a.example", "country=DE", "network:AS64500", "a.example"] {
        assert!(fits(engine.graph(), filter), "{filter}");
    }
    assert!(!fits(engine.graph(), "country:FR"));
    assert_eq!(engine.graph().conclusions(), engine.graph().rebuilt().conclusions());

    // The same again changes nothing; nothing takes it back.
    engine.know_addresses([(ip(SERVER), facts("a.example"))]);
    assert!(engine.take_changes().links.is_empty());
    engine.know_addresses([(ip(SERVER), AddressFacts::default())]);
    let changes = engine.take_changes();
    view.update(engine.graph(), &changes);
    assert!(remote(&view).label.starts_with(SERVER) && remote(&view).country.is_empty());
}

#[test]
fn n2_the_name_that_was_asked_for_comes_first() {
    let mut engine = engine(vec![socket(1, 4000, SERVER, Some("asked.example"))]);
    engine.know_addresses([(ip(SERVER), facts("reverse.example"))]);
    let graph = engine.graph();
    let (_, socket) = graph.sockets().next().unwrap();
    let (name, evidence) = graph.remote_name(socket).unwrap();
    assert_eq!((&**name, evidence), ("asked.example", NameEvidence::Asked));
    assert!(remote(&view(graph)).label.starts_with("asked.example"));
    assert!(fits(graph, "domain:asked") && !fits(graph, "domain:reverse"));
}

#[test]
fn n3_a_group_is_in_a_country_if_all_of_it_is() {
    let other = "192.0.2.8";
    let mut engine = engine(vec![socket(1, 4000, SERVER, None), socket(2, 4001, other, None)]);
    let mut view = view(engine.graph());
    engine.take_changes();
    assert_eq!(engine.graph().remote_addresses(), [ip(other), ip(SERVER)]);
    let abroad = AddressFacts { country: Arc::from("FR"), ..facts("b.example") };
    for (known, country) in [
        ((SERVER, facts("a.example")), ""),
        ((other, facts("b.example")), "DE"),
        ((other, abroad), ""),
    ] {
        engine.know_addresses([(ip(known.0), known.1)]);
        let changes = engine.take_changes();
        view.update(engine.graph(), &changes);
        let nodes = view.scene().nodes.values().filter(|node| node.kind == NodeKind::Server);
        let nodes: Vec<&Node> = nodes.collect();
        let [node] = nodes.as_slice() else { panic!("one node for both: {nodes:?}") };
        assert_eq!(&*node.country, country);
    }
}

#[test]
fn n4_what_the_name_service_says_joins_nothing() {
    let by_network = |graph: &Graph| {
        let remotes = procnet_core::view::RemoteGrouping::Network;
        let spec = ViewSpec { remotes, grouping: Grouping::Process, ..ViewSpec::default() };
        let view = View::new(spec, graph);
        let servers = view.scene().nodes.values().filter(|node| node.kind == NodeKind::Server);
        let mut told: Vec<(String, String, String)> = servers
            .map(|n| (n.key.to_string(), n.label.to_string(), n.detail.to_string()))
            .collect();
        told.sort();
        told
    };
    let asked = socket(1, 4000, "140.82.112.3", Some("api.github.com"));
    let mut engine = engine(vec![asked, socket(2, 4001, SERVER, None)]);
    let before = by_network(engine.graph());
    // Whoever owns the reverse zone of that address writes into it what they like.
    engine.know_addresses([(ip(SERVER), facts("lb.github.com"))]);
    let after = by_network(engine.graph());
    let keys = |told: &[(String, String, String)]| -> Vec<String> {
        told.iter().map(|(key, ..)| key.clone()).collect()
    };
    assert_eq!(keys(&after), keys(&before));
    assert_eq!(keys(&after), ["out/internet/n:192.0.2.0/24", "out/internet/n:github.com"]);
    // It is a label, with what it rests on.
    assert_eq!(after[0].1, "lb.github.com:443");
    assert!(after[0].2.ends_with("192.0.2.7:443 · by reverse DNS"), "{}", after[0].2);
    assert!(!after[1].2.contains("reverse"), "{}", after[1].2);
}
