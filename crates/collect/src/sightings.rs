//! What an event source other than the kernel's own records saw of sockets: connections that came
//! about, bytes that went by, endings. Sightings become the same events as the records of Linux do
//! for the same story (SPEC C5-C7, G12, D1).
//!
//! Such a source names a socket by its ends and the process that used it, for the platform gives it
//! no handle; and it tells bytes as they go by, not in all. It knows no platform, and reads no
//! clock.

mod flows;
mod names;
mod processes;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use procnet_core::{
    Attribution, Counters, Ending, Endpoint, Event, GapReason, Moment, Owner, Owners, Process,
    ProcessKey, Protocol, Role, Socket, SocketKey, SocketState, Timestamp, UnknownOwner,
};
use rustc_hash::FxHashMap;

use self::flows::Flows;
use self::names::Names;
use self::processes::Processes;
use crate::Differ;
use crate::differ::Draft;
use crate::parse::sighting::{Activity, ProcessSighting, Sighting};

/// Most connections that are remembered after their end was told, and for how long: systems list
/// them in TIME_WAIT, without an owner, and so under another key, for up to four minutes.
const MAX_OVER: usize = 262_144;
const REMEMBERED: Duration = Duration::from_secs(300);
const FORGET_INTERVAL: Duration = Duration::from_secs(30);
/// How often it is told what sockets carried.
const COUNT_INTERVAL: Duration = Duration::from_millis(250);

/// The two ends of a TCP connection, the local one first.
type Connection = (Endpoint, Endpoint);

/// Puts batches together from sightings.
#[derive(Debug)]
pub struct Sightings {
    now: Moment,
    flows: Flows,
    processes: Processes,
    names: Names,
    /// What sockets carried since that was last told.
    carried: FxHashMap<SocketKey, Counters>,
    next_count: Moment,
    /// Connections whose end was told.
    over: FxHashMap<Connection, Moment>,
    next_forget: Moment,
    /// Sightings of sockets that no process is known to have.
    nobodys: u64,
}

impl Sightings {
    /// Nothing was seen yet. Of UDP, exchanges with at most `max_flows` peers are told at once.
    pub fn new(max_flows: usize) -> Self {
        Self {
            now: Moment::default(),
            flows: Flows::new(max_flows),
            processes: Processes::default(),
            names: Names::default(),
            carried: FxHashMap::default(),
            next_count: Moment::default(),
            over: FxHashMap::default(),
            next_forget: Moment::default(),
            nobodys: 0,
        }
    }

    /// How many sightings could not be told, for the source named no process.
    pub fn nobodys(&self) -> u64 {
        self.nobodys
    }

    /// How many UDP exchanges could not be told, for too many went on.
    pub fn untold_flows(&self) -> u64 {
        self.flows.untold()
    }

    /// Begins a batch, at this time of the driver's monotonic clock.
    pub fn begin(&mut self, now: Moment) {
        self.now = now;
    }

    /// A process started or ended.
    pub fn process(&mut self, sighting: ProcessSighting) {
        self.processes.saw(sighting);
    }

    /// A process was told that a name, sanitised, has these addresses: who connects to one of them
    /// from now on asked for that name.
    pub fn name(&mut self, pid: u32, name: &Arc<str>, addresses: impl Iterator<Item = IpAddr>) {
        self.names.told(pid, name, addresses, self.now);
    }

    /// How many answers to programs that asked for names were not taken in, for there were too many.
    pub fn untold_names(&self) -> u64 {
        self.names.untold()
    }

    /// That process is there, and was told of.
    pub fn knows(&mut self, process: ProcessKey) {
        self.processes.knows(process);
    }

    /// Takes in one sighting of a socket.
    pub fn socket(&mut self, sighting: &Sighting, differ: &mut Differ, draft: &mut Draft) {
        if sighting.pid == 0 {
            self.nobodys = self.nobodys.saturating_add(1);
            return;
        }
        let datagram = matches!(sighting.activity, Activity::Sent(_) | Activity::Received(_));
        if sighting.protocol == Protocol::Udp && sighting.remote.is_some() && datagram {
            let owner = self.owner(sighting.pid);
            let Self { flows, names, now, .. } = self;
            if let Some(key) = flows.saw(sighting, owner, names, *now, differ, draft) {
                self.carry(key, sighting);
            }
            return;
        }
        let key = sighting.key();
        match sighting.activity {
            Activity::Closed => self.closed(key, sighting, differ, draft),
            Activity::Connected | Activity::Accepted | Activity::Present(_) => {
                self.open(key, sighting, differ, draft);
            }
            // Also after a connection's end: what is still sent again is no news of it.
            Activity::Retransmitted => self.carry_known(key, sighting, differ, draft),
            // By far the most: whatever carried something since that was last told is known.
            Activity::Sent(_) | Activity::Received(_) if self.carried.contains_key(&key) => {
                self.carry(key, sighting);
            }
            Activity::Sent(_) | Activity::Received(_) | Activity::Counted(_) => {
                if differ.drafted(&key, draft).is_none() {
                    // What still goes out after the end is no new beginning; what comes in says that
                    // only this half was ended.
                    let sent = matches!(sighting.activity, Activity::Sent(_));
                    if sent && connection(sighting).is_some_and(|it| self.is_over(&it)) {
                        return;
                    }
                    self.open(key, sighting, differ, draft);
                }
                self.carry_known(key, sighting, differ, draft);
            }
        }
    }

    /// Ends the batch. `lost`: how many events were lost since the last one. `describe` says who
    /// the processes are that started in it, given their parents: where they can't be looked at any
    /// more, [`ProcessSighting::bare`].
    pub fn finish(
        &mut self,
        lost: u64,
        differ: &mut Differ,
        draft: &mut Draft,
        describe: impl FnMut(ProcessSighting, Option<ProcessKey>) -> Arc<Process>,
    ) {
        if lost > 0 {
            draft.note(Event::Gap { lost, reason: GapReason::Kernel });
        }
        let ended = self.processes.tell(differ, draft, describe);
        for process in &ended {
            self.names.forget_process(process.pid);
        }
        let mut over = self.flows.take_of(&ended);
        over.extend(self.flows.take_idle(self.now));
        for (key, at) in over {
            self.end(key, at, differ, draft);
        }
        if self.now >= self.next_count {
            self.next_count = self.now.saturating_add(COUNT_INTERVAL);
            self.tell_carried(differ, draft);
        }
        if self.now >= self.next_forget {
            self.next_forget = self.now.saturating_add(FORGET_INTERVAL);
            let now = self.now;
            self.over.retain(|_, since| now.saturating_since(*since) < REMEMBERED);
            self.names.forget(now);
        }
    }

    /// Completes what a snapshot is about to tell: what was counted stays counted, what no event
    /// told of gets its name, and connections whose end was told are left out, though the system
    /// still lists them.
    pub fn complete(&self, sockets: &mut Vec<Socket>, differ: &Differ) {
        sockets.retain_mut(|socket| {
            let known = differ.socket(&socket.key).map(|known| known.counters);
            self.complete_one(socket, known)
        });
    }

    /// The same of one socket, of which so much has been told; false if it is to be left out.
    pub fn complete_one(&self, socket: &mut Socket, told: Option<Counters>) -> bool {
        if is_ending(socket.state)
            && let Some(remote) = socket.remote
            && self.is_over(&(socket.local, remote))
        {
            return false;
        }
        match (told, socket.remote) {
            (Some(told), _) if socket.counters == Counters::default() => socket.counters = told,
            (None, Some(remote)) => {
                let owner = socket.primary_owner();
                let name = owner.and_then(|owner| self.names.get(owner.process.pid, remote.ip));
                socket.remote_name = name.cloned();
            }
            _ => {}
        }
        true
    }

    /// Whether the connection's end was told, not long ago.
    fn is_over(&self, connection: &Connection) -> bool {
        let since = self.over.get(connection);
        since.is_some_and(|since| self.now.saturating_since(*since) < REMEMBERED)
    }

    /// A snapshot was taken at this time: these are the processes that there were.
    pub fn after_snapshot<'a>(
        &mut self,
        at: Timestamp,
        processes: impl IntoIterator<Item = &'a ProcessKey>,
    ) {
        self.flows.after_snapshot(self.now, at);
        self.processes.replace(processes);
    }

    fn tell_carried(&mut self, differ: &mut Differ, draft: &mut Draft) {
        for (key, more) in self.carried.drain() {
            let Some(known) = differ.drafted(&key, draft) else { continue };
            let totals = sum(known.counters, more);
            differ.socket_counted(key, totals, draft);
        }
    }

    fn owner(&self, pid: u32) -> Option<Owner> {
        let process = self.processes.by_pid(pid)?;
        Some(Owner { process, attribution: Attribution::Observed })
    }

    fn name_of(&self, sighting: &Sighting) -> Option<Arc<str>> {
        self.names.of(sighting).cloned()
    }

    fn open(
        &mut self,
        key: SocketKey,
        sighting: &Sighting,
        differ: &mut Differ,
        draft: &mut Draft,
    ) {
        let (state, role) = match sighting.activity {
            Activity::Connected => (SocketState::Established, Some(Role::Client)),
            Activity::Accepted => (SocketState::Established, Some(Role::Server)),
            Activity::Present(state @ SocketState::SynSent) => (state, Some(Role::Client)),
            Activity::Present(state) => (state, None),
            _ => (SocketState::Established, None),
        };
        let again = matches!(sighting.activity, Activity::Connected | Activity::Accepted);
        if let Some(connection) = connection(sighting) {
            self.over.remove(&connection);
        }
        let owner = self.owner(sighting.pid);
        let name = self.name_of(sighting);
        let mut anew = false;
        let known = differ.change_socket(&key, draft, |socket| {
            // Whoever connects anew between the same ends begins a new life.
            let ended = socket.state != SocketState::SynSent && socket.role.is_some();
            if again && ended {
                anew = true;
                let remote_name = name.clone();
                *socket = Socket { remote_name, ..opened(key, sighting, state, role, owner) };
                return true;
            }
            let role = role.or(socket.role);
            let owners_changed = owner.is_some_and(|owner| add(&mut socket.owners, owner));
            let changed = socket.state != state || socket.role != role || owners_changed;
            (socket.state, socket.role) = (state, role);
            changed
        });
        if !known {
            let socket = opened(key, sighting, state, role, owner);
            differ.socket_opened(Socket { remote_name: name, ..socket }, draft);
        } else if anew {
            self.carried.remove(&key);
        }
    }

    fn closed(
        &mut self,
        key: SocketKey,
        sighting: &Sighting,
        differ: &mut Differ,
        draft: &mut Draft,
    ) {
        if let Some(connection) = connection(sighting)
            && self.over.len() < MAX_OVER
        {
            self.over.insert(connection, self.now);
        }
        self.end(key, sighting.at, differ, draft);
    }

    fn end(&mut self, key: SocketKey, at: Timestamp, differ: &mut Differ, draft: &mut Draft) {
        let carried = self.carried.remove(&key).unwrap_or_default();
        let Some(known) = differ.drafted(&key, draft) else { return };
        let ending = Ending { totals: sum(known.counters, carried), at };
        differ.socket_closed(key, Some(ending), draft);
    }

    /// Notes what a known socket carried, until the batch ends.
    fn carry_known(
        &mut self,
        key: SocketKey,
        sighting: &Sighting,
        differ: &mut Differ,
        draft: &mut Draft,
    ) {
        if let Activity::Counted(counters) = sighting.activity {
            self.carried.remove(&key);
            differ.socket_counted(key, counters, draft);
        } else if differ.drafted(&key, draft).is_some() {
            self.carry(key, sighting);
        }
    }

    fn carry(&mut self, key: SocketKey, sighting: &Sighting) {
        let datagrams = u64::from(sighting.protocol == Protocol::Udp);
        let more = match sighting.activity {
            Activity::Sent(bytes) => {
                Counters { sent_bytes: bytes, sent_packets: datagrams, ..Counters::default() }
            }
            Activity::Received(bytes) => Counters {
                received_bytes: bytes,
                received_packets: datagrams,
                ..Counters::default()
            },
            Activity::Retransmitted => Counters { retransmits: 1, ..Counters::default() },
            _ => return,
        };
        let carried = self.carried.entry(key).or_default();
        *carried = sum(*carried, more);
    }
}

/// The states of a connection that this end has closed.
const fn is_ending(state: SocketState) -> bool {
    match state {
        SocketState::FinWait1
        | SocketState::FinWait2
        | SocketState::Closing
        | SocketState::LastAck
        | SocketState::TimeWait
        | SocketState::Closed => true,
        SocketState::Listen
        | SocketState::SynSent
        | SocketState::SynReceived
        | SocketState::Established
        | SocketState::CloseWait => false,
    }
}

fn connection(sighting: &Sighting) -> Option<Connection> {
    (sighting.protocol == Protocol::Tcp).then_some((sighting.local, sighting.remote?))
}

/// What was counted, and what came on top of it.
fn sum(before: Counters, more: Counters) -> Counters {
    Counters {
        received_bytes: before.received_bytes.saturating_add(more.received_bytes),
        sent_bytes: before.sent_bytes.saturating_add(more.sent_bytes),
        received_packets: before.received_packets.saturating_add(more.received_packets),
        sent_packets: before.sent_packets.saturating_add(more.sent_packets),
        rtt_us: before.rtt_us,
        retransmits: before.retransmits.saturating_add(more.retransmits),
    }
}

/// A socket that was not known before this sighting.
fn opened(
    key: SocketKey,
    sighting: &Sighting,
    state: SocketState,
    role: Option<Role>,
    owner: Option<Owner>,
) -> Socket {
    Socket {
        key,
        protocol: sighting.protocol,
        state,
        local: sighting.local,
        remote: sighting.remote,
        v6_only: false,
        uid: None,
        owners: owner.into_iter().collect(),
        unknown_owner: UnknownOwner::NotFound,
        role,
        counters: Counters::default(),
        opened: sighting.at,
        remote_name: None,
        unix: None,
    }
}

/// Adds who was seen using the socket; true if that says more than was known.
fn add(owners: &mut Owners, owner: Owner) -> bool {
    match owners.iter_mut().find(|known| known.process == owner.process) {
        Some(known) if known.attribution <= owner.attribution => return false,
        Some(known) => known.attribution = owner.attribution,
        None => owners.push(owner),
    }
    owners.sort_unstable();
    true
}

#[cfg(test)]
mod tests;
