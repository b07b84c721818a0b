//! The rules of `docs/SPEC.md` about UNIX sockets, each by its number.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;
use std::time::Duration;

use procnet_core::engine::{Engine, EngineOptions, STALE_AFTER};
use procnet_core::filter::Filter;
use procnet_core::graph::{Direction, Evidence, Link, Party};
use procnet_core::view::{View, ViewSpec};
use procnet_core::{
    Attribution, Batch, Counters, Endpoint, Event, HostId, Moment, NetnsId, Owner, Process,
    ProcessKey, Protocol, Socket, SocketIdentity, SocketKey, SocketState, Timestamp, UnixKind,
    UnixSocket, UnknownOwner,
};

const SERVER: u32 = 10;
const CLIENT: u32 = 20;
const OTHER: u32 = 30;
const PATH: &str = "/run/postgresql/.s.PGSQL.5432";

fn process(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: u64::from(pid) }
}

fn key(inode: u64) -> SocketKey {
    SocketKey { host: HostId::LOCAL, netns: NetnsId(1), identity: SocketIdentity::Cookie(inode) }
}

fn socket(inode: u64, name: Option<&str>, peer: Option<u64>, pids: &[u32]) -> Socket {
    Socket {
        key: key(inode),
        protocol: Protocol::Unix,
        state: if peer.is_some() { SocketState::Established } else { SocketState::Listen },
        local: Endpoint::new("0.0.0.0".parse().unwrap(), 0),
        remote: None,
        v6_only: false,
        uid: Some(1000),
        owners: pids
            .iter()
            .map(|pid| Owner { process: process(*pid), attribution: Attribution::Held })
            .collect(),
        unknown_owner: UnknownOwner::NoPermission,
        role: None,
        counters: Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: Some(Arc::new(UnixSocket {
            name: name.map(Arc::from),
            kind: UnixKind::Stream,
            inode,
            peer,
        })),
    }
}

struct World {
    engine: Engine,
    sequence: u64,
    now: Moment,
}

impl World {
    fn new() -> Self {
        let engine = Engine::new(EngineOptions::default());
        let mut world = Self { engine, sequence: 0, now: Moment(1) };
        for (pid, name) in [(SERVER, "server"), (CLIENT, "client"), (OTHER, "other")] {
            let process = Arc::new(Process::bare(process(pid), name));
            world.tell(vec![Event::ProcessStarted(process)]);
        }
        world
    }

    fn tell(&mut self, events: Vec<Event>) {
        self.sequence += 1;
        let (sequence, at) = (self.sequence, Timestamp::default());
        self.engine.apply(Batch { host: HostId::LOCAL, sequence, at, events }, self.now);
        let graph = self.engine.graph();
        assert_eq!(graph.conclusions(), graph.rebuilt().conclusions());
    }

    fn open(&mut self, sockets: impl IntoIterator<Item = Socket>) {
        let opened = |socket| Event::SocketOpened(Arc::new(socket));
        self.tell(sockets.into_iter().map(opened).collect());
    }

    fn close(&mut self, inode: u64) {
        self.tell(vec![Event::SocketClosed { key: key(inode), ending: None }]);
    }

    fn direction(&self, inode: u64) -> (Direction, Option<Evidence>) {
        let graph = self.engine.graph();
        graph.direction(graph.socket_id(&key(inode)).unwrap())
    }

    /// Client and server by pid, path, connections.
    fn links(&self) -> Vec<(u32, u32, Option<String>, u32)> {
        let graph = self.engine.graph();
        let pid = |party: Party| party.process().map_or(0, |key| key.pid);
        let mut links: Vec<_> = graph
            .links()
            .map(|(_, link)| {
                let name = link.key.name.and_then(|name| graph.name(name));
                let name = name.map(|name| name.to_string());
                (pid(link.key.client), pid(link.key.server), name, link.connections)
            })
            .collect();
        links.sort();
        links
    }

    fn link(&self) -> &Link {
        let mut links = self.engine.graph().links();
        let (_, link) = links.next().unwrap();
        assert!(links.next().is_none());
        link
    }
}

fn postgres() -> World {
    let mut world = World::new();
    world.open([
        socket(1, Some(PATH), None, &[SERVER]),
        socket(2, Some(PATH), Some(3), &[SERVER]),
        socket(3, None, Some(2), &[CLIENT]),
    ]);
    world
}

#[test]
fn u2_the_end_that_bears_the_listeners_name_is_the_server() {
    let mut world = postgres();
    assert_eq!(world.direction(2), (Direction::Inbound, Some(Evidence::Listener)));
    assert_eq!(world.direction(3), (Direction::Outbound, Some(Evidence::Listener)));
    assert_eq!(world.links(), [(CLIENT, SERVER, Some(PATH.to_owned()), 1)]);
    world.close(1);
    assert_eq!(world.direction(3), (Direction::Outbound, Some(Evidence::Pairing)));
    assert_eq!(world.links(), [(CLIENT, SERVER, Some(PATH.to_owned()), 1)]);
}

#[test]
fn u2_a_client_with_a_name_of_its_own_is_still_the_client() {
    let mut world = World::new();
    let bus = Some("/run/dbus/system_bus_socket");
    world.open([socket(2, bus, Some(3), &[SERVER]), socket(3, Some("@0001f"), Some(2), &[CLIENT])]);
    assert_eq!(world.direction(3), (Direction::Unknown, Some(Evidence::Undirected)));
    world.open([socket(1, bus, None, &[SERVER])]);
    assert_eq!(world.direction(3), (Direction::Outbound, Some(Evidence::Listener)));
    // D3 holds here too.
    world.close(1);
    assert_eq!(world.direction(2), (Direction::Inbound, Some(Evidence::Pairing)));
}

#[test]
fn u3_clients_of_one_path_are_a_link_each_and_parallel_ones_are_one() {
    let mut world = postgres();
    world.open([
        socket(4, Some(PATH), Some(5), &[SERVER]),
        socket(5, None, Some(4), &[CLIENT]),
        socket(6, Some(PATH), Some(7), &[SERVER]),
        socket(7, None, Some(6), &[OTHER]),
        socket(8, Some("/run/other"), Some(9), &[SERVER]),
        socket(9, None, Some(8), &[OTHER]),
    ]);
    let path = || Some(PATH.to_owned());
    let other = Some("/run/other".to_owned());
    let all = [(20, 10, path(), 2), (30, 10, other, 1), (30, 10, path(), 1)];
    assert_eq!(world.links(), all);
}

#[test]
fn u1_ends_in_two_network_namespaces_are_one_connection() {
    let mut world = World::new();
    let far = SocketKey { netns: NetnsId(2), ..key(3) };
    let client = Socket { key: far, ..socket(3, None, Some(2), &[CLIENT]) };
    world.open([socket(2, Some(PATH), Some(3), &[SERVER]), client]);
    assert_eq!(world.links(), [(CLIENT, SERVER, Some(PATH.to_owned()), 1)]);
}

#[test]
fn u1_many_may_be_connected_to_one_datagram_socket() {
    let mut world = World::new();
    let log = Some("/run/systemd/journal/dev-log");
    // Before the socket to which they are connected is seen, there is nothing to draw.
    world.open([socket(2, None, Some(1), &[CLIENT]), socket(3, Some("@00002"), Some(1), &[OTHER])]);
    assert!(world.links().is_empty());
    world.open([socket(1, log, None, &[SERVER])]);
    let path = || log.map(str::to_owned);
    assert_eq!(world.links(), [(CLIENT, SERVER, path(), 1), (OTHER, SERVER, path(), 1)]);
    assert_eq!(world.direction(3), (Direction::Outbound, Some(Evidence::Listener)));
    assert_eq!(world.direction(1).0, Direction::Listen);
}

#[test]
fn u1_what_names_no_peer_that_is_seen_has_no_link() {
    let mut world = World::new();
    world.open([socket(2, Some(PATH), Some(99), &[SERVER])]);
    assert!(world.links().is_empty());
    assert_eq!(world.direction(2).0, Direction::Unknown);
}

#[test]
fn u4_a_socket_pair_has_no_client_and_is_drawn_from_the_older_process() {
    for (first, second) in [(CLIENT, SERVER), (SERVER, CLIENT)] {
        let mut world = World::new();
        world.open([socket(1, None, Some(2), &[first]), socket(2, None, Some(1), &[second])]);
        assert_eq!(world.links(), [(SERVER, CLIENT, None, 1)]);
        assert_eq!(world.direction(1), (Direction::Unknown, Some(Evidence::Undirected)));
        assert_eq!(world.link().evidence(), Evidence::Undirected);
    }
}

#[test]
fn g4_both_ends_in_one_process_are_no_link() {
    let mut world = World::new();
    world.open([socket(1, None, Some(2), &[CLIENT]), socket(2, None, Some(1), &[CLIENT, OTHER])]);
    assert!(world.links().is_empty());
    // Nor is a socket that says it is its own peer.
    world.open([socket(3, None, Some(3), &[CLIENT])]);
    assert!(world.links().is_empty());
}

#[test]
fn u5_who_hangs_up_ends_the_link_and_it_goes_stale() {
    // The client's end carries the link; either may go first.
    for gone in [2, 3] {
        let mut world = postgres();
        world.close(gone);
        let left = 5 - gone;
        let name = (left == 2).then_some(PATH);
        let owner = if left == 2 { SERVER } else { CLIENT };
        let hung_up = socket(left, name, None, &[owner]);
        world.open([Socket { state: SocketState::CloseWait, ..hung_up }]);
        assert!(world.link().is_stale(), "{gone} closed first");
        assert_eq!(world.links()[0].2.as_deref(), Some(PATH), "a stale link keeps its name");
        let later = world.now.saturating_add(STALE_AFTER + Duration::from_secs(1));
        world.engine.tick(later);
        assert!(world.links().is_empty());
    }
}

#[test]
fn g9_hidden_owners_are_programs_of_their_user() {
    let mut world = World::new();
    world.open([socket(2, Some(PATH), Some(3), &[]), socket(3, None, Some(2), &[CLIENT])]);
    let link = world.link();
    assert!(matches!(link.key.server, Party::Unattributed { uid: Some(1000), .. }));
    // Of two ends that belong to hidden programs of one user nothing can be drawn.
    let mut world = World::new();
    world.open([socket(2, Some(PATH), Some(3), &[]), socket(3, None, Some(2), &[])]);
    assert!(world.links().is_empty());
}

#[test]
fn u7_unix_sockets_are_shown_only_where_asked_for() {
    let world = postgres();
    let graph = world.engine.graph();
    let without = View::new(ViewSpec::default(), graph);
    assert!(without.scene().nodes.is_empty() && without.scene().edges.is_empty());
    let with = View::new(ViewSpec { unix: true, ..ViewSpec::default() }, graph);
    let edge = with.scene().edges.values().next().unwrap();
    assert_eq!((edge.path.as_deref(), edge.port), (Some(PATH), 0));
    assert_eq!(&*edge.key, &format!("t/20-20>t/10-10:{PATH}/unix"));
    let server = with.scene().nodes.values().find(|node| &*node.label == "server").unwrap();
    assert_eq!(server.listeners.iter().map(|l| &**l).collect::<Vec<_>>(), [format!("unix {PATH}")]);
}

#[test]
fn filters_know_paths() {
    let world = postgres();
    let graph = world.engine.graph();
    let link = graph.links().next().unwrap().1;
    let client = graph.subject(graph.socket_id(&key(3)).unwrap());
    for (text, fits) in [
        ("proto:unix", true),
        ("path~/PGSQL/", true),
        ("path:/run/postgresql client:client", true),
        ("PGSQL", true),
        ("port:0", false),
        ("ip:0.0.0.0/0", false),
        ("class:other", false),
        ("proto:tcp", false),
    ] {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.matches(&graph.link_subject(link)), fits, "{text} and the link");
        assert_eq!(filter.matches(&client), fits, "{text} and the client's socket");
    }
}
