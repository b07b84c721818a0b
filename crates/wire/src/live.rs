//! What the page lives on: a whole scene, then deltas. Columnar: one array per field.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::columns::{EdgeColumns, EdgeUpdates, NodeColumns, NodeUpdates};

/// A whole scene. `GET /api/v1/scene`, and the `scene` event of `GET /api/v1/stream`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SceneMessage {
    /// Changes whenever revisions start anew (the program or the view was restarted).
    pub epoch: String,
    /// Counts the scene's changes.
    pub revision: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The machine that the program runs on.
    pub host: HostInfo,
    /// How nodes are grouped right now.
    pub grouping: GroupingInfo,
    /// What is shown, whether it was asked for or is the program's default.
    pub toggles: ToggleInfo,
    /// Every node.
    pub nodes: NodeColumns,
    /// Every edge.
    pub edges: EdgeColumns,
    /// Numbers about what is shown and left out.
    pub summary: SummaryInfo,
    /// What types and port classes there are, and their colours.
    pub legend: Legend,
    /// What is currently not seen, and why.
    pub degradations: Vec<DegradationInfo>,
}

/// The difference between two revisions. The `delta` event of `GET /api/v1/stream`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeltaMessage {
    /// The revision that it applies to.
    pub from: u64,
    /// The revision that it leads to.
    pub to: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Nodes that are new, changed and gone.
    pub nodes: NodeUpdates,
    /// Edges that are new, changed and gone.
    pub edges: EdgeUpdates,
    /// The new numbers, if any changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<SummaryInfo>,
    /// The new grouping, if it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grouping: Option<GroupingInfo>,
    /// The new list of what is not seen, if it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degradations: Option<Vec<DegradationInfo>>,
    /// The new legend, if it changed (rules were reloaded).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legend: Option<Legend>,
}

/// Says that the stream is alive. The `heartbeat` event of `GET /api/v1/stream`, every 5 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatMessage {
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The revision that the client should have by now.
    pub revision: u64,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostInfo {
    /// Its name.
    pub name: String,
    /// `linux`, `windows`, `macos`, or `simulated`.
    pub os: String,
    /// The version of procnet.
    pub version: String,
}

/// How nodes are grouped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupingInfo {
    /// What was asked for: `auto`, `process`, `tree`, `container`, `unit`, `family`, `executable`, `user`, `host`.
    pub asked: String,
    /// What it is: the same, or what fits the budget.
    pub level: String,
    /// How remotes were asked to be joined: `auto`, `endpoint`, `address`, `network`, `internet`.
    pub remotes_asked: String,
    /// How they are: the same, or what fits the budget; `auto`: by the peers that they talk to.
    pub remotes: String,
    /// `auto`, or `none` where everything was asked for.
    pub budget: String,
    /// True if there is more than the budget (or the bounds of `budget=none`) allows, so that it is
    /// coarser than asked for.
    pub coarsened: bool,
}

/// What a view shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToggleInfo {
    /// Only links between processes.
    pub p2p_only: bool,
    /// UDP too.
    pub udp: bool,
    /// UNIX sockets too.
    pub unix: bool,
    /// Processes that only listen too.
    pub listeners: bool,
}

/// Numbers about what is shown and left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SummaryInfo {
    /// User-space processes known.
    pub processes: u32,
    /// Sockets known, listeners included.
    pub sockets: u32,
    /// Listeners known.
    pub listeners: u32,
    /// Links known.
    pub links: u32,
    /// Links that filter and toggles leave out.
    pub hidden_links: u32,
    /// Links that the filter lets through and a `mute` leaves out.
    pub muted_links: u32,
    /// Sockets whose owner is not known, though they must have one.
    pub unattributed_sockets: u32,
    /// Events lost since the start.
    pub lost_events: u64,
    /// Gaps since the start.
    pub gaps: u64,
}

/// What types and port classes there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Legend {
    /// Node types.
    pub types: Vec<TypeInfo>,
    /// Port classes.
    pub classes: Vec<ClassInfo>,
    /// The colour of UDP edges.
    pub udp_color: String,
    /// The colour of edges of UNIX sockets.
    pub unix_color: String,
}

/// A node type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeInfo {
    /// Its name, as in rules.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its colour, `#rrggbb`.
    pub color: String,
    /// The built-in icon's name.
    pub icon: String,
    /// The URL of the user's own icon (`--icons-dir`), if there is one for this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// A port class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassInfo {
    /// Its name: `web`, `db`, `cache`, `mq`, `infra`, `other`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its colour, `#rrggbb`.
    pub color: String,
    /// Its ports.
    pub ports: Vec<u16>,
}

/// Something that is currently not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DegradationInfo {
    /// A stable name: `owners-hidden`, ….
    pub id: String,
    /// What is not seen and why.
    pub message: String,
    /// How many things it touches.
    pub count: u64,
}
