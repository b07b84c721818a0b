//! A machine that is looked at, and that besides tells of events through a session of event tracing:
//! when to look, what to make of what was lost, and how to go on without a session. It knows the
//! machine and the session only by what they can do, so that all of it is tested on every system.
//!
//! Windows' tables name listeners, UDP sockets and connections; a session tells of connections,
//! datagrams and processes. So looks come as often with a session as without: the session adds what
//! looks miss, and who does not hear of it any more misses nothing else.

mod capabilities;
pub mod queue;
mod session;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use procnet_core::{Batch, Capability, Degradation, Event, GapReason, Moment, Timestamp};

use self::capabilities::{with_session, without_session};
use self::queue::{Missed, Queue, Traced};
use self::session::Restart;
pub use self::session::{Session, Totals, TraceError, Tracer};
use crate::differ::Draft;
use crate::parse::sighting::ProcessSighting;
use crate::sightings::Sightings;
use crate::{CollectError, CollectOptions, Differ};

/// How long records gather. A frame: shorter costs wake-ups, longer is seen. Sessions hand over
/// what they have as often.
pub const FRAME: Duration = Duration::from_millis(18);
/// How often a session is asked what it lost, and whether it lives.
const ASK_INTERVAL: Duration = Duration::from_millis(250);
/// An event reaches us a frame after it happened, or a few: so long after a look it is still waited
/// for the events that say how what is lacking ended.
const SETTLING: Duration = Duration::from_millis(100);

/// What can be looked at.
pub trait Machine {
    /// Looks at everything, completed by what was seen meanwhile, and tells these degradations.
    fn look(
        &mut self,
        sightings: &mut Sightings,
        degradations: &[Degradation],
    ) -> Result<Batch, CollectError>;

    /// What was told.
    fn differ(&mut self) -> &mut Differ;

    /// Whether that is one of its own addresses.
    fn is_own(&self, address: IpAddr) -> bool;

    /// A process was seen, before it is told.
    fn saw(&mut self, sighting: &ProcessSighting);

    /// Ends a batch of what was seen: describes the processes that began in it.
    fn finish(&mut self, lost: u64, sightings: &mut Sightings, draft: &mut Draft);

    /// The wall clock.
    fn now(&self) -> Timestamp;
}

/// A session that is listened to.
#[derive(Debug)]
struct Hearing<S> {
    session: S,
    queue: Arc<Queue>,
    since: Instant,
    lost: Totals,
    next_ask: Instant,
}

/// Looks at a machine, and listens to its sessions while there are any.
#[derive(Debug)]
pub struct Listener<M, T: Tracer> {
    machine: M,
    tracer: T,
    hearing: Option<Hearing<T::Session>>,
    restart: Restart,
    /// Why there is no session.
    failure: Option<TraceError>,
    /// There was one, and there is none any more.
    silent: bool,
    /// What looking alone can see.
    scanning: Arc<[Capability]>,
    sightings: Sightings,
    draft: Draft,
    records: Vec<Traced>,
    /// What could not be read, and what was too much, since the last look.
    unreadable: u64,
    untold_flows: u64,
    untold_names: u64,
    queue_bytes: usize,
    interval: Duration,
    began: Instant,
    next_drain: Instant,
    next_look: Instant,
    /// No look comes before: one that takes long is followed by as long a rest.
    rested: Instant,
    /// What happened before the look that is due has been told.
    caught_up: bool,
    /// The first look has been told.
    begun: bool,
    /// When to close what the last look lacked.
    settle: Option<Instant>,
}

impl<M: Machine, T: Tracer> Listener<M, T> {
    /// Opens a session, so that nothing is missed from the first look on. It goes on without one,
    /// see [`Listener::failure`].
    pub fn new(mut machine: M, tracer: T, options: &CollectOptions, now: Instant) -> Self {
        let scanning = Arc::from(machine.differ().capabilities());
        let mut listener = Self {
            machine,
            tracer,
            hearing: None,
            restart: Restart::new(now),
            failure: None,
            silent: false,
            scanning,
            sightings: Sightings::new(options.udp_flows as usize),
            draft: Draft::default(),
            records: Vec::new(),
            unreadable: 0,
            untold_flows: 0,
            untold_names: 0,
            queue_bytes: options.ring_bytes as usize,
            interval: options.interval,
            began: now,
            next_drain: now,
            next_look: now,
            rested: now,
            caught_up: true,
            begun: false,
            settle: None,
        };
        listener.open(now);
        listener
    }

    /// Why there is no session now.
    pub fn failure(&self) -> Option<&TraceError> {
        self.failure.as_ref()
    }

    /// The machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The next look is due at once, and tells everything.
    pub fn request_resync(&mut self, now: Instant) {
        self.machine.differ().request_resync();
        self.look_soon(now);
    }

    /// What happened since the last call: events, or a look's findings when one is due. `None` if
    /// nothing did.
    pub fn poll(&mut self, now: Instant) -> Result<Option<Batch>, CollectError> {
        if self.hearing.is_none() && self.restart.due().is_some_and(|due| now >= due) {
            self.open(now);
        }
        if now >= self.next_look && self.caught_up {
            return self.look(now).map(Some);
        }
        self.caught_up = now >= self.next_look;
        let clock = Instant::now();
        let batch = self.drain(now);
        self.next_drain = now + FRAME.max(clock.elapsed() * 2);
        Ok(batch)
    }

    /// When asking again is worth it.
    pub fn next_poll(&self) -> Instant {
        let times = [self.hearing.as_ref().map(|_| self.next_drain), self.settle];
        let restart = self.restart.due().filter(|_| self.hearing.is_none());
        times.into_iter().flatten().chain(restart).fold(self.next_look, Instant::min)
    }

    fn look_soon(&mut self, now: Instant) {
        self.next_look = self.rested.max(now).min(self.next_look);
        self.caught_up = now >= self.next_look;
    }

    fn open(&mut self, now: Instant) {
        let queue = Arc::new(Queue::new(self.queue_bytes));
        let told = match self.tracer.open(&queue) {
            Ok(session) => {
                let told = with_session(&self.scanning, session.lacks());
                let lost = Totals::default();
                self.hearing = Some(Hearing { session, queue, since: now, lost, next_ask: now });
                (self.failure, self.silent) = (None, false);
                self.machine.differ().set_live();
                // What happened between the last look and now.
                self.look_soon(now);
                told
            }
            Err(error) => {
                self.restart.failed(&error, Duration::ZERO, now);
                let told = without_session(&self.scanning, &error);
                self.failure = Some(error);
                told
            }
        };
        self.set_capabilities(told);
    }

    /// The session is over.
    fn close(&mut self, hearing: &Hearing<T::Session>, error: TraceError, now: Instant) {
        let lived = now.saturating_duration_since(hearing.since);
        self.restart.failed(&error, lived, now);
        self.set_capabilities(without_session(&self.scanning, &error));
        (self.failure, self.silent) = (Some(error), true);
        self.draft.note(Event::Gap { lost: 0, reason: GapReason::Kernel });
        self.look_soon(now);
    }

    fn set_capabilities(&mut self, told: Arc<[Capability]>) {
        let differ = self.machine.differ();
        if *differ.capabilities() != *told {
            differ.set_capabilities(Arc::clone(&told));
            // The first look tells them anyway.
            if self.begun {
                self.draft.note(Event::Capabilities(told));
            }
        }
    }

    fn look(&mut self, now: Instant) -> Result<Batch, CollectError> {
        let clock = Instant::now();
        self.caught_up = false;
        let degradations = self.degradations();
        let batch = self.machine.look(&mut self.sightings, &degradations);
        let took = clock.elapsed();
        self.rested = now + took * 2;
        self.next_look = self.rested.max(now + self.interval);
        if batch.is_ok() {
            self.begun = true;
            let events = if self.hearing.is_some() { SETTLING } else { Duration::ZERO };
            self.settle = Some(now + took + events);
        }
        batch
    }

    fn degradations(&mut self) -> Vec<Degradation> {
        let flows = self.sightings.untold_flows();
        let untold = flows - std::mem::replace(&mut self.untold_flows, flows);
        let names = self.sightings.untold_names();
        let nameless = names - std::mem::replace(&mut self.untold_names, names);
        let unreadable = std::mem::take(&mut self.unreadable);
        let silent = match &self.failure {
            Some(error) if self.silent => {
                let remedy = error.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default();
                format!(
                    "There are no events any more, only looks at the sockets: {error}. It is tried \
                     again to open a session{remedy}."
                )
            }
            _ => String::new(),
        };
        let told = [
            ("trace-ended", u64::from(!silent.is_empty()), silent.as_str()),
            (
                "trace-unreadable",
                unreadable,
                "Events of a form that this version does not know were not read.",
            ),
            (
                "udp-peers-limit",
                untold,
                "More UDP peers exchange datagrams at once than are remembered; datagrams of the \
                 others are not told.",
            ),
            (
                "names-limit",
                nameless,
                "More names were asked for than are remembered; remotes show without theirs.",
            ),
        ];
        told.into_iter()
            .filter(|(_, count, _)| *count > 0)
            .map(|(id, count, message)| Degradation { id, message: Arc::from(message), count })
            .collect()
    }

    fn drain(&mut self, now: Instant) -> Option<Batch> {
        self.sightings.begin(Moment::default().saturating_add(now - self.began));
        let lost = self.hear(now);
        if self.settle.is_some_and(|settle| now >= settle) {
            self.settle = None;
            self.machine.differ().close_missed(&mut self.draft, |_| true);
        }
        self.machine.finish(lost, &mut self.sightings, &mut self.draft);
        if lost > 0 {
            self.look_soon(now);
        }
        if self.draft.is_empty() {
            return None;
        }
        let at = self.machine.now();
        Some(self.machine.differ().batch(at, &mut self.draft))
    }

    /// Takes in what the session told; returns how much it lost.
    fn hear(&mut self, now: Instant) -> u64 {
        let Some(mut hearing) = self.hearing.take() else { return 0 };
        let mut lost = 0;
        let mut over = None;
        if now >= hearing.next_ask {
            hearing.next_ask = now + ASK_INTERVAL;
            match hearing.session.lost() {
                Ok(totals) => {
                    lost = totals.since(hearing.lost);
                    hearing.lost = totals;
                }
                Err(error) => over = Some(error),
            }
        }
        let Missed { dropped, unreadable } = hearing.queue.take(&mut self.records);
        self.unreadable = self.unreadable.saturating_add(unreadable);
        lost = lost.saturating_add(dropped);
        let Self { machine, sightings, draft, records, .. } = self;
        for record in records.drain(..) {
            match record {
                Traced::Network(record) => {
                    let sighting = record.sighting(|address| machine.is_own(address));
                    sightings.socket(&sighting, machine.differ(), draft);
                }
                Traced::Named(named) => {
                    sightings.name(named.pid, &named.name, named.addresses.iter().copied());
                }
                Traced::Process(sighting) => {
                    machine.saw(&sighting);
                    sightings.process(sighting);
                }
            }
        }
        match over {
            Some(error) => self.close(&hearing, error, now),
            None => self.hearing = Some(hearing),
        }
        lost
    }
}
