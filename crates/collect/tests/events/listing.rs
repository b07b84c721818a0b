//! What the kernel remembers of sockets: those that were there before us, whom they are handed
//! to, what they carry, and that nothing is listed that is not there.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use procnet_collect::{CollectOptions, ScanOptions, Scanner};
use procnet_core::{
    Attribution, Endpoint, Event, Owner, Protocol, Socket, SocketKey, SocketState, UnknownOwner,
};

use crate::common::{Child, World};
use crate::story::{
    Story, collector, collector_between_snapshots, collector_with, options, settled,
};
use crate::workload::{child, told};

fn owners(socket: &Socket) -> Vec<(u32, Attribution)> {
    let of = |owner: &Owner| (owner.process.pid, owner.attribution);
    socket.owners.iter().map(of).collect()
}

#[test]
fn sockets_that_are_older_than_we_have_all_their_holders() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let waiting = TcpStream::connect(bound).unwrap();
    let near = waiting.local_addr().unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp = other.local_addr().unwrap();
    let heir = Child::holding(OwnedFd::from(listener.try_clone().unwrap()));
    let Some(mut collector) = collector_between_snapshots() else { return };
    let story = settled(&mut collector);
    let me = std::process::id();
    let listening = story.world.find(Protocol::Tcp, bound, None).unwrap();
    let mut expected = [(me, Attribution::Held), (heir.id(), Attribution::Held)];
    expected.sort_unstable_by_key(|(pid, _)| *pid);
    let mut found = owners(&listening);
    found.sort_unstable_by_key(|(pid, _)| *pid);
    assert_eq!(found, expected);
    let client = story.world.find(Protocol::Tcp, near, Some(bound)).unwrap();
    assert_eq!(owners(&client), [(me, Attribution::Held)]);
    let datagrams = story.world.find(Protocol::Udp, udp, None).unwrap();
    assert_eq!(owners(&datagrams), [(me, Attribution::Held)]);
    // Nobody accepted the other end, so no process holds it and the listing lacks it.
    let far = story.world.find(Protocol::Tcp, bound, Some(near)).unwrap();
    assert_eq!((owners(&far), far.unknown_owner), (Vec::new(), UnknownOwner::Kernel));
}

#[test]
fn a_child_that_does_nothing_with_a_socket_is_an_owner_at_once() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let mut story = settled(&mut collector);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let heir = Child::holding(OwnedFd::from(listener.try_clone().unwrap()));
    let of = |story: &Story, pid: u32| {
        let socket = story.world.find(Protocol::Tcp, bound, None)?;
        owners(&socket).into_iter().find(|(owner, _)| *owner == pid)
    };
    assert!(story.follow(&mut collector, |story| of(story, heir.id()).is_some()));
    // Where records are lost, a snapshot found it out.
    if story.lost == 0 {
        assert_eq!(of(&story, heir.id()).unwrap().1, Attribution::Inherited);
        assert_eq!(of(&story, std::process::id()).unwrap().1, Attribution::Observed);
    }
}

#[test]
fn a_snapshot_finds_whoever_let_go_of_a_socket() {
    let options = CollectOptions { reconcile: Duration::from_millis(500), ..options() };
    let Some(mut collector) = collector_with(options) else { return };
    let mut story = settled(&mut collector);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let heir = Child::holding(OwnedFd::from(listener.try_clone().unwrap()));
    drop(listener);
    let alone = story.follow(&mut collector, |story| {
        let socket = story.world.find(Protocol::Tcp, bound, None);
        socket.is_some_and(|socket| {
            socket.owners.len() == 1 && socket.owners[0].process.pid == heir.id()
        })
    });
    assert!(alone, "{:?}", story.world.find(Protocol::Tcp, bound, None));
    drop(heir);
    let gone = |story: &Story| story.world.find(Protocol::Tcp, bound, None).is_none();
    assert!(story.follow(&mut collector, gone));
}

#[test]
fn what_sockets_carry_is_told_between_snapshots() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let mut story = settled(&mut collector);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(bound).unwrap();
    let near = client.local_addr().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut sum = 0;
    for length in [10_000_usize, 1, 50_000] {
        sum += length as u64;
        client.write_all(&vec![7; length]).unwrap();
        server.read_exact(&mut vec![0; length]).unwrap();
        let counted = story.follow(&mut collector, |story| {
            let sent = story.world.find(Protocol::Tcp, near, Some(bound));
            let received = story.world.find(Protocol::Tcp, bound, Some(near));
            sent.is_some_and(|socket| socket.counters.sent_bytes == sum)
                && received.is_some_and(|socket| socket.counters.received_bytes == sum)
        });
        assert!(counted, "{sum} bytes are told");
    }
}

/// Ends of connections that only linger, or that nobody accepted, come and go by themselves.
fn is_settled(socket: &Socket) -> bool {
    matches!(socket.state, SocketState::Established | SocketState::Listen)
}

/// What is compared with another look: whatever does not change by itself.
fn essence(world: &World) -> BTreeMap<SocketKey, (SocketState, Endpoint, Vec<u32>)> {
    let settled = world.sockets.values().filter(|socket| is_settled(socket));
    settled
        .map(|socket| {
            let pids = socket.owners.iter().map(|owner| owner.process.pid).collect();
            (socket.key, (socket.state, socket.local, pids))
        })
        .collect()
}

/// Other tests' sockets come and go meanwhile; what is told of ours must be the truth.
fn of_ports(world: &World, ports: &[u16]) -> World {
    let ours = |socket: &&Socket| {
        ports.contains(&socket.local.port)
            || socket.remote.is_some_and(|remote| ports.contains(&remote.port))
    };
    let sockets = world.sockets.values().filter(ours).map(|s| (s.key, s.clone())).collect();
    World { sockets, ..World::default() }
}

#[test]
fn snapshots_in_the_midst_of_churn_leave_nothing_but_the_truth() {
    let options = CollectOptions { reconcile: Duration::from_millis(50), ..options() };
    let Some(mut collector) = collector_with(options) else { return };
    let mut story = settled(&mut collector);
    let mut ports = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..2 {
        let (server, mut output) = child("workload::serve", &[]);
        let port = told(&mut output, "port: ");
        let (client, answers) = child("workload::ask", &[("PROCNET_TEST_PORT", port.clone())]);
        ports.push(port.parse::<u16>().unwrap());
        workers.push((server, output, client, answers));
    }
    // Some that stay among those that come and go.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    ports.push(bound.port());
    let held: Vec<_> = (0..50)
        .map(|_| (TcpStream::connect(bound).unwrap(), listener.accept().unwrap().0))
        .collect();
    for (_, _, client, _) in &workers {
        client.go_on();
    }
    let (asked, all_asked) = std::sync::mpsc::channel();
    let waits: Vec<_> = workers
        .into_iter()
        .map(|(server, output, client, mut answers)| {
            let asked = asked.clone();
            std::thread::spawn(move || {
                told(&mut answers, "asked: ");
                asked.send(()).unwrap();
                (server, output, client, answers)
            })
        })
        .collect();
    let mut left = waits.len();
    let finished = story.follow(&mut collector, |story| {
        left -= all_asked.try_iter().count();
        for socket in story.closed.keys().filter_map(|key| story.opened.get(key)) {
            assert_ne!(socket.local.port, bound.port(), "what stays was told to be gone");
        }
        left == 0
    });
    assert!(finished);
    let workers: Vec<_> = waits.into_iter().map(|wait| wait.join().unwrap()).collect();
    let truth = || {
        let mut world = World::default();
        let options = ScanOptions { udp: false, ..ScanOptions::default() };
        world.apply(Scanner::new(options).unwrap().poll().unwrap());
        essence(&of_ports(&world, &ports))
    };
    let expected = truth();
    assert!(expected.len() >= 2 * held.len() + ports.len());
    let same =
        story.follow(&mut collector, |story| essence(&of_ports(&story.world, &ports)) == expected);
    assert!(same, "{:#?}", essence(&of_ports(&story.world, &ports)));
    drop((workers, held));
}

#[test]
fn a_socket_of_another_network_namespace_is_listed_with_its_owner() {
    let Some(_) = collector() else { return };
    let script = "ip link set lo up; exec \"$0\" --exact workload::serve --ignored --nocapture \
                  --test-threads=1";
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--net", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut server = Child::spawn(&mut command);
    let mut output = std::io::BufReader::new(server.take_output());
    let port: u16 = told(&mut output, "port: ").parse().unwrap();
    let Some(mut collector) = collector_between_snapshots() else { return };
    let story = settled(&mut collector);
    let listening = |socket: &&Socket| {
        socket.local.port == port
            && socket.state == SocketState::Listen
            && owners(socket) == [(server.id(), Attribution::Held)]
    };
    assert!(story.world.sockets.values().any(|socket| listening(&socket)));
}

#[test]
fn the_first_batch_is_the_whole_truth_whatever_happens_meanwhile() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                drop(TcpStream::connect(address).unwrap());
                drop(listener.accept().unwrap());
            }
        });
        for _ in 0..3 {
            let Some(mut collector) = collector() else { break };
            let first = collector.next(Duration::from_secs(30)).unwrap().expect("the whole truth");
            assert_eq!(first.events.first(), Some(&Event::Resync));
            let named = first.events.iter().any(|event| {
                matches!(event, Event::SocketOpened(socket)
                    if socket.is_listener() && socket.local.port == address.port())
            });
            assert!(named, "a listener is missing");
        }
        stop.store(true, Ordering::Relaxed);
    });
}
