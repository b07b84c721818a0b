//! Links: who talks to whom, on which service port.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::address::AddressFacts;
use crate::endpoint::Endpoint;
use crate::key::{HostId, NetnsId, ProcessKey};
use crate::socket::{Attribution, Protocol, SocketState};
use crate::time::{Moment, Timestamp};

/// A link's number: never used again while the engine lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// The number of a UNIX socket's name in one graph: never another name's while the engine lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub(crate) NonZeroU32);

/// One side of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A process.
    Process(ProcessKey),
    /// An address that no process we know answers for.
    Remote {
        /// The machine from which it is seen.
        host: HostId,
        /// The endpoint of a server; of a client the address with port 0, for its ports are many.
        endpoint: Endpoint,
    },
    /// A local socket whose process may not be named.
    Unattributed {
        /// The machine.
        host: HostId,
        /// The network namespace.
        netns: NetnsId,
        /// The uid that the kernel notes on the socket.
        uid: Option<u32>,
    },
}

impl Party {
    /// The machine that it is on, or is seen from.
    pub const fn host(&self) -> HostId {
        match self {
            Self::Process(key) => key.host,
            Self::Remote { host, .. } | Self::Unattributed { host, .. } => *host,
        }
    }

    /// The process, if it is one.
    pub const fn process(&self) -> Option<ProcessKey> {
        match self {
            Self::Process(key) => Some(*key),
            _ => None,
        }
    }
}

/// What tells links apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    /// Who asks.
    pub client: Party,
    /// Who answers.
    pub server: Party,
    /// The server's port; 0 for UNIX sockets.
    pub port: u16,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The name of the server's UNIX socket, if it has one.
    pub name: Option<NameId>,
}

/// What a direction rests on; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Evidence {
    /// Somebody saw connect or accept.
    Observed,
    /// One end's local endpoint is a listener.
    Listener,
    /// Known from before: the listener that told it has closed since.
    Pairing,
    /// The service-port rule: a guess by port numbers.
    ServicePort,
    /// Nothing: neither end is the client, as of a socket pair.
    Undirected,
}

impl Evidence {
    /// Every evidence, the best first.
    pub const ALL: [Self; 5] =
        [Self::Observed, Self::Listener, Self::Pairing, Self::ServicePort, Self::Undirected];

    /// `observed`, `listener`, `pairing`, `service_port`, or `none`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Listener => "listener",
            Self::Pairing => "pairing",
            Self::ServicePort => "service_port",
            Self::Undirected => "none",
        }
    }
}

/// What one connection adds to its link; taken away again exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contribution {
    pub(crate) link: LinkKey,
    pub(crate) state: SocketState,
    pub(crate) to_server: u64,
    pub(crate) to_client: u64,
    pub(crate) rtt_us: u32,
    pub(crate) retransmits: u32,
    pub(crate) evidence: Evidence,
    pub(crate) attribution: Attribution,
}

/// How many attributions a link tells apart.
const ATTRIBUTIONS: usize = 5;

/// All parallel connections between one client and one server port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What tells it from others.
    pub key: LinkKey,
    /// Open connections; one with both ends here counts once.
    pub connections: u32,
    /// When it was first seen.
    pub since: Timestamp,
    /// Since when it has no connection left; `None` while it has one.
    pub stale_since: Option<Moment>,
    remote_name: Option<Arc<str>>,
    about: Option<Arc<AddressFacts>>,
    states: [u32; SocketState::ALL.len()],
    evidences: [u32; Evidence::ALL.len()],
    attributions: [u32; ATTRIBUTIONS],
    open: Totals,
    closed: Totals,
    last: (SocketState, Evidence, Attribution),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    to_server: u64,
    to_client: u64,
    rtt_us: u64,
    rtts: u32,
    retransmits: u64,
}

impl Link {
    pub(crate) fn new(first: &Contribution, since: Timestamp) -> Self {
        Self {
            key: first.link,
            connections: 0,
            since,
            stale_since: None,
            remote_name: None,
            about: None,
            states: [0; SocketState::ALL.len()],
            evidences: [0; Evidence::ALL.len()],
            attributions: [0; ATTRIBUTIONS],
            open: Totals::default(),
            closed: Totals::default(),
            last: (first.state, first.evidence, first.attribution),
        }
    }

    pub(crate) fn add(&mut self, connection: &Contribution) {
        self.connections += 1;
        self.states[connection.state as usize] += 1;
        self.evidences[connection.evidence as usize] += 1;
        self.attributions[attribution_index(connection.attribution)] += 1;
        self.open.to_server = self.open.to_server.wrapping_add(connection.to_server);
        self.open.to_client = self.open.to_client.wrapping_add(connection.to_client);
        self.open.rtt_us += u64::from(connection.rtt_us);
        self.open.rtts += u32::from(connection.rtt_us > 0);
        self.open.retransmits += u64::from(connection.retransmits);
        self.last = (connection.state, connection.evidence, connection.attribution);
    }

    /// Takes `connection` out. What a closed one carried stays in the link's totals; what turned
    /// out to belong to another link goes there.
    pub(crate) fn subtract(&mut self, connection: &Contribution, closed: bool) {
        self.connections -= 1;
        self.states[connection.state as usize] -= 1;
        self.evidences[connection.evidence as usize] -= 1;
        self.attributions[attribution_index(connection.attribution)] -= 1;
        self.open.to_server = self.open.to_server.wrapping_sub(connection.to_server);
        self.open.to_client = self.open.to_client.wrapping_sub(connection.to_client);
        self.open.rtt_us -= u64::from(connection.rtt_us);
        self.open.rtts -= u32::from(connection.rtt_us > 0);
        self.open.retransmits -= u64::from(connection.retransmits);
        if closed {
            self.closed.to_server = self.closed.to_server.wrapping_add(connection.to_server);
            self.closed.to_client = self.closed.to_client.wrapping_add(connection.to_client);
            self.closed.retransmits += u64::from(connection.retransmits);
        }
        self.last = (connection.state, connection.evidence, connection.attribution);
    }

    /// Notes by which name its remote end was asked for; false if that is known.
    pub(crate) fn name_remote(&mut self, name: &Arc<str>) -> bool {
        if self.remote_name.as_ref() == Some(name) {
            return false;
        }
        self.remote_name = Some(Arc::clone(name));
        true
    }

    /// Notes what is known of its remote end's address.
    pub(crate) fn know(&mut self, about: Option<Arc<AddressFacts>>) {
        self.about = about;
    }

    /// The name by which its remote end was asked for last, by those connections that tell; else
    /// what the name service calls it.
    pub fn remote_name(&self) -> Option<&Arc<str>> {
        self.remote_name.as_ref().or_else(|| self.about()?.name.as_ref())
    }

    /// The name by which its remote end was asked for last, by those connections that tell.
    pub const fn asked_name(&self) -> Option<&Arc<str>> {
        self.remote_name.as_ref()
    }

    /// What is known of its remote end's address.
    pub const fn about(&self) -> Option<&Arc<AddressFacts>> {
        self.about.as_ref()
    }

    /// True if no connection is left.
    pub fn is_stale(&self) -> bool {
        self.connections == 0
    }

    /// The state that stands for all connections: the one nearest to established. Of a stale
    /// link, the last one's.
    pub fn state(&self) -> SocketState {
        SocketState::BY_LIVENESS
            .into_iter()
            .find(|s| self.states[*s as usize] > 0)
            .unwrap_or(self.last.0)
    }

    /// How many connections are in `state`.
    pub fn connections_in(&self, state: SocketState) -> u32 {
        self.states[state as usize]
    }

    /// What the direction rests on; the weakest of the connections.
    pub fn evidence(&self) -> Evidence {
        Evidence::ALL
            .into_iter()
            .rev()
            .find(|e| self.evidences[*e as usize] > 0)
            .unwrap_or(self.last.1)
    }

    /// How sure the owner is; the least sure of the connections.
    pub fn attribution(&self) -> Attribution {
        match self.attributions.iter().rposition(|n| *n > 0) {
            Some(0) => Attribution::Observed,
            Some(1) => Attribution::Held,
            Some(2) => Attribution::Inherited,
            Some(3) => Attribution::Inferred,
            Some(_) => Attribution::Unknown(crate::socket::UnknownOwner::NotFound),
            None => self.last.2,
        }
    }

    /// Payload bytes from client to server since the link was first seen.
    pub fn to_server(&self) -> u64 {
        self.open.to_server.wrapping_add(self.closed.to_server)
    }

    /// Payload bytes from server to client since the link was first seen.
    pub fn to_client(&self) -> u64 {
        self.open.to_client.wrapping_add(self.closed.to_client)
    }

    /// The mean round-trip time of the open connections in microseconds; 0 if not known.
    pub fn rtt_us(&self) -> u32 {
        let mean = self.open.rtt_us.checked_div(u64::from(self.open.rtts)).unwrap_or(0);
        u32::try_from(mean).unwrap_or(u32::MAX)
    }

    /// Segments sent again since the link was first seen.
    pub fn retransmits(&self) -> u64 {
        self.open.retransmits + self.closed.retransmits
    }

    /// The link without what only its history tells: for comparing with one built from scratch.
    #[doc(hidden)]
    pub fn without_history(&self) -> Self {
        let mut plain = self.clone();
        plain.closed = Totals::default();
        plain.since = Timestamp::default();
        plain.remote_name = None;
        plain.last = (SocketState::Closed, Evidence::Observed, Attribution::Observed);
        plain
    }
}

const fn attribution_index(attribution: Attribution) -> usize {
    match attribution {
        Attribution::Observed => 0,
        Attribution::Held => 1,
        Attribution::Inherited => 2,
        Attribution::Inferred => 3,
        Attribution::Unknown(_) => 4,
    }
}
