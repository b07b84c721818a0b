//! The fields of the filter language: the one table from which parser, help and documentation
//! derive.

/// Which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Name or label of either party.
    Process,
    /// Process id of either party.
    Pid,
    /// Command line of either party.
    Command,
    /// Executable of either party.
    Executable,
    /// Path of a UNIX socket, or of either party's executable.
    Path,
    /// User of either party.
    User,
    /// Container of either party.
    Container,
    /// Unit of either party.
    Unit,
    /// Node type of either party.
    Type,
    /// Label of either party.
    Label,
    /// Name or label of the client.
    Client,
    /// Name or label of the server.
    Server,
    /// Host of either party.
    Host,
    /// Service port, or either end's.
    Port,
    /// Near end's port.
    LocalPort,
    /// Far end's port.
    RemotePort,
    /// Any address.
    Ip,
    /// Near end's address.
    Local,
    /// Far end's address.
    Remote,
    /// Name by which the far end was asked for, or which the name service gives it.
    Domain,
    /// Country of the far end.
    Country,
    /// Network of the far end.
    Network,
    /// Transport protocol.
    Protocol,
    /// Socket state.
    State,
    /// Which way it goes.
    Direction,
    /// Port class.
    Class,
    /// Bytes both ways.
    Bytes,
    /// Bytes sent.
    Sent,
    /// Bytes received.
    Received,
    /// Round-trip time.
    Rtt,
    /// Segments sent again.
    Retransmits,
    /// Number of sockets.
    Sockets,
    /// When it began.
    Opened,
    /// A property.
    Is,
}

/// What kind of value a field has, and so which operators it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `:` contains, ignoring case; `=` is exactly; `~` fits a regular expression.
    Text,
    /// `:` and `=` equal a number or lie in a range; `>` `<` `>=` `<=`.
    Number(Unit),
    /// `:` and `=` lie in an address block; `~` fits a regular expression.
    Address,
    /// `:` and `=` are one of these words (ignoring case).
    Choice(&'static [Choice]),
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things: `k M G T` multiply by powers of 1000.
    Count,
    /// Bytes: `k M G T` (1000) or `Ki Mi Gi Ti` (1024), each with or without a `B`.
    Bytes,
    /// Time: `us`, `ms` (also if there is no unit), `s`.
    Time,
    /// A port: a number up to 65535.
    Port,
    /// A point in time, as in RFC 3339 or as milliseconds since 1970.
    When,
}

/// A word that a field knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The canonical word.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Which field.
    pub field: Field,
    /// Its name.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// Its kind.
    pub kind: FieldKind,
    /// What it tests, as a short sentence.
    pub help: &'static str,
    /// A filter that uses it.
    pub example: &'static str,
}

impl FieldKind {
    /// What kind of value it is, for whoever helps to write one: `text`, `address`, `choice`,
    /// `count`, `bytes`, `time`, `port`, or `when`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Address => "address",
            Self::Choice(_) => "choice",
            Self::Number(Unit::Count) => "count",
            Self::Number(Unit::Bytes) => "bytes",
            Self::Number(Unit::Time) => "time",
            Self::Number(Unit::Port) => "port",
            Self::Number(Unit::When) => "when",
        }
    }
}

impl FieldInfo {
    /// The operators that the field knows.
    pub const fn operators(&self) -> &'static [&'static str] {
        match self.kind {
            FieldKind::Text | FieldKind::Address => &[":", "=", "!=", "~", "!~"],
            FieldKind::Number(_) => &[":", "=", "!=", ">", "<", ">=", "<="],
            FieldKind::Choice(_) => &[":", "=", "!="],
        }
    }
}

const fn choice(name: &'static str) -> Choice {
    Choice { name, aliases: &[] }
}

/// The words of `state:`, the published names of the states.
pub const STATES: &[Choice] = &[
    Choice { name: "LISTEN", aliases: &["LISTENING"] },
    choice("SYN_SENT"),
    Choice { name: "SYN_RECEIVED", aliases: &["SYN_RECV", "SYN_RCVD"] },
    Choice { name: "ESTABLISHED", aliases: &["ESTAB"] },
    choice("FIN_WAIT1"),
    choice("FIN_WAIT2"),
    choice("CLOSE_WAIT"),
    choice("CLOSING"),
    choice("LAST_ACK"),
    choice("TIME_WAIT"),
    choice("CLOSED"),
];

/// The words of `proto:`.
pub const PROTOCOLS: &[Choice] = &[choice("tcp"), choice("udp"), choice("unix")];

/// The words of `dir:`.
pub const DIRECTIONS: &[Choice] = &[
    Choice { name: "in", aliases: &["inbound"] },
    Choice { name: "out", aliases: &["outbound"] },
    Choice { name: "listen", aliases: &["listening"] },
    choice("unknown"),
];

/// The words of `class:`.
pub const CLASSES: &[Choice] = &[
    choice("web"),
    Choice { name: "db", aliases: &["database"] },
    choice("cache"),
    choice("mq"),
    Choice { name: "infra", aliases: &["infrastructure"] },
    choice("other"),
];

/// The words of `is:`.
pub const PROPERTIES: &[Choice] = &[
    Choice { name: "listener", aliases: &["listening"] },
    choice("stale"),
    choice("external"),
    choice("internet"),
    Choice { name: "exposed", aliases: &["open"] },
    Choice { name: "unattributed", aliases: &["unowned"] },
];

macro_rules! field {
    ($field:ident, $name:literal, $aliases:expr, $kind:expr, $help:literal, $example:literal) => {
        FieldInfo {
            field: Field::$field,
            name: $name,
            aliases: &$aliases,
            kind: $kind,
            help: $help,
            example: $example,
        }
    };
}

use FieldKind::{Address, Choice as Word, Number, Text};

/// Every field.
#[rustfmt::skip]
pub const FIELDS: &[FieldInfo] = &[
    field!(Process, "proc", ["process", "name"], Text, "name or label of a process on either side", "proc:nginx"),
    field!(Pid, "pid", [], Number(Unit::Count), "process id on either side", "pid:1234"),
    field!(Command, "cmd", ["cmdline", "command"], Text, "command line on either side", "cmd:\"--config prod\""),
    field!(Executable, "exe", [], Text, "path of the executable on either side", "exe:/opt/shop"),
    field!(Path, "path", [], Text, "path of a UNIX socket, or of the executable on either side", "path:/run/postgresql"),
    field!(User, "user", ["uid"], Text, "user name, or uid, on either side", "user:www-data"),
    field!(Container, "container", ["ctr"], Text, "container on either side, by name, by id, or by its pod's uid", "container:shop-db"),
    field!(Unit, "unit", [], Text, "systemd unit, or desktop application, on either side", "unit:nginx.service"),
    field!(Type, "type", [], Text, "node type on either side", "type:database"),
    field!(Label, "label", [], Text, "label on either side", "label:\"python app.py\""),
    field!(Client, "client", ["from"], Text, "name or label of the side that connects", "client:gunicorn"),
    field!(Server, "server", ["to"], Text, "name or label of the side that is connected to", "server:postgres"),
    field!(Host, "host", [], Text, "name of the host on either side", "host:web1"),
    field!(Port, "port", [], Number(Unit::Port), "service port; for a socket also its own or its peer's", "port:80,443,8000-8999"),
    field!(LocalPort, "lport", ["localport"], Number(Unit::Port), "port of the near end", "lport:22"),
    field!(RemotePort, "rport", ["remoteport"], Number(Unit::Port), "port of the far end", "rport>1024"),
    field!(Ip, "ip", ["addr", "address"], Address, "address of either side", "ip:10.0.0.0/8"),
    field!(Local, "local", ["src"], Address, "address of the near end", "local:127.0.0.1"),
    field!(Remote, "remote", ["dst", "peer"], Address, "address of the far end", "remote:10.0.0.0/8"),
    field!(Domain, "domain", ["dns"], Text, "name by which the far end's address was asked for, else its name in the name service", "domain:github.com"),
    field!(Country, "country", [], Text, "country of the far end, by --geoip", "country=DE"),
    field!(Network, "network", ["asn"], Text, "network of the far end, by --geoip", "network:AS64500"),
    field!(Protocol, "proto", ["protocol"], Word(PROTOCOLS), "transport protocol", "proto:udp"),
    field!(State, "state", [], Word(STATES), "state of a socket", "state:TIME_WAIT,CLOSE_WAIT"),
    field!(Direction, "dir", ["direction"], Word(DIRECTIONS), "which way a socket goes", "dir:out"),
    field!(Class, "class", [], Word(CLASSES), "what the service port is for", "class:db"),
    field!(Bytes, "bytes", ["traffic"], Number(Unit::Bytes), "payload bytes, both ways together", "bytes>1M"),
    field!(Sent, "sent", ["tx"], Number(Unit::Bytes), "payload bytes sent", "sent>=10MiB"),
    field!(Received, "received", ["rx", "recv"], Number(Unit::Bytes), "payload bytes received", "received<1k"),
    field!(Rtt, "rtt", ["latency"], Number(Unit::Time), "smoothed round-trip time", "rtt>10ms"),
    field!(Retransmits, "retransmits", ["retrans"], Number(Unit::Count), "segments sent again", "retransmits>0"),
    field!(Sockets, "sockets", ["count"], Number(Unit::Count), "number of parallel sockets", "sockets>=10"),
    field!(Opened, "opened", ["since", "new"], Number(Unit::When), "when a link was first seen, a socket opened or a listener bound", "opened>=2026-11-23T15:00:00Z"),
    field!(Is, "is", [], Word(PROPERTIES), "property", "is:listener"),
];

/// The field of that name or alias, ignoring case.
pub fn field_named(name: &str) -> Option<&'static FieldInfo> {
    FIELDS.iter().find(|info| {
        info.name.eq_ignore_ascii_case(name)
            || info.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::PortClass;
    use crate::socket::SocketState;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_means_two_fields() {
        let mut seen = BTreeSet::new();
        for info in FIELDS {
            for name in std::iter::once(&info.name).chain(info.aliases) {
                assert!(seen.insert(*name), "{name} stands twice");
                assert_eq!(field_named(name).map(|found| found.field), Some(info.field));
            }
        }
    }

    #[test]
    fn the_words_are_those_of_the_vocabulary() {
        let states = SocketState::ALL.iter().map(|state| state.as_str());
        assert!(STATES.iter().map(|choice| choice.name).eq(states));
        let classes = PortClass::ALL.iter().map(|class| class.as_str());
        assert!(CLASSES.iter().map(|choice| choice.name).eq(classes));
    }
}
