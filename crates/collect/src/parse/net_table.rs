//! `/proc/net/{tcp,tcp6,udp,udp6}` (proc_net_tcp.rst): the socket table for those who may not
//! enter a network namespace. It tells inode and uid, but neither cookie nor counters.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{Counters, Endpoint, Protocol};

use super::row::{SocketRow, peer, socket_state};

/// The rows of one table; the heading and lines that are no rows are left out.
pub fn rows(protocol: Protocol, table: &[u8]) -> impl Iterator<Item = SocketRow> + '_ {
    table.split(|&byte| byte == b'\n').filter_map(move |line| row(protocol, line))
}

/// Columns: `sl local rem st tx:rx tr:when retrnsmt uid timeout inode …`.
fn row(protocol: Protocol, line: &[u8]) -> Option<SocketRow> {
    let line = std::str::from_utf8(line).ok()?;
    let mut columns = line.split_ascii_whitespace();
    if !columns.next()?.ends_with(':') {
        return None;
    }
    let local = endpoint(columns.next()?)?;
    let remote = peer(endpoint(columns.next()?)?);
    let state = u8::from_str_radix(columns.next()?, 16).ok()?;
    let uid = columns.nth(3)?.parse().ok()?;
    let inode = columns.nth(1)?.parse().ok()?;
    Some(SocketRow {
        protocol,
        state: socket_state(protocol, state, local, remote)?,
        local,
        remote,
        v6_only: false,
        uid: (inode != 0).then_some(uid),
        inode,
        cookie: None,
        counters: Counters::default(),
    })
}

/// `0100007F:1F90`: the address as 32-bit words in the machine's byte order, the port as a number.
fn endpoint(text: &str) -> Option<Endpoint> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |index: usize| -> Option<[u8; 4]> {
        let digits = address.get(index * 8..index * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(Endpoint::new(ip, port))
}

#[cfg(test)]
mod tests {
    use procnet_core::SocketState;
    use proptest::prelude::*;

    use super::*;

    // Taken from a little-endian machine, as all that Procnet Live is built for are.
    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 23456 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 23457 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00001234 00000000     0        0 0 3 0000000000000000
";
    const TCP6: &str = "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 00000000    33        0 100 1 0000000000000000 20 4 30 10 -1
";

    #[test]
    fn the_heading_is_no_row_and_every_row_is_read() {
        let rows: Vec<_> = rows(Protocol::Tcp, TCP.as_bytes()).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].state, SocketState::Listen);
        assert_eq!(rows[0].local.to_string(), "127.0.0.1:8080");
        assert_eq!((rows[0].remote, rows[0].uid, rows[0].inode), (None, Some(1000), 23456));
        assert_eq!(rows[1].remote.unwrap().to_string(), "127.0.0.1:50000");
        assert_eq!((rows[2].state, rows[2].uid, rows[2].inode), (SocketState::TimeWait, None, 0));
    }

    #[test]
    fn mapped_addresses_become_ipv4_but_the_wildcard_stays() {
        let rows: Vec<_> = rows(Protocol::Tcp, TCP6.as_bytes()).collect();
        assert_eq!(rows[0].local.to_string(), "[::]:80");
        assert_eq!(rows[1].local.to_string(), "127.0.0.1:80");
        assert_eq!(rows[1].remote.unwrap().to_string(), "127.0.0.1:40000");
    }

    #[test]
    fn udp_with_and_without_a_peer() {
        let table = "  10: 00000000:0035 00000000:0000 07 0:0 00:0 0 101 0 5 2 0 0\n  11: 0100007F:A000 0100007F:0035 01 0:0 00:0 0 101 0 6 2 0 0\n";
        let states: Vec<_> = rows(Protocol::Udp, table.as_bytes()).map(|row| row.state).collect();
        assert_eq!(states, [SocketState::Listen, SocketState::Established]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = rows(Protocol::Tcp, &bytes).count();
        }

        #[test]
        fn no_cut_makes_it_panic(length in 0..TCP6.len(), replaced in any::<u8>(), at in 0..TCP6.len()) {
            let mut bytes = TCP6.as_bytes().to_vec();
            bytes[at] = replaced;
            let _ = rows(Protocol::Udp, &bytes[..length]).count();
        }
    }
}
