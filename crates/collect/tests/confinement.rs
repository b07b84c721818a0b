//! What a confined thread can't do, and what it goes on doing: each test asks a child, for a thread
//! stays confined as long as it lives, and what is deadly ends it.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "what nobody offers as a safe call must be refused, too")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use common::World;
use nix::libc;
use procnet_collect::confinement::{Confinement, Hold, Part, try_confinement};
use procnet_collect::{
    Callers, CollectOptions, Collector, confine, host_facts, local_interfaces, relinquish,
};
use procnet_core::Protocol;
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

/// Names the folder that a child may use.
const FOLDER: &str = "PROCNET_TEST_FOLDER";

/// A folder with one file in a folder of its own, and one outside of that.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("icons")).unwrap();
    std::fs::write(folder.path().join("icons/there"), "an icon").unwrap();
    std::fs::write(folder.path().join("outside"), "a secret").unwrap();
    folder
}

fn told_folder() -> PathBuf {
    std::env::var_os(FOLDER).expect("the parent tells a folder").into()
}

/// Runs this test program again, doing nothing but the one ignored test.
fn child(test: &str, folder: &Path) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn passes(test: &str) {
    let folder = folder();
    let output = child(test, folder.path());
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{test}: {text}");
    assert!(folder.path().join("outside").exists(), "{test} took it away");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "{test} wrote something");
}

/// Whether this kernel has what most of the tests are about; what Landlock adds they ask where it is.
fn has_filters() -> bool {
    let filtered = try_confinement().calls == Hold::Whole;
    common::unless(filtered, "seccomp");
    filtered
}

/// Whether Landlock keeps files from a thread: kernels and containers without it are told as they are.
fn keeps_files(confinement: &Confinement) -> bool {
    assert!(confinement.files.is_some(), "what answers requests is confined to files");
    if let Some(Hold::Not(why)) = &confinement.files {
        eprintln!("SKIPPED: what Landlock keeps from a thread. {why}");
        return false;
    }
    true
}

fn refused<T: std::fmt::Debug>(what: &str, done: std::io::Result<T>) {
    let error = done.expect_err(what);
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{what}: {error}");
}

/// What no part may do.
fn is_confined(folder: &Path) {
    refused("writing", std::fs::write(folder.join("new"), "text"));
    refused("overwriting", std::fs::write(folder.join("outside"), "text"));
    refused("making a folder", std::fs::create_dir(folder.join("made")));
    refused("removing", std::fs::remove_file(folder.join("outside")));
    refused("renaming", std::fs::rename(folder.join("outside"), folder.join("moved")));
    refused("linking", std::os::unix::fs::symlink("outside", folder.join("link")));
    refused("starting a program", Command::new("true").status());
    let all = CapabilitySet::from_bits_retain((1 << 41) - 1);
    let sets = CapabilitySets { effective: all, permitted: all, inheritable: all };
    refused("regaining capabilities", set_capabilities(None, sets).map_err(std::io::Error::from));
    // A user namespace of its own has all capabilities.
    // SAFETY: unshare(2) takes a number, and what it does, if it did anything, is of this child alone.
    let answer = unsafe { libc::unshare(libc::CLONE_NEWUSER) };
    let error = std::io::Error::last_os_error();
    assert_eq!((answer, error.raw_os_error()), (-1, Some(libc::EPERM)), "a user namespace");
    let own = i32::try_from(std::process::id()).unwrap();
    // SAFETY: kill(2) takes numbers; signal 0 does nothing to anybody.
    let answer = unsafe { libc::kill(own, 0) };
    assert_eq!(answer, -1, "signalling");
}

/// What no part but the one that asks for names may do.
fn reaches_nobody(listener: SocketAddr) {
    refused("connecting", TcpStream::connect(listener));
    refused("connecting by IPv6", TcpStream::connect("[::1]:9"));
    refused("listening", TcpListener::bind("127.0.0.1:0"));
    refused("opening a UDP socket", UdpSocket::bind("127.0.0.1:0"));
}

/// No program into the kernel, though the capability for it is kept.
fn loads_nothing() {
    const BPF_PROG_LOAD: libc::c_long = 5;
    let nothing = std::ptr::null::<u8>();
    // SAFETY: bpf(2) reads no byte of attributes that are 0 long.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, nothing, 0) };
    let error = std::io::Error::last_os_error();
    assert_eq!((answer, error.raw_os_error()), (-1, Some(libc::EPERM)), "loading a program");
}

#[test]
fn c30_what_answers_requests_opens_nothing_and_reaches_nobody() {
    if has_filters() {
        passes("as_a_server");
        passes("as_a_server_with_icons");
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_server() {
    let folder = told_folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    let mut callers = Callers::new().unwrap();
    let confinement = confine(&Part::Serving(None));
    assert_eq!(confinement.calls, Hold::Whole);

    let check = move || {
        is_confined(&folder);
        reaches_nobody(address);
        refused("reading", std::fs::read(folder.join("icons/there")));
        refused("reading of itself", std::fs::read("/proc/self/environ"));
        refused("a UNIX socket", UnixStream::connect(folder.join("socket")));
        assert!(capabilities(None).unwrap().permitted.is_empty());
    };
    check();
    std::thread::spawn(check).join().unwrap();

    // What it is there for goes on.
    let (mut served, peer) = listener.accept().unwrap();
    assert!(callers.of(served.local_addr().unwrap(), peer).is_ok());
    client.write_all(b"ask").unwrap();
    served.read_exact(&mut [0; 3]).unwrap();
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_server_with_icons() {
    let folder = told_folder();
    let icons = folder.join("icons");
    let confinement = confine(&Part::Serving(Some(icons.as_path().into())));
    assert_eq!(confinement.calls, Hold::Whole);
    is_confined(&folder);
    assert_eq!(std::fs::read_to_string(icons.join("there")).unwrap(), "an icon");
    refused("writing within", std::fs::write(icons.join("new"), "text"));
    if keeps_files(&confinement) {
        refused("reading beside it", std::fs::read(folder.join("outside")));
        refused("reading around it", std::fs::read(icons.join("../outside")));
        refused("reading of the machine", std::fs::read("/etc/passwd"));
        refused("reading of itself", std::fs::read("/proc/self/environ"));
    }
}

#[test]
fn c30_what_reads_rules_lists_interfaces_or_asks_for_names_does_only_that() {
    if has_filters() {
        passes("as_a_reader");
        passes("as_a_lister");
        passes("as_a_resolver");
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_resolver() {
    let folder = told_folder();
    assert_eq!(confine(&Part::Naming).calls, Hold::Whole);
    is_confined(&folder);
    refused("listening", TcpListener::bind("127.0.0.1:0"));
    assert!(capabilities(None).unwrap().permitted.is_empty());
    assert!(UdpSocket::bind("127.0.0.1:0").is_ok());
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_reader() {
    let folder = told_folder();
    let confinement = confine(&Part::Reading);
    assert_eq!(confinement, Confinement { calls: Hold::Whole, files: None });
    is_confined(&folder);
    reaches_nobody(SocketAddr::from(([127, 0, 0, 1], 9)));
    assert_eq!(std::fs::read_to_string(folder.join("outside")).unwrap(), "a secret");
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_lister() {
    let folder = told_folder();
    let listed = local_interfaces().unwrap();
    assert_eq!(confine(&Part::Listing).calls, Hold::Whole);
    is_confined(&folder);
    reaches_nobody(SocketAddr::from(([127, 0, 0, 1], 9)));
    assert_eq!(local_interfaces().unwrap(), listed);
}

/// What collects tells as much as it did before, of what happens afterwards.
#[test]
fn c30_what_collects_goes_on_and_opens_no_internet_socket() {
    if has_filters() {
        passes("as_a_collector");
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn as_a_collector() {
    let folder = told_folder();
    let mut collector = Collector::new(CollectOptions::default()).unwrap();
    relinquish(collector.kind()).unwrap();
    let (tells, told) = channel();
    let (begin_anew, anew) = channel::<()>();
    std::thread::spawn(move || {
        assert_eq!(confine(&Part::Collecting).calls, Hold::Whole);
        is_confined(&folder);
        reaches_nobody(SocketAddr::from(([127, 0, 0, 1], 9)));
        loads_nothing();
        loop {
            if anew.try_recv().is_ok() {
                drop(collector);
                collector = Collector::new(CollectOptions::default()).unwrap();
            }
            if let Some(batch) = collector.next(Duration::from_millis(100)).unwrap() {
                tells.send(batch).unwrap();
            }
        }
    });
    let mut world = World::default();
    let deadline = Instant::now() + Duration::from_secs(60);
    let next = |world: &mut World| {
        let left = deadline.saturating_duration_since(Instant::now());
        world.apply(told.recv_timeout(left).expect("collecting goes on"));
    };
    let tells_of_a_connection = |world: &mut World| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bound = listener.local_addr().unwrap();
        let client = TcpStream::connect(bound).unwrap();
        let near = client.local_addr().unwrap();
        let own = |world: &World| {
            let socket = world.find(Protocol::Tcp, near, Some(bound))?;
            let owner = socket.primary_owner()?.process;
            world.has_process(owner.pid).then_some(owner.pid)
        };
        while own(world).is_none() {
            next(world);
        }
        assert_eq!(own(world), Some(std::process::id()));
    };
    next(&mut world);
    tells_of_a_connection(&mut world);
    // One that broke off is followed by another, which the same thread begins.
    let before = world.resyncs;
    begin_anew.send(()).unwrap();
    while world.resyncs == before {
        next(&mut world);
    }
    tells_of_a_connection(&mut world);
    // Of processes all is still read that was read before.
    let this = world.process(std::process::id());
    assert!(this.exe.is_some() && this.user.is_some() && !this.arguments.is_empty(), "{this:?}");
    assert!(!host_facts().hostname.is_empty());
}

#[test]
fn c30_who_starts_or_traces_a_program_is_ended() {
    if !has_filters() {
        return;
    }
    let folder = folder();
    for test in ["becoming_another_program", "tracing"] {
        let output = child(test, folder.path());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{test}: {text}");
    }
}

#[test]
#[ignore = "a child of the other tests"]
fn becoming_another_program() {
    assert_eq!(confine(&Part::Serving(None)).calls, Hold::Whole);
    panic!("not ended: {}", Command::new("true").exec());
}

#[test]
#[ignore = "a child of the other tests"]
fn tracing() {
    assert_eq!(confine(&Part::Collecting).calls, Hold::Whole);
    // SAFETY: PTRACE_TRACEME takes no pointers; it would let this child's own parent trace it.
    let answer = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
    panic!("not ended: {answer}");
}
