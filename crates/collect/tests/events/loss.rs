//! Records that the kernel finds no room for.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use procnet_collect::{CollectOptions, Collector, ScanOptions, Scanner};
use procnet_core::{Endpoint, NetnsId, Protocol, SocketState};

use crate::common::World;
use crate::story::{Story, collector_with, settled};
use crate::workload::crowd::{Client, Crowd, gather};
use crate::workload::puppet::Puppet;

/// One whose ring holds some twenty records, and that takes no snapshot but after a loss.
fn forgetful_collector() -> Option<Collector> {
    let interval = Duration::from_secs(3600);
    let reconcile = interval;
    collector_with(CollectOptions {
        ring_bytes: 4096,
        interval,
        reconcile,
        ..CollectOptions::default()
    })
}

/// A TCP socket, with its owners.
type Held = (NetnsId, Endpoint, Option<Endpoint>, SocketState, Vec<u32>);

/// What of TCP these processes hold.
fn held_by(pids: &[u32], world: &World) -> BTreeSet<Held> {
    let of_tcp = world.sockets.values().filter(|socket| socket.protocol == Protocol::Tcp);
    let with_owners = of_tcp.map(|socket| {
        let mut owners: Vec<u32> = socket.owners.iter().map(|o| o.process.pid).collect();
        owners.sort_unstable();
        (socket.key.netns, socket.local, socket.remote, socket.state, owners)
    });
    // Who holds a socket in TIME_WAIT is concluded, and nothing to rely on.
    let lives = |held: &Held| held.3 != SocketState::TimeWait;
    let ours = |held: &Held| held.4.iter().any(|owner| pids.contains(owner));
    with_owners.filter(|held| lives(held) && ours(held)).collect()
}

#[test]
fn after_a_burst_that_overflows_the_ring_all_is_told_as_it_is() {
    let Some(mut collector) = forgetful_collector() else { return };
    let Some(Crowd { servers, clients, .. }) = &gather() else { return };
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let mut story = settled(&mut collector);
    for client in clients {
        client.process.go_on();
    }
    // In the midst of it some that stay, some that go, and processes that live for a moment.
    let mut ended = Vec::new();
    for turn in 0..20 {
        client.connect(&format!("call{turn}"), far);
        server.accept("door", &format!("guest{turn}"));
        if turn % 2 == 0 {
            client.order(format_args!("close call{turn}"));
            server.order(format_args!("close guest{turn}"));
        }
        let mut short = Command::new("true").spawn().expect("the child starts");
        ended.push(short.id());
        short.wait().expect("the child ends");
        story.follow(&mut collector, |_| true);
    }
    let child = server.fork();
    assert!(story.follow(&mut collector, |_| clients.iter().all(Client::is_done)));
    assert!(story.lost > 0, "nothing overflowed");

    let mut truth = World::default();
    let mut scanner = Scanner::new(ScanOptions::default()).expect("it scans");
    truth.apply(scanner.poll().expect("it scans"));
    let crowd = servers.iter().map(|s| &s.process).chain(clients.iter().map(|c| &c.process));
    let mut pids: Vec<u32> = crowd.map(crate::common::Child::id).collect();
    pids.extend([server.pid(), client.pid(), child.pid()]);
    let held = held_by(&pids, &truth);
    // Four servers' listeners, the puppets' own, and ten connections with two ends.
    assert_eq!(held.len(), 4 + 1 + 20);
    let told = story.follow(&mut collector, |story| {
        held_by(&pids, &story.world) == held
            && pids.iter().all(|pid| story.world.has_process(*pid))
            && !ended.iter().any(|pid| story.world.has_process(*pid))
    });
    assert!(told, "{held:#?} is told as {:#?}", held_by(&pids, &story.world));
    let ports: Vec<u16> = servers.iter().map(|server| server.port).collect();
    let left = story.follow(&mut collector, |story| {
        let sockets = story.world.sockets.values();
        let mut lasting = sockets.filter(|socket| socket.state != SocketState::TimeWait);
        !lasting.any(|socket| ports.contains(&socket.remote.map_or(0, |remote| remote.port)))
    });
    assert!(left, "connections are told that have ended");
}

#[test]
fn what_a_tiny_ring_loses_is_counted_and_made_up_for() {
    let Some(mut collector) = forgetful_collector() else { return };
    let mut story = settled(&mut collector);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let held: Vec<(TcpStream, TcpStream)> = (0..200)
        .map(|_| (TcpStream::connect(bound).unwrap(), listener.accept().unwrap().0))
        .collect();
    let complete = |story: &Story| {
        held.iter().all(|(client, server)| {
            [client, server].iter().all(|stream| {
                let (near, far) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
                let socket = story.world.find(Protocol::Tcp, near, Some(far));
                socket.is_some_and(|socket| !socket.owners.is_empty())
            })
        })
    };
    assert!(story.follow(&mut collector, complete));
    assert!(story.lost > 0);
    // Endings that are lost too leave nothing behind.
    let lost = story.lost;
    let ends: Vec<_> = held.iter().map(|(client, _)| client.local_addr().unwrap()).collect();
    drop(held);
    let gone = story.follow(&mut collector, |story| {
        ends.iter().all(|near| {
            let socket = story.world.find(Protocol::Tcp, *near, Some(bound));
            socket.is_none_or(|socket| socket.state == SocketState::TimeWait)
        })
    });
    assert!(gone);
    assert!(story.lost > lost);
}
