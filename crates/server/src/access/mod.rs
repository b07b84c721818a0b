//! Who may ask.
//!
//! A connection within this machine says who is at its other end: [`Access::who_asks`] is asked
//! once for each. Everybody else needs the [`Token`]. Nothing is served to whoever has neither.

mod attempts;
mod token;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::crowd::Place;

pub(crate) use attempts::{Attempts, Guesser, PERIOD};
pub(crate) use token::SESSION;
pub use token::Token;

/// What is known of whoever opened a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// One of those who may ask.
    Trusted,
    /// Somebody else: what they are called.
    Stranger(String),
    /// Who it is, is not known: why.
    Unknown(String),
}

/// Says of a connection, by its own address and its peer's, who is at its other end. It may ask the
/// system, and so take a moment, but waits for nothing.
pub type WhoAsks = dyn Fn(SocketAddr, SocketAddr) -> Standing + Send + Sync;

/// Who may ask. By default nobody may.
#[derive(Clone, Default)]
pub struct Access {
    /// Says who is at the other end of a connection; without it nobody knows.
    pub who_asks: Option<Arc<WhoAsks>>,
    /// What lets everybody in who has it.
    pub token: Option<Token>,
    /// What to tell those who are refused: who is served, and what they can do.
    pub advice: String,
    /// Whether browsers come by TLS, to this server or to a proxy before it: they are told to keep
    /// what lets them in from everything else.
    pub secure: bool,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Whoever is at the other end of one connection, for as long as it lasts.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// Our end.
    pub(crate) local: SocketAddr,
    /// Their end.
    pub(crate) peer: SocketAddr,
    /// Who it is.
    pub(crate) standing: Standing,
    /// That it may stay.
    pub(crate) place: Place,
}
