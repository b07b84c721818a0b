//! What a filter is asked about: one row of a table, one edge or one node of the map.

use std::net::IpAddr;

use crate::address::AddressFacts;
use crate::endpoint::{Endpoint, is_public};
use crate::process::{Process, User};
use crate::socket::{Direction, Protocol, SocketState};
use crate::time::Timestamp;

/// One side of a connection, or a node by itself. Everything is borrowed: building one is free.
#[derive(Clone, Copy, Debug, Default)]
pub struct Party<'a> {
    /// The process, where one is known.
    pub process: Option<&'a Process>,
    /// What the map calls it.
    pub label: &'a str,
    /// Its node type.
    pub type_name: &'a str,
    /// Its address, where it has one.
    pub ip: Option<IpAddr>,
    /// The name of its host; empty if there is only one.
    pub host: &'a str,
    /// Whose it is, where no process may be named.
    pub owner: Option<&'a User>,
}

impl<'a> Party<'a> {
    /// Whose it is: the process's user, or whoever the kernel notes on the socket.
    pub fn user(&self) -> Option<&'a User> {
        self.process.and_then(|process| process.user.as_ref()).or(self.owner)
    }
}

/// A set of socket states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StateSet(u16);

impl StateSet {
    /// The set of no state.
    pub const EMPTY: Self = Self(0);

    /// The set of one state.
    pub const fn of(state: SocketState) -> Self {
        // Eleven states: the shift stays below 16.
        Self(1 << state as u8)
    }

    /// This set and `state`.
    #[must_use]
    pub const fn with(self, state: SocketState) -> Self {
        Self(self.0 | Self::of(state).0)
    }

    /// Adds `state`.
    pub const fn insert(&mut self, state: SocketState) {
        *self = self.with(state);
    }

    /// True if `state` is in it.
    pub const fn contains(self, state: SocketState) -> bool {
        self.0 & Self::of(state).0 != 0
    }

    /// True if one state is in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Its states, in the order of [`SocketState::ALL`].
    pub fn iter(self) -> impl Iterator<Item = SocketState> {
        SocketState::ALL.into_iter().filter(move |&state| self.contains(state))
    }
}

impl FromIterator<SocketState> for StateSet {
    fn from_iter<I: IntoIterator<Item = SocketState>>(states: I) -> Self {
        states.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// What a filter looks at. Leave out what is not known or does not apply: a term about it then
/// does not fit (and its negation does).
///
/// - A socket: its owner as `client`, `server` or `lone` by the socket's direction, the far side
///   as the other one where it is known; `local`, `remote`, one state, `direction`, `sockets: 1`.
/// - A link: both parties, `service_port`, the states and totals of all its sockets, their
///   number; `remote` where one side is on another machine.
/// - A process without links: `lone`. An idle listener: `server`, `service_port`, `local`,
///   `listener: true`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// Who asked.
    pub client: Option<Party<'a>>,
    /// Who was asked.
    pub server: Option<Party<'a>>,
    /// A party whose role is not known, or that has none.
    pub lone: Option<Party<'a>>,
    /// Transport protocol.
    pub protocol: Option<Protocol>,
    /// The server's port.
    pub service_port: Option<u16>,
    /// The near end.
    pub local: Option<Endpoint>,
    /// The far end.
    pub remote: Option<Endpoint>,
    /// The name by which the far end was asked for, or which the name service gives it.
    pub remote_name: Option<&'a str>,
    /// What else is known of the far end's address.
    pub about: Option<&'a AddressFacts>,
    /// The name of the server's UNIX socket: a path, or `@` and an abstract name.
    pub path: Option<&'a str>,
    /// The states of its sockets.
    pub states: StateSet,
    /// Which way it goes, seen from the near end.
    pub direction: Option<Direction>,
    /// Payload bytes received at the near end.
    pub received_bytes: u64,
    /// Payload bytes sent from the near end.
    pub sent_bytes: u64,
    /// Smoothed round-trip time in microseconds; 0 if not known.
    pub rtt_us: u32,
    /// Segments sent again.
    pub retransmits: u64,
    /// When it began, as far as that is known.
    pub opened: Option<Timestamp>,
    /// How many sockets it stands for.
    pub sockets: u32,
    /// It waits for peers.
    pub listener: bool,
    /// It is gone and only shown for a while.
    pub stale: bool,
    /// One side is on another machine.
    pub external: bool,
    /// Nobody could be named as its owner.
    pub unattributed: bool,
}

impl<'a> Subject<'a> {
    /// The parties that there are: client, server, lone.
    pub fn parties(&self) -> impl Iterator<Item = &Party<'a>> {
        [&self.client, &self.server, &self.lone].into_iter().flatten()
    }

    /// True for a listener that takes whoever reaches this machine: it is bound to no address in
    /// particular, or to a public one.
    pub(super) fn is_exposed(&self) -> bool {
        let wide = |local: Endpoint| local.ip.is_unspecified() || is_public(local.ip);
        self.listener && self.local.is_some_and(wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_set_holds_every_state() {
        let all: StateSet = SocketState::ALL.into_iter().collect();
        assert!(all.iter().eq(SocketState::ALL));
        for state in SocketState::ALL {
            assert!(StateSet::of(state).iter().eq([state]));
            assert!(!StateSet::EMPTY.contains(state));
        }
        assert!(all.intersects(StateSet::of(SocketState::Closed)));
        assert!(!StateSet::of(SocketState::Listen).intersects(StateSet::of(SocketState::Closed)));
    }
}
