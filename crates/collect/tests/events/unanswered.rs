//! What is told before, or without, a first byte: connections that are refused or never answered,
//! and UDP servers that nobody has asked yet.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use procnet_core::{Attribution, Protocol, Role, Socket, SocketState};
use rustix::net::{AddressFamily, SocketType};

use crate::story::{Story, collector_between_snapshots, settled};

fn connection(story: &Story, to: SocketAddr) -> Option<&Socket> {
    // Whoever else connects from that port, at some time, has it as the other end's remote one.
    let is_it = |socket: &&Socket| {
        socket.role == Some(Role::Client) && socket.remote.is_some_and(|remote| same(remote, to))
    };
    story.opened.values().find(is_it)
}

fn same(endpoint: procnet_core::Endpoint, address: SocketAddr) -> bool {
    (endpoint.ip, endpoint.port) == (address.ip(), address.port())
}

#[test]
fn a_refused_connection_is_told_from_its_opening_to_its_end_with_its_owner_and_port() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let mut story = settled(&mut collector);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(TcpStream::connect(nobody).is_err());
    let closed = story.follow(&mut collector, |story| {
        connection(story, nobody).is_some_and(|socket| story.closed.contains_key(&socket.key))
    });
    assert!(closed);
    let socket = connection(&story, nobody).unwrap();
    assert_eq!((socket.state, socket.role), (SocketState::SynSent, Some(Role::Client)));
    assert_ne!(socket.local.port, 0);
    let owner = socket.primary_owner().unwrap();
    assert_eq!((owner.process.pid, owner.attribution), (std::process::id(), Attribution::Observed));
    assert_eq!(story.lost, 0);
}

#[test]
fn a_connection_that_nobody_answers_is_on_the_map_until_it_is_given_up() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let mut story = settled(&mut collector);
    // Once its queue is full, a listener answers nobody.
    let listener = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let listener = TcpListener::from(listener);
    let bound = listener.local_addr().unwrap();
    let queued = TcpStream::connect(bound).unwrap();
    let hanging = std::thread::spawn(move || {
        TcpStream::connect_timeout(&bound, Duration::from_secs(3)).map(drop)
    });
    let waits = |socket: &&Socket| {
        socket.remote.is_some_and(|remote| same(remote, bound))
            && socket.state == SocketState::SynSent
    };
    // Told with its port, though the kernel chooses that only afterwards.
    let told = story.follow(&mut collector, |story| {
        story.opened.values().find(waits).is_some_and(|socket| socket.local.port != 0)
    });
    assert!(told);
    let socket = story.opened.values().find(waits).unwrap().clone();
    assert_eq!(socket.role, Some(Role::Client));
    assert_eq!(socket.primary_owner().unwrap().process.pid, std::process::id());
    assert!(!story.closed.contains_key(&socket.key), "it still waits");

    assert!(hanging.join().unwrap().is_err());
    assert!(story.follow(&mut collector, |story| story.closed.contains_key(&socket.key)));
    drop((queued, listener));
}

#[test]
fn a_udp_server_is_told_when_it_is_bound() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let mut story = settled(&mut collector);
    for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
        let server = UdpSocket::bind(address).unwrap();
        let bound = server.local_addr().unwrap();
        let found = |story: &Story| story.world.find(Protocol::Udp, bound, None);
        assert!(story.follow(&mut collector, |story| found(story).is_some()), "{address}");
        let socket = found(&story).unwrap();
        assert!(socket.is_listener());
        assert_eq!(socket.uid, Some(0));
        assert_eq!(socket.primary_owner().unwrap().process.pid, std::process::id());
        drop(server);
        assert!(story.follow(&mut collector, |story| found(story).is_none()), "{address}");
    }
}
