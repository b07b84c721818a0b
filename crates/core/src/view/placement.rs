//! Where things go: which node a party belongs to, which edge a link.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::View;
use super::node_key::{NodeKey, Remotes};
use super::scene::{EdgeId, NodeId};
use super::tally::{EdgeKey, EdgeTally, NodeTally, Service, Share};
use crate::graph::{Graph, Link, Party};
use crate::registry::PortClass;

impl View {
    /// Where a link goes: its nodes and its edge, which come into being if need be.
    pub(super) fn place(&mut self, graph: &Graph, link: &Link) -> Option<Share> {
        let class = PortClass::of(link.key.port);
        let (client, server) = (link.key.client, link.key.server);
        let is_remote = |party| matches!(party, Party::Remote { .. });
        let (from, to) = match (is_remote(client), is_remote(server)) {
            (false, false) => (self.local_node(graph, client), self.local_node(graph, server)),
            (true, false) => {
                let to = self.local_node(graph, server);
                (self.remote_node(graph, client, to, true, class)?, to)
            }
            (false, true) => {
                let from = self.local_node(graph, client);
                (from, self.remote_node(graph, server, from, false, class)?)
            }
            (true, true) => return None,
        };
        if from == to {
            // Both ends in one group: nothing to draw until it is expanded, but it is there.
            return Some(Share::of(link, None, from, to));
        }
        let level = self.levels[self.level];
        let grouped_by_class = (is_remote(client) || is_remote(server)) || !level.edge_per_port;
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
        let level = self.levels[self.level];
        let key = NodeKey::of_local(graph, level, party);
        if let Party::Process(process) = party
            && level.expand
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

    fn remote_node(
        &mut self,
        graph: &Graph,
        party: Party,
        peer: NodeId,
        inbound: bool,
        class: PortClass,
    ) -> Option<NodeId> {
        let Party::Remote { host, endpoint } = party else { return None };
        let level = self.levels[self.level];
        let peer = level.remotes_per_peer.then_some(peer);
        let group = Remotes { host, peer, inbound, class };
        if level.expand && !self.spec.expanded.is_empty() {
            let text = self.text_of(&NodeKey::Remotes(group));
            if self.spec.expanded.contains(&text) {
                return Some(self.node(graph, NodeKey::Remote { group, endpoint }, text));
            }
        }
        Some(self.node(graph, NodeKey::Remotes(group), Arc::from("")))
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
