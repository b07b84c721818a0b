//! UNIX sockets of a scan.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use procnet_core::{
    Counters, Endpoint, HostId, NetnsId, Owners, Protocol, Socket, SocketIdentity, SocketKey,
    Timestamp, UnknownOwner,
};

use crate::parse::unix_diag::UnixRow;

pub(super) fn key(netns: NetnsId, row: &UnixRow) -> SocketKey {
    let inode = SocketIdentity::Inode(row.socket.inode);
    let identity = row.cookie.map_or(inode, SocketIdentity::Cookie);
    SocketKey { host: HostId::LOCAL, netns, identity }
}

/// The row with its owners.
pub(super) fn socket(
    netns: NetnsId,
    row: &UnixRow,
    owners: Owners,
    unknown_owner: UnknownOwner,
) -> Socket {
    Socket {
        key: key(netns, row),
        protocol: Protocol::Unix,
        state: row.state,
        local: Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        remote: None,
        v6_only: false,
        uid: row.uid,
        owners,
        unknown_owner,
        role: None,
        counters: Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: Some(Arc::new(row.socket.clone())),
    }
}
