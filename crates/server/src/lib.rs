//! HTTP: the API, the delta stream, the embedded page.
//!
//! [`Live`] holds the engine and what its clients look at: every distinct view once, however many
//! clients share it. [`serve`] answers requests from it. Data flows one way: a driver feeds
//! batches in with [`Live::ingest`], streams carry deltas out.
//!
//! Invariants, written as absences: no request reaches a handler without passing the guard, which
//! asks who it comes from; no
//! path from the network is ever opened as a file; no client's slowness holds up another client
//! or the driver; nothing here grows with the number of requests.

mod access;
mod beginning;
mod crowd;
mod http;
mod listen;
mod live;
mod options;
mod panics;
mod stall;
mod tls;

pub use access::{Access, Standing, Token, WhoAsks};
#[cfg(any(test, fuzzing))]
pub use http::routes_that_take;
pub use http::{openapi, page_licences};
pub use listen::{ServeError, serve};
pub use live::{Live, ResyncWish, UnixWish, ViewDefaults};
pub use options::{ReloadRules, ServerOptions};
pub use panics::{Panicked, Restarts, catching};
pub use tls::{Tls, TlsError};
