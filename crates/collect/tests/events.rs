//! The collector against the running kernel's events. Root only: the kernel tells nobody else.
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Child, World};
use procnet_collect::{CollectOptions, Collector, CollectorKind, host_facts};
use procnet_core::{
    Attribution, Batch, Endpoint, Event, Process, Protocol, Role, Socket, SocketKey, SocketState,
};

/// Pairs of a client and a server process.
const PAIRS: usize = 4;
/// Connections of each.
const CONNECTIONS: usize = 5_000;

fn collector() -> Option<Collector> {
    let root = host_facts().uid == 0;
    common::unless(root, "root, for events from the kernel");
    if !root {
        return None;
    }
    let options = CollectOptions { kind: CollectorKind::Events, ..CollectOptions::default() };
    Some(Collector::new(options).expect("this kernel tells of events"))
}

/// A child that runs one of the ignored tests of this program, told by `role`.
fn child(
    role: &str,
    environment: &[(&str, String)],
) -> (Child, BufReader<std::process::ChildStdout>) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command
        .args(["--exact", role, "--ignored", "--nocapture", "--test-threads=1"])
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command);
    let output = BufReader::new(child.take_output());
    (child, output)
}

/// The rest of the line that begins with `word`.
fn told(output: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(output.read_line(&mut line).expect("the child speaks") > 0, "no {word}");
        if let Some((_, rest)) = line.split_once(word) {
            return rest.trim().to_owned();
        }
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("port: {}", listener.local_addr().unwrap().port());
    for _ in 0..CONNECTIONS {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 3];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(b"fine!").unwrap();
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
#[ignore = "a child of the other tests"]
fn ask() {
    let port: u16 = std::env::var("PROCNET_TEST_PORT").unwrap().parse().unwrap();
    // Begins when it is told to.
    std::io::stdin().read_exact(&mut [0]).unwrap();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"ask").unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
    }
    println!("asked: all");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// All that was told of each socket, and who was told of.
#[derive(Default)]
struct Story {
    world: World,
    opened: BTreeMap<SocketKey, Socket>,
    closed: BTreeMap<SocketKey, Option<procnet_core::Counters>>,
    lost: u64,
    /// The ports of the test's servers.
    ports: Vec<u16>,
    /// How many ends of their connections were told from opening to closing, by an event each.
    told: usize,
}

impl Story {
    fn apply(&mut self, batch: Batch) {
        for event in &batch.events {
            match event {
                Event::SocketOpened(socket) => {
                    drop(self.opened.insert(socket.key, (**socket).clone()));
                }
                Event::SocketClosed { key, totals } => {
                    self.closed.insert(*key, *totals);
                    let ends = self.opened.get(key).is_some_and(|socket| {
                        let ports = [Some(socket.local.port), socket.remote.map(|to| to.port)];
                        socket.role.is_some()
                            && ports.into_iter().flatten().any(|port| self.ports.contains(&port))
                    });
                    self.told += usize::from(ends && totals.is_some());
                }
                Event::Gap { lost, .. } => self.lost += lost,
                _ => {}
            }
        }
        self.world.apply(batch);
    }

    /// Follows until `done`, which is asked after each batch and each quiet frame.
    fn follow(&mut self, collector: &mut Collector, mut done: impl FnMut(&Self) -> bool) -> bool {
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while std::time::Instant::now() < end {
            if let Some(batch) = collector.next(Duration::from_millis(20)).expect("it collects") {
                self.apply(batch);
            }
            if done(self) {
                return true;
            }
        }
        false
    }
}

#[test]
fn twenty_thousand_short_connections_have_the_right_process_at_both_ends() {
    let Some(mut collector) = collector() else { return };
    let mut story = Story::default();
    let mut servers = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..PAIRS {
        let (server, mut output) = child("serve", &[]);
        let port = told(&mut output, "port: ");
        let (client, answers) = child("ask", &[("PROCNET_TEST_PORT", port.clone())]);
        servers.push((server, output, port.parse::<u16>().unwrap()));
        clients.push((client, answers));
    }
    story.follow(&mut collector, |story| {
        servers.iter().all(|(server, ..)| story.world.has_process(server.id()))
    });
    for (client, _) in &clients {
        client.go_on();
    }
    let ports: Vec<u16> = servers.iter().map(|(_, _, port)| *port).collect();
    story.ports.clone_from(&ports);
    let all = 2 * PAIRS * CONNECTIONS;
    let complete = story.follow(&mut collector, |story| story.told >= all);
    let (told, lost) = (story.told, story.lost);
    eprintln!("{told} of {all} ends told, {lost} records lost");
    assert!(complete || lost > 0, "{told} of {all} ends were told, and nothing was lost");
    let mut wrong = Vec::new();
    let mut counted: BTreeMap<(u32, Role), usize> = BTreeMap::new();
    for socket in story.closed.keys().filter_map(|key| story.opened.get(key)) {
        let Some(remote) = socket.remote.filter(|_| socket.protocol == Protocol::Tcp) else {
            continue;
        };
        let (pair, role) = match (
            ports.iter().position(|port| *port == remote.port),
            ports.iter().position(|port| *port == socket.local.port),
        ) {
            (Some(pair), _) => (pair, Role::Client),
            (_, Some(pair)) => (pair, Role::Server),
            _ => continue,
        };
        if socket.role.is_none() {
            continue; // What is left in TIME_WAIT, by a snapshot.
        }
        let pid = match role {
            Role::Client => clients[pair].0.id(),
            Role::Server => servers[pair].0.id(),
        };
        let totals = story.closed[&socket.key].unwrap_or_default();
        let bytes = match role {
            Role::Client => (5, 3),
            Role::Server => (3, 5),
        };
        let right = socket.role == Some(role)
            && socket.owners.len() == 1
            && socket.owners[0].process.pid == pid
            // A snapshot between a connection's end and the telling of it finds it in TIME_WAIT.
            && (socket.owners[0].attribution == Attribution::Observed
                || socket.state == SocketState::TimeWait)
            && (totals.received_bytes, totals.sent_bytes) == bytes;
        if right {
            *counted.entry((pid, role)).or_default() += 1;
        } else if wrong.len() < 5 {
            wrong.push((socket.clone(), totals, pid));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    if story.lost == 0 {
        assert_eq!(counted.len(), 2 * PAIRS);
        assert!(counted.values().all(|count| *count == CONNECTIONS), "{counted:?}");
    }
}

#[test]
fn a_process_that_lives_for_a_moment_is_told_with_its_parent() {
    let Some(mut collector) = collector() else { return };
    let mut story = Story::default();
    story.follow(&mut collector, |story| !story.world.processes.is_empty());
    let mut starts: Vec<std::sync::Arc<Process>> = Vec::new();
    let mut exits = Vec::new();
    let mut short = Command::new("true").spawn().expect("the child starts");
    let pid = short.id();
    short.wait().expect("the child ends");
    for _ in 0..500 {
        let Some(batch) = collector.next(Duration::from_millis(20)).unwrap() else { continue };
        for event in batch.events {
            match event {
                Event::ProcessStarted(process) if process.key.pid == pid => starts.push(process),
                Event::ProcessExited(key) if key.pid == pid => exits.push(key),
                _ => {}
            }
        }
        if !exits.is_empty() {
            break;
        }
    }
    let process = starts.last().expect("it was told");
    assert_eq!(process.name.as_ref(), "true");
    assert_eq!(process.parent.map(|parent| parent.pid), Some(std::process::id()));
    assert_eq!(process.user.as_ref().map(|user| user.id), Some(0));
    assert_eq!(exits, [process.key]);
}

/// Lets the first snapshot pass.
fn settled(collector: &mut Collector) -> Story {
    let mut story = Story::default();
    let me = std::process::id();
    collector.request_resync();
    assert!(story.follow(collector, |story| story.world.has_process(me)));
    story
}

#[test]
fn listening_connecting_accepting_and_closing_are_told_with_their_parts() {
    let Some(mut collector) = collector() else { return };
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut story = settled(&mut collector);
        let Ok(listener) = TcpListener::bind(address) else {
            common::unless(false, "IPv6 on loopback");
            continue;
        };
        let bound = listener.local_addr().unwrap();
        let client = TcpStream::connect(bound).unwrap();
        let near = client.local_addr().unwrap();
        let found = story.follow(&mut collector, |story| {
            story.world.find(Protocol::Tcp, bound, None).is_some_and(|s| !s.owners.is_empty())
                && story.world.find(Protocol::Tcp, near, Some(bound)).is_some()
                && story.world.find(Protocol::Tcp, bound, Some(near)).is_some()
        });
        assert!(found);
        let listening = story.world.find(Protocol::Tcp, bound, None).unwrap();
        assert_eq!(listening.role, None);
        let far = story.world.find(Protocol::Tcp, bound, Some(near)).unwrap();
        assert_eq!((far.role, far.owners.len()), (Some(Role::Server), 0), "nobody accepted it");
        let (server, _) = listener.accept().unwrap();
        let me = std::process::id();
        let found = story.follow(&mut collector, |story| {
            let far = story.world.find(Protocol::Tcp, bound, Some(near));
            far.is_some_and(|s| s.owners.iter().any(|o| o.process.pid == me))
        });
        assert!(found, "whoever accepts is told, though not a byte was sent");

        // A snapshot has nothing to correct in any of them.
        let again = settled(&mut collector);
        for (local, remote) in [(bound, None), (near, Some(bound)), (bound, Some(near))] {
            let told = story.world.find(Protocol::Tcp, local, remote).unwrap();
            let mut seen = again.world.find(Protocol::Tcp, local, remote).unwrap();
            // Bytes flow meanwhile, and why nobody is known means nothing where somebody is.
            (seen.counters, seen.unknown_owner) = (told.counters, told.unknown_owner);
            assert_eq!(seen, told);
        }
        drop((server, client, listener));
        let gone = story.follow(&mut collector, |story| {
            [(bound, None), (near, Some(bound)), (bound, Some(near))]
                .iter()
                .all(|(local, remote)| story.world.find(Protocol::Tcp, *local, *remote).is_none())
        });
        assert!(gone);
    }
}

#[test]
fn a_socket_that_a_child_speaks_on_has_two_owners() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let client = TcpStream::connect(bound).unwrap();
    let near = client.local_addr().unwrap();
    let output = Stdio::from(std::os::fd::OwnedFd::from(client.try_clone().unwrap()));
    let mut command = Command::new("sh");
    command.args(["-c", "echo hello; exec sleep 600"]).stdin(Stdio::null()).stdout(output);
    let child = Child::spawn(&mut command);
    let found = story.follow(&mut collector, |story| {
        let socket = story.world.find(Protocol::Tcp, near, Some(bound));
        socket.is_some_and(|socket| socket.owners.len() == 2)
    });
    assert!(found);
    let socket = story.world.find(Protocol::Tcp, near, Some(bound)).unwrap();
    let of = |pid| socket.owners.iter().find(|o| o.process.pid == pid).map(|o| o.attribution);
    assert_eq!(of(std::process::id()), Some(Attribution::Observed));
    assert_eq!(of(child.id()), Some(Attribution::Inherited));
}

#[test]
fn a_udp_socket_is_told_from_its_first_use_to_its_end_with_its_bytes() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (near, far) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    client.connect(far).unwrap();
    client.send(b"question").unwrap();
    let (length, _) = server.recv_from(&mut [0; 16]).unwrap();
    assert_eq!(length, 8);
    server.send_to(b"answer", near).unwrap();
    client.recv(&mut [0; 16]).unwrap();
    drop(client);
    let end = Endpoint::new(near.ip(), near.port());
    let key = |story: &Story| {
        let ours = |s: &&Socket| s.protocol == Protocol::Udp && s.local == end;
        story.opened.values().find(ours).map(|socket| socket.key)
    };
    let closed =
        story.follow(&mut collector, |s| key(s).is_some_and(|key| s.closed.contains_key(&key)));
    assert!(closed);
    let key = key(&story).unwrap();
    let socket = &story.opened[&key];
    assert_eq!(socket.remote, Some(Endpoint::new(far.ip(), far.port())));
    assert_eq!(socket.primary_owner().unwrap().process.pid, std::process::id());
    let totals = story.closed[&key].expect("its end was seen");
    assert_eq!((totals.received_bytes, totals.sent_bytes), (6, 8));
}

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

#[test]
#[ignore = "a child of the other tests"]
fn tell_what_can_be_seen() {
    let mut collector = Collector::new(CollectOptions::default()).unwrap();
    let first = collector.next(Duration::from_secs(10)).unwrap().expect("the whole truth");
    assert_eq!(first.events.first(), Some(&Event::Resync));
    let events = collector.capabilities().iter().find(|c| c.id == "kernel-events").unwrap();
    println!(
        "seen: {:?} {:?} {} for more: {}",
        collector.kind(),
        events.state,
        events.reason,
        events.remedy.as_deref().unwrap_or("nothing")
    );
    let options = CollectOptions { kind: CollectorKind::Events, ..CollectOptions::default() };
    println!("insisted: {}", Collector::new(options).map_or("refused", |_| "granted"));
}

/// What a child without these capabilities sees.
fn without(capabilities: &str) -> (String, String) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set", capabilities, "--inh-caps", "-all"])
        .arg(program)
        .args(["--exact", "tell_what_can_be_seen", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command);
    let mut output = BufReader::new(child.take_output());
    (told(&mut output, "seen: "), told(&mut output, "insisted: "))
}

#[test]
fn each_rung_of_privilege_sees_what_it_may_and_says_what_is_missing() {
    if collector().is_none() {
        return;
    }
    let (all, insisted) = without("+all");
    assert!(all.starts_with("Events Full") && all.ends_with("for more: nothing"), "{all}");
    assert_eq!(insisted, "granted");

    let (some, insisted) = without("-net_admin,-sys_admin");
    assert!(some.starts_with("Events Partial") && some.contains("cap_net_admin"), "{some}");
    assert!(some.contains("who accepts a connection"), "{some}");
    assert_eq!(insisted, "granted");

    let (none, insisted) = without("-bpf,-perfmon,-net_admin,-sys_admin");
    assert!(none.starts_with("Scan Missing") && none.contains("setcap cap_"), "{none}");
    assert_eq!(insisted, "refused");
}
