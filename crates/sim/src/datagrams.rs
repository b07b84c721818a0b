//! Datagrams from and to sockets that are connected to nobody.

use std::net::{IpAddr, Ipv4Addr};

use procnet_core::{
    Endpoint, ProcessKey, Protocol, Role, Socket, SocketIdentity, SocketKey, SocketState,
};

use crate::world::{NETNS, World};

impl World {
    /// A service asks the machine's own resolver, or one on the internet if it lives in a
    /// container. Returns the sockets of the client and those of the server.
    pub(crate) fn look_up(&mut self, client: usize, port: u16) -> (Vec<SocketKey>, Vec<SocketKey>) {
        let caller = self.pick_caller(client);
        let (netns, address) = (self.services[client].netns, self.services[client].address);
        let any = Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        let socket = self.open(netns, Protocol::Udp, SocketState::Listen, any, None, &[caller]);
        let resolver = self.resolver.filter(|_| netns == NETNS);
        let (near, far) = if resolver.is_some() {
            let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
            (Endpoint::new(ip, port), Endpoint::new(ip, 53))
        } else {
            (Endpoint::new(address, port), Endpoint::new(self.public_address(), 53))
        };
        let asking = self.flow(socket, near, far, caller, Role::Client);
        let answering =
            resolver.and_then(|(own, process)| self.flow(own, far, near, process, Role::Server));
        (asking.into_iter().chain([socket]).collect(), answering.into_iter().collect())
    }

    /// What an unconnected socket exchanges with one peer.
    fn flow(
        &mut self,
        socket: SocketKey,
        local: Endpoint,
        remote: Endpoint,
        owner: ProcessKey,
        role: Role,
    ) -> Option<SocketKey> {
        let SocketIdentity::Cookie(cookie) = socket.identity else { return None };
        let unconnected = self.sockets.get(&socket)?;
        if unconnected.role.is_none() {
            self.tell(Socket { role: Some(role), ..unconnected.clone() });
        }
        let key = SocketKey { identity: SocketIdentity::Flow { cookie, remote }, ..socket };
        let state = SocketState::Established;
        let flow = self.socket(key, Protocol::Udp, state, local, Some(remote), &[owner]);
        Some(self.tell(Socket { role: Some(role), ..flow }))
    }
}
