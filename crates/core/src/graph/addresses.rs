//! What is known of remote addresses: facts like those of sockets, told by somebody else.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Graph, LinkId, LinkKey, Party};
use crate::address::{AddressFacts, Interfaces, NameEvidence};
use crate::endpoint::Endpoint;
use crate::key::HostId;
use crate::socket::Socket;

/// Most addresses of which something is remembered.
pub const MAX_ADDRESSES: usize = 65_536;

impl Graph {
    /// What is known of an address.
    pub fn address(&self, ip: IpAddr) -> Option<&AddressFacts> {
        self.addresses.get(&ip).map(|facts| &**facts)
    }

    /// What the far end of a socket is called, and what that rests on: by what its process asked
    /// for, else by what the name service says.
    pub fn remote_name<'a>(&'a self, socket: &'a Socket) -> Option<(&'a Arc<str>, NameEvidence)> {
        if let Some(name) = &socket.remote_name {
            return Some((name, NameEvidence::Asked));
        }
        let name = self.address(socket.remote?.ip)?.name.as_ref()?;
        Some((name, NameEvidence::Reverse))
    }

    /// The interface that has a socket's local address; `None` for one that is bound to all, and in
    /// network namespaces that nobody listed.
    pub fn interface(&self, socket: &Socket) -> Option<&Arc<str>> {
        let told = socket.unix.is_none() && socket.key.host == HostId::LOCAL;
        self.interfaces.name_of(socket.key.netns, socket.local.ip).filter(|_| told)
    }

    /// Takes in which interface has which address from now on.
    pub(crate) fn know_interfaces(&mut self, interfaces: Interfaces) {
        self.interfaces = interfaces;
    }

    /// Every remote address on a link, the most recent link first, each once.
    pub fn remote_addresses(&self) -> Vec<IpAddr> {
        let mut links: Vec<LinkId> = self.links.keys().copied().collect();
        links.sort_unstable_by(|a, b| b.cmp(a));
        let mut seen = rustc_hash::FxHashSet::default();
        let remotes = links.iter().filter_map(|id| remote_of(&self.links.get(id)?.key));
        remotes.map(|(_, ip)| ip).filter(|ip| seen.insert(*ip)).collect()
    }

    /// Takes in what is known of an address from now on; nothing, if that is empty.
    pub(crate) fn know_address(&mut self, ip: IpAddr, facts: AddressFacts) {
        if facts.is_empty() {
            if self.addresses.remove(&ip).is_none() {
                return;
            }
        } else {
            if self.address(ip) == Some(&facts) {
                return;
            }
            if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&ip) {
                return;
            }
            self.addresses.insert(ip, Arc::new(facts));
        }
        let known = self.addresses.get(&ip);
        // The same address may be seen from several machines.
        let mut host = HostId::default();
        loop {
            let party = |port| Party::Remote { host, endpoint: Endpoint { ip, port } };
            let from = (party(0), LinkId(0));
            let to = (party(u16::MAX), LinkId(u32::MAX));
            for (_, id) in self.link_parties.range(from..=to) {
                if let Some(link) = self.links.get_mut(id) {
                    link.know(known.cloned());
                    self.changes.links.insert(*id);
                }
            }
            let Some(next) = self.next_host(host) else { break };
            host = next;
        }
    }

    /// The next machine from which remotes are seen.
    fn next_host(&self, host: HostId) -> Option<HostId> {
        let next = HostId(host.0.checked_add(1)?);
        let least = IpAddr::from([0, 0, 0, 0]);
        let from = Party::Remote { host: next, endpoint: Endpoint { ip: least, port: 0 } };
        let (party, _) = self.link_parties.range((from, LinkId(0))..).next()?;
        match party {
            Party::Remote { host, .. } => Some(*host),
            Party::Process(_) | Party::Unattributed { .. } => None,
        }
    }

    /// What is known of the remote of a new link, which is noted for whoever asks for names.
    pub(super) fn meet_remote(&mut self, key: &LinkKey) -> Option<Arc<AddressFacts>> {
        let (_, ip) = remote_of(key)?;
        self.changes.remotes.push(ip);
        if self.addresses.is_empty() { None } else { self.addresses.get(&ip).cloned() }
    }
}

/// The remote end of a link, if it has one.
fn remote_of(key: &LinkKey) -> Option<(HostId, IpAddr)> {
    [key.server, key.client].into_iter().find_map(|party| match party {
        Party::Remote { host, endpoint } => Some((host, endpoint.ip)),
        Party::Process(_) | Party::Unattributed { .. } => None,
    })
}
