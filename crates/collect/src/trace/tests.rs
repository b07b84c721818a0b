//! A machine and its sessions, made of payloads, and what becomes of them when a session loses
//! events, ends, or can't be had.

use std::cell::RefCell;
use std::rc::Rc;

use procnet_core::{CapabilityState, HostId, Process, ProcessKey, Protocol, Socket, SocketState};

use super::queue::Heard;
use super::*;
use crate::Snapshot;
use crate::parse::windows::etw::Provider;
use crate::parse::windows::etw::payloads::{Made, file_time, network, resolved, started, stopped};

const HERE: &str = "10.0.0.1:50000";
const THERE: &str = "192.0.2.7:443";

fn key(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: file_time(1) }
}

/// What the machine has, and what its sessions do.
#[derive(Debug, Default)]
struct World {
    sockets: Vec<Socket>,
    /// What the next attempts to open a session come to; when there are none, they come to one.
    refusals: Vec<TraceError>,
    lacks: Vec<Provider>,
    queue: Option<Arc<Queue>>,
    lost: Totals,
    over: Option<TraceError>,
    opened: usize,
    looks: usize,
    /// Looks that fail.
    failing: usize,
    /// Sessions that run.
    running: usize,
}

type Shared = Rc<RefCell<World>>;

#[derive(Debug)]
struct Fake(Shared);

#[derive(Debug)]
struct FakeSession {
    world: Shared,
    lacks: Vec<Provider>,
}

impl Tracer for Fake {
    type Session = FakeSession;

    fn open(&mut self, queue: &Arc<Queue>) -> Result<FakeSession, TraceError> {
        let mut world = self.0.borrow_mut();
        world.opened += 1;
        if !world.refusals.is_empty() {
            return Err(world.refusals.remove(0));
        }
        world.queue = Some(Arc::clone(queue));
        world.running += 1;
        (world.over, world.lost) = (None, Totals::default());
        Ok(FakeSession { world: Rc::clone(&self.0), lacks: world.lacks.clone() })
    }
}

impl Session for FakeSession {
    fn lacks(&self) -> &[Provider] {
        &self.lacks
    }

    fn lost(&mut self) -> Result<Totals, TraceError> {
        let world = self.world.borrow();
        world.over.clone().map_or(Ok(world.lost), Err)
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.world.borrow_mut().running -= 1;
    }
}

#[derive(Debug)]
struct FakeMachine {
    world: Shared,
    differ: Differ,
}

impl Machine for FakeMachine {
    fn look(
        &mut self,
        sightings: &mut Sightings,
        degradations: &[Degradation],
    ) -> Result<Batch, CollectError> {
        let mut world = self.world.borrow_mut();
        world.looks += 1;
        if world.failing > 0 {
            world.failing -= 1;
            return Err(CollectError::Unsupported { os: "nothing" });
        }
        let mut sockets = world.sockets.clone();
        sightings.complete(&mut sockets, &self.differ);
        let processes = vec![Arc::new(Process::bare(key(7), "seven.exe"))];
        let keys = [key(7)];
        let at = Timestamp::from_seconds(1000);
        let degradations = degradations.to_vec();
        let mut snapshot =
            Snapshot { at, processes, sockets, degradations, lingering: true, complete: true };
        let batch = self.differ.diff(&mut snapshot);
        sightings.after_snapshot(at, &keys);
        Ok(batch)
    }

    fn differ(&mut self) -> &mut Differ {
        &mut self.differ
    }

    fn is_own(&self, address: IpAddr) -> bool {
        address == IpAddr::from([10, 0, 0, 1])
    }

    fn saw(&mut self, _sighting: &ProcessSighting) {}

    fn finish(&mut self, lost: u64, sightings: &mut Sightings, draft: &mut Draft) {
        sightings.finish(lost, &mut self.differ, draft, ProcessSighting::bare);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1001)
    }
}

/// A listener, driven by a clock of its own.
struct Run {
    world: Shared,
    listener: Listener<FakeMachine, Fake>,
    now: Instant,
}

impl Run {
    fn start(world: World) -> Self {
        let world = Rc::new(RefCell::new(world));
        let scanning = ["kernel-events", "tcp-counters"].map(|id| Capability {
            id,
            title: "Title",
            state: CapabilityState::Missing,
            reason: Arc::from("Scanning does not tell."),
            remedy: None,
        });
        let differ = Differ::new(HostId::LOCAL, Arc::from(scanning));
        let machine = FakeMachine { world: Rc::clone(&world), differ };
        // Whatever this machine takes for a look is little against these steps.
        let now = Instant::now();
        let options = CollectOptions { interval: Duration::from_secs(10), ..Default::default() };
        let listener = Listener::new(machine, Fake(Rc::clone(&world)), &options, now);
        Self { world, listener, now }
    }

    /// What is told within so long, in words.
    fn pass(&mut self, time: Duration) -> Vec<String> {
        let end = self.now + time;
        let mut told = Vec::new();
        loop {
            if let Ok(Some(batch)) = self.listener.poll(self.now) {
                told.extend(batch.events.iter().filter_map(in_words));
            }
            self.now = self.listener.next_poll().max(self.now + Duration::from_millis(1));
            if self.now > end {
                self.now = end;
                return told;
            }
        }
    }

    fn frame(&mut self) -> Vec<String> {
        self.pass(Duration::from_millis(60))
    }

    fn tell(&self, made: &[Made]) {
        let world = self.world.borrow();
        let queue = world.queue.as_ref().expect("a session");
        made.iter().for_each(|made| queue.push(Traced::hear(&made.event(), &[])));
    }

    fn looks(&self) -> usize {
        self.world.borrow().looks
    }
}

fn in_words(event: &Event) -> Option<String> {
    Some(match event {
        Event::SocketOpened(socket) => {
            let name = socket.remote_name.as_ref().map_or(String::new(), |name| format!(" {name}"));
            format!(
                "open {} {:?} {:?}{name}",
                socket.local,
                socket.remote.map(|end| end.port),
                socket.role
            )
        }
        Event::SocketClosed { ending, .. } => {
            let totals =
                ending.map(|ending| (ending.totals.sent_bytes, ending.totals.received_bytes));
            format!("close {totals:?}")
        }
        Event::SocketCounted { counters, .. } => {
            format!("count {} {}", counters.sent_bytes, counters.received_bytes)
        }
        Event::ProcessStarted(process) => format!("start {} {}", process.key.pid, process.name),
        Event::ProcessExited(key) => format!("exit {}", key.pid),
        Event::Gap { lost, .. } => format!("gap {lost}"),
        Event::Degraded(Degradation { id, count, .. }) => format!("degraded {id} {count}"),
        Event::Capabilities(all) => {
            let events = all.iter().find(|known| known.id == "kernel-events")?;
            let remedy = if events.remedy.is_some() { " with a remedy" } else { "" };
            format!("events {}{remedy}", events.state.as_str())
        }
        Event::Resync => "resync".to_owned(),
    })
}

fn row(state: SocketState) -> Socket {
    let made = network(12, 1, 7, 0, HERE, THERE);
    let Heard::Record(Traced::Network(record)) = Traced::hear(&made.event(), &[]) else {
        panic!("a connection");
    };
    let sighting = record.sighting(|address| address == IpAddr::from([10, 0, 0, 1]));
    Socket {
        key: sighting.key(),
        protocol: Protocol::Tcp,
        state,
        local: sighting.local,
        remote: sighting.remote,
        v6_only: false,
        uid: None,
        owners: [procnet_core::Owner {
            process: key(7),
            attribution: procnet_core::Attribution::Held,
        }]
        .into_iter()
        .collect(),
        unknown_owner: procnet_core::UnknownOwner::NotFound,
        role: None,
        counters: procnet_core::Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

#[test]
fn a_connection_bears_the_name_that_its_process_asked_for() {
    let mut run = Run::start(World::default());
    run.frame();
    run.tell(&[resolved(2, 7, "a.example", "192.0.2.7;"), network(12, 2, 7, 0, HERE, THERE)]);
    assert_eq!(run.frame(), ["open 10.0.0.1:50000 Some(443) Some(Client) a.example"]);
}

#[test]
fn a_connection_shorter_than_the_interval_is_told_with_its_bytes() {
    let mut run = Run::start(World::default());
    assert_eq!(run.frame(), ["resync", "events full", "start 7 seven.exe"]);
    run.tell(&[
        network(12, 2, 7, 0, HERE, THERE),
        network(10, 2, 7, 300, HERE, THERE),
        network(11, 2, 7, 5000, HERE, THERE),
        network(13, 3, 7, 0, HERE, THERE),
    ]);
    let opened = "open 10.0.0.1:50000 Some(443) Some(Client)";
    assert_eq!(run.frame(), [opened, "close Some((300, 5000))"]);
    run.tell(&[network(12, 4, 7, 0, HERE, THERE)]);
    assert_eq!(run.frame(), [opened]);
    run.tell(&[network(10, 4, 7, 300, HERE, THERE)]);
    assert_eq!(run.pass(Duration::from_millis(300)), ["count 300 0"]);
    assert_eq!(run.looks(), 1, "no look is due");
}

#[test]
fn a_look_takes_back_nothing_that_events_are_about_to_tell() {
    let world = World { sockets: vec![row(SocketState::Established)], ..World::default() };
    let mut run = Run::start(world);
    run.pass(Duration::from_secs(9));
    run.world.borrow_mut().sockets.clear();
    // The look lacks it, and its end comes two frames later.
    let until = run.now + Duration::from_secs(2);
    while run.looks() < 2 {
        assert!(run.now < until);
        assert_eq!(run.pass(Duration::from_millis(1)), [""; 0]);
    }
    assert_eq!(run.pass(Duration::from_millis(36)), [""; 0]);
    run.tell(&[network(10, 11, 7, 10, HERE, THERE), network(13, 11, 7, 0, HERE, THERE)]);
    assert_eq!(run.frame(), ["close Some((10, 0))"]);
    assert_eq!(run.pass(Duration::from_millis(200)), [""; 0], "once");
}

#[test]
fn what_a_look_lacks_and_nobody_tells_of_is_closed() {
    let world = World { sockets: vec![row(SocketState::Established)], ..World::default() };
    let mut run = Run::start(world);
    run.frame();
    run.world.borrow_mut().sockets.clear();
    assert_eq!(run.pass(Duration::from_secs(11)), ["close None"]);
}

#[test]
fn a_loss_is_told_and_looked_at_at_once() {
    let mut run = Run::start(World::default());
    run.frame();
    run.world.borrow_mut().sockets.push(row(SocketState::Established));
    run.world.borrow_mut().lost = Totals { events: 40, buffers: 2 };
    let told = run.pass(Duration::from_millis(600));
    assert_eq!(told, ["gap 42", "open 10.0.0.1:50000 Some(443) None"]);
    assert_eq!(run.looks(), 2);
    assert_eq!(run.pass(Duration::from_secs(5)), [""; 0], "told once");
    assert_eq!(run.looks(), 2);
}

#[test]
fn a_full_queue_is_a_loss_too() {
    let mut run = Run::start(World::default());
    run.frame();
    let room = CollectOptions::default().ring_bytes as usize / size_of::<Traced>();
    let flood: Vec<Made> = (0..2).map(|_| network(14, 2, 7, 0, HERE, THERE)).collect();
    (0..room / 2 + 5).for_each(|_| run.tell(&flood));
    let told = run.frame();
    assert!(told.iter().any(|event| event.starts_with("gap ")), "{told:?}");
    assert_eq!(run.looks(), 2);
}

#[test]
fn a_session_that_ends_is_told_and_opened_again() {
    let mut run = Run::start(World::default());
    run.frame();
    {
        let mut world = run.world.borrow_mut();
        world.over = Some(TraceError::Ended);
        world.refusals = vec![TraceError::Taken];
        world.sockets.push(row(SocketState::Established));
    }
    let told = run.pass(Duration::from_millis(900));
    let expected =
        ["events missing", "gap 0", "degraded trace-ended 1", "open 10.0.0.1:50000 Some(443) None"];
    assert_eq!(told, expected);
    assert_eq!(run.world.borrow().running, 0);
    assert_eq!(run.listener.failure(), Some(&TraceError::Ended));
    // The first attempt finds it taken, the second succeeds.
    assert_eq!(run.pass(Duration::from_secs(1)), ["events missing with a remedy"]);
    let told = run.pass(Duration::from_secs(3));
    assert_eq!(told, ["degraded trace-ended 0", "events full"]);
    assert_eq!((run.world.borrow().running, run.world.borrow().opened), (1, 3));
    run.tell(&[network(13, 9, 7, 0, HERE, THERE)]);
    assert_eq!(run.frame(), ["close Some((0, 0))"]);
}

#[test]
fn while_there_is_no_session_looks_alone_tell() {
    let world = World { refusals: vec![TraceError::Denied], ..World::default() };
    let mut run = Run::start(world);
    assert_eq!(run.frame(), ["resync", "events missing with a remedy", "start 7 seven.exe"]);
    run.world.borrow_mut().sockets.push(row(SocketState::Established));
    assert_eq!(run.pass(Duration::from_secs(11)).len(), 1);
    run.world.borrow_mut().sockets.clear();
    assert_eq!(run.pass(Duration::from_secs(11)), ["close None"]);
    run.pass(Duration::from_secs(1000));
    assert_eq!(run.world.borrow().opened, 1, "rights don't come to a program that runs");
}

#[test]
fn processes_come_and_go_between_looks() {
    let mut run = Run::start(World::default());
    run.frame();
    run.tell(&[started(2, 42, 7, r"\Device\X\short.exe")]);
    assert_eq!(run.frame(), ["start 42 short.exe"]);
    run.tell(&[network(12, 3, 42, 0, HERE, THERE), stopped(4, 42, file_time(2))]);
    let told = run.frame();
    assert_eq!(told, ["open 10.0.0.1:50000 Some(443) Some(Client)", "exit 42"]);
}

#[test]
fn events_of_a_form_that_is_not_known_are_counted() {
    let mut run = Run::start(World::default());
    run.frame();
    let mut newer = started(2, 42, 7, "x");
    newer.version = 77;
    run.tell(&[newer]);
    assert_eq!(run.pass(Duration::from_secs(11)), ["degraded trace-unreadable 1"]);
    assert_eq!(run.pass(Duration::from_secs(10)), ["degraded trace-unreadable 0"]);
}

#[test]
fn a_look_that_fails_is_not_tried_again_at_once() {
    let mut run = Run::start(World { failing: 1, ..World::default() });
    assert_eq!(run.pass(Duration::from_secs(9)), [""; 0]);
    assert_eq!(run.looks(), 1);
    assert_eq!(run.pass(Duration::from_secs(2)), ["resync", "events full", "start 7 seven.exe"]);
}

#[test]
fn whoever_lost_a_batch_is_told_everything() {
    let mut run = Run::start(World::default());
    run.frame();
    run.listener.request_resync(run.now);
    assert_eq!(run.frame(), ["resync", "events full", "start 7 seven.exe"]);
}
