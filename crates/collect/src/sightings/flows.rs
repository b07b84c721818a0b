//! What UDP sockets exchange with whom, from the first datagram to the last (G12). Nobody tells
//! when such an exchange is over: it is, after a minute without datagrams.

use std::hash::BuildHasher;
use std::time::Duration;

use procnet_core::{
    HostId, Moment, NetnsId, Owner, ProcessKey, Role, Socket, SocketIdentity, SocketKey,
    SocketState, Timestamp,
};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::names::Names;
use super::opened;
use crate::Differ;
use crate::differ::Draft;
use crate::parse::sighting::{Activity, Sighting, unspecified_like};

/// An exchange without datagrams ends after so long.
const IDLE: Duration = Duration::from_secs(60);
/// And after so long where there is not room for many more.
const SHORT_IDLE: Duration = Duration::from_secs(5);
/// How often those that are over are looked for.
const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Use {
    /// When the last datagram was seen.
    last: Moment,
    at: Timestamp,
    /// Whose socket it is.
    pid: u32,
}

#[derive(Debug)]
pub(super) struct Flows {
    limit: usize,
    used: FxHashMap<SocketKey, Use>,
    untold: u64,
    next_look: Moment,
    /// The first snapshot. Who began is known only of what came some time after it.
    since: Option<(Moment, Timestamp)>,
}

impl Flows {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: FxHashMap::default(),
            untold: 0,
            next_look: Moment::default(),
            since: None,
        }
    }

    pub(super) fn untold(&self) -> u64 {
        self.untold
    }

    pub(super) fn after_snapshot(&mut self, now: Moment, at: Timestamp) {
        self.since.get_or_insert((now, at));
    }

    /// A datagram went by. The exchange's key, if what it carried is to be noted.
    pub(super) fn saw(
        &mut self,
        sighting: &Sighting,
        owner: Option<Owner>,
        names: &Names,
        now: Moment,
        differ: &mut Differ,
        draft: &mut Draft,
    ) -> Option<SocketKey> {
        let key = key(sighting)?;
        let last = Use { last: now, at: sighting.at, pid: sighting.pid };
        if let Some(used) = self.used.get_mut(&key) {
            *used = last;
            return Some(key);
        }
        if self.used.len() >= self.limit {
            self.untold = self.untold.saturating_add(1);
            return None;
        }
        self.used.insert(key, last);
        let role = self.note_role(sighting, now, differ, draft);
        let socket = opened(key, sighting, SocketState::Established, role, owner);
        let remote_name = names.of(sighting).cloned();
        differ.socket_opened(Socket { remote_name, ..socket }, draft);
        Some(key)
    }

    /// Who began, where that was seen; and what it says of the socket that carries it (V6).
    fn note_role(
        &self,
        sighting: &Sighting,
        now: Moment,
        differ: &mut Differ,
        draft: &mut Draft,
    ) -> Option<Role> {
        let (beginning, first_snapshot) = self.since?;
        let role = match sighting.activity {
            Activity::Sent(_) => Role::Client,
            Activity::Received(_) => Role::Server,
            _ => return None,
        };
        let mut carrier = Sighting { remote: None, ..*sighting };
        if differ.drafted(&carrier.key(), draft).is_none() {
            carrier.local.ip = unspecified_like(carrier.local);
        }
        let carrier = carrier.key();
        let known = differ.drafted(&carrier, draft);
        let is_new = known.is_some_and(|socket| socket.opened > first_snapshot);
        if !is_new && now.saturating_since(beginning) < IDLE {
            return None; // What is seen first may be an answer.
        }
        differ.change_socket(&carrier, draft, |socket| {
            let becomes = match (socket.role, role) {
                (None, Role::Client) => is_new,
                (before, Role::Server) => before != Some(Role::Server),
                (Some(_), Role::Client) => false,
            };
            if becomes {
                socket.role = Some(role);
            }
            becomes
        });
        Some(role)
    }

    /// The exchanges that have long been silent, each with the time of its last datagram. They are
    /// forgotten.
    pub(super) fn take_idle(&mut self, now: Moment) -> Vec<(SocketKey, Timestamp)> {
        if self.used.is_empty() || now < self.next_look {
            return Vec::new();
        }
        self.next_look = now.saturating_add(INTERVAL);
        let patience = if self.used.len() >= self.limit / 4 * 3 { SHORT_IDLE } else { IDLE };
        let idle = |used: &Use| now.saturating_since(used.last) >= patience;
        let mut over: Vec<_> =
            self.used.extract_if(|_, used| idle(used)).map(|(key, used)| (key, used.at)).collect();
        over.sort_unstable();
        over
    }

    /// The exchanges of processes that have ended. They are forgotten.
    pub(super) fn take_of(&mut self, ended: &[ProcessKey]) -> Vec<(SocketKey, Timestamp)> {
        if ended.is_empty() {
            return Vec::new();
        }
        let theirs = |used: &Use| ended.iter().any(|process| process.pid == used.pid);
        let over = self.used.extract_if(|_, used| theirs(used));
        let mut over: Vec<_> = over.map(|(key, used)| (key, used.at)).collect();
        over.sort_unstable();
        over
    }
}

/// The exchange's identity: the socket has no number, so its ends and its process make one.
fn key(sighting: &Sighting) -> Option<SocketKey> {
    let cookie = FxBuildHasher.hash_one((sighting.pid, sighting.local));
    let identity = SocketIdentity::Flow { cookie, remote: sighting.remote? };
    Some(SocketKey { host: HostId::LOCAL, netns: NetnsId::default(), identity })
}
