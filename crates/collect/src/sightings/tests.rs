//! Stories, told by the payloads of the systems' own events: connect, accept, send, receive, close;
//! UDP; loss. Each is told as the records of Linux would have it: the same events, in the same
//! order, but for what the system does not say.

mod statistics;

use std::net::IpAddr;

use procnet_core::{Batch, Capability};

use super::*;
use crate::Snapshot;
use crate::parse::windows::etw::payloads::{Made, file_time, network, resolved, started, stopped};
use crate::parse::windows::etw::{self, TraceRecord};

const HERE: &str = "10.0.0.1:50000";
const THERE: &str = "192.0.2.7:443";
const SERVICE: &str = "10.0.0.1:80";

/// A machine whose events come from payloads.
struct Machine {
    sightings: Sightings,
    differ: Differ,
    second: u64,
}

fn key(pid: u32, second: u64) -> ProcessKey {
    ProcessKey { host: procnet_core::HostId::LOCAL, pid, started: file_time(second) }
}

fn is_local(ip: IpAddr) -> bool {
    ip == IpAddr::from([10, 0, 0, 1])
}

impl Machine {
    /// A process 1 that runs since the first second, and nothing else.
    fn new() -> Self {
        let mut differ = Differ::new(procnet_core::HostId::LOCAL, Arc::<[Capability]>::from([]));
        differ.set_live();
        let mut machine = Self { sightings: Sightings::new(4), differ, second: 100 };
        machine.sightings.begin(Moment(100_000_000_000));
        machine.snapshot(Vec::new());
        machine
    }

    fn snapshot(&mut self, mut sockets: Vec<Socket>) -> Vec<String> {
        self.sightings.complete(&mut sockets, &self.differ);
        let process = Arc::new(Process::bare(key(1, 1), "server.exe"));
        let at = Timestamp::from_seconds(self.second as i64);
        let mut all = vec![process];
        all.extend(self.differ.process(&key(2, 101)).cloned().map(Arc::new));
        let keys: Vec<ProcessKey> = all.iter().map(|process| process.key).collect();
        let mut snapshot =
            Snapshot { at, processes: all, sockets, lingering: true, ..Snapshot::default() };
        let batch = self.differ.diff(&mut snapshot);
        self.sightings.after_snapshot(at, &keys);
        told(&batch)
    }

    /// One batch, a second later.
    fn batch(&mut self, events: &[Made]) -> Vec<String> {
        self.batch_with(events, 0)
    }

    fn batch_with(&mut self, events: &[Made], lost: u64) -> Vec<String> {
        self.batch_of(lost, |sightings, differ, draft| {
            for made in events {
                take(made, sightings, differ, draft);
            }
        })
    }

    fn batch_of(
        &mut self,
        lost: u64,
        take: impl FnOnce(&mut Sightings, &mut Differ, &mut Draft),
    ) -> Vec<String> {
        self.second += 1;
        let mut draft = Draft::default();
        self.sightings.begin(Moment(self.second * 1_000_000_000));
        take(&mut self.sightings, &mut self.differ, &mut draft);
        let describe = |sighting: ProcessSighting, parent| sighting.bare(parent);
        self.sightings.finish(lost, &mut self.differ, &mut draft, describe);
        self.differ.close_missed(&mut draft, |_| true);
        let at = Timestamp::from_seconds(self.second as i64);
        told(&self.differ.batch(at, &mut draft))
    }

    /// Lets so many seconds pass without events.
    fn wait(&mut self, seconds: u64) -> Vec<String> {
        self.second += seconds - 1;
        self.batch(&[])
    }
}

/// Takes in one event of Windows.
fn take(made: &Made, sightings: &mut Sightings, differ: &mut Differ, draft: &mut Draft) {
    match etw::parse(&made.event()).expect("a payload that is read") {
        TraceRecord::Network(record) => {
            sightings.socket(&record.sighting(is_local), differ, draft);
        }
        TraceRecord::Started(record) => {
            sightings.process(record.sighting(&[(r"\Device\HarddiskVolume4", "C:")]));
        }
        TraceRecord::Stopped(record) => sightings.process(record.sighting()),
        TraceRecord::Resolved(record) => {
            let name = record.asked().expect("a name");
            sightings.name(record.pid, &name, record.addresses());
        }
    }
}

/// Events in words.
fn told(batch: &Batch) -> Vec<String> {
    batch.events.iter().map(in_words).collect()
}

fn in_words(event: &Event) -> String {
    match event {
        Event::ProcessStarted(process) => {
            let parent = process.parent.map_or(0, |parent| parent.pid);
            format!("process {} {} of {parent}", process.key.pid, process.name)
        }
        Event::ProcessExited(key) => format!("exit {}", key.pid),
        Event::SocketOpened(socket) => {
            let role = match socket.role {
                Some(Role::Client) => "client",
                Some(Role::Server) => "server",
                None => "no role",
            };
            let remote = socket.remote.map_or("nobody".to_owned(), |remote| remote.to_string());
            let owners: Vec<_> = socket
                .owners
                .iter()
                .map(|owner| format!("{} {}", owner.process.pid, owner.attribution.as_str()))
                .collect();
            let name = socket.remote_name.as_ref().map_or(String::new(), |name| format!("={name}"));
            format!(
                "{} {} {remote}{name} {} {role} [{}]{}",
                socket.protocol,
                socket.local,
                socket.state,
                owners.join(" "),
                in_bytes(socket.counters)
            )
        }
        Event::SocketCounted { key, counters } => {
            format!("counted {}{}", name(key), in_bytes(*counters))
        }
        Event::SocketClosed { key, ending: Some(ending) } => {
            let second = ending.at.as_millis() / 1000;
            format!("closed {}{} at {second}", name(key), in_bytes(ending.totals))
        }
        Event::SocketClosed { key, ending: None } => format!("gone {}", name(key)),
        Event::Resync => "all".to_owned(),
        Event::Gap { lost, reason } => format!("lost {lost} {}", reason.as_str()),
        Event::Capabilities(_) => "capabilities".to_owned(),
        Event::Degraded(degradation) => format!("degraded {}", degradation.id),
    }
}

fn in_bytes(counters: Counters) -> String {
    match (counters.sent_bytes, counters.received_bytes, counters.retransmits) {
        (0, 0, 0) => String::new(),
        (sent, received, 0) => format!(" {sent}/{received}"),
        (sent, received, again) => format!(" {sent}/{received}/{again}"),
    }
}

fn name(key: &SocketKey) -> String {
    match key.identity {
        procnet_core::SocketIdentity::Tuple { local, remote, .. } => format!("{local} {remote}"),
        procnet_core::SocketIdentity::Flow { remote, .. } => format!("flow {remote}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_connection_from_connect_to_close() {
    let mut machine = Machine::new();
    let told = machine.batch(&[
        started(101, 2, 1, r"\Device\HarddiskVolume4\curl.exe"),
        network(12, 101, 2, 0, HERE, THERE),
        network(10, 101, 2, 100, HERE, THERE),
    ]);
    assert_eq!(
        told,
        [
            "process 2 curl.exe of 1",
            "tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [2 observed] 100/0",
        ]
    );
    let told = machine.batch(&[
        network(11, 102, 2, 4000, HERE, THERE),
        network(14, 102, 2, 0, HERE, THERE),
        network(11, 102, 2, 500, HERE, THERE),
    ]);
    assert_eq!(told, ["counted 10.0.0.1:50000 192.0.2.7:443 100/4500/1"]);
    let told = machine.batch(&[
        network(10, 103, 2, 1, HERE, THERE),
        network(13, 103, 2, 0, HERE, THERE),
        stopped(103, 2, file_time(101)),
    ]);
    assert_eq!(told, ["closed 10.0.0.1:50000 192.0.2.7:443 101/4500/1 at 103"]);
    // What it held ends before it does.
    assert_eq!(machine.batch(&[]), ["exit 2"]);
}

#[test]
fn a_connection_that_lives_no_longer_than_a_batch() {
    let mut machine = Machine::new();
    let told = machine.batch(&[
        network(15, 101, 1, 0, SERVICE, "192.0.2.7:6000"),
        network(11, 101, 1, 10, SERVICE, "192.0.2.7:6000"),
        network(10, 101, 1, 20, SERVICE, "192.0.2.7:6000"),
        network(13, 101, 1, 0, SERVICE, "192.0.2.7:6000"),
    ]);
    assert_eq!(
        told,
        [
            "tcp 10.0.0.1:80 192.0.2.7:6000 ESTABLISHED server [1 observed]",
            "closed 10.0.0.1:80 192.0.2.7:6000 20/10 at 101",
        ]
    );
}

#[test]
fn whoever_asked_for_a_name_connects_to_that_name() {
    let mut machine = Machine::new();
    let connect = |pid| network(12, 101, pid, 0, HERE, THERE);
    let told = machine.batch(&[
        started(101, 2, 1, "curl.exe"),
        resolved(101, 2, "a.example.", "type:  5 b.example;::ffff:192.0.2.7;"),
        connect(2),
        // What another has asked for says nothing of this one.
        network(12, 101, 1, 0, "10.0.0.1:50001", THERE),
        network(42, 101, 2, 30, HERE, THERE),
    ]);
    assert_eq!(
        told[1..],
        [
            "tcp 10.0.0.1:50000 192.0.2.7:443=a.example ESTABLISHED client [2 observed]",
            "tcp 10.0.0.1:50001 192.0.2.7:443 ESTABLISHED client [1 observed]",
            "udp 10.0.0.1:50000 192.0.2.7:443=a.example ESTABLISHED no role [2 observed] 30/0",
        ]
    );
    // The system's tables know no names, and what they tell first has its name from before.
    let known = [connect(2), network(12, 101, 1, 0, "10.0.0.1:50001", THERE)];
    let mut rows: Vec<Socket> =
        known.iter().map(|made| row(made, SocketState::Established, true)).collect();
    assert!(machine.snapshot(rows.clone()).is_empty());
    machine.batch(&[resolved(102, 1, "c.example", "192.0.2.7;")]);
    let quick = network(12, 101, 1, 0, "10.0.0.1:50002", THERE);
    rows.push(row(&quick, SocketState::Established, true));
    assert_eq!(
        machine.snapshot(rows),
        ["tcp 10.0.0.1:50002 192.0.2.7:443=c.example ESTABLISHED no role [1 held]"]
    );
    // Whoever has the id next has asked for nothing.
    machine.batch(&[stopped(103, 2, file_time(101))]);
    machine.batch(&[]);
    let told = machine.batch(&[network(12, 104, 2, 0, "10.0.0.1:50003", THERE)]);
    assert!(told.iter().all(|told| !told.contains("a.example")), "{told:?}");
}

#[test]
fn both_ends_within_the_machine() {
    let mut machine = Machine::new();
    let (client, server) = ("127.0.0.1:6000", "127.0.0.1:80");
    let told = machine.batch(&[
        started(101, 2, 1, "a.exe"),
        network(12, 101, 2, 0, client, server),
        network(15, 101, 1, 0, server, client),
        network(10, 101, 2, 7, client, server),
        network(11, 101, 1, 7, server, client),
    ]);
    assert_eq!(
        told,
        [
            "process 2 a.exe of 1",
            "tcp 127.0.0.1:6000 127.0.0.1:80 ESTABLISHED client [2 observed] 7/0",
            "tcp 127.0.0.1:80 127.0.0.1:6000 ESTABLISHED server [1 observed] 0/7",
        ]
    );
}

/// A row of the system's tables: what a snapshot says of the connection.
fn row(made: &Made, state: SocketState, owner: bool) -> Socket {
    let Some(TraceRecord::Network(record)) = etw::parse(&made.event()) else { panic!("none") };
    let mut sighting = record.sighting(is_local);
    if !owner {
        sighting.pid = 0;
    }
    let process = if sighting.pid == 2 { key(2, 101) } else { key(1, 1) };
    let held = Owner { process, attribution: Attribution::Held };
    let mut row = opened(sighting.key(), &sighting, state, None, owner.then_some(held));
    row.unknown_owner = UnknownOwner::Kernel;
    row.opened = Timestamp::default();
    row
}

#[test]
fn a_snapshot_takes_nothing_back() {
    let mut machine = Machine::new();
    let connect = network(12, 101, 1, 0, HERE, THERE);
    machine.batch(&[connect.clone(), network(10, 101, 1, 9, HERE, THERE)]);
    let told = machine.snapshot(vec![row(&connect, SocketState::Established, true)]);
    assert!(told.is_empty(), "{told:?}");
    // What was there before events were told has no role, and goes on counting.
    let before = network(11, 102, 1, 30, SERVICE, "192.0.2.7:6000");
    let rows = || {
        let connected = row(&connect, SocketState::Established, true);
        vec![connected, row(&before, SocketState::Established, true)]
    };
    machine.snapshot(rows());
    let told = machine.batch(std::slice::from_ref(&before));
    assert_eq!(told, ["counted 10.0.0.1:80 192.0.2.7:6000 0/30"]);
    assert!(machine.snapshot(rows()).is_empty());
    // What a snapshot lacks, and nobody told of since, is over.
    machine.snapshot(vec![row(&before, SocketState::Established, true)]);
    assert_eq!(machine.batch(&[]), ["gone 10.0.0.1:50000 192.0.2.7:443"]);
}

#[test]
fn a_connection_that_is_over_stays_so_while_the_system_lists_it() {
    let mut machine = Machine::new();
    let connect = network(12, 101, 1, 0, HERE, THERE);
    machine.batch(std::slice::from_ref(&connect));
    machine.batch(&[network(13, 102, 1, 0, HERE, THERE)]);
    for state in [SocketState::TimeWait, SocketState::FinWait2] {
        let told = machine.snapshot(vec![row(&connect, state, false)]);
        assert!(told.is_empty(), "{told:?}");
    }
    let told = machine.snapshot(vec![row(&connect, SocketState::LastAck, true)]);
    assert!(told.is_empty(), "{told:?}");
    // The same ends may meet again, whoever tells of it.
    let told = machine.snapshot(vec![row(&connect, SocketState::Established, true)]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED no role [1 held]"]);
    let told = machine.batch(&[connect]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [1 observed]"]);
}

#[test]
fn half_of_a_connection_goes_on() {
    let mut machine = Machine::new();
    machine.batch(&[network(12, 101, 1, 0, HERE, THERE)]);
    let told =
        machine.batch(&[network(13, 102, 1, 0, HERE, THERE), network(14, 102, 1, 0, HERE, THERE)]);
    assert_eq!(told, ["closed 10.0.0.1:50000 192.0.2.7:443 at 102"]);
    let told = machine.batch(&[network(11, 103, 1, 50, HERE, THERE)]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED no role [1 observed] 0/50"]);
}

#[test]
fn what_goes_out_after_the_end_is_no_new_beginning() {
    let mut machine = Machine::new();
    let connect = network(12, 101, 1, 0, HERE, THERE);
    machine.batch(&[connect.clone(), network(13, 101, 1, 0, HERE, THERE)]);
    assert_eq!(machine.batch(&[network(10, 102, 1, 50, HERE, THERE)]), [""; 0]);
    let told = machine.batch(&[connect, network(10, 103, 1, 9, HERE, THERE)]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [1 observed] 9/0"]);
}

#[test]
fn the_same_ends_connect_again_without_an_end_between() {
    let mut machine = Machine::new();
    let connect = network(12, 101, 1, 0, HERE, THERE);
    machine.batch(&[connect.clone(), network(10, 101, 1, 9, HERE, THERE)]);
    let told = machine.batch(&[network(10, 102, 1, 1, HERE, THERE), connect]);
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED client [1 observed]"]);
}

fn bound(pid: u32, local: &str, at: i64) -> Socket {
    let made = network(42, 0, pid, 0, local, THERE);
    let socket = row(&made, SocketState::Listen, true);
    let sighting = Sighting {
        at: Timestamp::default(),
        pid,
        protocol: Protocol::Udp,
        local: socket.local,
        remote: None,
        activity: Activity::Present(SocketState::Listen),
    };
    let opened = Timestamp::from_seconds(at);
    Socket { key: sighting.key(), remote: None, opened, ..socket }
}

#[test]
fn datagrams_from_the_first_to_the_last() {
    let mut machine = Machine::new();
    machine.snapshot(vec![bound(1, "0.0.0.0:5000", 101)]);
    let (local, peer) = ("10.0.0.1:5000", "192.0.2.7:53");
    let told = machine
        .batch(&[network(42, 102, 1, 40, local, peer), network(43, 102, 1, 90, peer, local)]);
    // Who sends first is the client, and what carries it is a client's socket (V6).
    assert_eq!(
        told,
        [
            "udp 0.0.0.0:5000 nobody LISTEN client [1 held]",
            "udp 10.0.0.1:5000 192.0.2.7:53 ESTABLISHED client [1 observed] 40/90",
        ]
    );
    let told = machine.batch(&[network(43, 103, 1, 10, peer, local)]);
    assert_eq!(told, ["counted flow 192.0.2.7:53 40/100"]);
    // No table names an exchange, and none ends it.
    assert!(machine.snapshot(vec![bound(1, "0.0.0.0:5000", 101)]).is_empty());
    assert!(machine.wait(50).is_empty());
    assert_eq!(machine.wait(20), ["closed flow 192.0.2.7:53 40/100 at 103"]);
}

#[test]
fn datagrams_to_a_server() {
    let mut machine = Machine::new();
    machine.snapshot(vec![bound(1, "0.0.0.0:53", 50)]);
    let question = network(43, 102, 1, 40, "192.0.2.7:6000", "10.0.0.1:53");
    // Soon after the beginning nobody knows who began.
    let told = machine.batch(std::slice::from_ref(&question));
    assert_eq!(told, ["udp 10.0.0.1:53 192.0.2.7:6000 ESTABLISHED no role [1 observed] 0/40"]);
    machine.wait(70);
    let told = machine.batch(std::slice::from_ref(&question));
    assert_eq!(
        told,
        [
            "udp 0.0.0.0:53 nobody LISTEN server [1 held]",
            "udp 10.0.0.1:53 192.0.2.7:6000 ESTABLISHED server [1 observed] 0/40",
        ]
    );
}

#[test]
fn exchanges_end_with_their_process() {
    let mut machine = Machine::new();
    let told = machine.batch(&[
        started(101, 2, 1, "a.exe"),
        network(42, 101, 2, 5, "10.0.0.1:5000", "192.0.2.7:53"),
        stopped(101, 2, file_time(101)),
    ]);
    assert_eq!(told.len(), 2);
    assert_eq!(machine.batch(&[]), ["closed flow 192.0.2.7:53 5/0 at 101", "exit 2"]);
}

#[test]
fn more_exchanges_than_there_is_room_for_are_counted() {
    let mut machine = Machine::new();
    let many: Vec<Made> = (0..6)
        .map(|n| network(42, 101, 1, 1, "10.0.0.1:5000", &format!("192.0.2.7:{}", 7000 + n)))
        .collect();
    assert_eq!(machine.batch(&many).len(), 4);
    assert_eq!(machine.sightings.untold_flows(), 2);
    // Where room is short, silence is over sooner.
    assert_eq!(machine.wait(6).len(), 4);
}

#[test]
fn a_loss_is_told_and_made_up_for() {
    let mut machine = Machine::new();
    // Neither connecting nor closing was seen, only what went between.
    let told = machine.batch_with(&[network(10, 101, 1, 5, HERE, THERE)], 300);
    assert_eq!(
        told,
        [
            "lost 300 kernel",
            "tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED no role [1 observed] 5/0",
        ]
    );
    assert!(machine.snapshot(Vec::new()).is_empty());
    assert_eq!(machine.batch(&[]), ["gone 10.0.0.1:50000 192.0.2.7:443"]);
}

#[test]
fn what_nobody_is_known_to_have_done_is_counted() {
    let mut machine = Machine::new();
    assert!(machine.batch(&[network(10, 101, u32::MAX, 5, HERE, THERE)]).is_empty());
    assert_eq!(machine.sightings.nobodys(), 1);
    // Who is not known yet is named by the next snapshot.
    let send = network(10, 101, 2, 5, HERE, THERE);
    let told = machine.batch(std::slice::from_ref(&send));
    assert_eq!(told, ["tcp 10.0.0.1:50000 192.0.2.7:443 ESTABLISHED no role [] 5/0"]);
}

#[test]
fn an_id_that_another_process_has_now_is_not_the_first_ones() {
    let mut machine = Machine::new();
    machine.batch(&[started(101, 2, 1, "first.exe"), stopped(101, 2, file_time(101))]);
    let told =
        machine.batch(&[started(102, 2, 1, "second.exe"), network(12, 102, 2, 0, HERE, THERE)]);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("second.exe") && told[1].contains("[2 observed]"));
    let owner = |machine: &Machine| {
        let sighting = row(&network(12, 0, 2, 0, HERE, THERE), SocketState::Established, true);
        machine.differ.socket(&sighting.key).unwrap().owners[0].process
    };
    assert_eq!(owner(&machine), key(2, 102));
}
