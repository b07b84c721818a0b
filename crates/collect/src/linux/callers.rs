//! Who is at the other end of a connection: the kernel is asked for exactly that socket.

use std::net::SocketAddr;

use procnet_core::Endpoint;

use super::sock_diag::DiagSocket;
use crate::callers::{Account, Caller, UnknownCaller};
use crate::parse::SocketRow;

const ROOT: u32 = 0;
/// What the kernel says of users who do not exist in the asker's user namespace.
const OVERFLOW_UID: &str = "/proc/sys/kernel/overflowuid";
const USUAL_OVERFLOW_UID: u32 = 65_534;
const UID_MAP: &str = "/proc/self/uid_map";

/// Asks who is at the other end of connections of this network namespace.
#[derive(Debug)]
pub struct Callers {
    socket: DiagSocket,
    /// The user id that stands for everybody who does not exist in this user namespace, if there may
    /// be such users.
    overflow: Option<u32>,
}

impl Callers {
    /// Opens what is asked. No privilege is needed, then or later.
    pub fn new() -> std::io::Result<Self> {
        let maps_all = std::fs::read_to_string(UID_MAP).is_ok_and(|map| maps_everybody(&map));
        let overflow = std::fs::read_to_string(OVERFLOW_UID).ok();
        let overflow = overflow.and_then(|uid| uid.trim().parse().ok());
        Ok(Self {
            socket: DiagSocket::open()?,
            overflow: (!maps_all).then(|| overflow.unwrap_or(USUAL_OVERFLOW_UID)),
        })
    }

    /// Who holds the other end of the connection whose ends are `local`, ours, and `remote`.
    pub fn of(&mut self, local: SocketAddr, remote: SocketAddr) -> Result<Caller, UnknownCaller> {
        let [ours, theirs] =
            [local, remote].map(|address| Endpoint::new(address.ip(), address.port()));
        if !ours.ip.is_loopback() || !theirs.ip.is_loopback() {
            return Err(UnknownCaller::NotLoopback);
        }
        let found = self.socket.find_tcp(theirs, ours).map_err(UnknownCaller::Refused)?;
        judge(found.as_ref(), theirs, ours, self.overflow)
    }
}

/// What a socket that the kernel found says of who holds it.
fn judge(
    found: Option<&SocketRow>,
    theirs: Endpoint,
    ours: Endpoint,
    overflow: Option<u32>,
) -> Result<Caller, UnknownCaller> {
    // Where there is no such connection, the kernel answers with a listener on that port.
    let exact = |row: &&SocketRow| row.local == theirs && row.remote == Some(ours);
    let row = found.filter(exact).ok_or(UnknownCaller::NoSocket)?;
    // What nobody holds any more has no user, though older kernels write root's id there: the row
    // has none then.
    let uid = row.uid.filter(|uid| Some(*uid) != overflow).ok_or(UnknownCaller::NoUser)?;
    Ok(Caller { account: Account::Uid(uid), privileged: uid == ROOT })
}

/// True if user ids mean the same in this user namespace as they do in the machine's first one.
fn maps_everybody(map: &str) -> bool {
    let mut words = map.split_ascii_whitespace();
    [words.next(), words.next(), words.next(), words.next()]
        == [Some("0"), Some("0"), Some("4294967295"), None]
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

    use procnet_core::{Counters, Protocol, SocketState};

    use super::*;
    use crate::own_account;

    fn connected(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    fn ends(served: &TcpStream) -> (SocketAddr, SocketAddr) {
        (served.local_addr().unwrap(), served.peer_addr().unwrap())
    }

    #[test]
    fn who_connects_is_known_over_both_families() {
        let mut callers = Callers::new().unwrap();
        let own = own_account().unwrap().account;
        for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), (Ipv6Addr::LOCALHOST, 0).into()]
        {
            let listener = TcpListener::bind(address).unwrap();
            let (_client, served) = connected(&listener);
            let (local, remote) = ends(&served);
            assert_eq!(callers.of(local, remote).unwrap().account, own);
        }
    }

    #[test]
    fn a_client_of_ipv4_that_comes_to_a_socket_of_both_is_known() {
        let mut callers = Callers::new().unwrap();
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let (served, remote) = listener.accept().unwrap();
        assert_eq!(remote.port(), client.local_addr().unwrap().port());
        assert!(callers.of(served.local_addr().unwrap(), remote).is_ok());
    }

    #[test]
    fn what_is_closed_is_nobodys_and_what_never_was_is_not_there() {
        let mut callers = Callers::new().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (client, served) = connected(&listener);
        let (local, remote) = ends(&served);
        drop(client);
        let gone = callers.of(local, remote).unwrap_err();
        assert!(matches!(gone, UnknownCaller::NoUser | UnknownCaller::NoSocket), "{gone}");
        let never = callers.of(local, SocketAddr::from(([127, 9, 9, 9], 1))).unwrap_err();
        assert!(matches!(never, UnknownCaller::NoSocket), "{never}");
        let remote = callers.of(local, "192.0.2.7:5".parse().unwrap()).unwrap_err();
        assert!(matches!(remote, UnknownCaller::NotLoopback), "{remote}");
    }

    #[test]
    fn a_listener_on_the_callers_port_is_not_the_caller() {
        let mut callers = Callers::new().unwrap();
        let [ours, theirs] = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let answer = callers.of(ours.local_addr().unwrap(), theirs.local_addr().unwrap());
        assert!(matches!(answer, Err(UnknownCaller::NoSocket)), "{answer:?}");
    }

    fn row(uid: Option<u32>) -> SocketRow {
        SocketRow {
            protocol: Protocol::Tcp,
            state: SocketState::Established,
            local: "127.0.0.1:5".parse::<SocketAddr>().map(endpoint).unwrap(),
            remote: Some("127.0.0.1:8765".parse::<SocketAddr>().map(endpoint).unwrap()),
            v6_only: false,
            uid,
            inode: u64::from(uid.is_some()),
            cookie: None,
            counters: Counters::default(),
        }
    }

    fn endpoint(address: SocketAddr) -> Endpoint {
        Endpoint::new(address.ip(), address.port())
    }

    #[test]
    fn only_a_user_of_this_namespace_is_one() {
        let ask = |row: &SocketRow, overflow| {
            judge(Some(row), row.local, row.remote.unwrap(), overflow)
                .map(|caller| (caller.account, caller.privileged))
                .map_err(|error| error.to_string())
        };
        assert_eq!(ask(&row(Some(0)), None), Ok((Account::Uid(0), true)));
        assert_eq!(ask(&row(Some(65_534)), None), Ok((Account::Uid(65_534), false)));
        assert!(ask(&row(Some(65_534)), Some(65_534)).is_err());
        assert!(ask(&row(None), None).is_err());
        let known = row(Some(0));
        assert!(judge(Some(&known), known.remote.unwrap(), known.local, None).is_err());
    }

    #[test]
    fn the_first_user_namespace_maps_everybody() {
        assert!(maps_everybody("         0          0 4294967295\n"));
        for map in ["", "0 1000 1", "0 100000 65536", "0 0 4294967295\n1 1 1", "0 0 65536"] {
            assert!(!maps_everybody(map), "{map}");
        }
    }
}
