//! `/proc/net/unix` (proc(5)): the UNIX sockets of a network namespace for those whom the kernel
//! answers no other way. It tells neither peers, nor users, nor cookies.
//!
//! A path with a line feed in it can pretend to be a row: another reason to ask otherwise first.

use procnet_core::UnixSocket;

use super::unix_diag::{UnixRow, name, unix_kind, unix_state};

/// The flag of a listener (`__SO_ACCEPTCON`).
const LISTENS: u32 = 1 << 16;
/// `SS_CONNECTED`.
const CONNECTED: u32 = 3;

/// The rows of the table; the heading and lines that are no rows are left out.
pub fn rows(table: &[u8]) -> impl Iterator<Item = UnixRow> + '_ {
    table.split(|&byte| byte == b'\n').filter_map(row)
}

/// Columns: `Num RefCount Protocol Flags Type St Inode Path`, all but the inode hexadecimal.
fn row(line: &[u8]) -> Option<UnixRow> {
    let mut columns = Columns(line);
    let number = columns.next()?;
    if !number.ends_with(b":") {
        return None;
    }
    let mut hexadecimal =
        || u32::from_str_radix(std::str::from_utf8(columns.next()?).ok()?, 16).ok();
    let (_references, _protocol) = (hexadecimal()?, hexadecimal()?);
    let (flags, kind, state) = (hexadecimal()?, hexadecimal()?, hexadecimal()?);
    let inode: u64 = std::str::from_utf8(columns.next()?).ok()?.parse().ok()?;
    if inode == 0 {
        return None;
    }
    // A path may have blanks in it, and begin with one.
    let path = columns.0.strip_prefix(b" ").unwrap_or_default();
    let socket = UnixSocket { name: name(path), kind: unix_kind(kind)?, inode, peer: None };
    let state = unix_state(&socket, flags & LISTENS != 0, state == CONNECTED, false)?;
    Some(UnixRow { state, uid: None, cookie: None, socket })
}

/// Words between blanks; what is left keeps its blanks.
struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.0.iter().position(|byte| *byte != b' ')?;
        let rest = self.0.get(start..)?;
        let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use procnet_core::{SocketState, UnixKind};
    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = "Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20001 /run/dbus/system_bus_socket
0000000000000000: 00000003 00000000 00000000 0001 03 20002 /run/dbus/system_bus_socket
0000000000000000: 00000003 00000000 00000000 0001 03 20003
0000000000000000: 00000002 00000000 00000000 0002 01 20004 /run/systemd/journal/dev-log
0000000000000000: 00000002 00010000 00010000 0005 01 20005 @/org/a b
0000000000000000: 00000002 00000000 00000000 0001 01 20006
0000000000000000: 00000002 00000000 00000000 0001 03     0
";

    #[test]
    fn every_socket_that_talks_or_waits_is_read() {
        let rows: Vec<_> = rows(TABLE.as_bytes()).collect();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.socket.inode, row.state, row.socket.kind, row.socket.name.as_deref()))
            .collect();
        let bus = Some("/run/dbus/system_bus_socket");
        assert_eq!(
            told,
            [
                (20001, SocketState::Listen, UnixKind::Stream, bus),
                (20002, SocketState::Established, UnixKind::Stream, bus),
                (20003, SocketState::Established, UnixKind::Stream, None),
                (
                    20004,
                    SocketState::Listen,
                    UnixKind::Datagram,
                    Some("/run/systemd/journal/dev-log")
                ),
                (20005, SocketState::Listen, UnixKind::SeqPacket, Some("@/org/a b")),
            ]
        );
        assert!(rows.iter().all(|row| row.cookie.is_none() && row.socket.peer.is_none()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = rows(&bytes).count();
        }

        #[test]
        fn no_cut_makes_it_panic(length in 0..TABLE.len(), replaced: u8, at in 0..TABLE.len()) {
            let mut bytes = TABLE.as_bytes().to_vec();
            bytes[at] = replaced;
            let _ = rows(&bytes[..length]).count();
        }
    }
}
