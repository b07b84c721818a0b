//! The collector against a Mac whose answers were made by hand.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_core::{Batch, CapabilityState, Event, Process, Protocol, Timestamp};

use super::{Collector, Scanner, System};
use crate::parse::macos::made::{self, Made, v4};
use crate::parse::macos::statistics::Provider;
use crate::parse::macos::statistics::payloads::{self, added, counted, message, removed, updated};
use crate::{CollectError, CollectOptions, CollectorKind, ScanOptions};

const ANY: ([u8; 16], u16) = ([0; 16], 0);

fn listener(pid: u32) -> Made {
    Made { flags: 3, local: ([0; 16], 80), remote: ANY, state: 1, pid }
}

fn connection(pid: u32) -> Made {
    let (local, remote) = ((v4(10, 0, 0, 1), 50_000), (v4(192, 0, 2, 7), 443));
    Made { flags: 1, local, remote, state: 4, pid }
}

/// The same connection as the network statistics tell it.
const TOLD: payloads::Made = payloads::Made {
    provider: Provider::Tcp,
    state: 4,
    pid: 42,
    local: "10.0.0.1:50000",
    remote: Some("192.0.2.7:443"),
    inbound: Some(false),
    with_user: true,
};

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::PermissionDenied.into())
}

/// A Mac of two processes: `launchd`, and a web server of Alice's.
#[derive(Debug)]
struct Mac {
    processes: Vec<Vec<u8>>,
    tcp: Option<Vec<Made>>,
    udp: Option<Vec<Made>>,
    /// Sockets by process and descriptor; other processes may not be looked into.
    descriptors: BTreeMap<u32, Vec<Made>>,
    /// What the network statistics have yet to tell; `None` if they can't be connected to.
    messages: Option<VecDeque<Vec<u8>>>,
    asked: usize,
    accounts: usize,
    second: i64,
}

impl Mac {
    fn new() -> Self {
        Self {
            processes: vec![
                made::process(1, 0, 0, 10, b"launchd"),
                made::process(42, 1, 501, 20, b"a-rather-long-se"),
            ],
            tcp: Some(vec![listener(42)]),
            udp: Some(Vec::new()),
            descriptors: BTreeMap::new(),
            messages: None,
            asked: 0,
            accounts: 0,
            second: 100,
        }
    }

    fn with_events() -> Self {
        Self { messages: Some(VecDeque::new()), ..Self::new() }
    }
}

impl System for Mac {
    fn processes(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        self.second += 1;
        *to = self.processes.concat();
        Ok(())
    }

    fn path(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        *to = match pid {
            1 => b"/sbin/launchd".to_vec(),
            42 => "/Applications/Дом/a-rather-long-server".as_bytes().to_vec(),
            _ => return refused(),
        };
        Ok(())
    }

    fn arguments(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        if pid != 42 {
            return refused();
        }
        *to = made::arguments("/x", &["server", "--listen", "80"]);
        Ok(())
    }

    fn account(&mut self, uid: u32) -> Option<Arc<str>> {
        self.accounts += 1;
        (uid == 501).then(|| Arc::from("alice"))
    }

    fn sockets(&mut self, protocol: Protocol, to: &mut Vec<u8>) -> io::Result<()> {
        let table = if protocol == Protocol::Tcp { &self.tcp } else { &self.udp };
        let Some(table) = table else { return refused() };
        *to = made::list(protocol, table);
        Ok(())
    }

    fn descriptors(&mut self, pid: u32, to: &mut Vec<u8>) -> io::Result<()> {
        let Some(sockets) = self.descriptors.get(&pid) else { return refused() };
        *to = (0..sockets.len() as i32)
            .flat_map(|fd| [fd, 2].map(i32::to_le_bytes))
            .flatten()
            .collect();
        Ok(())
    }

    fn socket(&mut self, pid: u32, descriptor: i32, to: &mut Vec<u8>) -> io::Result<()> {
        let sockets = self.descriptors.get(&pid).map(Vec::as_slice).unwrap_or_default();
        let Some(made) = sockets.get(descriptor as usize) else { return refused() };
        *to = made::descriptor(made);
        Ok(())
    }

    fn connect(&mut self) -> io::Result<()> {
        if self.messages.is_some() { Ok(()) } else { refused() }
    }

    fn ask(&mut self, message: &[u8]) -> io::Result<()> {
        assert!(message.len() >= 24);
        self.asked += 1;
        Ok(())
    }

    fn hear(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        let Some(messages) = &mut self.messages else { return refused() };
        *to = messages.pop_front().unwrap_or_default();
        Ok(())
    }

    fn is_root(&self) -> bool {
        false
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.second)
    }
}

/// What a batch says, in words.
fn told(batch: &Batch) -> Vec<String> {
    let words = |event: &Event| match event {
        Event::Resync => "everything".to_owned(),
        Event::ProcessStarted(process) => format!("process {}", process.key.pid),
        Event::ProcessExited(key) => format!("exit {}", key.pid),
        Event::SocketOpened(socket) => {
            let owners: Vec<String> = socket
                .owners
                .iter()
                .map(|owner| format!("{} {}", owner.process.pid, owner.attribution.as_str()))
                .collect();
            let remote = socket.remote.map_or("nobody".to_owned(), |end| end.to_string());
            format!("{} {remote} {} [{}]", socket.local, socket.state, owners.join(", "))
        }
        Event::SocketCounted { counters, .. } => {
            format!("counted {}/{}", counters.sent_bytes, counters.received_bytes)
        }
        Event::SocketClosed { ending, .. } => {
            let totals = ending.map_or("unseen".to_owned(), |it| it.totals.sent_bytes.to_string());
            format!("closed {totals}")
        }
        Event::Degraded(degradation) => format!("{} {}", degradation.id, degradation.count),
        Event::Capabilities(_) => "capabilities".to_owned(),
        Event::Gap { .. } => "gap".to_owned(),
    };
    let mut told: Vec<String> = batch.events.iter().map(words).collect();
    // Processes come in no order.
    let processes = told.iter().filter(|it| it.starts_with("process ")).count();
    if let Some(first) = told.iter().position(|it| it.starts_with("process ")) {
        told[first..first + processes].sort();
    }
    told
}

fn scanner(mac: Mac) -> Scanner<Mac> {
    Scanner::new(mac, &ScanOptions::default())
}

fn process(batch: &Batch, pid: u32) -> Arc<Process> {
    let found = batch.events.iter().find_map(|event| match event {
        Event::ProcessStarted(process) if process.key.pid == pid => Some(Arc::clone(process)),
        _ => None,
    });
    found.expect("the process was told")
}

#[test]
fn parity_row_03_a_look_at_a_mac_tells_everything_and_the_next_one_what_changed() {
    let mut scanner = scanner(Mac::new());
    let batch = scanner.poll().unwrap();
    assert_eq!(
        told(&batch),
        [
            "everything",
            "capabilities",
            "process 1",
            "process 42",
            "[::]:80 nobody LISTEN [42 held]",
        ]
    );
    let server = process(&batch, 42);
    assert_eq!(&*server.name, "a-rather-long-server");
    assert_eq!(server.exe.as_deref(), Some("/Applications/Дом/a-rather-long-server"));
    assert_eq!(server.command_line(), "server --listen 80");
    assert_eq!(&*server.user.as_ref().unwrap().label(), "alice");
    assert_eq!(server.parent, Some(process(&batch, 1).key));
    assert_eq!(server.started, Timestamp::from_seconds(20));

    assert!(scanner.poll().unwrap().events.is_empty(), "nothing changed");
    assert_eq!(scanner.system().accounts, 2, "users are asked for once each");
    scanner.system().tcp = Some(vec![connection(42)]);
    let told = told(&scanner.poll().unwrap());
    assert_eq!(told, ["closed unseen", "10.0.0.1:50000 192.0.2.7:443 ESTABLISHED [42 held]"]);
}

#[test]
fn c22_who_ended_is_told_to_have_ended_one_look_later() {
    let mut scanner = scanner(Mac::new());
    scanner.poll().unwrap();
    scanner.system().processes.pop();
    assert!(scanner.poll().unwrap().events.is_empty());
    scanner.system().tcp = Some(Vec::new());
    assert_eq!(told(&scanner.poll().unwrap()), ["closed unseen", "exit 42"]);
}

#[test]
fn what_has_ended_and_is_only_listed_is_no_process() {
    let mut mac = Mac::new();
    mac.processes[1][36] = 5;
    let told = told(&scanner(mac).poll().unwrap());
    assert!(!told.contains(&"process 42".to_owned()), "{told:?}");
    assert!(told.contains(&"[::]:80 nobody LISTEN []".to_owned()), "{told:?}");
}

#[test]
fn descriptors_say_who_else_holds_a_socket() {
    let mut mac = Mac::new();
    mac.processes.push(made::process(43, 42, 501, 30, b"worker"));
    mac.descriptors.extend([(42, vec![listener(0)]), (43, vec![listener(0)])]);
    let told = told(&scanner(mac).poll().unwrap());
    assert_eq!(told.last().unwrap(), "[::]:80 nobody LISTEN [42 held, 43 held]");
}

#[test]
fn descriptors_stand_in_for_tables_that_cannot_be_read() {
    let mut mac = Mac { tcp: None, ..Mac::new() };
    mac.descriptors.insert(42, vec![listener(0), connection(0)]);
    // Two sockets of one handle are one, by which the first is told.
    let mut scanner = scanner(mac);
    let state = scanner.capabilities().iter().find(|it| it.id == "socket-list").unwrap().state;
    assert_eq!(state, CapabilityState::Partial);
    let batch = scanner.poll().unwrap();
    let words = told(&batch);
    assert_eq!(words[2..4], ["tables-unreadable 1", "owners-hidden 1"]);
    assert_eq!(words.last().unwrap(), "[::]:80 nobody LISTEN [42 held]");
    // What is gone from there is gone.
    scanner.system().descriptors.insert(42, Vec::new());
    assert_eq!(told(&scanner.poll().unwrap()), ["closed unseen"]);
    // Where no process may be looked into either, there is nothing to tell.
    scanner.system().descriptors.clear();
    scanner.system().udp = None;
    assert!(matches!(scanner.poll(), Err(CollectError::System { .. })));
}

#[test]
fn c22_a_table_that_fails_once_takes_nothing_back() {
    let mut scanner = scanner(Mac::new());
    scanner.poll().unwrap();
    scanner.system().tcp = None;
    let words = told(&scanner.poll().unwrap());
    assert_eq!(words, ["tables-unreadable 1", "owners-hidden 2"]);
    scanner.system().tcp = Some(vec![listener(42)]);
    assert_eq!(told(&scanner.poll().unwrap()), ["owners-hidden 0", "tables-unreadable 0"]);
}

/// A collector, and the time.
struct Driven {
    collector: Collector<Mac>,
    now: Instant,
}

impl Driven {
    fn new(mac: Mac) -> Self {
        let now = Instant::now();
        let collector = Collector::new(mac, &CollectOptions::default(), now).unwrap();
        Self { collector, now }
    }

    fn mac(&mut self) -> &mut Mac {
        self.collector.system()
    }

    /// After so many milliseconds.
    fn after(&mut self, millis: u64) -> Vec<String> {
        self.now += Duration::from_millis(millis);
        let batch = self.collector.poll(self.now).unwrap();
        batch.map_or(Vec::new(), |batch| told(&batch))
    }

    fn send(&mut self, messages: &[Vec<u8>]) {
        let queue = self.mac().messages.as_mut().unwrap();
        queue.push_back(messages.concat());
    }
}

#[test]
fn the_statistics_tell_between_looks() {
    let mut driven = Driven::new(Mac::with_events());
    assert_eq!(driven.collector.kind(), CollectorKind::Events);
    let first = driven.after(0);
    assert_eq!(first[0], "everything");
    let asked = driven.mac().asked;
    driven.send(&[added(7, Provider::Tcp)]);
    assert!(driven.after(60).is_empty());
    assert_eq!(driven.mac().asked, asked + 1, "which socket that is");
    driven.send(&[updated(7, 10, 20, &TOLD)]);
    let opened = driven.after(60);
    assert_eq!(opened[0], "10.0.0.1:50000 192.0.2.7:443 ESTABLISHED [42 observed]");
    driven.send(&[counted(7, 30, 40), removed(7)]);
    assert_eq!(driven.after(300).last().unwrap(), "closed 30");
}

#[test]
fn a_connection_of_a_process_that_has_only_begun() {
    let mut driven = Driven::new(Mac::with_events());
    driven.after(0);
    driven.mac().processes.push(made::process(77, 42, 501, 90, b"new"));
    driven.send(&[updated(7, 1, 1, &payloads::Made { pid: 77, ..TOLD })]);
    let told = driven.after(60);
    assert_eq!(told[..2], ["process 77", "10.0.0.1:50000 192.0.2.7:443 ESTABLISHED [77 observed]"]);
}

#[test]
fn what_the_tables_leave_out_stays_while_the_statistics_tell_of_it() {
    let mut driven = Driven::new(Mac::with_events());
    driven.after(0);
    driven.send(&[updated(7, 10, 20, &TOLD)]);
    driven.after(60);
    // The next look, and what it lacks.
    for _ in 0..3 {
        driven.send(&[updated(7, 10, 20, &TOLD)]);
        assert!(driven.after(1100).is_empty());
        driven.send(&[]);
        assert!(driven.after(200).is_empty());
    }
    // The end is lost. Nothing is heard of it for some rounds: then the tables are right.
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(driven.after(550));
    }
    assert_eq!(all, ["closed unseen"]);
}

#[test]
fn the_tables_and_the_statistics_name_one_socket_alike() {
    let mut driven = Driven::new(Mac { tcp: Some(vec![connection(42)]), ..Mac::with_events() });
    assert!(driven.after(0).last().unwrap().ends_with("ESTABLISHED [42 held]"));
    driven.send(&[updated(7, 700, 800, &TOLD)]);
    let told = driven.after(60);
    assert_eq!(told[0], "10.0.0.1:50000 192.0.2.7:443 ESTABLISHED [42 observed]");
    // What the statistics count is more than what the tables do, and is not taken back by a look.
    assert!(driven.after(1100).is_empty());
    // The connection is over, by the statistics; the tables still list it for a while.
    driven.send(&[removed(7)]);
    assert_eq!(driven.after(60), ["closed 700"]);
    let mut ending = connection(42);
    ending.state = 10;
    driven.mac().tcp = Some(vec![ending]);
    assert!(driven.after(1100).is_empty());
}

#[test]
fn without_statistics_it_scans_and_says_why() {
    let mut driven = Driven::new(Mac::new());
    assert_eq!(driven.collector.kind(), CollectorKind::Scan);
    let state = |driven: &Driven| {
        let told = driven.collector.capabilities().iter().find(|it| it.id == "kernel-events");
        told.map(|it| (it.state, it.reason.contains("permission denied"))).unwrap()
    };
    assert_eq!(state(&driven), (CapabilityState::Missing, true));
    driven.after(0);
    // They may come.
    driven.mac().messages = Some(VecDeque::new());
    let told: Vec<String> = (0..40).flat_map(|_| driven.after(100)).collect();
    assert_eq!(told, ["capabilities"]);
    assert_eq!(state(&driven), (CapabilityState::Full, false));
    let options = CollectOptions { kind: CollectorKind::Events, ..CollectOptions::default() };
    let insisted = Collector::new(Mac::new(), &options, Instant::now());
    assert!(matches!(insisted, Err(CollectError::Events { .. })));
}

#[test]
fn when_the_statistics_end_it_goes_on_scanning() {
    let mut driven = Driven::new(Mac::with_events());
    driven.after(0);
    driven.mac().messages = None;
    assert_eq!(driven.after(60), ["gap", "capabilities"]);
    assert_eq!(driven.collector.kind(), CollectorKind::Scan);
    driven.mac().tcp = Some(vec![listener(42), connection(42)]);
    let told: Vec<String> = (0..20).flat_map(|_| driven.after(100)).collect();
    assert_eq!(told, ["10.0.0.1:50000 192.0.2.7:443 ESTABLISHED [42 held]"]);
}

#[test]
fn a_refusal_of_what_matters_ends_the_statistics() {
    let mut driven = Driven::new(Mac::with_events());
    driven.after(0);
    // Userland's counters are for the privileged; without them there is still something to hear.
    let refusal = |context: u64| {
        let mut bytes = message(1, &[1, 0, 0, 0, 0, 0, 0, 0]);
        bytes[..8].copy_from_slice(&context.to_le_bytes());
        bytes
    };
    driven.send(&[refusal(3)]);
    assert!(driven.after(60).is_empty());
    driven.send(&[refusal(2)]);
    assert_eq!(driven.after(60), ["gap", "capabilities"]);
}

#[test]
fn messages_of_another_version_are_counted() {
    let mut driven = Driven::new(Mac::with_events());
    driven.after(0);
    driven.send(&[message(10_003, &[0; 99]), vec![7; 5]]);
    driven.after(60);
    let told: Vec<String> = (0..12).flat_map(|_| driven.after(100)).collect();
    assert_eq!(told, ["statistics-unreadable 2"]);
}
