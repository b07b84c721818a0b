//! What happened in a scenario and what was told of it, to be told again.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use procnet_core::{Batch, Event, Process, ProcessKey, Socket, SocketIdentity};

/// A scenario that was played.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// Where the programs lay.
    pub(crate) folder: PathBuf,
    /// What puppets answered.
    pub(crate) answers: VecDeque<String>,
    /// Who was started, in the order in which they were.
    started: Vec<u32>,
    /// The batches, by what was waited for when they came.
    pub(crate) chapters: VecDeque<Vec<Batch>>,
}

impl Recording {
    /// Nothing yet.
    pub(crate) fn of(folder: PathBuf) -> Self {
        let (answers, chapters) = (VecDeque::new(), VecDeque::new());
        Self { folder, answers, started: Vec::new(), chapters }
    }

    pub(crate) fn note_start(&mut self, pid: u32) {
        self.started.push(pid);
        self.answers.push_back(pid.to_string());
    }

    /// The processes, in the order in which they were started.
    pub(crate) fn pids(&self) -> &[u32] {
        &self.started
    }

    /// Gives a process another pid, wherever it is named.
    pub(crate) fn rename(&mut self, from: u32, to: u32) {
        let answers = self.answers.iter_mut().filter(|answer| **answer == from.to_string());
        answers.for_each(|answer| *answer = to.to_string());
        let renamed = |key: &mut ProcessKey| {
            if key.pid == from {
                key.pid = to;
            }
        };
        let in_identity = |identity: &mut SocketIdentity| {
            if let SocketIdentity::Tuple { owner, .. } = identity
                && *owner == from
            {
                *owner = to;
            }
        };
        let batches = self.chapters.iter_mut().flatten();
        for event in batches.flat_map(|batch| &mut batch.events) {
            match event {
                Event::ProcessStarted(process) => {
                    let process: &mut Process = Arc::make_mut(process);
                    renamed(&mut process.key);
                    process.parent.iter_mut().for_each(renamed);
                }
                Event::ProcessExited(key) => renamed(key),
                Event::SocketOpened(socket) => {
                    let socket: &mut Socket = Arc::make_mut(socket);
                    in_identity(&mut socket.key.identity);
                    socket.owners.iter_mut().for_each(|owner| renamed(&mut owner.process));
                }
                Event::SocketCounted { key, .. } | Event::SocketClosed { key, .. } => {
                    in_identity(&mut key.identity);
                }
                Event::Resync | Event::Gap { .. } | Event::Capabilities(_) | Event::Degraded(_) => {
                }
            }
        }
    }
}
