//! UNIX sockets as `NETLINK_SOCK_DIAG` tells them (`include/uapi/linux/unix_diag.h`; sock_diag(7)).

use std::sync::Arc;

use procnet_core::text::sanitized;
use procnet_core::{SocketState, UnixKind, UnixSocket};

use super::inet_diag::SOCK_DIAG_BY_FAMILY;
use super::netlink::{Attributes, DUMP_REQUEST, HEADER_LENGTH, array};

/// Length of a request: a netlink header and `struct unix_diag_req`.
pub const REQUEST_LENGTH: usize = HEADER_LENGTH + 24;

/// Length of `struct unix_diag_msg`; attributes follow it.
const MESSAGE_LENGTH: usize = 16;
/// `AF_UNIX`.
const FAMILY: u8 = 1;
/// `UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_UID`. The kernel adds what was shut down.
const SHOWN: u32 = 0x01 | 0x04 | 0x40;

const UNIX_DIAG_NAME: u16 = 0;
const UNIX_DIAG_PEER: u16 = 2;
const UNIX_DIAG_SHUTDOWN: u16 = 6;
const UNIX_DIAG_UID: u16 = 7;

/// Neither receiving nor sending is possible any more.
const SHUT_BOTH_WAYS: u8 = 3;
/// The kernel's `sizeof(sun_path)`.
const MAX_PATH: usize = 108;
/// Longest name that is kept: what that many bytes can become.
const MAX_NAME: usize = 3 * MAX_PATH + 1;

/// A UNIX socket as the kernel tells it: without owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixRow {
    /// Where it is in its life.
    pub state: SocketState,
    /// The user of the socket, if the source tells.
    pub uid: Option<u32>,
    /// The socket's cookie, if the source tells it.
    pub cookie: Option<u64>,
    /// All else.
    pub socket: UnixSocket,
}

/// A request for the UNIX sockets in any of the `states` (a mask of state numbers).
pub fn request(states: u32, sequence: u32) -> [u8; REQUEST_LENGTH] {
    let mut bytes = [0; REQUEST_LENGTH];
    let fields: [(usize, &[u8]); 7] = [
        (0, &(REQUEST_LENGTH as u32).to_ne_bytes()),
        (4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes()),
        (6, &DUMP_REQUEST.to_ne_bytes()),
        (8, &sequence.to_ne_bytes()),
        (HEADER_LENGTH, &[FAMILY]),
        (HEADER_LENGTH + 4, &states.to_ne_bytes()),
        (HEADER_LENGTH + 12, &SHOWN.to_ne_bytes()),
    ];
    for (offset, value) in fields {
        if let Some(field) = bytes.get_mut(offset..offset + value.len()) {
            field.copy_from_slice(value);
        }
    }
    bytes
}

/// Reads the payload of one answer. `None` if it is none, or of a socket that neither talks nor
/// waits, or that nobody holds yet: the far end of a connection before it is accepted.
pub fn parse(payload: &[u8]) -> Option<UnixRow> {
    let fixed = payload.first_chunk::<MESSAGE_LENGTH>()?;
    let [family, kind, state, ..] = *fixed;
    let inode = u64::from(u32::from_ne_bytes(array(fixed, 4)?));
    if family != FAMILY || inode == 0 {
        return None;
    }
    let [low, high] = [u32::from_ne_bytes(array(fixed, 8)?), u32::from_ne_bytes(array(fixed, 12)?)];
    let mut socket = UnixSocket { name: None, kind: unix_kind(kind.into())?, inode, peer: None };
    let (mut uid, mut shutdown) = (None, 0);
    for (attribute, value) in Attributes::new(payload.get(MESSAGE_LENGTH..)?) {
        match attribute {
            UNIX_DIAG_NAME => socket.name = name(value),
            UNIX_DIAG_PEER => {
                let peer = array(value, 0).map(u32::from_ne_bytes);
                socket.peer = peer.filter(|peer| *peer != 0).map(u64::from);
            }
            UNIX_DIAG_SHUTDOWN => shutdown = value.first().copied().unwrap_or(0),
            UNIX_DIAG_UID => uid = array(value, 0).map(u32::from_ne_bytes),
            _ => {}
        }
    }
    let hung_up = shutdown & SHUT_BOTH_WAYS == SHUT_BOTH_WAYS;
    // The numbers of TCP's states: 1 established, 10 listening.
    let state = unix_state(&socket, state == 10, state == 1, hung_up)?;
    let cookie = Some(u64::from(high) << 32 | u64::from(low));
    Some(UnixRow { state, uid, cookie, socket })
}

/// The kernel's `SOCK_*`.
pub(crate) fn unix_kind(number: u32) -> Option<UnixKind> {
    match number {
        1 => Some(UnixKind::Stream),
        2 => Some(UnixKind::Datagram),
        5 => Some(UnixKind::SeqPacket),
        _ => None,
    }
}

/// `None` for a socket that neither talks nor waits.
pub(crate) fn unix_state(
    socket: &UnixSocket,
    listening: bool,
    connected: bool,
    hung_up: bool,
) -> Option<SocketState> {
    // What the kernel notes as a datagram socket's state changed from version to version.
    match (socket.kind, socket.peer) {
        (UnixKind::Datagram, Some(_)) => Some(SocketState::Established),
        (UnixKind::Datagram, None) => socket.name.is_some().then_some(SocketState::Listen),
        _ if listening => Some(SocketState::Listen),
        (_, None) if connected && hung_up => Some(SocketState::CloseWait),
        _ => connected.then_some(SocketState::Established),
    }
}

/// The name out of `sun_path`: a path, up to its NUL; or after a first NUL an abstract name, which
/// ends where it ends, though many programs fill it up with NULs.
pub(crate) fn name(bytes: &[u8]) -> Option<Arc<str>> {
    let bytes = bytes.get(..MAX_PATH).unwrap_or(bytes);
    let (first, rest) = bytes.split_first()?;
    if *first != 0 {
        let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        return Some(sanitized(bytes.get(..length)?, MAX_NAME));
    }
    let length = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut shown = vec![b'@'];
    shown.extend_from_slice(rest.get(..length)?);
    Some(sanitized(&shown, MAX_NAME))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(kind: u8, state: u8, inode: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![FAMILY, kind, state, 0];
        bytes.extend_from_slice(&inode.to_ne_bytes());
        bytes.extend_from_slice(&7_u32.to_ne_bytes());
        bytes.extend_from_slice(&1_u32.to_ne_bytes());
        bytes.extend(attributes.iter().flat_map(|(kind, value)| attribute(*kind, value)));
        bytes
    }

    #[test]
    fn a_request_has_the_layout_of_the_header_file() {
        let bytes = request(0x1ffe, 9);
        assert_eq!(bytes.len(), 40);
        assert_eq!(bytes[16..20], [1, 0, 0, 0]);
        assert_eq!(bytes[20..24], 0x1ffe_u32.to_ne_bytes());
        assert_eq!(bytes[28..32], SHOWN.to_ne_bytes());
    }

    #[test]
    fn an_accepted_socket_and_its_client() {
        let peer = 43_u32.to_ne_bytes();
        let uid = 1000_u32.to_ne_bytes();
        let path: &[u8] = b"/run/x.sock\0";
        let row =
            parse(&message(1, 1, 42, &[(0, path), (2, &peer), (6, &[0]), (7, &uid)])).unwrap();
        assert_eq!(row.state, SocketState::Established);
        assert_eq!((row.uid, row.cookie), (Some(1000), Some(1 << 32 | 7)));
        assert_eq!(row.socket.name.as_deref(), Some("/run/x.sock"));
        assert_eq!((row.socket.inode, row.socket.peer), (42, Some(43)));
        let gone = parse(&message(1, 1, 43, &[(6, &[3])])).unwrap();
        assert_eq!((gone.state, gone.socket.peer), (SocketState::CloseWait, None));
    }

    #[test]
    fn what_waits_and_what_does_neither() {
        let state = |kind, state, attributes: &[(u16, &[u8])]| {
            parse(&message(kind, state, 1, attributes)).map(|row| row.state)
        };
        let path: (u16, &[u8]) = (0, b"/run/log\0");
        let peer: (u16, &[u8]) = (2, &[9, 0, 0, 0]);
        assert_eq!(state(1, 10, &[path]), Some(SocketState::Listen));
        assert_eq!(state(5, 10, &[path]), Some(SocketState::Listen));
        assert_eq!(state(2, 7, &[path]), Some(SocketState::Listen));
        assert_eq!(state(2, 7, &[peer]), Some(SocketState::Established));
        assert_eq!(state(1, 7, &[path]), None, "bound, but it does not listen");
        assert_eq!(state(2, 7, &[]), None);
        assert_eq!(state(3, 1, &[]), None, "no such kind");
        assert_eq!(parse(&message(1, 1, 0, &[])), None, "not accepted yet");
    }

    #[test]
    fn names_are_bounded_and_harmless() {
        let shown = |bytes: &[u8]| name(bytes).as_deref().map(str::to_owned);
        assert_eq!(shown(b""), None);
        assert_eq!(shown(b"/a\0junk").as_deref(), Some("/a"));
        assert_eq!(shown(b"relative").as_deref(), Some("relative"));
        assert_eq!(shown(b"\0/tmp/.X11-unix/X0").as_deref(), Some("@/tmp/.X11-unix/X0"));
        assert_eq!(shown(b"\0a\0b\0\0\0").as_deref(), Some("@a\u{fffd}b"));
        assert_eq!(shown(&[0; 108]).as_deref(), Some("@"));
        assert_eq!(shown(b"/run/\x1b[31m\xff").as_deref(), Some("/run/\u{fffd}[31m\u{fffd}"));
        assert_eq!(shown(&[b'/'; 4000]).map(|name| name.len()), Some(MAX_PATH));
        assert_eq!(shown(&[0xff; 4000]).map(|name| name.len()), Some(3 * MAX_PATH));
    }

    #[test]
    fn no_cut_makes_it_panic_or_invents_anything() {
        let peer = 43_u32.to_ne_bytes();
        let whole = message(1, 1, 42, &[(0, b"/run/x.sock\0"), (2, &peer), (6, &[0])]);
        for length in 0..whole.len() {
            if let Some(row) = parse(&whole[..length]) {
                assert_eq!(row.socket.inode, 42);
                assert!(row.socket.peer.is_none_or(|peer| peer == 43));
                assert!(row.socket.name.is_none_or(|name| &*name == "/run/x.sock"));
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = bytes;
            let _ = parse(&bytes);
            if let Some(family) = bytes.first_mut() {
                *family = FAMILY;
            }
            let _ = parse(&bytes);
            prop_assert!(name(&bytes).is_none_or(|name| name.len() <= MAX_NAME));
        }

        #[test]
        fn no_change_makes_it_panic(at in 0_usize..60, byte: u8) {
            let mut bytes = message(1, 1, 42, &[(0, b"/run/x.sock\0"), (2, &[1, 0, 0, 0]), (6, &[0])]);
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
            let _ = parse(&bytes);
        }
    }
}
