//! What a listing that takes a while says of sockets, for a source that also hears of events.
//!
//! What events tell meanwhile may be older or younger than what the listing says of the same
//! socket. Of both that is taken which comes later in a socket's life.

use procnet_core::{Counters, Owners, ProcessKey, Protocol, Socket, SocketKey, SocketState};

use super::{Differ, Intake};

impl Differ {
    /// Takes note of a socket, known by its cookie, that is as it was told and that this process
    /// holds. False if something is to be told after all.
    pub fn confirm(&mut self, key: &SocketKey, process: &ProcessKey) -> bool {
        let generation = self.generation;
        let Some(known) = self.sockets.held_alone(key, process) else { return false };
        if known.generation != generation {
            known.generation = generation;
            self.named += 1;
        }
        true
    }
}

impl Intake<'_> {
    /// Whether sockets are known that have neither been named nor been told of since the listing
    /// was begun, though it might have named them.
    pub fn lacks_any(&self) -> bool {
        let Differ { named, flows, sockets, generation, .. } = &*self.differ;
        named + flows < sockets.len()
            && sockets
                .values()
                .any(|known| known.generation != *generation && known.may_be_listed())
    }

    /// What is known of a socket.
    pub fn known(&self, key: &SocketKey) -> Option<&Socket> {
        self.differ.socket(key)
    }

    /// Takes in a socket that the listing tells anew.
    pub fn take_listed(&mut self, mut socket: Socket) {
        if let Some(known) = self.told_since(&socket.key) {
            if socket.protocol == Protocol::Tcp && stage(known.state) > stage(socket.state) {
                socket.state = known.state;
                socket.remote = known.remote;
            }
            if is_older(&socket.counters, &known.counters) {
                socket.counters = known.counters;
            }
            add_owners(&mut socket.owners, &known.owners);
        }
        self.take(socket);
    }

    /// Takes in who holds a socket that is otherwise as it was told. False if it is not known.
    pub fn take_holders(&mut self, key: &SocketKey, mut holders: Owners) -> bool {
        if let Some(known) = self.told_since(key) {
            add_owners(&mut holders, &known.owners);
        }
        let Some(known) = self.differ.socket(key) else { return false };
        let socket = Socket { owners: holders, ..known.clone() };
        self.take(socket);
        true
    }

    /// What is known of a socket, if it was confirmed, or events told of it, since the listing was
    /// begun.
    fn told_since(&self, key: &SocketKey) -> Option<&Socket> {
        let known = self.differ.sockets.get(key)?;
        (known.generation == self.differ.generation).then_some(&**known.socket())
    }
}

/// Adds those that are not there yet.
fn add_owners(owners: &mut Owners, more: &Owners) {
    for owner in more {
        if !owners.iter().any(|known| known.process == owner.process) {
            owners.push(*owner);
        }
    }
    owners.sort_unstable();
}

/// Whether these were counted before those: nothing that is counted ever shrinks.
pub(super) fn is_older(these: &Counters, those: &Counters) -> bool {
    let all = |counters: &Counters| {
        [
            counters.received_bytes,
            counters.sent_bytes,
            counters.received_packets,
            counters.sent_packets,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    };
    all(these) < all(those)
}

/// How far a connection has come in its life.
fn stage(state: SocketState) -> u8 {
    match state {
        SocketState::Closed | SocketState::Listen => 0,
        SocketState::SynSent | SocketState::SynReceived => 1,
        SocketState::Established => 2,
        SocketState::CloseWait | SocketState::FinWait1 => 3,
        SocketState::FinWait2 | SocketState::Closing | SocketState::LastAck => 4,
        SocketState::TimeWait => 5,
    }
}
