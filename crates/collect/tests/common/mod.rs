//! What the live tests share: a model that folds events, and children that end with the test.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;

use procnet_core::{
    Batch, Endpoint, Event, Process, ProcessKey, Protocol, Socket, SocketKey, Timestamp,
};

/// The machine as the events tell it.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) at: Timestamp,
    /// How often the whole truth was told anew.
    pub(crate) resyncs: usize,
    pub(crate) sockets: BTreeMap<SocketKey, Socket>,
    pub(crate) processes: BTreeMap<ProcessKey, Arc<Process>>,
}

impl World {
    pub(crate) fn apply(&mut self, batch: Batch) {
        self.at = batch.at;
        for event in batch.events {
            match event {
                Event::Resync => {
                    self.resyncs += 1;
                    self.sockets.clear();
                    self.processes.clear();
                }
                Event::ProcessStarted(process) => drop(self.processes.insert(process.key, process)),
                Event::ProcessExited(key) => drop(self.processes.remove(&key)),
                Event::SocketOpened(socket) => {
                    self.sockets.insert(socket.key, Socket::clone(&socket));
                }
                Event::SocketCounted { key, counters } => {
                    self.sockets.get_mut(&key).expect("a counted socket is known").counters =
                        counters;
                }
                Event::SocketClosed { key, .. } => drop(self.sockets.remove(&key)),
                Event::Gap { .. } | Event::Capabilities(_) | Event::Degraded(_) => {}
            }
        }
    }

    pub(crate) fn find(
        &self,
        protocol: Protocol,
        local: SocketAddr,
        remote: Option<SocketAddr>,
    ) -> Option<Socket> {
        let end = |address: SocketAddr| Endpoint::new(address.ip(), address.port());
        let (local, remote) = (end(local), remote.map(end));
        let fits = |s: &&Socket| s.protocol == protocol && s.local == local && s.remote == remote;
        self.sockets.values().find(fits).cloned()
    }

    pub(crate) fn has_process(&self, pid: u32) -> bool {
        self.processes.keys().any(|key| key.pid == pid)
    }

    pub(crate) fn process(&self, pid: u32) -> Arc<Process> {
        let mut all = self.processes.values();
        Arc::clone(all.find(|process| process.key.pid == pid).expect("the process is known"))
    }
}

/// A child process that is ended, by its handle, when the test lets go of it.
pub(crate) struct Child(std::process::Child);

impl Child {
    /// A child that does nothing but hold `socket`, as its standard input.
    pub(crate) fn holding(socket: OwnedFd) -> Self {
        Self::start(Command::new("sleep").arg("600").stdin(Stdio::from(socket)))
    }

    /// A shell that runs `script`, and can be told to go on.
    pub(crate) fn shell(script: &str) -> Self {
        Self::start(Command::new("sh").args(["-c", script]).stdin(Stdio::piped()))
    }

    fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdout(Stdio::null()))
    }

    /// Any child, with its streams as they are set.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().expect("the child starts"))
    }

    /// The child's standard output, which must be a pipe.
    pub(crate) fn take_output(&mut self) -> std::process::ChildStdout {
        self.0.stdout.take().expect("the child's output is a pipe")
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Writes a line to the child's standard input.
    pub(crate) fn go_on(&self) {
        let mut input = self.0.stdin.as_ref().expect("the child's input is a pipe");
        input.write_all(b"\n").expect("the child reads");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says visibly that a check cannot be made here; that is a failure where all can be made.
pub(crate) fn unless(possible: bool, what: &str) {
    if !possible {
        eprintln!("SKIPPED: this machine does not offer {what}");
        assert!(std::env::var_os("CI").is_none(), "CI must offer {what}");
    }
}
