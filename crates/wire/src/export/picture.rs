//! What every format says: nodes and edges as rows, and each field of them once, in a table.

use procnet_core::text::visible;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::columns::{EdgeColumns, NodeColumns};
use crate::live::{DegradationInfo, HostInfo, SceneMessage, SummaryInfo};

/// A scene as a file: `GET /api/v1/export?format=json`, `procnet export`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportPicture {
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The machine.
    pub host: HostInfo,
    /// How nodes are grouped.
    pub grouping: ExportGrouping,
    /// Numbers about what is shown and left out.
    pub summary: SummaryInfo,
    /// What is not seen, and why.
    pub degradations: Vec<DegradationInfo>,
    /// Every node.
    pub nodes: Vec<ExportNode>,
    /// Every edge.
    pub edges: Vec<ExportEdge>,
}

/// How nodes are grouped in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportGrouping {
    /// What was asked for: `auto`, `process`, `tree`, `container`, `unit`, `family`, `executable`, `user`, `host`.
    pub asked: String,
    /// What it is.
    pub level: String,
}

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    List(&'a [String]),
    Number(i128),
    Flag(bool),
}

/// What a field holds, as GraphML names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
}

/// Something whose fields are stored as they are told.
trait Field {
    const KIND: Kind;
    fn value(&self) -> Value<'_>;
    fn cleaned(&mut self) {}
}

impl Field for String {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
    fn cleaned(&mut self) {
        if let std::borrow::Cow::Owned(text) = visible(self) {
            *self = text;
        }
    }
}

impl Field for Vec<String> {
    const KIND: Kind = Kind::Text;
    fn value(&self) -> Value<'_> {
        Value::List(self)
    }
    fn cleaned(&mut self) {
        self.iter_mut().for_each(Field::cleaned);
    }
}

impl Field for bool {
    const KIND: Kind = Kind::Flag;
    fn value(&self) -> Value<'_> {
        Value::Flag(*self)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field for $number {
            const KIND: Kind = Kind::Number;
            fn value(&self) -> Value<'_> {
                Value::Number((*self).into())
            }
        }
    )*};
}

numbers!(u16, u32, u64, i64);

macro_rules! rows {
    (
        $(#[$doc:meta])* $Row:ident { $( $(#[$field_doc:meta])* $field:ident = $name:literal : $type:ty ),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        pub struct $Row {
            $( $(#[$field_doc])* #[serde(rename = $name)] pub $field: $type, )*
        }

        impl $Row {
            /// Its fields in their order: names and what they hold.
            pub(super) const FIELDS: &'static [(&'static str, Kind)] =
                &[$( ($name, <$type as Field>::KIND) ),*];

            /// The values of its fields, in that order.
            pub(super) fn values(&self) -> Vec<Value<'_>> {
                vec![$( self.$field.value() ),*]
            }

            /// With a visible replacement for what would steer a terminal or turn text around.
            fn cleaned(mut self) -> Self {
                $( self.$field.cleaned(); )*
                self
            }
        }
    };
}

rows! {
    /// A node in a file.
    ExportNode {
        /// Its name in this file: `n1`, ….
        id = "id": String,
        /// Lasting identity, also over files.
        key = "key": String,
        /// `process`, `client`, `server`, or `unattributed`.
        kind = "kind": String,
        /// What it is called.
        label = "label": String,
        /// A second, quieter line.
        detail = "detail": String,
        /// Its type's name.
        node_type = "type": String,
        /// The program that all of it runs, such as `nginx`; empty if mixed or not known.
        program = "program": String,
        /// The port class of a remote.
        class = "class": String,
        /// Whose it is; empty if mixed or not known.
        user = "user": String,
        /// The container that all of it runs in; empty if mixed or none.
        container = "container": String,
        /// The unit that all of it is in; empty if mixed or none.
        unit = "unit": String,
        /// The country that all of its remotes are in; empty if mixed or not known.
        country = "country": String,
        /// The network that all of its remotes are in; empty if mixed or not known.
        network = "network": String,
        /// How many processes or remote addresses it stands for.
        count = "count": u32,
        /// Keys of its processes, oldest first, at most 16.
        processes = "processes": Vec<String>,
        /// What it listens on, at most 16.
        listeners = "listeners": Vec<String>,
        /// How many listeners there are.
        listener_count = "listener_count": u32,
        /// Connected sockets on links that are shown.
        sockets = "sockets": u32,
        /// When the oldest of it started or was first seen, in milliseconds since the Unix epoch.
        since = "since": i64,
        /// True if all of it is over.
        stale = "stale": bool,
    }
}

rows! {
    /// An edge in a file, from client to server.
    ExportEdge {
        /// Its name in this file: `e1`, ….
        id = "id": String,
        /// Lasting identity, also over files.
        key = "key": String,
        /// The client's node, by its name in this file.
        from = "from": String,
        /// The server's node, by its name in this file.
        to = "to": String,
        /// `tcp`, `udp`, or `unix`.
        protocol = "protocol": String,
        /// The service port; 0 if the edge joins several.
        port = "port": u16,
        /// The service's name, such as `postgresql`; empty if not known or several.
        service = "service": String,
        /// `web`, `db`, `cache`, `mq`, `infra`, or `other`.
        class = "class": String,
        /// The path of the server's UNIX socket; empty if it has none or the edge joins several.
        path = "path": String,
        /// Live connections; one with both ends here counts once.
        sockets = "sockets": u32,
        /// Links that it joins.
        links = "links": u32,
        /// A TCP state's name, `UDP`, or `UNIX`.
        state = "state": String,
        /// Payload bytes from client to server.
        to_server = "to_server": u64,
        /// Payload bytes from server to client.
        to_client = "to_client": u64,
        /// Round-trip time in microseconds; 0 if not known.
        rtt_us = "rtt_us": u32,
        /// Segments sent again.
        retransmits = "retransmits": u32,
        /// What the direction rests on: `observed`, `listener`, `pairing`, `service_port`, `none`.
        evidence = "evidence": String,
        /// How sure the owners are: `observed`, `held`, `inherited`, `inferred`, or `unknown`.
        attribution = "attribution": String,
        /// When the oldest of it was first seen, in milliseconds since the Unix epoch.
        since = "since": i64,
        /// True if nothing of it is left.
        stale = "stale": bool,
    }
}

impl ExportPicture {
    /// The scene as it goes into a file.
    pub fn of(scene: &SceneMessage) -> Self {
        let text = |text: &str| visible(text).into_owned();
        Self {
            at: scene.at,
            host: HostInfo {
                name: text(&scene.host.name),
                os: text(&scene.host.os),
                version: text(&scene.host.version),
            },
            grouping: ExportGrouping {
                asked: scene.grouping.asked.clone(),
                level: scene.grouping.level.clone(),
            },
            summary: scene.summary,
            degradations: scene.degradations.clone(),
            nodes: (0..scene.nodes.id.len()).map(|at| node(&scene.nodes, at)).collect(),
            edges: (0..scene.edges.id.len()).map(|at| edge(&scene.edges, at)).collect(),
        }
    }

    /// One line for people: whose picture it is, and of when.
    pub(super) fn title(&self) -> String {
        format!("{}, {}, by procnet {}", self.host.name, super::utc(self.at), self.host.version)
    }
}

fn node_id(id: u32) -> String {
    format!("n{id}")
}

fn node(columns: &NodeColumns, at: usize) -> ExportNode {
    ExportNode {
        id: node_id(columns.id[at]),
        key: columns.key[at].clone(),
        kind: columns.kind[at].clone(),
        label: columns.label[at].clone(),
        detail: columns.detail[at].clone(),
        node_type: columns.r#type[at].clone(),
        program: columns.program[at].clone(),
        class: columns.class[at].clone(),
        user: columns.user[at].clone(),
        container: columns.container[at].clone(),
        unit: columns.unit[at].clone(),
        country: columns.country[at].clone(),
        network: columns.network[at].clone(),
        count: columns.count[at],
        processes: columns.processes[at].clone(),
        listeners: columns.listeners[at].clone(),
        listener_count: columns.listener_count[at],
        sockets: columns.sockets[at],
        since: columns.since[at],
        stale: columns.stale[at],
    }
    .cleaned()
}

fn edge(columns: &EdgeColumns, at: usize) -> ExportEdge {
    ExportEdge {
        id: format!("e{}", columns.id[at]),
        key: columns.key[at].clone(),
        from: node_id(columns.from[at]),
        to: node_id(columns.to[at]),
        protocol: columns.protocol[at].clone(),
        port: columns.port[at],
        service: columns.service[at].clone(),
        class: columns.class[at].clone(),
        path: columns.path[at].clone(),
        sockets: columns.sockets[at],
        links: columns.links[at],
        state: columns.state[at].clone(),
        to_server: columns.to_server[at],
        to_client: columns.to_client[at],
        rtt_us: columns.rtt_us[at],
        retransmits: columns.retransmits[at],
        evidence: columns.evidence[at].clone(),
        attribution: columns.attribution[at].clone(),
        since: columns.since[at],
        stale: columns.stale[at],
    }
    .cleaned()
}

impl ExportEdge {
    /// What is written on it: `:5432 postgresql`, `udp :53 domain`, a path, or how many services it joins.
    pub(super) fn caption(&self) -> String {
        let protocol = if self.protocol == "udp" { "udp " } else { "" };
        match (self.port, self.path.as_str()) {
            (0, "") if self.links > 1 => format!("{protocol}{} ×{}", self.class, self.links),
            (0, "") => format!("{protocol}{}", self.class),
            (0, path) => path.to_owned(),
            (port, _) if self.service.is_empty() => format!("{protocol}:{port}"),
            (port, _) => format!("{protocol}:{port} {}", self.service),
        }
    }
}
