//! Who is at the other end of a TCP connection within this machine.
//!
//! A program that answers only some users asks this once for each connection that it accepts. The
//! answer is exact or there is none: what the system does not say for certain is an
//! [`UnknownCaller`], which proves nothing and is trusted by nobody.

use std::fmt;
use std::sync::Arc;

/// A user, by what the system itself knows users by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// A user id of Linux or macOS.
    Uid(u32),
    /// A security identifier of Windows.
    Sid(Box<[u8]>),
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid {uid}"),
            Self::Sid(sid) => f.write_str(&crate::parse::windows::sid::text(sid)),
        }
    }
}

/// A user by name, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAccount {
    /// Who it is.
    pub account: Account,
    /// What the system calls it, if it has a name.
    pub name: Option<Arc<str>>,
}

impl fmt::Display for NamedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.account.fmt(f),
        }
    }
}

/// Who holds the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub account: Account,
    /// True for who may do everything anyway: root, or what runs as administrator on Windows.
    pub privileged: bool,
}

/// Why it is not known who is at the other end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownCaller {
    /// The connection does not stay within this machine.
    #[error("the connection is no loopback one")]
    NotLoopback,
    /// This system has no such socket, or had it no more: it may be another network namespace's.
    #[error("this machine shows no socket at its other end")]
    NoSocket,
    /// There is one, and no user's: it was closed, or the user is none of this user namespace.
    #[error("no user is known to hold the socket at its other end")]
    NoUser,
    /// The system refused to say.
    #[error("the system does not say who holds its other end: {0}")]
    Refused(#[source] std::io::Error),
    /// There is no way to ask here.
    #[error("this system has no way to tell who holds its other end")]
    Unsupported,
}
