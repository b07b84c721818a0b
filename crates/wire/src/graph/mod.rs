//! `/api/graph`: the published interface of the first Procnet Live, for people's scripts.
//!
//! Where the first one was silent or wrong, this is what holds:
//! - An IPv6 endpoint is written `[ip]:port`, as everywhere else here.
//! - Ids are unique. An edge of UDP whose id an edge of TCP has already gets `/udp` at its end; a
//!   process that has ended and whose pid is in use again has the id `PID-START`.
//! - A connection whose peer is a local process that cannot be named is drawn to the endpoint
//!   `ip:port`, as to any other that nobody answers for. If neither end can be named, it is
//!   left out.
//! - An inbound connection comes from the node `ip:port` of the caller's endpoint.
//! - An edge of UNIX sockets (only if they are asked for) joins two processes, and has the path in
//!   the place of the port: `CLIENT->SERVER:/run/x.sock`, or `CLIENT->SERVER:pair` for a socket
//!   pair. One whose ends cannot both be named is left out.
//! - A process that waits for peers is a node even if nobody talks to it (not with `p2p_only`).

mod build;
mod memory;
mod style;

use std::borrow::Cow;
use std::sync::Arc;

use procnet_core::Protocol;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

pub use build::graph_answer;
pub use memory::EdgeMemory;

/// What of the graph is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphOptions {
    /// Only edges between processes.
    pub p2p_only: bool,
    /// UDP edges too.
    pub udp: bool,
    /// Edges of UNIX sockets too.
    pub unix: bool,
}

impl GraphOptions {
    /// True if edges and listeners of the protocol are asked for.
    pub const fn shows(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => true,
            Protocol::Udp => self.udp,
            Protocol::Unix => self.unix,
        }
    }
}

/// An answer of `GET /api/graph`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GraphAnswer {
    /// Processes and endpoints.
    pub nodes: Vec<GraphNode>,
    /// Who talks to whom.
    pub edges: Vec<GraphEdge>,
}

/// A process or an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GraphNode {
    /// The pid, or `ip:port`.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// `name\nPID n`, with the rule's label instead of the name if it has one; or `ip:port`.
    pub label: String,
    /// The command line.
    pub title: String,
    /// The type's colour, `#rrggbb`.
    #[schema(value_type = String)]
    pub color: Cow<'static, str>,
    /// The built-in icon's name.
    #[schema(value_type = String)]
    pub icon: Cow<'static, str>,
    /// The type.
    #[schema(value_type = String)]
    pub r#type: Arc<str>,
    /// `image` if there is an image, else `icon`.
    #[schema(value_type = String)]
    pub shape: Cow<'static, str>,
    /// The URL of the user's own icon for the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The pid; null for an endpoint.
    pub pid: Option<u32>,
    /// Whose it is; null if not known.
    pub user: Option<String>,
    /// The container that it runs in, by name or by the beginning of its id; null if none.
    #[serde(default)]
    pub container: Option<String>,
    /// The unit that it is in: of systemd, or on Windows its services; null if none.
    #[serde(default)]
    pub unit: Option<String>,
    /// What it listens on, such as `tcp *:443`, sorted, at most 64.
    pub listeners: Vec<String>,
}

/// All parallel connections from one client to one port of one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GraphEdge {
    /// `CLIENT->SERVER:PORT` where the server is a process, else `CLIENT->IP:PORT`; for UNIX sockets
    /// `CLIENT->SERVER:PATH`.
    pub id: String,
    /// The client's node.
    #[schema(value_type = String)]
    pub from: Arc<str>,
    /// The server's node.
    #[schema(value_type = String)]
    pub to: Arc<str>,
    /// `:cport→:sport`, and ` ×N` if there are several connections; for UNIX sockets the last
    /// component of the path instead.
    pub label: String,
    /// `ip:port ↔ ip:port | TCP ESTABLISHED :port | sockets: N`.
    pub title: String,
    /// The colour of the port class, of UDP, of UNIX sockets, or of what is stale.
    #[schema(value_type = String)]
    pub color: Cow<'static, str>,
    /// A TCP state's name, `UDP`, or `UNIX`.
    #[schema(value_type = String)]
    pub state: Cow<'static, str>,
    /// `TCP`, `UDP`, or `UNIX`.
    #[schema(value_type = String)]
    pub proto: Cow<'static, str>,
    /// False, or the lengths of dash and gap.
    pub dashes: Dashes,
    /// The line's width.
    pub width: f32,
    /// True if none of the connections is left: the edge stays for 15 s.
    pub stale: bool,
    /// The line's curve.
    pub smooth: Smooth,
    /// The service port; 0 for UNIX sockets.
    pub port: u16,
    /// The path of the server's UNIX socket, or `@` and its abstract name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub path: Option<Arc<str>>,
    /// How many connections it joins; of a stale edge, how many it last joined.
    pub sockets: u32,
}

/// How a line is dashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Dashes {
    /// False: it is not.
    Solid(bool),
    /// The lengths of dash and gap.
    Pattern([u8; 2]),
}

impl Serialize for Dashes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Solid(_) => serializer.serialize_bool(false),
            Self::Pattern(lengths) => lengths.serialize(serializer),
        }
    }
}

/// A line's curve, as vis-network understands it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Smooth {
    /// True.
    pub enabled: bool,
    /// `curvedCW`, `curvedCCW`, or `continuous`.
    #[schema(value_type = String)]
    pub r#type: Cow<'static, str>,
    /// How far it bows out, from 0 to 1.
    pub roundness: f32,
}
