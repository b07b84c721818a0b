//! Columnar forms of nodes and edges: an array per field, the same index is the same thing.
//!
//! A delta carries whole columns for what is new, and per changed field a list of ids and a list
//! of values for what changed: a 1 % change of a large scene stays a few kilobytes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// New values of one field: `value[i]` is the field's new value of the thing `id[i]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sparse<T> {
    /// Ids.
    pub id: Vec<u32>,
    /// Values.
    pub value: Vec<T>,
}

impl<T> Sparse<T> {
    /// Notes that thing `id` now has `value`.
    pub fn push(&mut self, id: u32, value: T) {
        self.id.push(id);
        self.value.push(value);
    }
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { id: Vec::new(), value: Vec::new() }
    }
}

macro_rules! columns {
    (
        $(#[$rows_doc:meta])* $Rows:ident,
        $(#[$updates_doc:meta])* $Updates:ident,
        $(#[$set_doc:meta])* $Set:ident
        { $( $(#[$doc:meta])* $field:ident : $type:ty ),* $(,)? }
    ) => {
        $(#[$rows_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct $Rows {
            /// Numbers of the things: stable while a thing lives, never used again in one epoch.
            pub id: Vec<u32>,
            $( $(#[$doc])* pub $field: Vec<$type>, )*
        }

        $(#[$updates_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct $Updates {
            /// New things, whole.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub add: Option<$Rows>,
            /// Changed fields of things that stay.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub set: Option<$Set>,
            /// Numbers of things that are gone.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub del: Vec<u32>,
        }

        $(#[$set_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct $Set {
            $(
                $(#[$doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<Sparse<$type>>,
            )*
        }
    };
}

columns! {
    /// Nodes.
    NodeColumns,
    /// What changed among the nodes.
    NodeUpdates,
    /// Changed fields of nodes.
    NodeSet
    {
        /// Lasting identity, also across reloads: what positions are kept by.
        key: String,
        /// `process`, `client`, `server`, or `unattributed`.
        kind: String,
        /// The text on it: `nginx`, `postgres ×12`, `192.0.2.7:443`, `Internet clients ×186`.
        label: String,
        /// A second, quieter line.
        detail: String,
        /// Its type's name; colours and icons are in the legend.
        r#type: String,
        /// The file name of the executable that all of it runs, in lower case and without `.exe`:
        /// `nginx`; empty if mixed or not known, and for remotes.
        program: String,
        /// The URL of the icon that all of its processes' executables bring along; empty if they
        /// differ or have none. The user's own icon of its type comes first.
        image: String,
        /// The port class of a remote; empty for processes, and for remotes of several.
        class: String,
        /// Where a remote is: `internet`, or `private` (this machine's own networks); empty for
        /// processes.
        scope: String,
        /// Whose it is; empty if mixed or not known.
        user: String,
        /// The container that all of it runs in, by name or by the beginning of its id; empty if
        /// mixed or none.
        container: String,
        /// The unit, service or desktop application that all of it is in; empty if mixed or
        /// none.
        unit: String,
        /// The country that all of its remotes are in, such as `DE`; empty if mixed or not known
        /// (`--geoip`).
        country: String,
        /// The network that all of its remotes are in, such as `AS64500 Example`; empty if mixed or
        /// not known (`--geoip`).
        network: String,
        /// The machine's number; 0 is the one that the program runs on.
        host: u32,
        /// How many processes or remote addresses it stands for.
        count: u32,
        /// True if it can be shown as its members (`expand=KEY`).
        expandable: bool,
        /// The key of the node that it was expanded out of; empty if none.
        parent: String,
        /// Keys of its processes (`PID-START`), oldest first, at most 16.
        processes: Vec<String>,
        /// What it listens on, such as `tcp *:443`, at most 16.
        listeners: Vec<String>,
        /// How many listeners there are.
        listener_count: u32,
        /// Connected sockets on links that are shown.
        sockets: u32,
        /// When the oldest of it started or was first seen, in milliseconds since the Unix epoch.
        since: i64,
        /// True if all of it is over.
        stale: bool,
    }
}

columns! {
    /// Edges, from client to server.
    EdgeColumns,
    /// What changed among the edges.
    EdgeUpdates,
    /// Changed fields of edges.
    EdgeSet
    {
        /// Lasting identity.
        key: String,
        /// The client's node.
        from: u32,
        /// The server's node.
        to: u32,
        /// `tcp`, `udp`, or `unix`.
        protocol: String,
        /// `web`, `db`, `cache`, `mq`, `infra`, or `other`.
        class: String,
        /// The service port; 0 if the edge joins several.
        port: u16,
        /// The service's name, such as `https` or `postgresql`; empty if its port is not known by
        /// one, or the edge joins several.
        service: String,
        /// The path of the server's UNIX socket, or `@` and its abstract name; empty if it has none
        /// or the edge joins several.
        path: String,
        /// Live connections; one with both ends here counts once.
        sockets: u32,
        /// Links that it joins.
        links: u32,
        /// A TCP state's name, `UDP`, or `UNIX`.
        state: String,
        /// Payload bytes from client to server, since its links were first seen.
        to_server: u64,
        /// Payload bytes from server to client, since its links were first seen.
        to_client: u64,
        /// Round-trip time in microseconds; 0 if not known.
        rtt_us: u32,
        /// Segments sent again.
        retransmits: u32,
        /// True if nothing of it is left: it fades out.
        stale: bool,
        /// When the oldest of it was first seen, in milliseconds since the Unix epoch.
        since: i64,
        /// What the direction rests on: `observed`, `listener`, `pairing`,
        /// `service_port`, or `none` for a socket pair.
        evidence: String,
        /// How sure the owners are: `observed`, `held`, `inherited`, `inferred`, or `unknown`.
        attribution: String,
    }
}
