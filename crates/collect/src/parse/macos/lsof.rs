//! The output of `lsof -nP -iTCP -iUDP -F pcuftPnT`, for where nothing else may be read. Each line
//! is a field: its first character says which, and those of a process and of a descriptor begin
//! anew.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use procnet_core::{Counters, Endpoint, Protocol, SocketState};

use super::super::row::peer;
use super::{SocketRow, udp_state, without_scope};

/// A socket, and the process that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedSocket<'a> {
    /// The process' name, which `lsof` cuts off; bytes of any kind.
    pub command: &'a [u8],
    /// The socket. Its uid is that of the process.
    pub row: SocketRow,
}

#[derive(Clone, Copy, Debug, Default)]
struct Descriptor<'a> {
    open: bool,
    kind: &'a [u8],
    protocol: &'a [u8],
    name: &'a [u8],
    state: &'a [u8],
}

/// Walks the sockets of one output. What is no socket, or malformed, is left out.
#[derive(Clone, Debug)]
pub struct ListedSockets<'a> {
    rest: &'a [u8],
    pid: u32,
    uid: Option<u32>,
    command: &'a [u8],
    descriptor: Descriptor<'a>,
}

impl<'a> ListedSockets<'a> {
    /// Walks the sockets in `output`.
    pub fn new(output: &'a [u8]) -> Self {
        Self { rest: output, pid: 0, uid: None, command: &[], descriptor: Descriptor::default() }
    }

    /// Takes in one line; the descriptor before it, if that was the last of it.
    fn line(&mut self, line: &'a [u8]) -> Option<ListedSocket<'a>> {
        let (&field, value) = line.split_first()?;
        let done = match field {
            b'p' | b'f' => self.flush(),
            _ => None,
        };
        match field {
            b'p' => {
                self.pid = number(value).unwrap_or(0);
                (self.uid, self.command) = (None, &[]);
            }
            b'c' => self.command = value,
            b'u' => self.uid = number(value),
            b'f' => self.descriptor.open = true,
            b't' => self.descriptor.kind = value,
            b'P' => self.descriptor.protocol = value,
            b'n' => self.descriptor.name = value,
            b'T' => {
                if let Some(state) = value.strip_prefix(b"ST=") {
                    self.descriptor.state = state;
                }
            }
            _ => {}
        }
        done
    }

    fn flush(&mut self) -> Option<ListedSocket<'a>> {
        let descriptor = std::mem::take(&mut self.descriptor);
        if !descriptor.open || self.pid == 0 {
            return None;
        }
        let v6 = match descriptor.kind {
            b"IPv4" => false,
            b"IPv6" => true,
            _ => return None,
        };
        let name = std::str::from_utf8(descriptor.name).ok()?;
        let (local, remote) = match name.split_once("->") {
            Some((local, remote)) => (end(local, v6)?, peer(end(remote, v6)?)),
            None => (end(name, v6)?, None),
        };
        let (protocol, state) = match descriptor.protocol {
            b"TCP" => (Protocol::Tcp, tcp_state(descriptor.state)?),
            b"UDP" => (Protocol::Udp, udp_state(local, remote)),
            _ => return None,
        };
        let row = SocketRow {
            protocol,
            state,
            local,
            remote,
            v6_only: false,
            uid: self.uid,
            pid: self.pid,
            effective_pid: 0,
            handle: 0,
            counters: Counters::default(),
        };
        Some(ListedSocket { command: self.command, row })
    }
}

impl<'a> Iterator for ListedSockets<'a> {
    type Item = ListedSocket<'a>;

    fn next(&mut self) -> Option<ListedSocket<'a>> {
        while !self.rest.is_empty() {
            let length = self.rest.iter().position(|&byte| byte == b'\n');
            let (line, rest) = match length {
                Some(length) => (self.rest.get(..length)?, self.rest.get(length + 1..)?),
                None => (self.rest, &[][..]),
            };
            self.rest = rest;
            if let Some(done) = self.line(line) {
                return Some(done);
            }
        }
        self.flush()
    }
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An end such as `*:80`, `127.0.0.1:80` or `[fe80:4::1]:80`; `*` stands for any address or port.
fn end(text: &str, v6: bool) -> Option<Endpoint> {
    let (address, port) = text.rsplit_once(':')?;
    let ip = match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => {
            let (address, _interface) = address.split_once('%').unwrap_or((address, ""));
            IpAddr::V6(without_scope(address.parse().ok()?))
        }
        None if address == "*" && v6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        None if address == "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        None => address.parse().ok()?,
    };
    Some(Endpoint::new(ip, if port == "*" { 0 } else { port.parse().ok()? }))
}

/// `lsof` says of TCP sockets what `netstat` does; of one that is merely open it says nothing.
fn tcp_state(name: &[u8]) -> Option<SocketState> {
    Some(match name {
        b"LISTEN" => SocketState::Listen,
        b"SYN_SENT" => SocketState::SynSent,
        b"SYN_RCDV" | b"SYN_RCVD" | b"SYN_RECEIVED" => SocketState::SynReceived,
        b"ESTABLISHED" => SocketState::Established,
        b"CLOSE_WAIT" => SocketState::CloseWait,
        b"FIN_WAIT_1" => SocketState::FinWait1,
        b"CLOSING" => SocketState::Closing,
        b"LAST_ACK" => SocketState::LastAck,
        b"FIN_WAIT_2" => SocketState::FinWait2,
        b"TIME_WAIT" => SocketState::TimeWait,
        b"CLOSED" | b"IDLE" | b"BOUND" | b"" => SocketState::Closed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by hand after the manual's description of the format.
    const OUTPUT: &str = "p501\ncDom\\xd0\nu502\nf3\ntIPv4\nPTCP\nn127.0.0.1:50000->127.0.0.1:80\n\
        TST=ESTABLISHED\nTQR=0\nf4\ntIPv6\nPTCP\nn*:80\nTST=LISTEN\nf5\ntIPv6\nPUDP\nn*:*\n\
        p77\ncmdns\nu65\nf7\ntIPv6\nPUDP\nn[fe80:4::1]:5353->[fe80:4::2]:5353\nf8\ntIPv4\nPUDP\n\
        n*:5353\n";

    #[test]
    fn an_output() {
        let told: Vec<_> = ListedSockets::new(OUTPUT.as_bytes()).collect();
        let words: Vec<String> = told
            .iter()
            .map(|socket| {
                let SocketRow { protocol, pid, local, remote, state, .. } = socket.row;
                let remote = remote.map_or("nobody".to_owned(), |remote| remote.to_string());
                format!("{protocol} {pid} {local} {remote} {state}")
            })
            .collect();
        assert_eq!(
            words,
            [
                "tcp 501 127.0.0.1:50000 127.0.0.1:80 ESTABLISHED",
                "tcp 501 [::]:80 nobody LISTEN",
                "udp 501 [::]:0 nobody CLOSED",
                "udp 77 [fe80::1]:5353 [fe80::2]:5353 ESTABLISHED",
                "udp 77 0.0.0.0:5353 nobody LISTEN",
            ]
        );
        assert_eq!((told[0].command, told[0].row.uid), (&b"Dom\\xd0"[..], Some(502)));
        assert_eq!((told[3].command, told[3].row.uid), (&b"mdns"[..], Some(65)));
    }

    #[test]
    fn what_is_no_socket_is_left_out() {
        let output = b"p1\nf3\ntREG\nn/etc/passwd\nf4\ntIPv4\nPTCP\nnnonsense\nf5\ntIPv4\nPICMP\n\
            n*:*\nf6\ntIPv4\nPTCP\nn*:1\nTST=STRANGE\nx\n\n";
        assert_eq!(ListedSockets::new(output).count(), 0);
        assert_eq!(ListedSockets::new(b"f3\ntIPv4\nPUDP\nn*:5\n").count(), 0, "nobody's");
    }

    #[test]
    fn what_is_cut_off_is_told_as_far_as_it_goes() {
        for length in 0..OUTPUT.len() {
            assert!(ListedSockets::new(&OUTPUT.as_bytes()[..length]).count() <= 5);
        }
    }

    proptest! {
        #[test]
        fn no_mutation_makes_it_panic(
            changes in prop::collection::vec((0..OUTPUT.len(), any::<u8>()), 0..24),
        ) {
            let mut bytes = OUTPUT.as_bytes().to_vec();
            for (place, value) in changes {
                bytes[place] = value;
            }
            prop_assert!(ListedSockets::new(&bytes).count() <= bytes.len() / 2);
        }
    }
}
