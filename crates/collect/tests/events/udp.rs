//! UDP sockets, and what they exchange with peers that they are not connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use procnet_collect::{CollectOptions, Collector, CollectorKind};
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::graph::{Link, Party};
use procnet_core::{Counters, Endpoint, Moment, Protocol, Role, Socket, SocketIdentity};

use crate::common;
use crate::story::{Story, collector, settled};
use crate::workload::{child, told};

/// The variable that tells a child an address.
pub(crate) const ADDRESS: &str = "PROCNET_TEST_ADDRESS";
/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
pub(crate) const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Everything that is told, also as the map takes it.
pub(crate) struct Watch {
    pub(crate) collector: Collector,
    pub(crate) story: Story,
    engine: Engine,
    began: Instant,
}

impl Watch {
    pub(crate) fn begin() -> Option<Self> {
        Self::with(CollectOptions::default())
    }

    pub(crate) fn with(options: CollectOptions) -> Option<Self> {
        let mut collector = collector()?;
        if options != CollectOptions::default() {
            let options = CollectOptions { kind: CollectorKind::Events, ..options };
            collector = Collector::new(options).expect("as the one before");
        }
        let story = settled(&mut collector);
        collector.request_resync();
        let mut watch = Self {
            collector,
            story,
            engine: Engine::new(EngineOptions::default()),
            began: Instant::now(),
        };
        let me = std::process::id();
        let host = procnet_core::HostId::LOCAL;
        assert!(watch.until(|watch| watch.engine.graph().process_by_pid(host, me).is_some()));
        Some(watch)
    }

    pub(crate) fn until(&mut self, done: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let next = self.collector.next(Duration::from_millis(20)).expect("it collects");
            if let Some(batch) = next {
                let elapsed =
                    u64::try_from(self.began.elapsed().as_nanos()).expect("a few seconds");
                self.engine.apply(batch.clone(), Moment(elapsed + 1));
                self.story.apply(batch);
            }
            if done(self) {
                return true;
            }
        }
        false
    }

    /// What the socket at `local` exchanges with `remote`, as it was told last.
    pub(crate) fn flow(&self, local: SocketAddr, remote: SocketAddr) -> Option<Socket> {
        let (local, remote) = (end(local), end(remote));
        let fits = |s: &&Socket| {
            s.key.is_flow()
                && s.protocol == Protocol::Udp
                && s.local == local
                && s.remote == Some(remote)
        };
        let socket = self.story.opened.values().find(fits)?;
        Some(self.story.world.sockets.get(&socket.key).unwrap_or(socket).clone())
    }

    /// What it carried: so far, or in all.
    pub(crate) fn carried(&self, local: SocketAddr, remote: SocketAddr) -> Option<Counters> {
        let flow = self.flow(local, remote)?;
        Some(match self.story.closed.get(&flow.key) {
            Some(totals) => totals.expect("its end was seen"),
            None => flow.counters,
        })
    }

    /// The socket that is bound there, without a peer.
    pub(crate) fn carrier(&self, port: u16) -> Option<&Socket> {
        let fits =
            |s: &&Socket| !s.key.is_flow() && s.protocol == Protocol::Udp && s.local.port == port;
        self.story.opened.values().find(fits)
    }

    /// How much of something is not seen.
    pub(crate) fn degradation(&self, id: &str) -> Option<u64> {
        let mut degradations = self.engine.graph().degradations();
        degradations.find(|degradation| degradation.id == id).map(|degradation| degradation.count)
    }

    pub(crate) fn link(&self, client: u32, server: u32) -> Option<&Link> {
        let is = |party: Party, pid| matches!(party, Party::Process(key) if key.pid == pid);
        let mut links = self.engine.graph().links().map(|(_, link)| link);
        links.find(|link| is(link.key.client, client) && is(link.key.server, server))
    }
}

fn end(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

pub(crate) fn carried(received: (u64, u64), sent: (u64, u64)) -> Option<Counters> {
    Some(Counters {
        received_packets: received.0,
        received_bytes: received.1,
        sent_packets: sent.0,
        sent_bytes: sent.1,
        ..Counters::default()
    })
}

/// A socket that is bound there: to a port that nobody else of these tests has had or will have,
/// for two sockets with the same port in turn are the same peer to whoever talks to them. The
/// kernel picks its own ports from higher ones. None if there are no such addresses.
pub(crate) fn bound(address: IpAddr) -> Option<(UdpSocket, SocketAddr)> {
    static NEXT: AtomicU16 = AtomicU16::new(10_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(port < 32_000, "these tests need no more ports than that");
        let socket = match UdpSocket::bind((address, port)) {
            Ok(socket) => socket,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => continue,
            Err(_) => return None,
        };
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
        return Some((socket, SocketAddr::new(address, port)));
    }
}

/// A server that answers each question with itself and six bytes more.
#[test]
#[ignore = "a child of the other tests"]
fn answer() {
    let address = std::env::var(ADDRESS).unwrap();
    let server = UdpSocket::bind(address).unwrap();
    println!("port: {}", server.local_addr().unwrap().port());
    std::thread::spawn(move || {
        let mut question = [0; 2048];
        loop {
            let (length, from) = server.recv_from(&mut question[6..]).unwrap();
            server.send_to(&question[..length + 6], from).unwrap();
        }
    });
    std::io::Read::read_to_end(&mut std::io::stdin(), &mut Vec::new()).unwrap();
}

#[test]
fn names_asked_for_from_a_fresh_socket_each_show_client_server_and_bytes() {
    const QUESTIONS: u64 = 40;
    let Some(mut watch) = Watch::begin() else { return };
    for (address, target) in
        [("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "127.0.0.1"), ("[::]:0", "::1")]
    {
        let target: IpAddr = target.parse().unwrap();
        let wildcard = if target.is_ipv4() { ANY } else { ANY_V6 };
        if bound(wildcard).is_none() {
            common::unless(false, "IPv6");
            continue;
        }
        let (server, mut output) = child("udp::answer", &[(ADDRESS, address.to_owned())]);
        let to = SocketAddr::new(target, told(&mut output, "port: ").parse().unwrap());
        let mut asked = Vec::new();
        for size in 1..=QUESTIONS {
            let (client, near) = bound(wildcard).unwrap();
            client.send_to(&vec![b'q'; usize::try_from(size).unwrap()], to).unwrap();
            let (length, _) = client.recv_from(&mut [0; 2048]).unwrap();
            assert_eq!(length as u64, size + 6);
            asked.push((SocketAddr::new(target, near.port()), size));
        }
        let exact = |watch: &Watch| {
            asked.iter().all(|(near, size)| {
                watch.carried(*near, to) == carried((1, size + 6), (1, *size))
                    && watch.carried(to, *near) == carried((1, *size), (1, size + 6))
            })
        };
        let told = watch.until(exact);
        let ends = |(near, size): &(SocketAddr, u64)| {
            (*size, watch.carried(*near, to), watch.carried(to, *near))
        };
        assert!(told, "{:#?}", asked.iter().map(ends).collect::<Vec<_>>());
        let me = std::process::id();
        for (near, _) in &asked {
            let (asking, answering) =
                (watch.flow(*near, to).unwrap(), watch.flow(to, *near).unwrap());
            assert_eq!((asking.role, answering.role), (Some(Role::Client), Some(Role::Server)));
            assert_eq!(asking.primary_owner().map(|owner| owner.process.pid), Some(me));
            let answers = answering.primary_owner().map(|owner| owner.process.pid);
            assert_eq!(answers, Some(server.id()));
            let socket = watch.carrier(near.port()).unwrap();
            assert_eq!((socket.role, socket.remote), (Some(Role::Client), None), "no listener");
        }
        assert_eq!(watch.carrier(to.port()).unwrap().role, Some(Role::Server));
        let link = watch.link(me, server.id()).expect("they are on the map");
        assert_eq!((link.key.port, link.key.protocol), (to.port(), Protocol::Udp));
        let sent = QUESTIONS * (QUESTIONS + 1) / 2;
        assert_eq!((link.to_server(), link.to_client()), (sent, sent + 6 * QUESTIONS));
        // Whoever has asked is gone; and the server leaves nothing behind.
        let key = watch.flow(to, asked[0].0).unwrap().key;
        assert!(watch.until(|watch| watch.story.closed.contains_key(&key)));
        let (last, near) = bound(wildcard).unwrap();
        last.send_to(b"q", to).unwrap();
        last.recv_from(&mut [0; 64]).unwrap();
        let near = SocketAddr::new(target, near.port());
        assert!(watch.until(|watch| watch.flow(to, near).is_some()));
        let key = watch.flow(to, near).unwrap().key;
        drop((server, output));
        assert!(watch.until(|watch| watch.story.closed.contains_key(&key)));
    }
}

#[test]
fn a_udp_socket_is_told_from_its_first_use_to_its_end_with_its_bytes() {
    let Some(mut watch) = Watch::begin() else { return };
    let (server, far) = bound(LOOPBACK).unwrap();
    let (client, near) = bound(LOOPBACK).unwrap();
    client.connect(far).unwrap();
    client.send(b"question").unwrap();
    let (length, _) = server.recv_from(&mut [0; 16]).unwrap();
    assert_eq!(length, 8);
    server.send_to(b"answer", near).unwrap();
    client.recv(&mut [0; 16]).unwrap();
    drop(client);
    let closed = watch.until(|watch| {
        watch.carrier(near.port()).is_some_and(|s| watch.story.closed.contains_key(&s.key))
    });
    assert!(closed);
    let socket = watch.carrier(near.port()).unwrap();
    assert_eq!((socket.local, socket.remote), (end(near), Some(end(far))));
    assert_eq!(socket.primary_owner().unwrap().process.pid, std::process::id());
    assert_eq!(watch.story.closed[&socket.key], carried((1, 6), (1, 8)));
    assert_eq!(watch.flow(near, far), None, "it is the socket's own peer");
    let answered = watch.until(|watch| watch.carried(far, near) == carried((1, 8), (1, 6)));
    assert!(answered, "{:?}", watch.flow(far, near));
    // Nobody is left who could be answered.
    let key = watch.flow(far, near).unwrap().key;
    assert!(watch.until(|watch| watch.story.closed.contains_key(&key)));
}

#[test]
fn a_socket_that_is_connected_anew_has_its_new_peer_at_once() {
    let Some(mut watch) = Watch::begin() else { return };
    let (_first, one) = bound(LOOPBACK).unwrap();
    let (_second, other) = bound(LOOPBACK).unwrap();
    let (client, near) = bound(LOOPBACK).unwrap();
    for far in [one, other] {
        client.connect(far).unwrap();
        client.send(b"hello").unwrap();
        let found = watch
            .until(|watch| watch.carrier(near.port()).is_some_and(|s| s.remote == Some(end(far))));
        assert!(found);
    }
    // What it sends elsewhere meanwhile is no part of that connection.
    client.send_to(b"aside", one).unwrap();
    assert!(watch.until(|watch| watch.carried(near, one) == carried((0, 0), (1, 5))));
    drop(client);
    let key = watch.carrier(near.port()).unwrap().key;
    assert!(watch.until(|watch| watch.story.closed.contains_key(&key)));
    assert_eq!(watch.story.closed[&key], carried((0, 0), (2, 10)));
}

#[test]
fn only_what_was_exchanged_counts() {
    let Some(mut watch) = Watch::begin() else { return };
    let (server, far) = bound(LOOPBACK).unwrap();
    let (client, near) = bound(LOOPBACK).unwrap();
    // Refused: too long for a datagram.
    assert!(client.send_to(&vec![0; 70_000], far).is_err());
    client.send_to(b"", far).unwrap();
    client.send_to(b"twice seen", far).unwrap();
    let mut buffer = [0; 64];
    assert_eq!(server.peek_from(&mut buffer).unwrap(), (0, near));
    assert_eq!(server.recv_from(&mut buffer).unwrap(), (0, near));
    assert_eq!(server.peek_from(&mut buffer).unwrap(), (10, near));
    assert_eq!(server.recv_from(&mut buffer).unwrap(), (10, near));
    client.send_to(b"unnamed", far).unwrap();
    // Nobody asks from whom this one is.
    assert_eq!(server.recv(&mut buffer).unwrap(), 7);
    client.send_to(b"end", far).unwrap();
    assert_eq!(server.recv_from(&mut buffer).unwrap(), (3, near));
    let counted = watch.until(|watch| {
        watch.carried(near, far) == carried((0, 0), (4, 20))
            && watch.carried(far, near) == carried((3, 13), (0, 0))
    });
    assert!(counted, "{:?} {:?}", watch.flow(near, far), watch.flow(far, near));
    drop(server);
    let key = watch.carrier(far.port()).unwrap().key;
    assert!(watch.until(|watch| watch.story.closed.contains_key(&key)));
    assert_eq!(watch.story.closed[&key], carried((4, 20), (0, 0)), "the socket counts all");
}

#[test]
fn threads_that_share_a_socket_are_not_mixed_up() {
    const ROUNDS: u64 = 2_000;
    let Some(mut watch) = Watch::begin() else { return };
    let (shared, near) = bound(LOOPBACK).unwrap();
    let peers: Vec<(UdpSocket, SocketAddr)> = (0..3).map(|_| bound(LOOPBACK).unwrap()).collect();
    std::thread::scope(|scope| {
        for (index, (_, peer)) in peers.iter().enumerate() {
            let shared = &shared;
            let message = vec![0_u8; 10 + index];
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    shared.send_to(&message, *peer).unwrap();
                }
            });
        }
    });
    let exact = watch.until(|watch| {
        peers.iter().zip(10..).all(|((_, peer), size)| {
            watch.carried(near, *peer) == carried((0, 0), (ROUNDS, ROUNDS * size))
        })
    });
    assert!(exact, "{:?}", peers.iter().map(|(_, p)| watch.carried(near, *p)).collect::<Vec<_>>());
}

#[test]
fn what_came_before_the_collector_is_told_without_guessing_who_began() {
    let (server, far) = bound(LOOPBACK).unwrap();
    let (client, near) = bound(LOOPBACK).unwrap();
    client.send_to(b"question", far).unwrap();
    let Some(mut watch) = Watch::begin() else { return };
    let mut buffer = [0; 64];
    server.recv_from(&mut buffer).unwrap();
    server.send_to(b"answer", near).unwrap();
    client.recv_from(&mut buffer).unwrap();
    assert!(watch.until(|watch| watch.carried(near, far) == carried((1, 6), (0, 0))));
    assert!(watch.until(|watch| watch.carried(far, near) == carried((1, 8), (1, 6))));
    let roles = [(near, far), (far, near)]
        .map(|(local, remote)| watch.flow(local, remote).expect("it was told").role);
    assert_eq!(roles, [None, None]);
}

#[test]
fn a_snapshot_and_a_new_beginning_take_no_exchange_away() {
    let Some(mut watch) = Watch::begin() else { return };
    let (_server, far) = bound(LOOPBACK).unwrap();
    let (client, near) = bound(LOOPBACK).unwrap();
    client.send_to(b"question", far).unwrap();
    assert!(watch.until(|watch| watch.flow(near, far).is_some()));
    let key = watch.flow(near, far).unwrap().key;
    let before = watch.story.world.resyncs;
    watch.collector.request_resync();
    assert!(watch.until(|watch| {
        let world = &watch.story.world;
        world.resyncs > before && world.sockets.contains_key(&key)
    }));
    let SocketIdentity::Flow { remote, .. } = key.identity else { panic!("{key:?}") };
    assert_eq!(remote, end(far));
    drop(client);
    assert!(watch.until(|watch| watch.story.closed.contains_key(&key)));
}
