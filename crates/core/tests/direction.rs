//! What was observed decides a connection's direction, whatever its port numbers say (D1); and what
//! was known of its other end stays known (G10).

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::graph::{Direction, Evidence, Link, Party};
use procnet_core::{
    Attribution, Batch, Counters, Event, HostId, Moment, NetnsId, Owner, ProcessKey, Protocol,
    Role, Socket, SocketIdentity, SocketKey, SocketState, Timestamp, UnknownOwner,
};

fn process(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: 1 }
}

fn key(cookie: u64) -> SocketKey {
    SocketKey { host: HostId::LOCAL, netns: NetnsId(1), identity: SocketIdentity::Cookie(cookie) }
}

fn socket(cookie: u64, local: &str, remote: &str, pid: u32, role: Option<Role>) -> Socket {
    let end = |text: &str| {
        let address: std::net::SocketAddr = text.parse().unwrap();
        procnet_core::Endpoint::new(address.ip(), address.port())
    };
    let owner = Owner { process: process(pid), attribution: Attribution::Observed };
    Socket {
        key: key(cookie),
        protocol: Protocol::Tcp,
        state: SocketState::Established,
        local: end(local),
        remote: Some(end(remote)),
        v6_only: false,
        uid: Some(1000),
        owners: [owner].into_iter().collect(),
        unknown_owner: UnknownOwner::NotFound,
        role,
        counters: Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

fn tell(engine: &mut Engine, sequence: u64, sockets: impl IntoIterator<Item = Socket>) {
    let events = sockets.into_iter().map(|socket| Event::SocketOpened(Arc::new(socket))).collect();
    let batch = Batch { host: HostId::LOCAL, sequence, at: Timestamp::default(), events };
    engine.apply(batch, Moment::default());
}

fn direction(engine: &Engine, cookie: u64) -> (Direction, Option<Evidence>) {
    engine.graph().direction(engine.graph().socket_id(&key(cookie)).unwrap())
}

fn only_link(engine: &Engine) -> &Link {
    assert_eq!(engine.graph().link_count(), 1);
    engine.graph().links().next().unwrap().1
}

#[test]
fn d1_what_was_observed_at_one_end_decides_for_both() {
    // By ports alone, 443 would be the server.
    let mut engine = Engine::new(EngineOptions::default());
    let sockets = [
        socket(2, "127.0.0.1:50000", "127.0.0.1:443", 20, Some(Role::Server)),
        socket(3, "127.0.0.1:443", "127.0.0.1:50000", 10, None),
    ];
    tell(&mut engine, 1, sockets);
    assert_eq!(direction(&engine, 2), (Direction::Inbound, Some(Evidence::Observed)));
    assert_eq!(direction(&engine, 3), (Direction::Outbound, Some(Evidence::Observed)));
    let link = only_link(&engine);
    assert_eq!((link.key.client, link.key.port), (Party::Process(process(10)), 50000));
}

#[test]
fn d1_what_is_observed_later_turns_around_what_ports_had_decided() {
    let mut engine = Engine::new(EngineOptions::default());
    tell(&mut engine, 1, [socket(2, "10.0.0.1:443", "192.0.2.1:50000", 10, None)]);
    assert_eq!(direction(&engine, 2), (Direction::Inbound, Some(Evidence::ServicePort)));
    tell(&mut engine, 2, [socket(2, "10.0.0.1:443", "192.0.2.1:50000", 10, Some(Role::Client))]);
    assert_eq!(direction(&engine, 2), (Direction::Outbound, Some(Evidence::Observed)));
    // Of the link that it never was, nothing is left.
    assert_eq!(only_link(&engine).key.port, 50000);
}

#[test]
fn g10_a_connection_stays_its_servers_though_only_the_listener_said_whose_it_is() {
    let mut engine = Engine::new(EngineOptions::default());
    let listener = Socket {
        state: SocketState::Listen,
        remote: None,
        ..socket(1, "127.0.0.1:5432", "127.0.0.1:1", 20, None)
    };
    // As where accepted sockets are told without their owners.
    let accepted = Socket {
        owners: [].into_iter().collect(),
        unknown_owner: UnknownOwner::Kernel,
        ..socket(3, "127.0.0.1:5432", "127.0.0.1:50000", 20, None)
    };
    let client = socket(2, "127.0.0.1:50000", "127.0.0.1:5432", 10, None);
    tell(&mut engine, 1, [listener, accepted, client.clone()]);
    let before = only_link(&engine).key;
    assert_eq!(before.server, Party::Process(process(20)));
    let close = |cookie| Event::SocketClosed { key: key(cookie), ending: None };
    let left = Socket { state: SocketState::CloseWait, ..client };
    let events = vec![close(1), close(3), Event::SocketOpened(Arc::new(left))];
    let batch = Batch { host: HostId::LOCAL, sequence: 2, at: Timestamp::default(), events };
    engine.apply(batch, Moment::default());
    assert_eq!(only_link(&engine).key, before);
}
