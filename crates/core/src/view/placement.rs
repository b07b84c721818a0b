//! Where things go: which node a party belongs to, which edge a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::View;
use super::level::RemoteLevel;
use super::node_key::{About, NodeKey, Part, Remotes};
use super::scene::{EdgeId, NodeId};
use super::tally::{EdgeKey, EdgeTally, NodeTally, Service, Share};
use crate::graph::{Graph, Link, Party};
use crate::network::{Network, Scope};
use crate::registry::PortClass;

impl View {
    /// Where a link goes: its nodes and its edge, which come into being if need be.
    pub(super) fn place(&mut self, graph: &Graph, link: &Link) -> Option<Share> {
        let class = PortClass::of(link.key.port);
        let (client, server) = (link.key.client, link.key.server);
        let is_remote = |party| matches!(party, Party::Remote { .. });
        // Whoever owns an address chose what the name service calls it: only what a process asked
        // for says whose it is.
        let name = link.asked_name().map(|name| &**name);
        let (from, to, by_class) = match (is_remote(client), is_remote(server)) {
            (false, false) => {
                (self.local_node(graph, client), self.local_node(graph, server), false)
            }
            (true, false) => {
                let to = self.local_node(graph, server);
                let about = About { class, peer: Some(to) };
                let (from, by_class) = self.remote_node(graph, client, name, true, about)?;
                (from, to, by_class)
            }
            (false, true) => {
                let from = self.local_node(graph, client);
                let about = About { class, peer: Some(from) };
                let (to, by_class) = self.remote_node(graph, server, name, false, about)?;
                (from, to, by_class)
            }
            (true, true) => return None,
        };
        if from == to {
            // Both ends in one group: nothing to draw until it is expanded, but it is there.
            return Some(Share::of(link, None, from, to));
        }
        let grouped_by_class = by_class || !self.level.edge_per_port;
        let key = EdgeKey {
            from,
            to,
            protocol: link.key.protocol,
            class,
            service: (!grouped_by_class).then_some(Service::of(&link.key)),
        };
        let edge = match self.edge_ids.get(&key) {
            Some(id) => *id,
            None => {
                let id = EdgeId(self.next_edge);
                self.next_edge += 1;
                self.edge_ids.insert(key, id);
                id
            }
        };
        self.edges.entry(edge).or_insert_with(|| EdgeTally::new(key));
        Some(Share::of(link, Some(edge), from, to))
    }

    pub(super) fn local_node(&mut self, graph: &Graph, party: Party) -> NodeId {
        let key = NodeKey::of_local(graph, self.level, &self.kept, party);
        if let Party::Process(process) = party
            && self.level.expand
            && key.is_group()
            && !self.spec.expanded.is_empty()
        {
            let text = self.text_of(&key);
            if self.spec.expanded.contains(&text) {
                let member = NodeKey::Process { key: process, within: Some(text.clone()) };
                return self.node(graph, member, text);
            }
        }
        self.node(graph, key, Arc::from(""))
    }

    /// The node of a remote, and whether edges to it are by class: what is told apart by where it
    /// is has an edge per service, what is joined by what it talks about has one for all of that.
    fn remote_node(
        &mut self,
        graph: &Graph,
        party: Party,
        name: Option<&str>,
        inbound: bool,
        about: About,
    ) -> Option<(NodeId, bool)> {
        let Party::Remote { host, endpoint } = party else { return None };
        let about = match self.level.remotes {
            RemoteLevel::Peer => Some(about),
            RemoteLevel::Named | RemoteLevel::Class => Some(About { peer: None, ..about }),
            RemoteLevel::Endpoint
            | RemoteLevel::Address
            | RemoteLevel::Network
            | RemoteLevel::Scope => None,
        };
        let within = None;
        let mut part = match self.level.remotes {
            RemoteLevel::Endpoint if endpoint.port != 0 => Part::Endpoint { endpoint, within },
            RemoteLevel::Endpoint | RemoteLevel::Address => {
                Part::Address { ip: endpoint.ip, within }
            }
            RemoteLevel::Network => Part::Network(Network::of(endpoint.ip, name)),
            RemoteLevel::Named => match Network::of(endpoint.ip, name) {
                domain @ Network::Domain(_) => Part::Network(domain),
                Network::V4(_) | Network::V6(_) => Part::All,
            },
            RemoteLevel::Peer | RemoteLevel::Class | RemoteLevel::Scope => Part::All,
        };
        let group = Remotes { host, inbound, scope: Scope::of(endpoint.ip), about };
        let mut parent: Arc<str> = Arc::from("");
        if self.level.expand && !self.spec.expanded.is_empty() {
            while let Some(finer) = part.finer(endpoint, name) {
                let text = self.text_of(&NodeKey::Remote { group, part: part.clone() });
                if !self.spec.expanded.contains(&text) {
                    break;
                }
                (parent, part) = (text, finer);
            }
        }
        let by_class = part == Part::All;
        Some((self.node(graph, NodeKey::Remote { group, part }, parent), by_class))
    }

    fn text_of(&self, key: &NodeKey) -> Arc<str> {
        key.text(|peer| self.nodes.get(&peer).map_or_else(|| Arc::from("?"), |n| n.text.clone()))
    }

    fn node(&mut self, graph: &Graph, key: NodeKey, parent: Arc<str>) -> NodeId {
        let id = match self.node_ids.get(&key) {
            Some(id) => *id,
            None => {
                let id = NodeId(self.next_node);
                self.next_node += 1;
                self.node_ids.insert(key.clone(), id);
                id
            }
        };
        if !self.nodes.contains_key(&id) {
            let text = self.text_of(&key);
            self.expanded_members += usize::from(!parent.is_empty());
            let tally = NodeTally {
                key,
                text,
                parent,
                members: BTreeMap::new(),
                parties: BTreeMap::new(),
                names: BTreeMap::new(),
                reverse_names: 0,
                countries: BTreeMap::new(),
                networks: BTreeMap::new(),
                classes: [0; PortClass::ALL.len()],
                live_links: 0,
                sockets: 0,
                first_seen: graph.at(),
            };
            self.nodes.insert(id, tally);
            self.dirty_nodes.insert(id);
        }
        id
    }
}
