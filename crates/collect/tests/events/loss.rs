//! Records that the kernel finds no room for.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use procnet_collect::{CollectOptions, Collector, CollectorKind};
use procnet_core::{Protocol, SocketState};

use crate::story::{Story, collector, settled};

#[test]
fn what_a_tiny_ring_loses_is_counted_and_made_up_for() {
    if collector().is_none() {
        return;
    }
    let options = CollectOptions {
        kind: CollectorKind::Events,
        ring_bytes: 4096,
        interval: Duration::from_secs(3600),
        ..CollectOptions::default()
    };
    let mut collector = Collector::new(options).unwrap();
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
