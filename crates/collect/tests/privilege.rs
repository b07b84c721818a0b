//! What root sees beyond the own network namespace, and what a plain user is told instead.
//!
//! Root only, for each test gives something away: it makes a namespace, or becomes `nobody`.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Child, World};
use procnet_collect::{CollectOptions, Collector, ScanOptions, Scanner, host_facts, relinquish};
use procnet_core::{
    Attribution, CapabilityState, Event, NetnsId, Protocol, Socket, SocketIdentity, UnknownOwner,
};

const NOBODY: u32 = 65_534;
const PORTS: &str = "PROCNET_TEST_PORTS";

fn root() -> bool {
    let root = host_facts().uid == 0;
    common::unless(root, "root, for other namespaces and users");
    root
}

/// This test program again, doing nothing but the one ignored test.
fn again(test: &str, program: &std::path::Path) -> Vec<String> {
    let program = program.to_str().expect("the path is text").to_owned();
    let options = ["--exact", test, "--ignored", "--nocapture", "--test-threads=1"];
    std::iter::once(program).chain(options.map(str::to_owned)).collect()
}

/// A child in a network namespace of its own, and the ports that it waits on: TCP and UDP.
fn child_in_a_namespace() -> (Child, u16, u16) {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new("unshare");
    command.arg("--net").args(again("hold_ports", &program));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Child::spawn(&mut command);
    let output = child.take_output();
    let ports = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("ready: ")?.1.to_owned()))
        .expect("the child tells its ports");
    let (tcp, udp) = ports.split_once(' ').expect("two ports");
    (child, tcp.parse().expect("a port"), udp.parse().expect("a port"))
}

#[test]
#[ignore = "a child of the other tests"]
fn hold_ports() {
    // The loopback interface is down in a new namespace, but any address can be waited on.
    let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = |address: SocketAddr| address.port();
    println!("ready: {} {}", port(tcp.local_addr().unwrap()), port(udp.local_addr().unwrap()));
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn own_netns() -> NetnsId {
    let link = std::fs::read_link("/proc/self/ns/net").expect("the own link can be read");
    let text = link.to_str().expect("the link is text");
    NetnsId(text.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number"))
}

fn waiting(world: &World, protocol: Protocol, port: u16, netns: NetnsId) -> Vec<Socket> {
    let address = SocketAddr::from(([0, 0, 0, 0], port));
    let own = own_netns();
    let fits = |s: &&Socket| {
        s.protocol == protocol
            && s.local.port == port
            && s.remote.is_none()
            && s.local.ip == address.ip()
            && (s.key.netns == own) == (netns == own)
    };
    world.sockets.values().filter(fits).cloned().collect()
}

#[test]
fn root_sees_into_other_network_namespaces() {
    if !root() {
        return;
    }
    let (child, tcp, udp) = child_in_a_namespace();
    let elsewhere = NetnsId(0);
    let mut scanner = Scanner::new(ScanOptions::default()).unwrap();
    // Single processes may be protected even from root; but there is nothing left to grant.
    assert!(host_facts().privileged);
    assert!(scanner.capabilities().iter().all(|capability| capability.remedy.is_none()));
    let mut world = World::default();
    world.apply(scanner.poll().unwrap());
    for (protocol, port) in [(Protocol::Tcp, tcp), (Protocol::Udp, udp)] {
        let sockets = waiting(&world, protocol, port, elsewhere);
        let socket = sockets.iter().find(|s| s.owners.iter().any(|o| o.process.pid == child.id()));
        let socket = socket.expect("the child's socket is seen with its owner");
        assert!(matches!(socket.key.identity, SocketIdentity::Cookie(_)));
        assert_eq!(socket.attribution(), Attribution::Held);
    }
    // It stays the same socket in the next scan, and is gone with the namespace.
    let before = world.sockets.len();
    world.apply(scanner.poll().unwrap());
    assert_eq!(waiting(&world, Protocol::Tcp, tcp, elsewhere).len(), 1, "of {before}");
    let pid = child.id();
    drop(child);
    world.apply(scanner.poll().unwrap());
    let left = world.sockets.values().filter(|s| s.owners.iter().any(|o| o.process.pid == pid));
    assert_eq!(left.count(), 0);
    assert!(waiting(&world, Protocol::Tcp, tcp, elsewhere).is_empty());
}

#[test]
fn a_plain_user_is_told_what_is_hidden() {
    if !root() {
        return;
    }
    let (child, tcp, _) = child_in_a_namespace();
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    // Nobody may not enter the folder that this program was built in.
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = folder.path().join("privilege");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let words = again("as_a_plain_user", &program);
    let output = Command::new(&words[0])
        .args(&words[1..])
        .env(PORTS, format!("{own} {tcp} {} {}", std::process::id(), child.id()))
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_plain_user() {
    let told = std::env::var(PORTS).expect("the parent tells its ports");
    let told: Vec<u32> = told.split(' ').map(|number| number.parse().unwrap()).collect();
    let (port, far_port, parent, far_pid) = (told[0] as u16, told[1] as u16, told[2], told[3]);
    let mine = TcpListener::bind("127.0.0.1:0").unwrap();
    let facts = host_facts();
    assert_eq!((facts.uid, facts.privileged), (NOBODY, false));
    assert_eq!(facts.capabilities, Some(Vec::new()));

    let mut scanner = Scanner::new(ScanOptions::default()).unwrap();
    for id in ["socket-owners", "network-namespaces", "process-details"] {
        let capability = scanner.capabilities().iter().find(|c| c.id == id).unwrap();
        assert_eq!(capability.state, CapabilityState::Partial, "{id}");
        assert!(capability.remedy.as_ref().unwrap().contains("setcap"), "{id}");
    }
    let batch = scanner.poll().unwrap();
    let hidden = batch.events.iter().find_map(|event| match event {
        Event::Degraded(degradation) if degradation.id == "owners-hidden" => {
            Some(degradation.count)
        }
        _ => None,
    });
    assert!(hidden.unwrap() >= 1);
    let mut world = World::default();
    world.apply(batch);

    let held = world.find(Protocol::Tcp, mine.local_addr().unwrap(), None).unwrap();
    assert_eq!(held.primary_owner().unwrap().process.pid, std::process::id());
    assert_eq!((held.attribution(), held.uid), (Attribution::Held, Some(NOBODY)));

    let others = waiting(&world, Protocol::Tcp, port, own_netns());
    assert_eq!(others[0].attribution(), Attribution::Unknown(UnknownOwner::NoPermission));
    assert_eq!(others[0].uid, Some(0));
    assert!(matches!(others[0].key.identity, SocketIdentity::Cookie(_)));

    // The other namespace is seen through /proc/PID/net: no cookie there.
    let far = waiting(&world, Protocol::Tcp, far_port, NetnsId(0));
    assert_eq!(far[0].attribution(), Attribution::Unknown(UnknownOwner::NoPermission));
    assert!(matches!(far[0].key.identity, SocketIdentity::Inode(_)));

    let parent = world.process(parent);
    assert_eq!((parent.exe.as_ref(), parent.user.as_ref().unwrap().id), (None, 0));
    assert!(!parent.arguments.is_empty());
    assert!(world.has_process(far_pid));
}

/// A child gives up its capabilities, for it is the whole process that does.
#[test]
fn what_is_given_up_is_gone_and_what_is_kept_is_enough() {
    if !root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("there"), "text").unwrap();
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let words = again("after_giving_up", &std::env::current_exe().unwrap());
    let output = Command::new(&words[0])
        .args(&words[1..])
        .env(PORTS, folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "a child of the other tests"]
fn after_giving_up() {
    let folder = std::path::PathBuf::from(std::env::var(PORTS).expect("the parent tells a folder"));
    std::fs::write(folder.join("before"), "root writes everywhere").unwrap();
    let (child, tcp, _) = child_in_a_namespace();
    let mut collector = Collector::new(CollectOptions::default()).unwrap();
    relinquish(collector.kind()).unwrap();
    let started = std::thread::spawn(move || {
        let written = std::fs::write(folder.join("after"), "text");
        assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
        assert_eq!(std::fs::read_to_string(folder.join("there")).unwrap(), "text");
        assert!(host_facts().privileged);
    });
    started.join().unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let client = std::net::TcpStream::connect(bound).unwrap();
    let near = client.local_addr().unwrap();
    let mut world = World::default();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let held = |socket: Option<Socket>| socket.is_some_and(|socket| !socket.owners.is_empty());
    loop {
        if let Some(batch) = collector.next(Duration::from_millis(100)).unwrap() {
            world.apply(batch);
        }
        let far = waiting(&world, Protocol::Tcp, tcp, NetnsId(0));
        let far = far.iter().any(|s| s.owners.iter().any(|o| o.process.pid == child.id()));
        if far && held(world.find(Protocol::Tcp, near, Some(bound))) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{far}: not all is seen any more");
    }
}
