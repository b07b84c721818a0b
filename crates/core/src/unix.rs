//! UNIX domain sockets (unix(7)): what tells them from sockets with addresses and ports.

use std::sync::Arc;

/// How a UNIX socket carries data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnixKind {
    /// A stream of bytes (`SOCK_STREAM`).
    Stream,
    /// Messages, each by itself (`SOCK_DGRAM`).
    Datagram,
    /// A connection that carries messages (`SOCK_SEQPACKET`).
    SeqPacket,
}

impl UnixKind {
    /// `stream`, `dgram`, or `seqpacket`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Datagram => "dgram",
            Self::SeqPacket => "seqpacket",
        }
    }
}

/// What a UNIX socket has instead of endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    /// The path that it is bound to, or `@` and its abstract name; `None` if it is bound to
    /// nothing. A socket that was accepted bears its listener's name.
    pub name: Option<Arc<str>>,
    /// How it carries data.
    pub kind: UnixKind,
    /// Its inode, one of its own on the whole machine.
    pub inode: u64,
    /// The inode of the socket that it is connected to.
    pub peer: Option<u64>,
}

impl UnixSocket {
    /// True if the kernel made the name up (autobind: `@` and five hexadecimal digits), so that it
    /// offers nothing: the socket is some client's, waiting for its answer.
    pub fn is_autobound(&self) -> bool {
        let digits = self.name.as_deref().and_then(|name| name.strip_prefix('@'));
        digits.is_some_and(|digits| {
            digits.len() == 5 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    }
}

/// What a name is called on the map: the last component of a path, an abstract name as it is.
pub fn short_name(name: &str) -> &str {
    if name.starts_with('@') {
        return name;
    }
    let trimmed = name.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some(last) if !last.is_empty() => last,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> UnixSocket {
        UnixSocket { name: Some(name.into()), kind: UnixKind::Datagram, inode: 1, peer: None }
    }

    #[test]
    fn the_kernels_own_names_offer_nothing() {
        assert!(named("@0001f").is_autobound());
        for other in ["@0001F", "@0001", "0001f", "@/tmp/.X11-unix/X0", "/run/x", "@"] {
            assert!(!named(other).is_autobound(), "{other}");
        }
    }

    #[test]
    fn a_path_is_called_by_its_last_component() {
        assert_eq!(short_name("/run/postgresql/.s.PGSQL.5432"), ".s.PGSQL.5432");
        assert_eq!(short_name("@/tmp/.X11-unix/X0"), "@/tmp/.X11-unix/X0");
        assert_eq!(short_name("relative"), "relative");
        assert_eq!(short_name("/run/x/"), "x");
        assert_eq!(short_name("/"), "/");
        assert_eq!(short_name(""), "");
    }
}
