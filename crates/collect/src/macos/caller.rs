//! Who is at the other end of a connection, by what the kernel lists.

use std::net::SocketAddr;

use procnet_core::{Endpoint, Protocol, SocketState};

use crate::callers::{Account, Caller, UnknownCaller};
use crate::parse::macos::pcblist::Sockets;

const ROOT: u32 = 0;

/// Who holds the other end of the connection whose ends are `local`, ours, and `remote`, by a `list`
/// of all TCP sockets.
pub fn between(
    local: SocketAddr,
    remote: SocketAddr,
    list: &[u8],
) -> Result<Caller, UnknownCaller> {
    let [ours, theirs] = [local, remote].map(|address| Endpoint::new(address.ip(), address.port()));
    if !ours.ip.is_loopback() || !theirs.ip.is_loopback() {
        return Err(UnknownCaller::NotLoopback);
    }
    let mut found = Sockets::new(Protocol::Tcp, list).filter(|row| {
        row.local == theirs && row.remote == Some(ours) && row.state != SocketState::TimeWait
    });
    // Two would be one too many to be sure.
    let (Some(row), None) = (found.next(), found.next()) else {
        return Err(UnknownCaller::NoSocket);
    };
    let uid = row.uid.ok_or(UnknownCaller::NoUser)?;
    Ok(Caller { account: Account::Uid(uid), privileged: uid == ROOT })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::macos::made::{Made, list, v4};

    fn made(remote_port: u16, state: u32) -> Made {
        Made {
            flags: 1,
            local: (v4(127, 0, 0, 1), 5000),
            remote: (v4(127, 0, 0, 1), remote_port),
            state,
            pid: 42,
        }
    }

    fn ask(sockets: &[Made], remote: &str) -> Result<Caller, String> {
        let bytes = list(Protocol::Tcp, sockets);
        let (local, remote) = ("127.0.0.1:8765".parse().unwrap(), remote.parse().unwrap());
        between(local, remote, &bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_one_socket_with_both_ends_tells_who() {
        let caller = ask(&[made(443, 4), made(8765, 4)], "127.0.0.1:5000").unwrap();
        assert_eq!(caller, Caller { account: Account::Uid(501), privileged: false });
        for (sockets, remote) in [
            (vec![made(443, 4)], "127.0.0.1:5000"),
            (vec![made(8765, 10)], "127.0.0.1:5000"),
            (vec![made(8765, 4)], "127.0.0.1:5001"),
            (vec![made(8765, 4), made(8765, 4)], "127.0.0.1:5000"),
            (vec![made(8765, 4)], "192.0.2.7:5000"),
        ] {
            assert!(ask(&sockets, remote).is_err(), "{remote}");
        }
    }
}
