//! Where a scenario is played: puppets, a collector that watches, and an engine that hears it; or
//! only an engine that hears what was told before.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use procnet_collect::{CollectOptions, Collector, CollectorKind};
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::graph::Graph;
use procnet_core::{Event, Moment, Process};
use tempfile::TempDir;

use crate::limits::Who;
use crate::puppet::{self, Puppet};
use crate::recording::Recording;

/// How long something may take to be told: far longer than it ever takes, for machines are busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process of the scenario.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    index: usize,
    /// By what name the puppet knows it that started it; `None` of one that the test started.
    below: Option<String>,
    pub(crate) pid: u32,
    /// The program that it runs.
    pub(crate) program: PathBuf,
}

/// A collector that watches, and what is needed to give it something to see.
struct Live {
    collector: Collector,
    puppets: Vec<Puppet>,
    /// Where the programs lie.
    folder: TempDir,
    program: PathBuf,
}

/// A collector of this kind, unless this machine or this user can't have one.
fn collector(who: Who) -> Option<Collector> {
    let kind = match who {
        Who::LinuxEvents => CollectorKind::Events,
        _ => CollectorKind::Scan,
    };
    let options = CollectOptions {
        kind,
        interval: Duration::from_millis(200),
        // Whatever else happens on this machine should find room.
        ring_bytes: 64 * 1024 * 1024,
        ..CollectOptions::default()
    };
    match Collector::new(options) {
        Ok(collector) => Some(collector),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            assert!(std::env::var_os("CI").is_none(), "may not be skipped in CI: {error}");
            None
        }
    }
}

pub(crate) struct Stage {
    pub(crate) who: Who,
    engine: Engine,
    began: Instant,
    /// Time that was let pass for the engine alone.
    passed: Duration,
    live: Option<Live>,
    recording: Recording,
    started: usize,
    lost: bool,
}

impl Stage {
    /// `None` if this machine or this user can't have that collector.
    pub(crate) fn live(who: Who) -> Option<Self> {
        let live = Live {
            collector: collector(who)?,
            puppets: Vec::new(),
            folder: TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
            program: puppet::beside_this_test(),
        };
        // Joined anew, with what separates folders here.
        let folder: PathBuf = live.folder.path().components().collect();
        let recording = Recording::of(folder);
        let mut stage = Self::new(who, Some(live), recording);
        stage.look_again();
        Some(stage)
    }

    /// The same again, from what was told.
    pub(crate) fn replay(who: Who, recording: Recording) -> Self {
        let mut stage = Self::new(who, None, recording);
        stage.look_again();
        stage
    }

    fn new(who: Who, live: Option<Live>, recording: Recording) -> Self {
        let engine = Engine::new(EngineOptions::default());
        let (began, passed) = (Instant::now(), Duration::ZERO);
        Self { who, engine, began, passed, live, recording, started: 0, lost: false }
    }

    /// What was played. All that was concluded step by step is what would be concluded at once.
    pub(crate) fn end(self) -> Recording {
        let graph = self.engine.graph();
        assert_eq!(graph.conclusions(), graph.rebuilt().conclusions());
        if self.live.is_none() {
            let Recording { answers, chapters, .. } = &self.recording;
            assert!(answers.is_empty() && chapters.is_empty(), "there is more in the recording");
        }
        self.recording
    }

    /// Starts a puppet whose program has that name.
    pub(crate) fn start(&mut self, name: &str, arguments: &[&str]) -> Actor {
        let program = self.program(name);
        let pid = match &mut self.live {
            Some(live) => {
                let puppet = Puppet::start(Command::new(&program).args(arguments));
                let pid = puppet.pid();
                live.puppets.push(puppet);
                self.recording.note_start(pid);
                pid
            }
            None => self.next_answer().parse().unwrap(),
        };
        self.started += 1;
        Actor { index: self.started - 1, below: None, pid, program }
    }

    /// Starts a puppet with the pid of one that has ended, where the system lets us choose.
    pub(crate) fn start_with_pid_of(&mut self, before: &Actor, name: &str) -> Actor {
        if self.live.is_some() && cfg!(target_os = "linux") {
            // The next process gets the next pid (proc(5)), if nobody else is faster. Who may not
            // write it gets another pid.
            let _ = std::fs::write("/proc/sys/kernel/ns_last_pid", (before.pid - 1).to_string());
        }
        self.start(name, &[])
    }

    /// Has a puppet start another one.
    pub(crate) fn start_below(&mut self, above: &Actor, name: &str, arguments: &[&str]) -> Actor {
        let program = self.program(name);
        let words = [&["start", name, program.to_str().unwrap()], arguments].concat();
        let pid = match &mut self.live {
            Some(live) => {
                let pid = live.puppets[above.index].order(words.join("\t")).parse().unwrap();
                self.recording.note_start(pid);
                pid
            }
            None => self.next_answer().parse().unwrap(),
        };
        Actor { index: above.index, below: Some(name.to_owned()), pid, program }
    }

    fn program(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        match &self.live {
            Some(live) => puppet::named(&live.program, &self.recording.folder, &name),
            None => self.recording.folder.join(&name),
        }
    }

    /// Ends a process without a warning.
    pub(crate) fn kill(&mut self, actor: &Actor) {
        let Some(live) = &mut self.live else { return };
        let puppet = &mut live.puppets[actor.index];
        match &actor.below {
            None => puppet.kill(),
            Some(name) => drop(puppet.order(format_args!("kill\t{name}"))),
        }
    }

    /// Has an order carried out, its words separated by spaces.
    pub(crate) fn order(&mut self, actor: &Actor, order: impl Display) -> String {
        let Some(live) = &mut self.live else { return self.next_answer() };
        let order = order.to_string().replace(' ', "\t");
        let answer = match &actor.below {
            None => live.puppets[actor.index].order(order),
            Some(name) => live.puppets[actor.index].order(format_args!("tell\t{name}\t{order}")),
        };
        self.recording.answers.push_back(answer.clone());
        answer
    }

    /// An order that is answered by an address.
    pub(crate) fn place(&mut self, actor: &Actor, order: impl Display) -> SocketAddr {
        puppet::address(&self.order(actor, order))
    }

    fn next_answer(&mut self) -> String {
        self.recording.answers.pop_front().expect("the recording goes on")
    }

    fn now(&self) -> Moment {
        let elapsed = self.began.elapsed() + self.passed;
        Moment(u64::try_from(elapsed.as_nanos()).unwrap())
    }

    /// Lets time pass, for the engine alone.
    pub(crate) fn let_pass(&mut self, time: Duration) {
        self.passed += time;
        self.engine.tick(self.now());
    }

    pub(crate) fn graph(&self) -> &Graph {
        self.engine.graph()
    }

    /// True once the source has said that it missed something.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost
    }

    /// Hears what is told until it is as it must be.
    pub(crate) fn until(&mut self, what: &str, check: impl Fn(&Self) -> Result<(), String>) {
        self.hear(what, |stage, _| check(stage));
    }

    /// Hears everything that there is at this time.
    pub(crate) fn look_again(&mut self) {
        if let Some(live) = &mut self.live {
            live.collector.request_resync();
        }
        let everything = |batch: &[Event]| batch.first() == Some(&Event::Resync);
        self.hear("the whole truth", |_, heard| {
            heard.iter().any(|batch| everything(batch)).then_some(()).ok_or_else(String::new)
        });
    }

    /// One chapter: what is told until `check` is content with the stage and with what was heard.
    fn hear(&mut self, what: &str, check: impl Fn(&Self, &[Vec<Event>]) -> Result<(), String>) {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        let mut chapter = Vec::new();
        if self.live.is_none() {
            for batch in self.recording.chapters.pop_front().expect("the recording goes on") {
                heard.push(batch.events.clone());
                self.engine.apply(batch, self.now());
            }
            if let Err(lacking) = check(self, &heard) {
                panic!("replayed, {what} is not told by {:?}: {lacking}", self.who);
            }
            return;
        }
        loop {
            let lacking = match check(self, &heard) {
                Ok(()) => break,
                Err(lacking) => lacking,
            };
            let late = Instant::now() > deadline;
            assert!(!late, "{what} is not told by {:?}: {lacking}", self.who);
            let live = self.live.as_mut().expect("it is live");
            let batch = live.collector.next(Duration::from_millis(100)).expect("it collects");
            if let Some(batch) = batch {
                let gap = |event: &Event| matches!(event, Event::Gap { .. });
                self.lost |= batch.events.iter().any(gap);
                heard.push(batch.events.clone());
                chapter.push(batch.clone());
                self.engine.apply(batch, self.now());
            }
        }
        self.recording.chapters.push_back(chapter);
    }

    /// The process of an actor, if it is told to run.
    pub(crate) fn process(&self, actor: &Actor) -> Result<Process, String> {
        let pid = actor.pid;
        let mut all = self.graph().processes().filter(|it| it.alive && it.process.key.pid == pid);
        match (all.next(), all.next()) {
            (Some(entry), None) => Ok((*entry.process).clone()),
            (None, _) => Err(format!("there is no process {pid}")),
            _ => Err(format!("there are several processes {pid}")),
        }
    }
}
