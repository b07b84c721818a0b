//! The collector against the running kernel's events. Root only: the kernel tells nobody else.
#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Child, World};
use procnet_collect::{CollectOptions, Collector, CollectorKind, host_facts};
use procnet_core::{Attribution, Batch, Event, Process, Protocol, Role, Socket, SocketKey};

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
    /// How many sockets were told from their opening to their end, by an event each.
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
                    let ends = self.opened.get(key).is_some_and(|s| s.role.is_some());
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
            if let Some(batch) = collector.next(Duration::from_millis(20)).unwrap() {
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
            && socket.owners[0].attribution == Attribution::Observed
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
