//! The rules of `docs/SPEC.md` about UDP sockets that are connected to nobody: what each exchanges
//! with a peer is told as a socket of its own.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::graph::{Direction, Evidence, Link, Party, offers_service};
use procnet_core::{
    Attribution, Batch, Counters, Endpoint, Event, HostId, Moment, NetnsId, Owner, Process,
    ProcessKey, Protocol, Role, Socket, SocketIdentity, SocketKey, SocketState, Timestamp,
    UnknownOwner,
};

const CLIENT: u32 = 10;
const SERVER: u32 = 20;

fn process(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: u64::from(pid) }
}

fn endpoint(text: &str) -> Endpoint {
    let (ip, port) = text.rsplit_once(':').unwrap();
    Endpoint::new(ip.parse().unwrap(), port.parse().unwrap())
}

/// A socket without a peer, or what it exchanges with one.
fn socket(
    cookie: u64,
    local: &str,
    remote: Option<&str>,
    pid: u32,
    role: impl Into<Option<Role>>,
) -> Socket {
    let remote = remote.map(endpoint);
    let identity = remote
        .map_or(SocketIdentity::Cookie(cookie), |remote| SocketIdentity::Flow { cookie, remote });
    Socket {
        key: SocketKey { host: HostId::LOCAL, netns: NetnsId(1), identity },
        protocol: Protocol::Udp,
        state: if remote.is_some() { SocketState::Established } else { SocketState::Listen },
        local: endpoint(local),
        remote,
        v6_only: false,
        uid: Some(1000),
        owners: [Owner { process: process(pid), attribution: Attribution::Observed }].into(),
        unknown_owner: UnknownOwner::NotFound,
        role: role.into(),
        counters: Counters { sent_bytes: u64::from(pid), ..Counters::default() },
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

fn engine(sockets: &[Socket]) -> Engine {
    let mut engine = Engine::new(EngineOptions::default());
    let started = [(CLIENT, "dig"), (SERVER, "named")]
        .map(|(pid, name)| Event::ProcessStarted(Arc::new(Process::bare(process(pid), name))));
    let opened = sockets.iter().map(|socket| Event::SocketOpened(Arc::new(socket.clone())));
    let events = started.into_iter().chain(opened).collect();
    let batch = Batch { host: HostId::LOCAL, sequence: 1, at: Timestamp::default(), events };
    engine.apply(batch, Moment(1));
    engine
}

fn only_link(engine: &Engine) -> Link {
    let links: Vec<&Link> = engine.graph().links().map(|(_, link)| link).collect();
    assert_eq!(links.len(), 1, "{links:#?}");
    links[0].clone()
}

#[test]
fn g12_what_two_unconnected_sockets_exchange_is_one_connection() {
    let engine = engine(&[
        socket(1, "0.0.0.0:53", None, SERVER, Role::Server),
        socket(1, "127.0.0.1:53", Some("127.0.0.1:40000"), SERVER, Role::Server),
        socket(2, "0.0.0.0:40000", None, CLIENT, Role::Client),
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:53"), CLIENT, Role::Client),
    ]);
    let link = only_link(&engine);
    assert_eq!(link.key.client, Party::Process(process(CLIENT)));
    assert_eq!((link.key.server, link.key.port), (Party::Process(process(SERVER)), 53));
    assert_eq!(link.to_server(), u64::from(CLIENT), "G7: as the client counts");
    let peer = SocketKey {
        host: HostId::LOCAL,
        netns: NetnsId(1),
        identity: SocketIdentity::Flow { cookie: 1, remote: endpoint("127.0.0.1:40000") },
    };
    let direction = engine.graph().direction(engine.graph().socket_id(&peer).unwrap());
    assert_eq!(direction, (Direction::Inbound, Some(Evidence::Observed)));
}

#[test]
fn v6_who_only_ever_sends_first_is_no_listener_and_who_is_sent_to_first_is_one() {
    let asks = socket(1, "0.0.0.0:323", None, CLIENT, Role::Client);
    let answers = socket(2, "0.0.0.0:40000", None, SERVER, Role::Server);
    let unknown = socket(3, "0.0.0.0:40001", None, SERVER, None);
    let low = socket(4, "0.0.0.0:53", None, SERVER, None);
    let offers = [&asks, &answers, &unknown, &low].map(offers_service);
    assert_eq!(offers, [false, true, false, true]);
    assert_eq!(engine(&[asks, answers, unknown, low]).graph().totals().listeners, 2);
}

#[test]
fn g5_what_is_sent_to_a_client_goes_to_no_listener() {
    let cases = [(Some(Role::Client), false), (None, true), (Some(Role::Server), true)];
    for (role, found) in cases {
        let engine = engine(&[
            socket(1, "0.0.0.0:40000", None, SERVER, role),
            socket(2, "127.0.0.1:40001", Some("127.0.0.1:40000"), CLIENT, Role::Client),
        ]);
        let server = only_link(&engine).key.server;
        assert_eq!(server == Party::Process(process(SERVER)), found, "{role:?}");
    }
}

#[test]
fn d2_of_two_unconnected_sockets_the_one_that_offers_a_service_is_the_server() {
    // Neither was seen to begin.
    let sockets = [
        socket(1, "0.0.0.0:30053", None, SERVER, None),
        socket(1, "127.0.0.1:30053", Some("127.0.0.1:40000"), SERVER, None),
        socket(2, "0.0.0.0:40000", None, CLIENT, None),
        socket(2, "127.0.0.1:40000", Some("127.0.0.1:30053"), CLIENT, None),
    ];
    assert_eq!(only_link(&engine(&sockets)).key.port, 30053);
    // Once it is known who is the client, that decides.
    let mut known = sockets.clone();
    known[0].role = Some(Role::Client);
    known[2].role = Some(Role::Server);
    let link = only_link(&engine(&known));
    assert_eq!((link.key.client, link.key.port), (Party::Process(process(SERVER)), 40000));
}
