//! What the messages of the network statistics say of which socket: they name a socket by a number,
//! and say what it is only now and then.

use procnet_core::{Counters, Role, SocketKey, SocketState, Timestamp};
use rustc_hash::FxHashMap;

use super::super::sighting::{Activity, Sighting};
use super::statistics::{Description, Message};

/// Most sockets that are known by number.
const MAX_SOURCES: usize = 262_144;
/// So often may a socket be missing when all are asked for, before it is taken to be gone: its end
/// may have been lost.
const MAX_SILENCE: u64 = 5;

/// The sockets by their numbers.
#[derive(Debug, Default)]
pub struct Sources {
    known: FxHashMap<u64, Source>,
    untold: u64,
    /// How often all were asked for.
    rounds: u64,
}

/// A socket, as it was last told.
#[derive(Clone, Copy, Debug)]
struct Source {
    sighting: Sighting,
    state: SocketState,
    role: Option<Role>,
    /// The round in which it was heard of last.
    heard: u64,
}

impl Sources {
    /// All are about to be asked for. Forgets those of which nothing was heard for long; whether
    /// they are gone, the next look says.
    pub fn begin_round(&mut self) {
        self.rounds += 1;
        let rounds = self.rounds;
        self.known.retain(|_, source| source.heard + MAX_SILENCE >= rounds);
    }

    /// The identities of all that are known.
    pub fn keys(&self) -> impl Iterator<Item = SocketKey> {
        self.known.values().map(|source| source.sighting.key())
    }

    /// How many messages could not be told: too many sockets, or of no known kind or length.
    pub fn untold(&self) -> u64 {
        self.untold
    }

    /// Takes in one message that came at this time, and tells what it says.
    pub fn take(&mut self, message: &Message<'_>, at: Timestamp, mut tell: impl FnMut(Sighting)) {
        match message {
            Message::Described { source, description } => {
                self.described(*source, description, at, &mut tell);
            }
            Message::Counted { source, counters } => {
                self.counted(*source, *counters, at, &mut tell);
            }
            Message::Updated { source, counters, description } => {
                self.described(*source, description, at, &mut tell);
                self.counted(*source, *counters, at, &mut tell);
            }
            Message::Removed { source } => {
                if let Some(source) = self.known.remove(source) {
                    tell(Sighting { at, activity: Activity::Closed, ..source.sighting });
                }
            }
            Message::Unknown { .. } => self.untold = self.untold.saturating_add(1),
            Message::Done { .. } | Message::Failed { .. } | Message::Added { .. } => {}
        }
    }

    fn described(
        &mut self,
        source: u64,
        description: &Description<'_>,
        at: Timestamp,
        tell: &mut impl FnMut(Sighting),
    ) {
        let Description { state, role, .. } = *description;
        let before = self.known.get(&source).copied();
        if before.is_none() && self.known.len() >= MAX_SOURCES {
            self.untold = self.untold.saturating_add(1);
            return;
        }
        let opened = role.filter(|_| state == SocketState::Established);
        let activity = match opened.filter(|_| description.remote.is_some()) {
            Some(Role::Client) => Activity::Connected,
            Some(Role::Server) => Activity::Accepted,
            None => Activity::Present(state),
        };
        let sighting = Sighting {
            at,
            pid: description.pid,
            protocol: description.protocol,
            local: description.local,
            remote: description.remote,
            activity,
        };
        let heard = self.rounds;
        self.known.insert(source, Source { sighting, state, role, heard });
        if let Some(before) = before {
            if before.sighting.key() == sighting.key()
                && (before.state, before.role) == (state, role)
            {
                return;
            }
            // Its local address was chosen, or it was handed to another process.
            if before.sighting.key() != sighting.key() {
                tell(Sighting { at, activity: Activity::Closed, ..before.sighting });
            }
        }
        tell(sighting);
    }

    fn counted(
        &mut self,
        source: u64,
        counters: Counters,
        at: Timestamp,
        tell: &mut impl FnMut(Sighting),
    ) {
        let rounds = self.rounds;
        if let Some(source) = self.known.get_mut(&source) {
            source.heard = rounds;
            tell(Sighting { at, activity: Activity::Counted(counters), ..source.sighting });
        }
    }
}
