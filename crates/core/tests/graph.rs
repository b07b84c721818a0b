//! The rules of `docs/SPEC.md` about direction, pairing and links, each by its number.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;
use std::time::Duration;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::filter::Filter;
use procnet_core::graph::{Direction, Evidence, Graph, Link, Party, SocketChangeKind};
use procnet_core::registry::ServicePorts;
use procnet_core::{
    Attribution, Batch, Counters, Ending, Endpoint, Event, GapReason, HostId, Moment, NetnsId,
    Owner, Process, ProcessKey, Protocol, Role, Socket, SocketIdentity, SocketKey, SocketState,
    Timestamp, UnknownOwner,
};

const CLIENT: u32 = 10;
const SERVER: u32 = 20;

fn process(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: u64::from(pid) }
}

fn key(cookie: u64) -> SocketKey {
    SocketKey { host: HostId::LOCAL, netns: NetnsId(1), identity: SocketIdentity::Cookie(cookie) }
}

fn endpoint(text: &str) -> Endpoint {
    let (ip, port) = text.rsplit_once(':').unwrap();
    let ip = ip.trim_start_matches('[').trim_end_matches(']');
    Endpoint::new(ip.parse().unwrap(), port.parse().unwrap())
}

/// A socket; no remote: a listener. `pids`: its owners.
fn socket(cookie: u64, local: &str, remote: Option<&str>, pids: &[u32]) -> Socket {
    let held = |pid: &u32| Owner { process: process(*pid), attribution: Attribution::Held };
    Socket {
        key: key(cookie),
        protocol: Protocol::Tcp,
        state: if remote.is_some() { SocketState::Established } else { SocketState::Listen },
        local: endpoint(local),
        remote: remote.map(endpoint),
        v6_only: false,
        uid: Some(1000),
        owners: pids.iter().map(held).collect(),
        unknown_owner: UnknownOwner::NotFound,
        role: None,
        counters: Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

struct World {
    engine: Engine,
    sequence: u64,
    now: Moment,
}

impl World {
    fn new() -> Self {
        Self::with(EngineOptions { track_sockets: true, ..EngineOptions::default() })
    }

    fn with(options: EngineOptions) -> Self {
        let mut world = Self { engine: Engine::new(options), sequence: 0, now: Moment(1) };
        for (pid, name) in [(CLIENT, "client"), (SERVER, "server"), (30, "third")] {
            let process = Arc::new(Process::bare(process(pid), name));
            world.tell([Event::ProcessStarted(process)]);
        }
        world
    }

    fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        self.sequence += 1;
        let events = events.into_iter().collect();
        let batch = Batch {
            host: HostId::LOCAL,
            sequence: self.sequence,
            at: Timestamp::default(),
            events,
        };
        self.engine.apply(batch, self.now);
    }

    fn open(&mut self, sockets: impl IntoIterator<Item = Socket>) {
        self.tell(sockets.into_iter().map(|s| Event::SocketOpened(Arc::new(s))));
    }

    fn close(&mut self, cookie: u64) {
        self.tell([Event::SocketClosed { key: key(cookie), ending: None }]);
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
        self.engine.tick(self.now);
    }

    fn graph(&self) -> &Graph {
        self.engine.graph()
    }

    fn direction(&self, cookie: u64) -> (Direction, Option<Evidence>) {
        let id = self.graph().socket_id(&key(cookie)).unwrap();
        self.graph().direction(id)
    }

    fn links(&self) -> Vec<Link> {
        let mut links: Vec<Link> = self.graph().links().map(|(_, link)| link.clone()).collect();
        links.sort_by_key(|link| link.key);
        links
    }

    fn only_link(&self) -> Link {
        let links = self.links();
        assert_eq!(links.len(), 1, "{links:#?}");
        links.into_iter().next().unwrap()
    }
}

/// A listener on 5432 and one connection to it, both ends on this machine.
fn pair(world: &mut World) {
    world.open([
        socket(1, "0.0.0.0:5432", None, &[SERVER]),
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT]),
        socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[SERVER]),
    ]);
}

#[test]
fn g1_two_mirrored_sockets_are_one_connection_from_client_to_server() {
    let mut world = World::new();
    pair(&mut world);
    let link = world.only_link();
    assert_eq!(link.key.client, Party::Process(process(CLIENT)));
    assert_eq!(link.key.server, Party::Process(process(SERVER)));
    assert_eq!((link.key.port, link.connections), (5432, 1));
    assert_eq!(world.direction(2), (Direction::Outbound, Some(Evidence::Listener)));
    assert_eq!(world.direction(3), (Direction::Inbound, Some(Evidence::Listener)));
    assert_eq!(world.direction(1), (Direction::Listen, None));
}

#[test]
fn g1_loopback_pairs_are_only_made_inside_a_network_namespace() {
    let mut world = World::new();
    let mut far = socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[SERVER]);
    far.key.netns = NetnsId(2);
    world.open([socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT]), far]);
    let server = world.only_link().key.server;
    assert!(matches!(server, Party::Remote { .. }), "two ends that merely look alike: {server:?}");
}

#[test]
fn g10_a_local_client_that_was_never_seen_is_no_external_machine() {
    let mut world = World::new();
    let mut served = socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[SERVER]);
    world.open([socket(1, "0.0.0.0:5432", None, &[SERVER]), served.clone()]);
    assert!(world.links().is_empty());
    // But a server that does not let go of one is worth knowing of.
    served.state = SocketState::CloseWait;
    world.open([served]);
    assert!(matches!(world.only_link().key.client, Party::Remote { .. }));
}

#[test]
fn g1_two_containers_that_fit_nobody_else_are_a_pair() {
    let mut world = World::new();
    let near = socket(2, "10.9.0.2:40000", Some("10.9.0.1:5432"), &[CLIENT]);
    let mut far = socket(3, "10.9.0.1:5432", Some("10.9.0.2:40000"), &[SERVER]);
    far.key.netns = NetnsId(2);
    world.open([near.clone(), far.clone()]);
    let link = world.only_link();
    assert_eq!(link.key.client, Party::Process(process(CLIENT)));
    assert_eq!(link.key.server, Party::Process(process(SERVER)));
    // Also after one of them has closed.
    world.close(2);
    assert_eq!(world.only_link().key, link.key);
    world.open([near.clone()]);
    // Where somebody else fits as well, nobody can tell.
    let double = Socket { key: SocketKey { netns: NetnsId(3), ..key(4) }, ..near.clone() };
    let mut world = World::new();
    world.open([near, far, double]);
    assert!(world.links().iter().all(|link| {
        link.key.client.process().is_none() || link.key.server.process().is_none()
    }));
}

#[test]
fn g2_mapped_addresses_pair_with_plain_ones() {
    let mut world = World::new();
    world.open([
        socket(1, "[::]:5432", None, &[SERVER]),
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT]),
        socket(3, "[::ffff:127.0.0.1]:5432", Some("[::ffff:127.0.0.1]:40000"), &[SERVER]),
    ]);
    let link = world.only_link();
    assert_eq!(link.key.server, Party::Process(process(SERVER)));
    assert_eq!(link.evidence(), Evidence::Listener);
}

#[test]
fn g2_a_v6_only_listener_takes_no_ipv4() {
    let mut world = World::new();
    let mut listener = socket(1, "[::]:5432", None, &[SERVER]);
    listener.v6_only = true;
    world.open([listener, socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT])]);
    assert!(matches!(world.only_link().key.server, Party::Remote { .. }));
}

#[test]
fn g3_parallel_connections_are_one_link() {
    let mut world = World::new();
    pair(&mut world);
    world.open([
        socket(4, "127.0.0.1:40001", Some("127.0.0.1:5432"), &[CLIENT]),
        socket(5, "127.0.0.1:5432", Some("127.0.0.1:40001"), &[SERVER]),
    ]);
    assert_eq!(world.only_link().connections, 2);
}

#[test]
fn g4_a_process_that_talks_to_itself_has_no_link() {
    let mut world = World::new();
    world.open([
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT]),
        socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[CLIENT]),
    ]);
    assert!(world.links().is_empty());
    // Nor does one whose child inherited both ends.
    world.open([
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT, 30]),
        socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[CLIENT, 30]),
    ]);
    assert!(world.links().is_empty());
}

#[test]
fn g5_a_connection_to_a_local_listener_goes_to_its_process() {
    // Row 8: exact address, then wildcard, then loopback; but never a foreign address.
    let cases = [
        ("10.0.0.1:5432", "10.0.0.9:40000", "10.0.0.1:5432", true),
        ("0.0.0.0:5432", "127.0.0.1:40000", "127.0.0.1:5432", true),
        ("0.0.0.0:5432", "10.0.0.1:40000", "10.0.0.1:5432", true),
        ("[::]:5432", "[::1]:40000", "[::1]:5432", true),
        ("127.0.0.1:5432", "127.0.0.1:40000", "127.0.0.2:5432", false),
        ("0.0.0.0:443", "10.0.0.1:40000", "192.0.2.1:443", false),
        ("127.0.0.1:443", "10.0.0.1:40000", "192.0.2.1:443", false),
    ];
    for (listener, local, remote, found) in cases {
        let mut world = World::new();
        world.open([
            socket(1, listener, None, &[SERVER]),
            socket(2, local, Some(remote), &[CLIENT]),
        ]);
        let server = world.only_link().key.server;
        assert_eq!(server == Party::Process(process(SERVER)), found, "{listener} {remote}");
    }
}

#[test]
fn g6_a_connection_goes_stale_with_its_last_socket_and_vanishes_after_15_seconds() {
    let mut world = World::new();
    pair(&mut world);
    world.close(2);
    world.close(3);
    assert!(world.only_link().is_stale());
    assert_eq!(world.only_link().state(), SocketState::Established, "as it last was");
    world.pass(14);
    assert_eq!(world.links().len(), 1);
    world.pass(2);
    assert!(world.links().is_empty());
}

#[test]
fn g6_a_connection_that_its_process_left_to_the_kernel_goes_stale() {
    let mut world = World::new();
    pair(&mut world);
    world.close(3);
    let mut waiting = socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT]);
    waiting.state = SocketState::TimeWait;
    world.open([waiting.clone()]);
    assert_eq!(world.only_link().state(), SocketState::TimeWait);
    waiting.owners.clear();
    waiting.unknown_owner = UnknownOwner::Kernel;
    world.open([waiting]);
    world.tell([Event::ProcessExited(process(CLIENT))]);
    assert!(world.only_link().is_stale());
}

#[test]
fn g6_a_link_that_returns_is_the_same_link() {
    let mut world = World::new();
    pair(&mut world);
    let id = world.graph().links().next().unwrap().0;
    world.close(2);
    world.close(3);
    world.pass(10);
    world.open([
        socket(8, "127.0.0.1:40008", Some("127.0.0.1:5432"), &[CLIENT]),
        socket(9, "127.0.0.1:5432", Some("127.0.0.1:40008"), &[SERVER]),
    ]);
    world.pass(20);
    assert!(!world.only_link().is_stale());
    assert_eq!(world.graph().links().next().unwrap().0, id);
}

#[test]
fn g6_an_ended_process_stays_while_a_stale_link_touches_it() {
    let mut world = World::new();
    pair(&mut world);
    world.close(2);
    world.close(3);
    world.tell([Event::ProcessExited(process(CLIENT))]);
    assert!(world.graph().process(process(CLIENT)).is_some_and(|p| !p.alive));
    world.pass(16);
    assert!(world.graph().process(process(CLIENT)).is_none());
    assert!(world.graph().process(process(SERVER)).is_some(), "it still listens");
}

#[test]
fn g7_bytes_of_closed_connections_stay_in_the_link() {
    let mut world = World::new();
    pair(&mut world);
    let counters = Counters {
        sent_bytes: 100,
        received_bytes: 900,
        rtt_us: 50,
        retransmits: 1,
        ..Counters::default()
    };
    let mirrored = Counters { sent_bytes: 900, received_bytes: 150, ..counters };
    world.tell([
        Event::SocketCounted { key: key(2), counters },
        Event::SocketCounted { key: key(3), counters: mirrored },
    ]);
    let link = world.only_link();
    assert_eq!((link.to_server(), link.to_client(), link.rtt_us()), (100, 900, 50));
    world.open([
        socket(8, "127.0.0.1:40008", Some("127.0.0.1:5432"), &[CLIENT]),
        socket(9, "127.0.0.1:5432", Some("127.0.0.1:40008"), &[SERVER]),
    ]);
    world.close(2);
    assert_eq!(world.only_link().connections, 2, "the server's end is still open");
    world.close(3);
    let link = world.only_link();
    assert_eq!((link.to_server(), link.to_client(), link.retransmits()), (150, 900, 1));
    assert_eq!(link.rtt_us(), 0, "no open connection tells a round-trip time");
}

#[test]
fn g10_a_connection_whose_client_is_gone_is_still_known_as_its_client() {
    let mut world = World::new();
    pair(&mut world);
    world.close(2);
    let mut closing = socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[SERVER]);
    closing.state = SocketState::CloseWait;
    world.open([closing]);
    let link = world.only_link();
    assert_eq!(link.key.client, Party::Process(process(CLIENT)));
    assert_eq!((link.state(), link.is_stale()), (SocketState::CloseWait, false));
}

#[test]
fn g6_a_connection_that_lives_for_less_than_a_batch_was_on_the_map() {
    let mut world = World::new();
    let open = |s: Socket| Event::SocketOpened(Arc::new(s));
    let totals = Counters { sent_bytes: 5, received_bytes: 7, ..Counters::default() };
    let ending = Some(Ending { totals, at: Timestamp::default() });
    world.tell([
        open(socket(1, "0.0.0.0:5432", None, &[SERVER])),
        open(socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT])),
        open(socket(3, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[SERVER])),
        Event::SocketClosed { key: key(2), ending },
        Event::SocketClosed { key: key(3), ending: None },
    ]);
    let link = world.only_link();
    assert_eq!(link.key.client, Party::Process(process(CLIENT)));
    assert_eq!(link.key.server, Party::Process(process(SERVER)));
    assert!(link.is_stale());
}

#[test]
fn g8_of_several_owners_the_oldest_stands_for_the_socket() {
    let mut world = World::new();
    world.open([
        socket(1, "0.0.0.0:80", None, &[30, SERVER]),
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:80"), &[CLIENT]),
    ]);
    assert_eq!(world.only_link().key.server, Party::Process(process(SERVER)));
    let owned = world.graph().sockets_of(process(30));
    assert_eq!(owned.len(), 1, "the other owner still has it");
}

#[test]
fn g9_a_socket_that_only_the_kernel_holds_has_no_link() {
    let mut world = World::new();
    let mut waiting = socket(2, "10.0.0.1:40000", Some("192.0.2.1:443"), &[]);
    waiting.state = SocketState::TimeWait;
    waiting.unknown_owner = UnknownOwner::Kernel;
    world.open([waiting]);
    assert!(world.links().is_empty());
}

#[test]
fn g9_a_socket_whose_owner_is_hidden_is_drawn_by_its_user() {
    let mut world = World::new();
    let mut hidden = socket(1, "0.0.0.0:5432", None, &[]);
    hidden.unknown_owner = UnknownOwner::NoPermission;
    world.open([hidden, socket(2, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[CLIENT])]);
    let server = world.only_link().key.server;
    assert!(matches!(server, Party::Unattributed { uid: Some(1000), .. }), "{server:?}");
    assert_eq!(world.graph().totals().unattributed, 1);
}

#[test]
fn d1_observed_roles_beat_listeners() {
    let mut world = World::new();
    let mut caller = socket(2, "127.0.0.1:5432", Some("127.0.0.1:40000"), &[CLIENT]);
    caller.role = Some(Role::Client);
    world.open([
        socket(1, "0.0.0.0:5432", None, &[SERVER]),
        caller,
        socket(3, "127.0.0.1:40000", Some("127.0.0.1:5432"), &[SERVER]),
    ]);
    assert_eq!(world.direction(2), (Direction::Outbound, Some(Evidence::Observed)));
    assert_eq!(world.direction(3), (Direction::Inbound, Some(Evidence::Observed)));
}

#[test]
fn d2_a_listener_beats_the_service_port_rule() {
    let mut world = World::new();
    // By ports alone, 80 would be the server.
    world.open([
        socket(1, "0.0.0.0:50000", None, &[SERVER]),
        socket(3, "10.0.0.1:50000", Some("192.0.2.1:80"), &[SERVER]),
    ]);
    assert_eq!(world.direction(3), (Direction::Inbound, Some(Evidence::Listener)));
    let link = world.only_link();
    assert_eq!(link.key.port, 50000);
    assert!(matches!(link.key.client, Party::Remote { endpoint, .. } if endpoint.port == 0));
}

#[test]
fn d3_a_listener_that_closes_turns_no_connection_around() {
    let mut world = World::new();
    world.open([
        socket(1, "0.0.0.0:50000", None, &[SERVER]),
        socket(3, "10.0.0.1:50000", Some("192.0.2.1:80"), &[SERVER]),
    ]);
    world.close(1);
    assert_eq!(world.direction(3), (Direction::Inbound, Some(Evidence::Pairing)));
}

#[test]
fn d4_without_evidence_the_service_ports_decide() {
    // Row 6: known or --svc-ports, else below 1024, else the lower number.
    let cases = [
        (40000, 443, &[][..], Direction::Outbound),
        (443, 40000, &[][..], Direction::Inbound),
        (40000, 700, &[][..], Direction::Outbound),
        (40000, 50000, &[][..], Direction::Inbound),
        (40000, 50000, &[50000][..], Direction::Outbound),
    ];
    for (local, remote, extra, direction) in cases {
        let service_ports = ServicePorts { extra: extra.iter().copied().collect() };
        let mut world = World::with(EngineOptions { service_ports, ..EngineOptions::default() });
        let (local, remote) = (format!("10.0.0.1:{local}"), format!("192.0.2.1:{remote}"));
        world.open([socket(2, &local, Some(&remote), &[CLIENT])]);
        assert_eq!(world.direction(2), (direction, Some(Evidence::ServicePort)), "{remote}");
    }
}

#[test]
fn d5_both_ends_of_a_pair_always_agree() {
    // Equal ports, no listener, no observation: nothing tells, but there is one answer.
    for (first, second) in [(2, 3), (3, 2)] {
        let mut world = World::new();
        world.open([
            socket(first, "127.0.0.1:7000", Some("127.0.0.2:7000"), &[CLIENT]),
            socket(second, "127.0.0.2:7000", Some("127.0.0.1:7000"), &[SERVER]),
        ]);
        assert_eq!(world.only_link().connections, 1);
        assert_ne!(world.direction(2).0, world.direction(3).0);
    }
}

#[test]
fn e1_a_resync_closes_what_it_does_not_name() {
    let mut world = World::new();
    pair(&mut world);
    world.tell([
        Event::Resync,
        Event::ProcessStarted(Arc::new(Process::bare(process(SERVER), "server"))),
        Event::SocketOpened(Arc::new(socket(1, "0.0.0.0:5432", None, &[SERVER]))),
    ]);
    assert_eq!(world.graph().socket_count(), 1);
    assert!(world.only_link().is_stale());
    assert!(world.graph().process(process(30)).is_none());
}

#[test]
fn e2_lost_batches_are_counted_and_late_ones_left_out() {
    let mut world = World::new();
    world.sequence += 3;
    world.open([socket(1, "0.0.0.0:80", None, &[SERVER])]);
    assert_eq!(world.graph().totals().gaps, 1);
    world.sequence -= 2;
    world.close(1);
    assert_eq!(world.graph().socket_count(), 1, "what comes too late would undo what came after");
    assert_eq!(world.graph().totals().gaps, 2);
    world.sequence += 1;
    world.tell([Event::Gap { lost: 7, reason: GapReason::Kernel }]);
    assert_eq!(world.graph().totals().lost_events, 7);
}

#[test]
fn e3_unknown_things_may_end() {
    let mut world = World::new();
    world.close(99);
    world.tell([
        Event::ProcessExited(process(99)),
        Event::SocketCounted { key: key(98), counters: Counters::default() },
    ]);
    assert_eq!(world.graph().socket_count(), 0);
}

#[test]
fn e4_a_pid_that_is_used_again_is_another_process() {
    let mut world = World::new();
    pair(&mut world);
    let again = ProcessKey { started: 999, ..process(CLIENT) };
    world.close(2);
    world.close(3);
    world.tell([
        Event::ProcessExited(process(CLIENT)),
        Event::ProcessStarted(Arc::new(Process::bare(again, "other"))),
    ]);
    let by_pid = world.graph().process_by_pid(HostId::LOCAL, CLIENT).unwrap();
    assert_eq!(&*by_pid.label, "other");
    assert_eq!(world.only_link().key.client, Party::Process(process(CLIENT)));
}

#[test]
fn e5_changes_of_sockets_are_told_in_order_with_directions() {
    let mut world = World::new();
    world.engine.take_changes();
    pair(&mut world);
    world.close(2);
    let changes = world.engine.take_changes().sockets;
    let told: Vec<_> = changes.iter().map(|c| (c.kind, c.socket.key, c.direction)).collect();
    assert_eq!(
        told,
        [
            (SocketChangeKind::Opened, key(1), Direction::Listen),
            (SocketChangeKind::Opened, key(2), Direction::Outbound),
            (SocketChangeKind::Opened, key(3), Direction::Inbound),
            (SocketChangeKind::Closed, key(2), Direction::Outbound),
        ]
    );
}

#[test]
fn e5_what_opens_and_closes_within_a_batch_is_told_as_both_and_fits_filters() {
    let mut world = World::new();
    world.open([socket(1, "0.0.0.0:5432", None, &[SERVER])]);
    world.engine.take_changes();
    let open = |cookie, local, remote, owner| {
        let socket = socket(cookie, local, Some(remote), &[owner]);
        Event::SocketOpened(Arc::new(Socket { opened: Timestamp(3_000_000), ..socket }))
    };
    let totals = Counters { sent_bytes: 5, ..Counters::default() };
    let ending = Some(Ending { totals, at: Timestamp(5_500_000) });
    world.tell([
        open(2, "127.0.0.1:40000", "127.0.0.1:5432", CLIENT),
        open(3, "127.0.0.1:5432", "127.0.0.1:40000", SERVER),
        Event::SocketClosed { key: key(2), ending },
        Event::SocketClosed { key: key(3), ending },
    ]);
    let changes = world.engine.take_changes().sockets;
    let told: Vec<_> = changes.iter().map(|c| (c.kind, c.socket.key, c.direction)).collect();
    assert_eq!(
        told,
        [
            (SocketChangeKind::Opened, key(2), Direction::Outbound),
            (SocketChangeKind::Opened, key(3), Direction::Inbound),
            (SocketChangeKind::Closed, key(2), Direction::Outbound),
            (SocketChangeKind::Closed, key(3), Direction::Inbound),
        ]
    );
    let filter = Filter::parse("client:client server:server dir:out").unwrap();
    for (index, change) in changes.iter().enumerate() {
        assert_eq!(filter.matches(&world.graph().change_subject(change)), index % 2 == 0);
    }
    let (opened, closed) = (changes[0].at, changes[2].at);
    assert_eq!((opened.millis_since(closed), closed.millis_since(opened)), (0, 2));
    assert_eq!(changes[2].socket.counters, totals);
}
