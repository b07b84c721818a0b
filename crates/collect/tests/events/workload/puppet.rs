//! A process on strings: it does what a test orders, one thing after the other.

use std::fmt::Display;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::program;
use crate::common::Child;
use crate::story::PATIENCE;

/// Where a puppet finds the folder that it meets its test in.
pub(super) const FOLDER: &str = "PROCNET_TEST_FOLDER";
/// What a puppet calls the socket that it got as its standard input, if it did.
pub(super) const INHERITED: &str = "PROCNET_TEST_INHERITED";
/// The socket in that folder.
pub(super) const STRINGS: &str = "strings";
/// How the answer to an order begins that could not be carried out.
pub(super) const FAILED: &str = "cannot";
/// The role that puppets play.
pub(super) const ROLE: &str = "workload::orders::obey";

/// A process that obeys. It ends when the test lets go of it.
pub(crate) struct Puppet {
    pid: u32,
    strings: BufReader<UnixStream>,
    /// `None` of a puppet that another one forked.
    child: Option<Child>,
}

/// A place where a process that is about to become a puppet is waited for.
struct Meeting {
    folder: TempDir,
    listener: UnixListener,
}

impl Puppet {
    /// A puppet in the test's own surroundings.
    pub(crate) fn start() -> Self {
        Self::start_by(&[])
    }

    /// A puppet that `launcher` executes: `unshare`, for example, with its options.
    pub(crate) fn start_by(launcher: &[&str]) -> Self {
        let meeting = Meeting::new();
        let mut command = program(launcher, ROLE);
        command.env(FOLDER, meeting.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = Child::spawn(&mut command);
        let (pid, strings) = meeting.wait();
        Self { pid, strings, child: Some(child) }
    }

    /// Its id where this test lives.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Has an order carried out, and returns the answer.
    pub(crate) fn order(&mut self, order: impl Display) -> String {
        self.try_order(order).expect("it can be done")
    }

    /// As [`Puppet::order`], where the kernel may refuse: then the answer says so.
    pub(crate) fn try_order(&mut self, order: impl Display) -> Result<String, String> {
        self.begin(order);
        self.answer()
    }

    /// Gives an order whose answer is asked for later.
    pub(crate) fn begin(&mut self, order: impl Display) {
        writeln!(self.strings.get_mut(), "{order}").expect("the puppet lives");
    }

    /// The answer to the order that was begun.
    pub(crate) fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.strings.read_line(&mut line).expect("the puppet answers");
        assert!(!line.is_empty(), "puppet {} has ended", self.pid);
        let answer = line.trim().to_owned();
        if answer.starts_with(FAILED) { Err(answer) } else { Ok(answer) }
    }

    /// Waits on an address: where.
    pub(crate) fn listen(&mut self, name: &str, at: impl Display) -> SocketAddr {
        address(&self.order(format_args!("listen {name} {at}")))
    }

    /// Connects: from where.
    pub(crate) fn connect(&mut self, name: &str, to: impl Display) -> SocketAddr {
        address(&self.order(format_args!("connect {name} {to}")))
    }

    /// Accepts a connection: from where.
    pub(crate) fn accept(&mut self, listener: &str, name: &str) -> SocketAddr {
        address(&self.order(format_args!("accept {listener} {name}")))
    }

    /// Has it fork: its child is another puppet, which holds all that it holds.
    pub(crate) fn fork(&mut self) -> Self {
        let meeting = Meeting::new();
        self.order(format_args!("fork {}", meeting.folder.path().display()));
        let (pid, strings) = meeting.wait();
        Self { pid, strings, child: None }
    }

    /// Has it execute `program`, a copy of this one, which gets only the socket `name`.
    pub(crate) fn execute(&mut self, program: &Path, name: &str) {
        let meeting = Meeting::new();
        let folder = meeting.folder.path().display();
        self.begin(format_args!("execute {} {folder} {name}", program.display()));
        let (pid, strings) = meeting.wait();
        assert_eq!(pid, self.pid, "executing makes no other process");
        self.strings = strings;
    }

    /// Has it end by itself, and waits for that.
    pub(crate) fn leave(mut self) {
        self.begin("leave");
        let mut line = String::new();
        let ended = self.strings.read_line(&mut line);
        assert!(matches!(ended, Ok(0)), "{ended:?} {line}");
        drop(self.child.take());
    }
}

impl Meeting {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let listener = UnixListener::bind(folder.path().join(STRINGS)).expect("a way to meet");
        listener.set_nonblocking(true).expect("it can be polled");
        Self { folder, listener }
    }

    fn wait(self) -> (u32, BufReader<UnixStream>) {
        let end = Instant::now() + PATIENCE;
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) => {
                    let nobody_yet = error.kind() == ErrorKind::WouldBlock;
                    assert!(nobody_yet && Instant::now() < end, "no puppet came: {error}");
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        };
        stream.set_nonblocking(false).expect("it can be waited for");
        stream.set_read_timeout(Some(PATIENCE)).expect("but not for ever");
        let mut strings = BufReader::new(stream);
        let mut line = String::new();
        strings.read_line(&mut line).expect("the puppet says who it is");
        (line.trim().parse().expect("its process id"), strings)
    }
}

/// This program.
pub(crate) fn program_path() -> PathBuf {
    std::env::current_exe().expect("this program has a path")
}

fn address(text: &str) -> SocketAddr {
    text.parse().map_err(|_| text).expect("an address")
}
