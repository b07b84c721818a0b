//! What unconnected UDP sockets exchange with whom, where it is harder to see.

use std::io::{BufReader, IoSlice, IoSliceMut, Read as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::process::{Command, Stdio};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, SockaddrStorage, recvmmsg, sendmmsg};
use procnet_collect::CollectOptions;
use procnet_core::Role;

use crate::common::{self, Child};
use crate::udp::{ADDRESS, ANY, ANY_V6, LOOPBACK, Watch, bound, carried};
use crate::workload::namespace::can_unshare;
use crate::workload::{child_by, told};

/// Sends each peer a message of its own, all with one call.
fn send_to_each(socket: &UdpSocket, messages: &[(SocketAddr, &[u8])]) {
    let mut headers = MultiHeaders::preallocate(messages.len(), None);
    let slices: Vec<[IoSlice<'_>; 1]> =
        messages.iter().map(|(_, message)| [IoSlice::new(message)]).collect();
    let peers: Vec<Option<SockaddrStorage>> =
        messages.iter().map(|(peer, _)| Some((*peer).into())).collect();
    let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &slices, &peers, [], MsgFlags::empty())
        .expect("it sends");
    assert_eq!(sent.count(), messages.len());
}

/// Receives so many messages with one call, each with its sender.
fn receive_from_each(socket: &UdpSocket, count: usize) {
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(count, None);
    let mut buffers = vec![[0_u8; 64]; count];
    let mut slices: Vec<[IoSliceMut<'_>; 1]> =
        buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
    let flags = MsgFlags::MSG_WAITFORONE;
    let received = recvmmsg(socket.as_raw_fd(), &mut headers, slices.iter_mut(), flags, None)
        .expect("it receives");
    assert_eq!(received.filter(|message| message.address.is_some()).count(), count);
}

#[test]
fn each_message_of_a_call_for_several_counts_for_its_peer() {
    let Some(mut watch) = Watch::begin() else { return };
    let (hub, near) = bound(LOOPBACK).unwrap();
    let peers: Vec<(UdpSocket, SocketAddr)> = (0..4).map(|_| bound(LOOPBACK).unwrap()).collect();
    let payload = [b'x'; 16];
    let to_all: Vec<(SocketAddr, &[u8])> = peers
        .iter()
        .enumerate()
        .map(|(index, (_, peer))| (*peer, &payload[..=index]))
        .chain([(peers[0].1, &payload[..10])])
        .collect();
    send_to_each(&hub, &to_all);
    for (peer, _) in &peers {
        peer.send_to(b"back", near).unwrap();
    }
    receive_from_each(&hub, peers.len());
    let exact = watch.until(|watch| {
        peers.iter().zip(0_u64..).all(|((_, peer), index)| {
            let sent = if index == 0 { (2, 11) } else { (1, index + 1) };
            watch.carried(near, *peer) == carried((1, 4), sent)
        })
    });
    assert!(exact, "{:?}", peers.iter().map(|(_, p)| watch.carried(near, *p)).collect::<Vec<_>>());
}

#[test]
fn a_mapped_address_is_the_ipv4_address() {
    let Some(mut watch) = Watch::begin() else { return };
    let (server, far) = bound(LOOPBACK).unwrap();
    let Some((client, near)) = bound(ANY_V6) else {
        common::unless(false, "IPv6");
        return;
    };
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    client.send_to(b"question", SocketAddr::new(mapped, far.port())).unwrap();
    let (_, from) = server.recv_from(&mut [0; 16]).unwrap();
    server.send_to(b"answer", from).unwrap();
    let (_, from) = client.recv_from(&mut [0; 16]).unwrap();
    assert_eq!(from, SocketAddr::new(mapped, far.port()), "that is what the socket tells");
    let near = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), near.port());
    let exact = watch.until(|watch| {
        watch.carried(near, far) == carried((1, 6), (1, 8))
            && watch.carried(far, near) == carried((1, 8), (1, 6))
    });
    assert!(exact, "{:?} {:?}", watch.flow(near, far), watch.flow(far, near));
}

#[test]
fn a_second_process_that_speaks_on_a_socket_owns_the_exchange_too() {
    let Some(mut watch) = Watch::begin() else { return };
    let (_server, far) = bound(LOOPBACK).unwrap();
    let (client, near) = bound(LOOPBACK).unwrap();
    client.send_to(b"from the parent", far).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command
        .args(["--exact", "exchange::speak_on", "--ignored", "--nocapture"])
        .env(ADDRESS, far.to_string())
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(client.try_clone().unwrap())))
        .stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command);
    told(&mut BufReader::new(child.take_output()), "spoken");
    let both = watch.until(|watch| {
        watch.flow(near, far).is_some_and(|flow| flow.owners.len() == 2)
            && watch.carried(near, far) == carried((0, 0), (2, 30))
    });
    assert!(both, "{:?}", watch.flow(near, far));
}

#[test]
#[ignore = "a child of the other tests"]
fn speak_on() {
    let far: SocketAddr = std::env::var(ADDRESS).unwrap().parse().unwrap();
    let input = std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned().unwrap();
    UdpSocket::from(input).send_to(b"from the  child", far).unwrap();
    println!("spoken");
}

/// Asks from a fresh socket each time, once it is told to.
#[test]
#[ignore = "a child of the other tests"]
fn ask_from_fresh_sockets() {
    let to = std::env::var(ADDRESS).unwrap();
    println!("ready");
    std::io::stdin().read_exact(&mut [0]).unwrap();
    for _ in 0..QUESTIONS {
        let (client, near) = bound(ANY).unwrap();
        client.send_to(b"question", &to).unwrap();
        client.recv_from(&mut [0; 64]).unwrap();
        println!("near: {}", near.port());
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

const QUESTIONS: usize = 10;

/// Runs `ip` in a process' network namespace.
fn ip(pid: u32, arguments: &str) -> bool {
    let mut command = Command::new("nsenter");
    command.args(["--net", "--target", &pid.to_string(), "ip"]).args(arguments.split(' '));
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn an_exchange_between_two_network_namespaces_is_one_connection() {
    let Some(mut watch) = Watch::begin() else { return };
    if !can_unshare("--net") {
        return;
    }
    let apart = |role, address| child_by(&["unshare", "--net"], role, &[(ADDRESS, address)]);
    let (here, there) = (Ipv4Addr::new(10, 99, 0, 1), Ipv4Addr::new(10, 99, 0, 2));
    let (server, mut output) = apart("udp::answer", "0.0.0.0:0".to_owned());
    let port: u16 = told(&mut output, "port: ").parse().unwrap();
    let far = SocketAddr::new(IpAddr::V4(there), port);
    let (client, mut answers) = apart("exchange::ask_from_fresh_sockets", far.to_string());
    told(&mut answers, "ready");
    let cable = format!("link add cable type veth peer name cable netns {}", server.id());
    assert!(ip(client.id(), &cable));
    for (pid, address) in [(client.id(), here), (server.id(), there)] {
        assert!(ip(pid, &format!("address add {address}/24 dev cable")));
        assert!(ip(pid, "link set cable up"));
    }
    // Both namespaces are known once a snapshot has found them.
    watch.collector.request_resync();
    assert!(watch.until(|watch| {
        watch.carrier(port).is_some_and(|socket| !socket.owners.is_empty())
            && watch.story.world.has_process(client.id())
    }));
    client.go_on();
    let near: Vec<SocketAddr> = (0..QUESTIONS)
        .map(|_| told(&mut answers, "near: ").parse().unwrap())
        .map(|port| SocketAddr::new(IpAddr::V4(here), port))
        .collect();
    let exact = watch.until(|watch| {
        near.iter().all(|near| {
            watch.carried(*near, far) == carried((1, 14), (1, 8))
                && watch.carried(far, *near) == carried((1, 8), (1, 14))
        })
    });
    assert!(exact, "{:?} {:?}", watch.flow(near[0], far), watch.flow(far, near[0]));
    assert_eq!(watch.flow(near[0], far).unwrap().role, Some(Role::Client));
    let link = watch.link(client.id(), server.id()).expect("they are on the map");
    assert_eq!((link.key.port, link.to_server()), (port, 8 * QUESTIONS as u64));
}

#[test]
fn peers_for_whom_there_is_no_room_are_counted_and_make_room_for_others_later() {
    const ROOM: usize = 512;
    const MORE: usize = 100;
    let options = CollectOptions { udp_flows: ROOM as u32, ..CollectOptions::default() };
    let Some(mut watch) = Watch::with(options) else { return };
    let (client, near) = bound(LOOPBACK).unwrap();
    let to = |index: usize| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000 + index as u16);
    let mut peers = 0;
    // Whatever else is going on takes some of the room.
    for index in 0..ROOM + MORE {
        client.send_to(b"hello", to(index)).unwrap();
    }
    let told = watch.until(|watch| {
        watch.degradation("udp-peers-limit").is_some_and(|count| count >= MORE as u64)
    });
    assert!(told, "it is told how much is missing");
    for index in 0..ROOM + MORE {
        peers += usize::from(watch.flow(near, to(index)).is_some());
    }
    assert!(peers <= ROOM, "{peers}");
    // The quiet ones leave before their time; then there is room again.
    let late = to(ROOM + MORE);
    let room = watch.until(|watch| {
        client.send_to(b"hello", late).unwrap();
        watch.flow(near, late).is_some()
    });
    assert!(room);
    assert!(watch.until(|watch| watch.degradation("udp-peers-limit").is_none()), "it is over");
}

#[test]
fn exchanges_whose_beginning_was_lost_are_found_by_looking() {
    let options = CollectOptions { ring_bytes: 4096, ..CollectOptions::default() };
    let Some(mut watch) = Watch::with(options) else { return };
    let (client, near) = bound(LOOPBACK).unwrap();
    let to = |index: u16| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 21_000 + index);
    for index in 0..200 {
        client.send_to(b"hello", to(index)).unwrap();
    }
    let all = watch.until(|watch| {
        (0..200).all(|index| watch.carried(near, to(index)) == carried((0, 0), (1, 5)))
    });
    assert!(all && watch.story.lost > 0);
}
