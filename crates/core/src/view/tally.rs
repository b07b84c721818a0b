//! What nodes and edges add up: every number can be taken away again exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::node_key::NodeKey;
use super::scene::{EdgeId, NodeId};
use crate::address::AddressFacts;
use crate::endpoint::Endpoint;
use crate::graph::{Evidence, Link, LinkId, LinkKey, NameId, Party};
use crate::key::ProcessKey;
use crate::registry::PortClass;
use crate::socket::{Attribution, Protocol, SocketState, UnknownOwner};
use crate::time::Timestamp;

/// One of the things for which a node stands, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Member {
    /// A process, the oldest first.
    Process { started: u64, key: ProcessKey },
    /// A remote; a client's port is 0.
    Remote(Endpoint),
    /// Whoever it is.
    Unattributed,
}

impl Member {
    pub(crate) const fn of(party: Party) -> Self {
        match party {
            Party::Process(key) => Self::Process { started: key.started, key },
            Party::Remote { endpoint, .. } => Self::Remote(endpoint),
            Party::Unattributed { .. } => Self::Unattributed,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NodeTally {
    pub(crate) key: NodeKey,
    pub(crate) text: Arc<str>,
    /// The group that it was expanded out of; empty if none.
    pub(crate) parent: Arc<str>,
    /// Members, with how many links and listeners hold each here.
    pub(crate) members: BTreeMap<Member, u32>,
    /// The local parties among them, whose listeners count.
    pub(crate) parties: BTreeMap<Party, u32>,
    /// What the remotes among them are called, with how many links call them so.
    pub(crate) names: BTreeMap<Arc<str>, u32>,
    /// How many links have such a name from the name service alone.
    pub(crate) reverse_names: u32,
    /// Where they are and whose networks they are in, by how many links.
    pub(crate) countries: BTreeMap<Arc<str>, u32>,
    pub(crate) networks: BTreeMap<Arc<str>, u32>,
    /// What the links of the remotes among them are about: how many of each class.
    pub(crate) classes: [u32; PortClass::ALL.len()],
    pub(crate) live_links: u32,
    pub(crate) sockets: u32,
    pub(crate) first_seen: Timestamp,
}

impl NodeTally {
    /// A link that has this party here begins to count.
    pub(crate) fn add(&mut self, share: &Share, party: Party) {
        self.hold(party);
        self.sockets += share.connections;
        self.live_links += u32::from(share.is_live());
        if let Party::Remote { .. } = party {
            self.classes[share.class as usize] += 1;
            if let Some(name) = &share.remote_name {
                *self.names.entry(Arc::clone(name)).or_default() += 1;
                self.reverse_names += u32::from(!share.asked);
            }
            if let Some(about) = &share.about {
                *self.countries.entry(Arc::clone(&about.country)).or_default() += 1;
                *self.networks.entry(Arc::clone(&about.network)).or_default() += 1;
            }
        }
    }

    /// Takes away what such a link added.
    pub(crate) fn subtract(&mut self, share: &Share, party: Party) {
        self.release(party);
        self.sockets -= share.connections;
        self.live_links -= u32::from(share.is_live());
        if let Party::Remote { .. } = party {
            self.classes[share.class as usize] -= 1;
            if let Some(name) = &share.remote_name {
                release_from(&mut self.names, name);
                self.reverse_names -= u32::from(!share.asked);
            }
            if let Some(about) = &share.about {
                release_from(&mut self.countries, &about.country);
                release_from(&mut self.networks, &about.network);
            }
        }
    }

    /// Whether every link here tells a name for its remote.
    pub(crate) fn all_named(&self) -> bool {
        self.names.values().sum::<u32>() == self.members.values().sum::<u32>()
    }

    /// What all links here say, of one of those counts; empty if they differ or one says nothing.
    pub(crate) fn common(&self, counts: &BTreeMap<Arc<str>, u32>) -> Arc<str> {
        let links: u32 = self.members.values().sum();
        match counts.first_key_value() {
            Some((text, count)) if *count == links => Arc::clone(text),
            _ => Arc::from(""),
        }
    }

    pub(crate) fn hold(&mut self, party: Party) {
        *self.members.entry(Member::of(party)).or_default() += 1;
        if !matches!(party, Party::Remote { .. }) {
            *self.parties.entry(party).or_default() += 1;
        }
    }

    pub(crate) fn release(&mut self, party: Party) {
        release_from(&mut self.members, &Member::of(party));
        release_from(&mut self.parties, &party);
    }
}

fn release_from<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// At what its server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Service {
    /// A port.
    Port(u16),
    /// A UNIX socket of that name; of a socket pair, no name.
    Name(Option<NameId>),
}

impl Service {
    pub(crate) fn of(link: &LinkKey) -> Self {
        match link.protocol {
            Protocol::Unix => Self::Name(link.name),
            Protocol::Tcp | Protocol::Udp => Self::Port(link.port),
        }
    }
}

/// What tells edges apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EdgeKey {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) protocol: Protocol,
    pub(crate) class: PortClass,
    /// The service; `None` for edges that join all of the class.
    pub(crate) service: Option<Service>,
}

/// A link's share of an edge, remembered so that it can be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// `None` if both ends are in one group.
    pub(crate) edge: Option<EdgeId>,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) client: Party,
    pub(crate) server: Party,
    pub(crate) service: Service,
    pub(crate) class: PortClass,
    pub(crate) since: Timestamp,
    pub(crate) connections: u32,
    pub(crate) state: SocketState,
    pub(crate) evidence: Evidence,
    pub(crate) attribution: Attribution,
    pub(crate) to_server: u64,
    pub(crate) to_client: u64,
    pub(crate) rtt_us: u32,
    pub(crate) retransmits: u64,
    pub(crate) remote_name: Option<Arc<str>>,
    /// Whether a process asked for that name.
    pub(crate) asked: bool,
    pub(crate) about: Option<Arc<AddressFacts>>,
}

impl Share {
    pub(crate) fn of(link: &Link, edge: Option<EdgeId>, from: NodeId, to: NodeId) -> Self {
        Self {
            edge,
            from,
            to,
            client: link.key.client,
            server: link.key.server,
            service: Service::of(&link.key),
            class: PortClass::of(link.key.port),
            since: link.since,
            connections: link.connections,
            state: link.state(),
            evidence: link.evidence(),
            attribution: link.attribution(),
            to_server: link.to_server(),
            to_client: link.to_client(),
            rtt_us: link.rtt_us(),
            retransmits: link.retransmits(),
            remote_name: link.remote_name().cloned(),
            asked: link.asked_name().is_some(),
            about: link.about().cloned(),
        }
    }

    pub(crate) const fn is_live(&self) -> bool {
        self.connections > 0
    }
}

#[derive(Clone, Debug)]
pub(crate) struct EdgeTally {
    pub(crate) key: EdgeKey,
    pub(crate) links: BTreeSet<(Timestamp, LinkId)>,
    pub(crate) connections: u32,
    services: BTreeMap<Service, u32>,
    live_links: u32,
    states: [u32; SocketState::ALL.len()],
    stale_states: [u32; SocketState::ALL.len()],
    evidences: [u32; Evidence::ALL.len()],
    attributions: BTreeMap<Attribution, u32>,
    pub(crate) to_server: u64,
    pub(crate) to_client: u64,
    rtt_us: u64,
    rtts: u32,
    pub(crate) retransmits: u64,
}

impl EdgeTally {
    pub(crate) fn new(key: EdgeKey) -> Self {
        Self {
            key,
            links: BTreeSet::new(),
            connections: 0,
            services: BTreeMap::new(),
            live_links: 0,
            states: [0; SocketState::ALL.len()],
            stale_states: [0; SocketState::ALL.len()],
            evidences: [0; Evidence::ALL.len()],
            attributions: BTreeMap::new(),
            to_server: 0,
            to_client: 0,
            rtt_us: 0,
            rtts: 0,
            retransmits: 0,
        }
    }

    pub(crate) fn add(&mut self, link: LinkId, share: &Share) {
        self.links.insert((share.since, link));
        self.connections += share.connections;
        self.live_links += u32::from(share.is_live());
        *self.states_of(share) += 1;
        self.evidences[share.evidence as usize] += 1;
        *self.attributions.entry(share.attribution).or_default() += 1;
        *self.services.entry(share.service).or_default() += 1;
        self.to_server = self.to_server.wrapping_add(share.to_server);
        self.to_client = self.to_client.wrapping_add(share.to_client);
        self.rtt_us += u64::from(share.rtt_us);
        self.rtts += u32::from(share.rtt_us > 0);
        self.retransmits = self.retransmits.wrapping_add(share.retransmits);
    }

    pub(crate) fn subtract(&mut self, link: LinkId, share: &Share) {
        self.links.remove(&(share.since, link));
        self.connections -= share.connections;
        self.live_links -= u32::from(share.is_live());
        *self.states_of(share) -= 1;
        self.evidences[share.evidence as usize] -= 1;
        release_from(&mut self.attributions, &share.attribution);
        release_from(&mut self.services, &share.service);
        self.to_server = self.to_server.wrapping_sub(share.to_server);
        self.to_client = self.to_client.wrapping_sub(share.to_client);
        self.rtt_us -= u64::from(share.rtt_us);
        self.rtts -= u32::from(share.rtt_us > 0);
        self.retransmits = self.retransmits.wrapping_sub(share.retransmits);
    }

    fn states_of(&mut self, share: &Share) -> &mut u32 {
        let states = if share.is_live() { &mut self.states } else { &mut self.stale_states };
        &mut states[share.state as usize]
    }

    pub(crate) const fn is_stale(&self) -> bool {
        self.live_links == 0
    }

    pub(crate) fn state(&self) -> SocketState {
        SocketState::BY_LIVENESS
            .into_iter()
            .find(|state| self.states[*state as usize] > 0)
            .or_else(|| {
                SocketState::BY_LIVENESS
                    .into_iter()
                    .find(|state| self.stale_states[*state as usize] > 0)
            })
            .unwrap_or(SocketState::Closed)
    }

    pub(crate) fn evidence(&self) -> Evidence {
        Evidence::ALL
            .into_iter()
            .rev()
            .find(|evidence| self.evidences[*evidence as usize] > 0)
            .unwrap_or(Evidence::ServicePort)
    }

    pub(crate) fn attribution(&self) -> Attribution {
        self.attributions
            .keys()
            .next_back()
            .copied()
            .unwrap_or(Attribution::Unknown(UnknownOwner::NotFound))
    }

    /// The service, if all links have the same.
    fn service(&self) -> Option<Service> {
        let mut services = self.services.keys();
        services.next().copied().filter(|_| services.next().is_none())
    }

    /// The service port, if all links have the same.
    pub(crate) fn port(&self) -> Option<u16> {
        match self.service()? {
            Service::Port(port) => Some(port),
            Service::Name(_) => None,
        }
    }

    /// The name of the server's UNIX socket, if all links have the same.
    pub(crate) fn name(&self) -> Option<NameId> {
        match self.service()? {
            Service::Port(_) => None,
            Service::Name(name) => name,
        }
    }

    pub(crate) fn rtt_us(&self) -> u32 {
        let mean = self.rtt_us.checked_div(u64::from(self.rtts)).unwrap_or(0);
        u32::try_from(mean).unwrap_or(u32::MAX)
    }

    pub(crate) fn since(&self) -> Timestamp {
        self.links.first().map_or_else(Timestamp::default, |(since, _)| *since)
    }
}
