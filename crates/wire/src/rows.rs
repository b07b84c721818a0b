//! Rows: sockets and processes, one object each. `procnet ls --json` and the details panel.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An address and a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointRow {
    /// The address; `0.0.0.0` or `::` for all.
    pub ip: String,
    /// The port.
    pub port: u16,
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnerRow {
    /// Process id.
    pub pid: u32,
    /// Short name.
    pub name: String,
    /// Executable, or null if it may not be read.
    pub exe: Option<String>,
    /// User name (the number if it has no name), or null if not known.
    pub user: Option<String>,
    /// When it started, in milliseconds since the Unix epoch.
    pub started: i64,
    /// The key for `/api/v1/processes/{key}`.
    pub key: String,
    /// The label that rules and interpreters' arguments give it.
    pub label: String,
    /// The container that it runs in, or null.
    #[serde(default)]
    pub container: Option<ContainerRow>,
    /// The unit that it is in, or null.
    #[serde(default)]
    pub unit: Option<UnitRow>,
}

/// The container that a process runs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContainerRow {
    /// `docker`, `podman`, `containerd`, `cri-o`, `kubernetes` (a pod's, whose runtime is not
    /// known), `lxc`, `systemd-nspawn`, `buildkit`, `ecs`, `garden`, or `unknown`.
    pub runtime: String,
    /// 64 hexadecimal digits, or the name of a container that is known by name.
    pub id: String,
    /// The name that people gave it, or null if it may not be read.
    pub name: Option<String>,
    /// The uid of its Kubernetes pod, or null.
    pub pod: Option<String>,
}

/// What a process belongs to: a unit of systemd, or on Windows the services that run in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitRow {
    /// Its name, without escapes: `nginx.service`.
    pub name: String,
    /// Whose it is: `system` or `user`.
    pub manager: String,
    /// The uid of the user whose it is, or null.
    pub uid: Option<u32>,
    /// The id of the desktop application that it stands for, or null.
    pub application: Option<String>,
    /// The id of the container whose own systemd has it, or null for one of the machine's.
    pub within: Option<String>,
}

/// What a UNIX socket has instead of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnixRow {
    /// The path that it is bound to, or `@` and its abstract name; null if it is bound to nothing.
    pub path: Option<String>,
    /// The path of the service: its own, or that of the socket at the other end; null for a socket
    /// pair.
    pub service: Option<String>,
    /// `stream`, `dgram`, or `seqpacket`.
    pub r#type: String,
    /// Its inode, one of its own on the whole machine.
    pub inode: u64,
    /// The inode of the socket that it is connected to, or null.
    pub peer_inode: Option<u64>,
}

/// One socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SocketRow {
    /// `tcp`, `udp`, or `unix`.
    pub protocol: String,
    /// `LISTEN`, `SYN_SENT`, `SYN_RECEIVED`, `ESTABLISHED`, `FIN_WAIT1`, `FIN_WAIT2`,
    /// `CLOSE_WAIT`, `CLOSING`, `LAST_ACK`, `TIME_WAIT`, or `CLOSED`.
    pub state: String,
    /// The local end; of a UNIX socket an empty address and port 0.
    pub local: EndpointRow,
    /// True for an IPv6 socket that takes no IPv4 (IPV6_V6ONLY); without it `::` is both.
    #[serde(default)]
    pub v6_only: bool,
    /// The remote end, or null.
    pub remote: Option<EndpointRow>,
    /// The name by which its owner had asked for the remote end's address, where that was seen
    /// (Windows' event tracing), else what the name service calls that; others lack the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_name: Option<String>,
    /// What that name rests on: `asked` or `reverse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_evidence: Option<String>,
    /// The country of the remote end, such as `DE`, where `--geoip` tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The network of the remote end, such as `AS64500 Example`, where `--geoip` tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The interface that has the local address, such as `eth0`, where that is told (Linux, in the
    /// network namespace of procnet itself) and the socket is bound to one address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// What a UNIX socket has instead of endpoints; others lack the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix: Option<UnixRow>,
    /// `outbound`, `inbound`, `listen`, or `unknown`.
    pub direction: String,
    /// What the direction rests on: `observed`, `listener`, `pairing`, `service_port`, or `none`.
    pub evidence: String,
    /// Every process that holds it, the one that stands for it first.
    pub owners: Vec<OwnerRow>,
    /// `observed`, `held`, `inherited`, `inferred`, or `unknown`.
    pub attribution: String,
    /// Why no owner is known: `no permission`, `kernel`, or `not found`; null if one is known.
    pub unknown_owner: Option<String>,
    /// The uid that the kernel notes on the socket, or null.
    pub uid: Option<u32>,
    /// Payload bytes received; 0 if not known (UDP without kernel events, TIME_WAIT,
    /// namespaces read through /proc).
    pub rx_bytes: u64,
    /// Payload bytes sent; 0 if not known (UDP without kernel events, TIME_WAIT,
    /// namespaces read through /proc).
    pub tx_bytes: u64,
    /// Segments or datagrams received; 0 if not known.
    #[serde(default)]
    pub rx_packets: u64,
    /// Segments or datagrams sent; 0 if not known.
    #[serde(default)]
    pub tx_packets: u64,
    /// Smoothed round-trip time in microseconds; 0 if not known.
    pub rtt_us: u32,
    /// Segments sent again; 0 if not known (UDP, TIME_WAIT, namespaces read through /proc).
    pub retransmits: u32,
    /// The network namespace's inode number.
    pub netns: u64,
    /// The kernel's socket cookie; 0 where there is none. What an unconnected UDP socket exchanges
    /// with each of its peers has the cookie of that socket.
    pub cookie: u64,
    /// When it was opened or first seen, in milliseconds since the Unix epoch.
    pub opened: i64,
}

/// One line of `procnet ls --watch --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SocketEventRow {
    /// `opened`, `changed`, or `closed`.
    pub event: String,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The socket, as it is or last was: one that closed has its closing totals.
    pub socket: SocketRow,
    /// How long a socket that closed was open, in milliseconds. Exact where the kernel told both
    /// ends of its life; else from when it was first seen to when it was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// One line of `procnet ls --watch --json` where events were lost. What they told of is made up
/// for by the lines that follow, but for what opened and closed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapRow {
    /// `gap`.
    pub event: String,
    /// When it was noticed, in milliseconds since the Unix epoch.
    pub at: i64,
    /// How many were lost; 0 if not known.
    pub lost: u64,
}

/// An answer of `GET /api/v1/sockets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SocketList {
    /// The sockets, at most `limit`.
    pub sockets: Vec<SocketRow>,
    /// How many matched.
    pub total: u32,
}

/// One process in a chain of parents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcessSummary {
    /// The key for `/api/v1/processes/{key}`.
    pub key: String,
    /// Process id.
    pub pid: u32,
    /// Short name.
    pub name: String,
    /// The label that rules and interpreters' arguments give it.
    pub label: String,
}

/// An answer of `GET /api/v1/processes/{key}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProcessDetails {
    /// The key.
    pub key: String,
    /// Process id.
    pub pid: u32,
    /// Short name.
    pub name: String,
    /// The label that rules and interpreters' arguments give it.
    pub label: String,
    /// The type that rules gave it.
    pub r#type: String,
    /// Executable, or null if it may not be read.
    pub exe: Option<String>,
    /// The command line, argument by argument, with `••••` in the place of each secret.
    pub arguments: Vec<String>,
    /// How many secrets are hidden in it.
    #[serde(default)]
    pub masked: u32,
    /// The command line as it is, if something in it is hidden and the program was started with
    /// `--show-secrets`; others lack the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revealed: Option<Vec<String>>,
    /// User name (the number if it has no name), or null if not known.
    pub user: Option<String>,
    /// The uid, or null.
    pub uid: Option<u32>,
    /// When it started, in milliseconds since the Unix epoch.
    pub started: i64,
    /// The control group's path, or null.
    pub cgroup: Option<String>,
    /// The container that it runs in, or null.
    pub container: Option<ContainerRow>,
    /// The unit that it is in, or null.
    pub unit: Option<UnitRow>,
    /// False if it has ended and is only kept for stale links.
    pub alive: bool,
    /// Its ancestors, the parent first.
    pub parents: Vec<ProcessSummary>,
    /// Its children.
    pub children: Vec<ProcessSummary>,
    /// Its sockets, at most 1,000.
    pub sockets: Vec<SocketRow>,
    /// How many sockets it has.
    pub socket_count: u32,
}

/// One thing that the collector may be able to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityRow {
    /// A stable name: `socket-owners`, ….
    pub id: String,
    /// What it is, for people.
    pub title: String,
    /// `full`, `partial`, or `missing`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// The exact command that grants more, or null.
    pub remedy: Option<String>,
}

/// An answer of `GET /api/v1/capabilities`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityList {
    /// What the collector can see.
    pub capabilities: Vec<CapabilityRow>,
    /// What is currently not seen.
    pub degradations: Vec<crate::live::DegradationInfo>,
}
