//! UNIX sockets of real processes: this one and children that hold the other ends.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod common;

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::Child;
use procnet_collect::{CollectOptions, Collector, CollectorKind, ScanOptions, Scanner, host_facts};
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::graph::{Evidence, Graph, Party};
use procnet_core::{CapabilityState, Moment, Protocol, SocketState, UnixKind};

const NOBODY: u32 = 65_534;
const PATH: &str = "PROCNET_TEST_PATH";
const PATIENCE: Duration = Duration::from_secs(20);

/// A link of UNIX sockets: client, server, path, connections.
type Told = (u32, u32, Option<String>, u32);

enum Source {
    Scanner(Box<Scanner>),
    /// With kernel events, and walks over descriptors.
    Listener(Box<Collector>),
}

struct Machine {
    source: Source,
    engine: Engine,
}

impl Machine {
    fn new() -> Self {
        let options = ScanOptions { unix: true, ..ScanOptions::default() };
        let scanner = Scanner::new(options).expect("this machine can be scanned");
        Self::of(Source::Scanner(Box::new(scanner)))
    }

    fn of(source: Source) -> Self {
        Self { source, engine: Engine::new(EngineOptions::default()) }
    }

    /// This machine, looked at in every way that there is here.
    fn each() -> Vec<Self> {
        let scan = ScanOptions { unix: true, ..ScanOptions::default() };
        let kind = CollectorKind::Events;
        let listener = Collector::new(CollectOptions { scan, kind, ..CollectOptions::default() });
        common::unless(listener.is_ok(), "kernel events");
        let listener = listener.ok().map(|listener| Source::Listener(Box::new(listener)));
        std::iter::once(Self::new()).chain(listener.map(Self::of)).collect()
    }

    fn graph(&mut self) -> &Graph {
        let batch = match &mut self.source {
            Source::Scanner(scanner) => scanner.poll().map(Some),
            Source::Listener(collector) => collector.next(Duration::from_millis(100)),
        };
        if let Some(batch) = batch.expect("this machine can be looked at") {
            self.engine.apply(batch, Moment(1));
        }
        self.engine.graph()
    }

    /// Looks until `found` gives something.
    fn eventually<T>(&mut self, found: impl Fn(&Graph) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = found(self.graph()) {
                return value;
            }
            if Instant::now() > end {
                panic!("not found; these are the links: {:?}", links(self.engine.graph()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn sees(&mut self, expected: &Told) {
        self.eventually(|graph| links(graph).contains(expected).then_some(()));
    }
}

fn links(graph: &Graph) -> Vec<Told> {
    let pid = |party: Party| party.process().map_or(0, |key| key.pid);
    let told = graph.links().map(|(_, link)| link).filter(|link| !link.is_stale());
    told.filter(|link| link.key.protocol == Protocol::Unix)
        .map(|link| {
            let name = link.key.name.and_then(|name| graph.name(name)).map(|name| name.to_string());
            (pid(link.key.client), pid(link.key.server), name, link.connections)
        })
        .collect()
}

fn me() -> u32 {
    std::process::id()
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}

fn root() -> bool {
    let root = host_facts().uid == 0;
    common::unless(root, "root, for other namespaces and users");
    root
}

/// This test program again, doing nothing but the one ignored test.
fn again(test: &str, program: &Path) -> Vec<String> {
    let program = program.to_str().expect("the path is text").to_owned();
    let options = ["--exact", test, "--ignored", "--nocapture", "--test-threads=1"];
    std::iter::once(program).chain(options.map(str::to_owned)).collect()
}

/// A listener of this process with a client in each of two children, one of them with two.
fn listener_with_two_clients(machine: &mut Machine) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service with a blank.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut accepted = Vec::new();
    let mut connect = || {
        let client = UnixStream::connect(&path).unwrap();
        accepted.push(listener.accept().unwrap().0);
        client
    };
    let one = Child::holding(OwnedFd::from(connect()));
    let (first, second) = (connect(), connect());
    let mut command = Command::new("sleep");
    command.arg("600").stdin(OwnedFd::from(first)).stderr(OwnedFd::from(second));
    let two = Child::spawn(command.stdout(Stdio::null()));
    // It holds copies of what the other was given until it is dropped.
    drop(command);
    machine.sees(&(one.id(), me(), text(&path), 1));
    machine.sees(&(two.id(), me(), text(&path), 2));
    let graph = machine.graph();
    let waits = graph.listeners().find_map(|(party, id)| {
        let socket = graph.socket(id)?;
        let name = socket.unix.as_ref()?.name.as_deref()?;
        (Some(name) == path.to_str()).then_some((party, socket))
    });
    let (party, socket) = waits.unwrap();
    assert_eq!(party.process().map(|key| key.pid), Some(me()));
    assert_eq!(socket.state, SocketState::Listen);
    assert_eq!(socket.uid, Some(host_facts().uid));

    // Who ends takes its links along.
    let gone = one.id();
    drop(one);
    machine.eventually(|graph| links(graph).iter().all(|link| link.0 != gone).then_some(()));
    machine.sees(&(two.id(), me(), text(&path), 2));
}

#[test]
fn u3_clients_of_a_path() {
    for mut machine in Machine::each() {
        listener_with_two_clients(&mut machine);
    }
}

#[test]
fn u2_an_abstract_name() {
    let name = format!("procnet-test-{}", me());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let client = UnixStream::connect_addr(&address).unwrap();
    let _accepted = listener.accept().unwrap();
    let child = Child::holding(OwnedFd::from(client));
    for mut machine in Machine::each() {
        machine.sees(&(child.id(), me(), Some(format!("@{name}")), 1));
    }
}

#[test]
fn u4_a_socket_pair_that_a_child_inherits() {
    Machine::each().iter_mut().for_each(socket_pair_that_a_child_inherits);
}

fn socket_pair_that_a_child_inherits(machine: &mut Machine) {
    let (mine, theirs) = UnixStream::pair().unwrap();
    let child = Child::holding(OwnedFd::from(theirs));
    machine.sees(&(me(), child.id(), None, 1));
    let graph = machine.graph();
    let link = graph.links().map(|(_, link)| link).find(|link| {
        link.key.protocol == Protocol::Unix
            && link.key.server.process().is_some_and(|key| key.pid == child.id())
    });
    assert_eq!(link.unwrap().evidence(), Evidence::Undirected);
    // U5: the child's end is left alone.
    drop(mine);
    machine.eventually(|graph| links(graph).iter().all(|link| link.1 != child.id()).then_some(()));
}

#[test]
fn u1_datagrams_to_a_named_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let server = UnixDatagram::bind(&path).unwrap();
    let client = UnixDatagram::unbound().unwrap();
    client.connect(&path).unwrap();
    let child = Child::holding(OwnedFd::from(client));
    let mut machine = Machine::new();
    machine.sees(&(child.id(), me(), text(&path), 1));
    let graph = machine.graph();
    let kinds: Vec<UnixKind> = graph
        .sockets()
        .filter_map(|(_, socket)| socket.unix.as_ref())
        .filter(|unix| unix.name.as_deref() == path.to_str())
        .map(|unix| unix.kind)
        .collect();
    assert_eq!(kinds, [UnixKind::Datagram]);
    drop(server);
}

#[test]
fn u7_nobody_is_told_of_them_unasked() {
    let (_one, _other) = UnixStream::pair().unwrap();
    let mut machine = Machine::new();
    let mut told = |unix: bool| {
        let Source::Scanner(scanner) = &mut machine.source else { panic!("it scans") };
        scanner.set_unix(unix);
        machine.graph().sockets().any(|(_, socket)| socket.unix.is_some())
    };
    assert!(!told(false) && told(true) && !told(false));
}

#[test]
fn u7_a_collector_begins_and_ends_when_it_is_told_to() {
    let (_mine, theirs) = UnixStream::pair().unwrap();
    let child = Child::holding(OwnedFd::from(theirs));
    let options =
        CollectOptions { interval: Duration::from_secs(3600), ..CollectOptions::default() };
    let mut collector = Collector::new(options).unwrap();
    let mut engine = Engine::new(EngineOptions::default());
    let mut until = |wanted: bool, collector: &mut Collector| {
        let end = Instant::now() + PATIENCE;
        loop {
            collector.set_unix(wanted);
            if let Some(batch) = collector.next(Duration::from_millis(100)).unwrap() {
                engine.apply(batch, Moment(1));
            }
            let seen = links(engine.graph()).contains(&(me(), child.id(), None, 1));
            if seen == wanted {
                return;
            }
            assert!(
                Instant::now() < end,
                "{wanted} {:?}: {:?}",
                collector.kind(),
                links(engine.graph())
            );
        }
    };
    for wanted in [false, true, false, true] {
        until(wanted, &mut collector);
    }
}

#[test]
fn u1_a_path_shared_by_two_network_namespaces() {
    if root() {
        Machine::each().iter_mut().for_each(path_shared_by_two_network_namespaces);
    }
}

fn path_shared_by_two_network_namespaces(machine: &mut Machine) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shared.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command.arg("--net").args(again("connect_and_hold", &program)).env(PATH, &path);
    let child = Child::spawn(command.stdin(Stdio::piped()).stdout(Stdio::null()));
    let _accepted = listener.accept().unwrap();
    machine.sees(&(child.id(), me(), text(&path), 1));
    let graph = machine.graph();
    let named = graph
        .sockets()
        .filter(|(id, _)| graph.service_name(*id).map(|name| &**name) == path.to_str());
    let (waits, connected): (Vec<_>, Vec<_>) =
        named.map(|(_, socket)| socket).partition(|socket| socket.is_listener());
    // Linux puts what is accepted into the client's namespace, not into the listener's.
    let [near, far] = connected.as_slice() else { panic!("{connected:?}") };
    assert_eq!(near.key.netns, far.key.netns);
    assert_ne!(near.key.netns, waits[0].key.netns);
}

#[test]
#[ignore = "a child of the other tests"]
fn connect_and_hold() {
    let path = std::env::var_os(PATH).expect("the parent tells the path");
    let _client = UnixStream::connect(path).unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_plain_user_sees_its_own_processes() {
    if !root() {
        return;
    }
    // Root's, for the plain user to see without owners.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let path = folder.path().join("root.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    // Nobody may not enter the folder that this program was built in.
    let program = folder.path().join("unix");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let words = again("as_a_plain_user", &program);
    let output = Command::new(&words[0])
        .args(&words[1..])
        .env(PATH, &path)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_plain_user() {
    let path = std::env::var(PATH).expect("the parent tells the path");
    assert_eq!(host_facts().uid, NOBODY);
    let mut machine = Machine::new();
    let Source::Scanner(scanner) = &machine.source else { panic!("it scans") };
    let capabilities = scanner.capabilities();
    let unix = capabilities.iter().find(|capability| capability.id == "unix-sockets").unwrap();
    assert_eq!(unix.state, CapabilityState::Full);
    listener_with_two_clients(&mut machine);
    let hidden = machine.eventually(|graph| {
        let named = |unix: &procnet_core::UnixSocket| unix.name.as_deref() == Some(&*path);
        let mut sockets = graph.sockets().map(|(_, socket)| socket);
        sockets.find(|socket| socket.unix.as_deref().is_some_and(named)).cloned()
    });
    assert_eq!((hidden.owners.len(), hidden.uid), (0, Some(0)));
}
