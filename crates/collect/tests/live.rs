//! The scanner against the running kernel: real sockets of this very process and of children.
#![cfg(target_os = "linux")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use common::{Child, World};
use procnet_collect::{ScanOptions, Scanner};
use procnet_core::{Attribution, Event, Process, Protocol, Socket, SocketState, UnknownOwner};

fn scanner() -> Scanner {
    Scanner::new(ScanOptions::default()).expect("this machine has /proc and sock_diag")
}

fn poll(scanner: &mut Scanner, world: &mut World) {
    world.apply(scanner.poll().expect("this machine can be scanned"));
}

/// Polls until `found` gives something: an accepted socket's descriptor may come up a moment
/// after the socket.
#[expect(clippy::panic, reason = "the end of the waiting is the test's failure")]
fn eventually<T>(
    scanner: &mut Scanner,
    world: &mut World,
    found: impl Fn(&World) -> Option<T>,
) -> T {
    for _ in 0..50 {
        poll(scanner, world);
        if let Some(value) = found(world) {
            return value;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("not found in 50 scans")
}

fn owned_by(socket: &Socket, pid: u32) -> bool {
    socket.owners.iter().any(|o| o.process.pid == pid && o.attribution == Attribution::Held)
}

fn ipv6() -> bool {
    let there = TcpListener::bind("[::1]:0").is_ok();
    common::unless(there, "IPv6 on loopback");
    there
}

#[test]
fn the_first_batch_is_the_whole_truth() {
    let mut scanner = scanner();
    let batch = scanner.poll().unwrap();
    assert_eq!(batch.sequence, 1);
    assert_eq!(batch.events.first(), Some(&Event::Resync));
    assert!(batch.events.iter().any(|event| matches!(event, Event::Capabilities(_))));
    assert_eq!(scanner.poll().unwrap().sequence, 2);
    scanner.request_resync();
    let again = scanner.poll().unwrap();
    assert_eq!(again.events.first(), Some(&Event::Resync));
    let me = std::process::id();
    let told = |e: &Event| matches!(e, Event::ProcessStarted(p) if p.key.pid == me);
    assert!(batch.events.iter().any(told));
    assert!(again.events.iter().any(told));
}

#[test]
fn a_scanner_may_move_to_another_thread() {
    let mut scanner = scanner();
    let polled = std::thread::spawn(move || scanner.poll().map(|batch| batch.sequence)).join();
    assert_eq!(polled.unwrap().unwrap(), 1);
}

#[test]
fn this_process_is_described() {
    let (mut scanner, mut world) = (scanner(), World::default());
    poll(&mut scanner, &mut world);
    let me = world.process(std::process::id());
    let exe = std::env::current_exe().unwrap();
    assert_eq!(me.exe.as_deref(), exe.to_str());
    assert_eq!(me.name.as_ref(), exe.file_name().unwrap().to_str().unwrap());
    let arguments: Vec<String> = std::env::args().collect();
    assert_eq!(me.arguments.iter().map(|a| a.to_string()).collect::<Vec<_>>(), arguments);
    assert!(me.user.is_some());
    let parent = me.parent.expect("the test runner is visible");
    assert_eq!(parent.pid, std::os::unix::process::parent_id());
    let age = world.at.0 - me.started.0;
    assert!((0..3600 * 1_000_000_000).contains(&age), "started {age} ns ago");
}

#[test]
fn both_ends_of_a_tcp_connection_with_their_bytes() {
    let addresses: &[&str] = if ipv6() { &["127.0.0.1:0", "[::1]:0"] } else { &["127.0.0.1:0"] };
    for address in addresses {
        let listener = TcpListener::bind(address).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(&[7; 1000]).unwrap();
        server.read_exact(&mut [0; 1000]).unwrap();
        server.write_all(&[8; 10]).unwrap();
        client.read_exact(&mut [0; 10]).unwrap();
        let (mut scanner, mut world) = (scanner(), World::default());
        let me = std::process::id();
        let (local, remote) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        // The last acknowledgement may be delayed by 40 ms.
        let near = eventually(&mut scanner, &mut world, |world| {
            world.find(Protocol::Tcp, local, Some(remote)).filter(|s| s.counters.sent_bytes == 1000)
        });
        assert_eq!(near.state, SocketState::Established);
        assert_eq!(near.counters.received_bytes, 10);
        assert!(near.counters.rtt_us > 0);
        assert!(owned_by(&near, me));
        let far = eventually(&mut scanner, &mut world, |world| {
            world.find(Protocol::Tcp, remote, Some(local)).filter(|s| s.counters.sent_bytes == 10)
        });
        assert_eq!((far.state, far.counters.received_bytes), (SocketState::Established, 1000));
        assert!(owned_by(&far, me));
        let listening = world.find(Protocol::Tcp, remote, None).unwrap();
        assert_eq!((listening.state, owned_by(&listening, me)), (SocketState::Listen, true));

        // The server closes first: the FIN is no payload.
        drop(server);
        let half = eventually(&mut scanner, &mut world, |world| {
            let socket = world.find(Protocol::Tcp, local, Some(remote))?;
            (socket.state == SocketState::CloseWait).then_some(socket)
        });
        assert_eq!((half.counters.sent_bytes, half.counters.received_bytes), (1000, 10));
        assert_eq!(half.opened, near.opened);
        let orphan = world.find(Protocol::Tcp, remote, Some(local)).unwrap();
        // Which of the two depends on whether the client's kernel has acknowledged the FIN yet.
        assert!(matches!(orphan.state, SocketState::FinWait1 | SocketState::FinWait2));
        assert_eq!(orphan.attribution(), Attribution::Inferred);
        drop(client);
        let waiting = eventually(&mut scanner, &mut world, |world| {
            let socket = world.find(Protocol::Tcp, remote, Some(local))?;
            (socket.state == SocketState::TimeWait).then_some(socket)
        });
        assert_eq!(waiting.attribution(), Attribution::Inferred);
        assert_eq!(waiting.primary_owner().unwrap().process.pid, me);
        assert_eq!(world.find(Protocol::Tcp, local, Some(remote)), None);
    }
}

#[test]
fn a_dual_stack_listener_stays_a_wildcard_and_its_connections_are_ipv4() {
    if !ipv6() {
        return;
    }
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
    let bound = listener.local_addr().unwrap();
    let client = TcpStream::connect(("127.0.0.1", bound.port())).unwrap();
    let (server, _) = listener.accept().unwrap();
    assert!(server.peer_addr().unwrap().is_ipv6());
    let (mut scanner, mut world) = (scanner(), World::default());
    poll(&mut scanner, &mut world);
    let socket = world.find(Protocol::Tcp, bound, None).unwrap();
    assert_eq!(socket.local.to_string(), format!("[::]:{}", bound.port()));
    assert!(!socket.v6_only);
    let (near, far) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    assert!(near.is_ipv4());
    let accepted = world.find(Protocol::Tcp, far, Some(near)).unwrap();
    assert!(owned_by(&accepted, std::process::id()));
}

#[test]
fn udp_with_and_without_a_peer() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    let (mut scanner, mut world) = (scanner(), World::default());
    poll(&mut scanner, &mut world);
    let (near, far) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let connected = world.find(Protocol::Udp, near, Some(far)).unwrap();
    assert_eq!(connected.state, SocketState::Established);
    assert!(owned_by(&connected, std::process::id()));
    let waiting = world.find(Protocol::Udp, far, None).unwrap();
    assert_eq!(waiting.state, SocketState::Listen);
    assert!(owned_by(&waiting, std::process::id()));

    let options = ScanOptions { udp: false, ..ScanOptions::default() };
    let mut without = World::default();
    without.apply(Scanner::new(options).unwrap().poll().unwrap());
    assert_eq!(without.find(Protocol::Udp, near, Some(far)), None);
}

#[test]
fn a_socket_that_opens_later_is_found_with_its_owner_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut scanner, mut world) = (scanner(), World::default());
    poll(&mut scanner, &mut world);
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (near, far) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    // Nobody has accepted it: the kernel holds it.
    poll(&mut scanner, &mut world);
    let queued = world.find(Protocol::Tcp, far, Some(near)).unwrap();
    assert_eq!(queued.attribution(), Attribution::Unknown(UnknownOwner::Kernel));
    let (server, _) = listener.accept().unwrap();
    let accepted = eventually(&mut scanner, &mut world, |world| {
        world.find(Protocol::Tcp, far, Some(near)).filter(|s| !s.owners.is_empty())
    });
    assert!(owned_by(&accepted, std::process::id()));
    drop((server, client));
}

#[test]
fn a_child_that_inherits_a_socket_is_an_owner_too_until_it_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let (mut scanner, mut world) = (scanner(), World::default());
    poll(&mut scanner, &mut world);
    let child = Child::holding(OwnedFd::from(listener.try_clone().unwrap()));
    let pid = child.id();
    let shared = eventually(&mut scanner, &mut world, |world| {
        let socket = world.find(Protocol::Tcp, bound, None)?;
        owned_by(&socket, pid).then_some(socket)
    });
    assert!(owned_by(&shared, std::process::id()));
    assert_eq!(shared.owners.len(), 2);
    assert!(shared.owners.is_sorted());
    assert_eq!(world.process(pid).parent.unwrap().pid, std::process::id());
    drop(child);
    poll(&mut scanner, &mut world);
    let alone = world.find(Protocol::Tcp, bound, None).unwrap();
    assert!(!owned_by(&alone, pid) && owned_by(&alone, std::process::id()));
    assert!(!world.has_process(pid));
}

#[test]
fn an_exec_is_noticed() {
    let (mut scanner, mut world) = (scanner(), World::default());
    let child = Child::shell("read line; exec sleep 600");
    let pid = child.id();
    poll(&mut scanner, &mut world);
    let before = world.process(pid);
    child.go_on();
    // A poll may fall into the midst of the exec, where the name is new and the command line not
    // there yet.
    let after = eventually(&mut scanner, &mut world, |world| {
        let arguments = |process: &Process| process.arguments.join(" ") == "sleep 600";
        Some(world.process(pid))
            .filter(|process| process.name.as_ref() == "sleep" && arguments(process))
    });
    assert_eq!(after.key, before.key);
}
