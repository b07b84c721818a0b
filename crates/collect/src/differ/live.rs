//! What happens between two snapshots, for a source that also hears of events.
//!
//! Events tell more than a snapshot does (who called connect, who accepted, what a socket carried
//! at its end), so the snapshot after them completes what they said and takes nothing back.

use std::sync::Arc;

use procnet_core::memory::{is_slack, roomy};
use procnet_core::{
    Attribution, Batch, Capability, Counters, Ending, Event, NetnsId, Owner, Process, ProcessKey,
    Protocol, Socket, SocketKey, Timestamp,
};
use rustc_hash::FxHashMap;

use super::known::KnownSocket;
use super::listing::is_older;
use super::{Differ, Known, MAX_DEPARTED};

/// Most events that room is kept for from one batch to the next.
const MAX_ROOM: usize = 2048;

/// The events of one batch that is being put together.
///
/// Sockets that are told of wait here until the batch is made: most live no longer than a batch,
/// and never burden the memory of those that stay.
#[derive(Debug, Default)]
pub struct Draft {
    starts: Vec<Event>,
    sockets: Vec<Event>,
    exits: Vec<Event>,
    /// Where in `sockets` a socket was opened: what is said of it again changes that.
    opened: FxHashMap<SocketKey, Place>,
}

/// Where a draft tells of a socket.
#[derive(Clone, Copy, Debug)]
struct Place {
    index: usize,
    /// It was known before this draft.
    known: bool,
}

impl Draft {
    /// True if there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.sockets.is_empty() && self.exits.is_empty()
    }

    /// Adds an event that is about neither sockets nor processes; it comes first.
    pub fn note(&mut self, event: Event) {
        self.starts.push(event);
    }

    fn socket(&self, key: &SocketKey) -> Option<&Socket> {
        match self.sockets.get(self.opened.get(key)?.index)? {
            Event::SocketOpened(socket) => Some(socket),
            _ => None,
        }
    }

    fn socket_mut(&mut self, key: &SocketKey) -> Option<&mut Socket> {
        match self.sockets.get_mut(self.opened.get(key)?.index)? {
            Event::SocketOpened(socket) => Some(Arc::make_mut(socket)),
            _ => None,
        }
    }

    /// A socket opened that is neither known nor drafted.
    pub fn open_new(&mut self, socket: Socket) {
        self.open(socket, false);
    }

    fn open(&mut self, socket: Socket, known: bool) {
        self.opened.insert(socket.key, Place { index: self.sockets.len(), known });
        self.sockets.push(Event::SocketOpened(Arc::new(socket)));
    }
}

impl Differ {
    /// What is known under this key.
    pub fn socket(&self, key: &SocketKey) -> Option<&Socket> {
        self.sockets.get(key).map(|known| &**known.socket())
    }

    /// Whether the process has been told of, and has not ended.
    pub fn knows_process(&self, key: &ProcessKey) -> bool {
        self.processes.contains_key(key)
    }

    /// What is known of a process that has been told of, and has not ended.
    pub fn process(&self, key: &ProcessKey) -> Option<&Process> {
        self.processes.get(key).map(|known| &*known.value)
    }

    /// Whether somebody was seen opening, accepting or using the socket.
    pub fn has_observed_owner(&self, key: &SocketKey) -> bool {
        self.socket(key).is_some_and(|socket| socket.owners.iter().any(is_observed))
    }

    /// Replaces what the source can see; told with the next whole truth.
    pub fn set_capabilities(&mut self, capabilities: Arc<[Capability]>) {
        self.capabilities = capabilities;
    }

    /// From now on somebody tells of events too. What a snapshot lacks is then not closed at once,
    /// but by [`Differ::close_missed`], after what was told meanwhile: an ending that was seen
    /// says more than an absence.
    pub fn set_live(&mut self) {
        self.live = true;
    }

    /// What the last snapshot lacked, and has not been told of since.
    pub fn untold_missed(&self, draft: &Draft) -> impl Iterator<Item = &SocketKey> {
        self.missed.iter().filter(|key| self.is_untold(key, draft))
    }

    /// Closes what the last snapshot lacked and could have seen, unless it has been told of since.
    pub fn close_missed(&mut self, draft: &mut Draft, could_see: impl Fn(NetnsId) -> bool) {
        for key in std::mem::take(&mut self.missed) {
            if self.is_untold(&key, draft) && could_see(key.netns) {
                self.socket_closed(key, None, draft);
            }
        }
    }

    /// Whether nobody told of a known socket since the last snapshot, which lacked it.
    fn is_untold(&self, key: &SocketKey, draft: &Draft) -> bool {
        let untold = |known: &KnownSocket| known.generation != self.generation;
        self.sockets.get(key).is_some_and(untold) && !draft.opened.contains_key(key)
    }

    /// A process started, or is known better.
    pub fn process_started(&mut self, process: Arc<Process>, draft: &mut Draft) {
        let generation = self.generation;
        let before = self.processes.get(&process.key);
        let process = match before {
            Some(before) => keep_parent(&before.value, &process),
            None => process,
        };
        let is_news = before.is_none_or(|before| before.value != process);
        let known = Known { generation, value: Arc::clone(&process) };
        self.processes.insert(process.key, known);
        if is_news {
            draft.starts.push(Event::ProcessStarted(process));
        }
    }

    /// A process ended.
    pub fn process_exited(&mut self, key: ProcessKey, draft: &mut Draft) {
        if self.processes.remove(&key).is_some() {
            draft.exits.push(Event::ProcessExited(key));
        }
    }

    /// What is known of a socket, the draft included.
    pub fn drafted<'a>(&'a self, key: &SocketKey, draft: &'a Draft) -> Option<&'a Socket> {
        draft.socket(key).or_else(|| self.socket(key))
    }

    /// Changes what is known of a socket, if it is known at all; `change` says whether it did.
    /// False if the socket is not known.
    pub fn change_socket(
        &mut self,
        key: &SocketKey,
        draft: &mut Draft,
        change: impl FnOnce(&mut Socket) -> bool,
    ) -> bool {
        if let Some(socket) = draft.socket_mut(key) {
            change(socket);
            return true;
        }
        let Some(known) = self.sockets.get_mut(key) else { return false };
        mark(known, self.generation, &mut self.named);
        let mut socket = Socket::clone(known.socket());
        if change(&mut socket) {
            draft.open(socket, true);
        }
        true
    }

    /// A socket opened, or is known better.
    pub fn socket_opened(&mut self, socket: Socket, draft: &mut Draft) {
        if let Some(drafted) = draft.socket_mut(&socket.key) {
            *drafted = socket;
            return;
        }
        let known = self.sockets.get_mut(&socket.key);
        if let Some(known) = known {
            mark(known, self.generation, &mut self.named);
            if **known.socket() != socket {
                draft.open(socket, true);
            }
        } else {
            draft.open(socket, false);
        }
    }

    /// What a socket has carried so far, unless more was told already. False if the socket is not
    /// known.
    pub fn socket_counted(
        &mut self,
        key: SocketKey,
        counters: Counters,
        draft: &mut Draft,
    ) -> bool {
        if let Some(drafted) = draft.socket_mut(&key) {
            if !is_older(&counters, &drafted.counters) {
                drafted.counters = counters;
            }
            return true;
        }
        let Some(known) = self.sockets.get_mut(&key) else { return false };
        let before = &known.socket().counters;
        if *before != counters && !is_older(&counters, before) {
            known.count(counters);
            draft.sockets.push(Event::SocketCounted { key, counters });
        }
        true
    }

    /// A socket is gone, which is told if it was known.
    pub fn socket_closed(&mut self, key: SocketKey, ending: Option<Ending>, draft: &mut Draft) {
        let drafted = draft.opened.remove(&key);
        let known = drafted.is_none_or(|place| place.known);
        let known = known.then(|| self.sockets.remove(&key)).flatten();
        if drafted.is_none() && known.is_none() {
            return;
        }
        // A UNIX socket does not linger, but is told again when somebody asks for such anew.
        let is_unix = known.as_ref().is_some_and(|known| known.socket().protocol == Protocol::Unix);
        let lingers = !is_unix && !key.is_flow();
        if let Some(known) = &known {
            if key.is_flow() {
                self.flows -= 1;
            } else if known.generation == self.generation {
                self.named -= 1;
            }
        }
        if lingers && self.departed.len() < MAX_DEPARTED {
            self.departed.insert(key, self.at);
        }
        draft.sockets.push(Event::SocketClosed { key, ending });
    }

    /// The batch of what was drafted, which leaves the draft empty: processes start before sockets
    /// name them as owners, and exit after the sockets.
    pub fn batch(&mut self, at: Timestamp, draft: &mut Draft) -> Batch {
        self.sequence += 1;
        let generation = self.generation;
        for (key, place) in draft.opened.drain() {
            let Some(Event::SocketOpened(socket)) = draft.sockets.get(place.index) else {
                continue;
            };
            self.departed.remove(&key);
            let known = KnownSocket::new(Arc::clone(socket), generation);
            let is_new = self.sockets.insert(known);
            if is_new && key.is_flow() {
                self.flows += 1;
            } else if is_new {
                self.named += 1;
            }
        }
        if is_slack(draft.opened.capacity(), draft.sockets.len()) {
            draft.opened.shrink_to(roomy(draft.sockets.len()));
        }
        let mut events = std::mem::take(&mut draft.starts);
        if events.is_empty() {
            // The next batch will be about as long: growing step by step would copy it again and again.
            let room = Vec::with_capacity(draft.sockets.len().min(MAX_ROOM));
            events = std::mem::replace(&mut draft.sockets, room);
        } else {
            events.append(&mut draft.sockets);
        }
        events.append(&mut draft.exits);
        Batch { host: self.host, sequence: self.sequence, at, events }
    }
}

/// Notes that a known socket was told of.
fn mark(known: &mut KnownSocket, generation: u32, named: &mut usize) {
    if known.generation != generation && !known.socket().key.is_flow() {
        *named += 1;
    }
    known.generation = generation;
}

fn is_observed(owner: &Owner) -> bool {
    matches!(owner.attribution, Attribution::Observed | Attribution::Inherited)
}

/// Adds to a snapshot's row what only events could tell. `complete`: every descriptor table was
/// read for this snapshot, so that who is not found no longer holds the socket.
pub(super) fn keep_observed(
    known: &Socket,
    now: &mut Socket,
    complete: bool,
    is_alive: impl Fn(&ProcessKey) -> bool,
) {
    now.role = now.role.or(known.role);
    if now.remote_name.is_none() && now.remote == known.remote {
        now.remote_name.clone_from(&known.remote_name);
    }
    if now.protocol == Protocol::Udp && now.counters == Counters::default() {
        // The kernel's tables count no UDP bytes.
        now.counters = known.counters;
    }
    if super::is_orphan(now) {
        return;
    }
    let found = !now.owners.is_empty();
    for owner in known.owners.iter().filter(|owner| is_observed(owner)) {
        match now.owners.iter_mut().find(|held| held.process == owner.process) {
            Some(held) => held.attribution = owner.attribution,
            None if complete && found => {}
            None if is_alive(&owner.process) => now.owners.push(*owner),
            None => {}
        }
    }
    now.owners.sort_unstable();
}

/// A process whose parent ended before it was looked at has none any more; we saw it start. Nor does
/// whoever becomes another program say again who started it.
pub(super) fn keep_parent(known: &Process, now: &Arc<Process>) -> Arc<Process> {
    if now.parent.is_some() || known.parent.is_none() {
        return Arc::clone(now);
    }
    Arc::new(Process { parent: known.parent, ..Process::clone(now) })
}
