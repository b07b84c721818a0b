//! The engine: folds batches of events into the graph.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::address::{AddressFacts, Interfaces};
use crate::capability::Degradation;
use crate::event::{Batch, Event};
use crate::graph::{Changes, Graph};
use crate::key::{HostId, ProcessKey, SocketKey};
use crate::registry::ServicePorts;
use crate::rules::RuleSet;
use crate::time::Moment;

/// How long a link that is gone stays on the map, greyed.
pub const STALE_AFTER: Duration = Duration::from_secs(15);

/// What the engine is told at its start.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// What gives processes their types and labels.
    pub rules: Arc<RuleSet>,
    /// The last resort of direction.
    pub service_ports: ServicePorts,
    /// How long a link that is gone stays, greyed.
    pub stale_after: Duration,
    /// True to note every socket's changes in [`Changes::sockets`].
    pub track_sockets: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            rules: Arc::new(RuleSet::builtin()),
            service_ports: ServicePorts::default(),
            stale_after: STALE_AFTER,
            track_sockets: false,
        }
    }
}

/// Folds events into the graph. Deterministic: time comes in from outside.
#[derive(Clone, Debug)]
pub struct Engine {
    graph: Graph,
    rules: Arc<RuleSet>,
    stale_after: Duration,
    now: Moment,
    sequences: FxHashMap<HostId, u64>,
    /// Hosts of which nothing counts before their whole truth is told.
    awaited: FxHashSet<HostId>,
}

impl Engine {
    /// An engine with an empty graph.
    pub fn new(options: EngineOptions) -> Self {
        Self {
            graph: Graph::new(options.service_ports, options.track_sockets),
            rules: options.rules,
            stale_after: options.stale_after,
            now: Moment::default(),
            sequences: FxHashMap::default(),
            awaited: FxHashSet::default(),
        }
    }

    /// Forgets every machine: for a driver that can't rely on the graph any more. What comes counts
    /// again from the next whole truth on, which sources are to be asked for.
    pub fn begin_anew(&mut self) {
        self.graph = self.graph.emptied();
        self.awaited.extend(self.sequences.keys());
    }

    /// The current truth.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What changed since the last call. Every view must be shown every change, once.
    pub fn take_changes(&mut self) -> Changes {
        self.graph.take_changes()
    }

    /// Applies other rules, to what is known and what comes.
    pub fn set_rules(&mut self, rules: Arc<RuleSet>) {
        self.graph.classify_again(&rules);
        self.rules = rules;
    }

    /// Folds a batch in. `now` is the driver's monotonic clock; it never goes back.
    pub fn apply(&mut self, batch: Batch, now: Moment) {
        self.now = self.now.max(now);
        let mut events = batch.events.into_iter().peekable();
        let resync = matches!(events.peek(), Some(Event::Resync));
        if !self.accept(batch.host, batch.sequence, resync) {
            return;
        }
        let mut unnamed = Unnamed::default();
        if resync {
            self.awaited.remove(&batch.host);
        } else if self.awaited.contains(&batch.host) {
            for event in events.filter(Event::is_lasting) {
                self.fold(batch.host, event, &mut unnamed);
            }
            return;
        }
        self.graph.begin(batch.host, batch.at);
        if resync {
            let (sockets, processes) = self.graph.keys_of(batch.host);
            unnamed.sockets.extend(sockets);
            unnamed.processes.extend(processes);
        }
        for event in events {
            self.fold(batch.host, event, &mut unnamed);
        }
        if resync {
            // Sorted, so that the same events always give the same graph.
            let mut sockets: Vec<_> = unnamed.sockets.into_iter().collect();
            sockets.sort_unstable();
            for key in sockets {
                self.graph.close_socket(&key, None, self.now);
            }
            let mut processes: Vec<_> = unnamed.processes.into_iter().collect();
            processes.sort_unstable();
            for key in processes {
                self.graph.exit_process(key);
            }
        }
        self.graph.settle_all(self.now);
        self.graph.expire(self.now, self.stale_after);
    }

    /// Takes in what is known of addresses. Not part of any source's sequence: names come late.
    pub fn know_addresses(&mut self, known: impl IntoIterator<Item = (IpAddr, AddressFacts)>) {
        for (ip, facts) in known {
            self.graph.know_address(ip, facts);
        }
    }

    /// Takes in which interface has which of the machine's addresses. Nothing that is concluded of
    /// sockets rests on it.
    pub fn know_interfaces(&mut self, interfaces: Interfaces) {
        self.graph.know_interfaces(interfaces);
    }

    /// Takes in what is not seen for reasons that are no source's.
    pub fn degrade(&mut self, degradation: Degradation) {
        self.graph.set_degradation(HostId::LOCAL, degradation);
    }

    /// Lets time pass: links that are gone for long enough vanish.
    pub fn tick(&mut self, now: Moment) {
        self.now = self.now.max(now);
        self.graph.expire(self.now, self.stale_after);
    }

    /// Keeps the sequence: a jump is a gap, and what comes too late is not applied, for it would
    /// undo what came after it.
    fn accept(&mut self, host: HostId, sequence: u64, resync: bool) -> bool {
        let last = self.sequences.get(&host).copied();
        if let Some(last) = last
            && !resync
        {
            if sequence <= last {
                self.graph.note_gap(0);
                return false;
            }
            if sequence - last > 1 {
                self.graph.note_gap(0);
            }
        }
        self.sequences.insert(host, sequence);
        true
    }

    fn fold(&mut self, host: HostId, event: Event, unnamed: &mut Unnamed) {
        match event {
            Event::ProcessStarted(process) => {
                unnamed.processes.remove(&process.key);
                self.graph.start_process(process, &self.rules);
            }
            Event::ProcessExited(key) => self.graph.exit_process(key),
            Event::SocketOpened(socket) => {
                unnamed.sockets.remove(&socket.key);
                self.graph.open_socket(socket);
            }
            Event::SocketCounted { key, counters } => {
                unnamed.sockets.remove(&key);
                self.graph.count_socket(&key, counters);
            }
            Event::SocketClosed { key, ending } => {
                self.graph.close_socket(&key, ending, self.now);
            }
            Event::Resync => {}
            Event::Gap { lost, .. } => self.graph.note_gap(lost),
            Event::Capabilities(capabilities) => self.graph.set_capabilities(capabilities),
            Event::Degraded(degradation) => self.graph.set_degradation(host, degradation),
        }
    }
}

/// What a resync has not named yet.
#[derive(Default)]
struct Unnamed {
    sockets: FxHashSet<SocketKey>,
    processes: FxHashSet<ProcessKey>,
}
