//! The tables that everyone derives from: node types, port classes, well-known service ports and
//! their names.
//! Each stands here once; help, legend, colours, icons and file names come from it.

mod services;

use std::borrow::Cow;
use std::collections::BTreeSet;

pub use services::service_name;

/// One kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeTypeInfo {
    /// The name in rules, JSON and filters.
    pub name: &'static str,
    /// What people read.
    pub title: &'static str,
    /// `#rrggbb`, with a contrast of at least 3:1 on white and on near-black (WCAG 2.2, 1.4.11).
    pub color: &'static str,
    /// The name of the built-in icon.
    pub icon: &'static str,
    /// The file that is looked for in `--icons-dir`.
    pub png: &'static str,
}

/// The type of a process that no rule fits.
pub const DEFAULT_TYPE: &str = "app";
/// The type of a remote endpoint.
pub const EXTERNAL_TYPE: &str = "external";
/// The file that stands in for a type whose own file is not in `--icons-dir`.
pub const FALLBACK_PNG: &str = "service.png";

const fn node(
    name: &'static str,
    title: &'static str,
    color: &'static str,
    png: &'static str,
) -> NodeTypeInfo {
    NodeTypeInfo { name, title, color, icon: name, png }
}

/// Every built-in node type. The first eight are the published ones.
pub const NODE_TYPES: &[NodeTypeInfo] = &[
    node("app", "Application", "#4f83e0", "app.png"),
    node("service", "Service", "#8466e0", "service.png"),
    node("database", "Database", "#229a62", "database.png"),
    node("message_broker", "Message broker", "#e84a5f", "mq.png"),
    node("cache", "Cache", "#b68900", "cache.png"),
    node("load_balancer", "Proxy or load balancer", "#0f93a8", "lb.png"),
    node("external", "Remote endpoint", "#7b838e", "external.png"),
    node("qt_desktop", "Qt application", "#62970f", "qt_desktop.png"),
    node("browser", "Browser", "#d96a1c", "browser.png"),
    node("desktop", "Desktop application", "#b757c4", "desktop.png"),
    node("monitoring", "Monitoring", "#cf4d8c", "monitoring.png"),
    node("container", "Container runtime", "#1f86c7", "container.png"),
    node("remote_access", "Remote access", "#a2703c", "remote_access.png"),
];

/// Colours of the types that rules invent: each passes the same contrast test as the table.
const INVENTED_COLORS: &[&str] = &[
    "#c2571a", "#9a7d0a", "#5f8f1e", "#1f9480", "#2b8fb3", "#5a78d1", "#9563d6", "#c24fa6",
    "#cc4b6b", "#8a7a5c", "#6b8a6e", "#7d7fb0",
];

/// A node type, built-in or invented by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeInfo<'a> {
    /// The name.
    pub name: &'a str,
    /// What people read; the name itself for an invented type.
    pub title: &'a str,
    /// `#rrggbb`.
    pub color: &'static str,
    /// The name of the built-in icon.
    pub icon: &'static str,
    /// The file that is looked for in `--icons-dir`. A plain file name, never a path.
    pub png: Cow<'static, str>,
}

/// What is known about a type. A name that a rule invents gets a colour that depends on nothing
/// but the name, the icon of an application, and the file `NAME.png`.
pub fn node_type(name: &str) -> TypeInfo<'_> {
    if let Some(info) = NODE_TYPES.iter().find(|info| info.name == name) {
        return TypeInfo {
            name: info.name,
            title: info.title,
            color: info.color,
            icon: info.icon,
            png: Cow::Borrowed(info.png),
        };
    }
    let color = usize::try_from(fnv1a(name.as_bytes()) % INVENTED_COLORS.len() as u64)
        .ok()
        .and_then(|index| INVENTED_COLORS.get(index))
        .copied()
        .unwrap_or("#7b838e");
    TypeInfo { name, title: name, color, icon: DEFAULT_TYPE, png: invented_png(name) }
}

/// `NAME.png` where that is a harmless file name, else the fallback.
fn invented_png(name: &str) -> Cow<'static, str> {
    let harmless = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if harmless { Cow::Owned(format!("{name}.png")) } else { Cow::Borrowed(FALLBACK_PNG) }
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): the same on every machine and in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What a service port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortClass {
    /// HTTP and what looks like it.
    Web,
    /// Databases.
    Database,
    /// Caches.
    Cache,
    /// Message queues and brokers.
    MessageQueue,
    /// What keeps a network running: shells, names, time, mail, files, management.
    Infrastructure,
    /// Everything else.
    Other,
}

impl PortClass {
    /// Every class, in the order of the legend.
    pub const ALL: [Self; 6] = [
        Self::Web,
        Self::Database,
        Self::Cache,
        Self::MessageQueue,
        Self::Infrastructure,
        Self::Other,
    ];

    /// The class of a service port.
    pub fn of(port: u16) -> Self {
        Self::ALL.into_iter().find(|c| c.ports().contains(&port)).unwrap_or(Self::Other)
    }

    /// The name in JSON and filters: `web`, `db`, `cache`, `mq`, `infra`, `other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Database => "db",
            Self::Cache => "cache",
            Self::MessageQueue => "mq",
            Self::Infrastructure => "infra",
            Self::Other => "other",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str().eq_ignore_ascii_case(name))
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Web => "Web",
            Self::Database => "Database",
            Self::Cache => "Cache",
            Self::MessageQueue => "Message queue",
            Self::Infrastructure => "Infrastructure",
            Self::Other => "Other",
        }
    }

    /// The edge colour of the published interface.
    pub const fn color(self) -> &'static str {
        match self {
            Self::Web => "#3489eb",
            Self::Database => "#29a36a",
            Self::Cache => "#b68900",
            Self::MessageQueue => "#e84a5f",
            Self::Infrastructure => "#888",
            Self::Other => "#7f7f7f",
        }
    }

    /// Its ports: the published ones first, then more of the same kind (IANA's registry, or the
    /// product's own default). None lies in Linux' ephemeral range (32768-60999), where a
    /// client's port could be taken for a service.
    pub const fn ports(self) -> &'static [u16] {
        match self {
            Self::Web => &[
                80, 443, 8080, // published
                591, 3000, 3128, 5000, 5173, 8000, 8008, 8081, 8088, 8443, 8888,
            ],
            Self::Database => &[
                5432, 3306, 1433, 27017, // published
                1521, 2379, 2380, 3050, 5433, 5984, 6432, 7000, 7474, 7687, 8086, 8123, 9042, 9200,
                9300, 26257, 27018, 27019, 28015,
            ],
            Self::Cache => &[
                6379, // published
                6380, 11211, 16379, 26379,
            ],
            Self::MessageQueue => &[
                5672, 9092, // published
                1883, 4222, 4369, 5671, 6222, 6650, 8883, 9093, 9094, 15672, 25672, 61613, 61616,
            ],
            Self::Infrastructure => &[
                22, 25, 53, 123, // published
                20, 21, 23, 67, 68, 69, 88, 110, 111, 135, 137, 138, 139, 143, 161, 162, 179, 389,
                445, 464, 465, 500, 514, 546, 547, 587, 631, 636, 853, 873, 989, 990, 993, 995,
                1194, 1812, 1813, 1900, 2049, 2181, 2375, 2376, 3260, 3268, 3389, 3478, 3702, 4317,
                4318, 4500, 5060, 5061, 5349, 5353, 5355, 5900, 6443, 8125, 8500, 9090, 9100,
                10250,
            ],
            Self::Other => &[],
        }
    }
}

/// The colour of a UDP edge in the published interface.
pub const UDP_COLOR: &str = "#00c2ff";
/// The colour of an edge of UNIX sockets.
pub const UNIX_COLOR: &str = "#a86be0";

/// Service ports that belong to no class but tell a direction all the same.
pub const OTHER_SERVICE_PORTS: &[u16] = &[
    1080, // SOCKS
    1935, // RTMP
    2377, // Docker Swarm
    3632, // distcc
    5222, 5269, // XMPP
    5601, // Kibana
    6000, // X11
    6667, 6697,  // IRC
    7946,  // container gossip
    8009,  // AJP
    8765,  // this program
    9000,  // FastCGI, MinIO
    9418,  // git
    24800, // Synergy
    25565, // Minecraft
];

/// True for a port on which a service of any class, or another well-known one, waits.
pub fn is_known_service_port(port: u16) -> bool {
    PortClass::of(port) != PortClass::Other || OTHER_SERVICE_PORTS.contains(&port)
}

/// One end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The near end.
    Local,
    /// The far end.
    Remote,
}

/// The port rule, the last resort of direction: which end of a connection is the server, judged
/// by the port numbers alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePorts {
    /// The user's own service ports (`--svc-ports`).
    pub extra: BTreeSet<u16>,
}

impl ServicePorts {
    /// True for a port of the known list or of `--svc-ports`.
    pub fn contains(&self, port: u16) -> bool {
        self.extra.contains(&port) || is_known_service_port(port)
    }

    /// The server's side: the end whose port is known as a service's; if that tells nothing (or
    /// both are) the user's own ports, then the end below 1024, then the lower number. Equal
    /// ports: the remote end, as the one that was asked.
    pub fn server_side(&self, local: u16, remote: u16) -> Side {
        let tests: [&dyn Fn(u16) -> bool; 3] =
            [&|p| self.contains(p), &|p| self.extra.contains(&p), &|p| p < 1024];
        for test in tests {
            match (test(local), test(remote)) {
                (true, false) => return Side::Local,
                (false, true) => return Side::Remote,
                _ => {}
            }
        }
        if local < remote { Side::Local } else { Side::Remote }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2 relative luminance.
    fn luminance(color: &str) -> f64 {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn type_colours_read_on_light_and_dark() {
        let table = NODE_TYPES.iter().map(|info| info.color);
        for color in table.chain(INVENTED_COLORS.iter().copied()) {
            assert_eq!(color.len(), 7, "{color}");
            for background in ["#ffffff", "#12161c"] {
                let contrast = contrast(color, background);
                assert!(contrast >= 3.0, "{color} on {background}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn names_and_colours_are_unique() {
        let names: BTreeSet<_> = NODE_TYPES.iter().map(|i| i.name).collect();
        let colors: BTreeSet<_> =
            NODE_TYPES.iter().map(|i| i.color).chain(INVENTED_COLORS.iter().copied()).collect();
        assert_eq!(names.len(), NODE_TYPES.len());
        assert_eq!(colors.len(), NODE_TYPES.len() + INVENTED_COLORS.len());
    }

    /// PARITY rows 15 and 18.
    #[test]
    fn parity_15_18_published_types_and_their_files() {
        for (name, png) in [
            ("app", "app.png"),
            ("service", "service.png"),
            ("database", "database.png"),
            ("message_broker", "mq.png"),
            ("cache", "cache.png"),
            ("load_balancer", "lb.png"),
            ("external", "external.png"),
            ("qt_desktop", "qt_desktop.png"),
        ] {
            assert_eq!(node_type(name).png, png);
            assert!(NODE_TYPES.iter().any(|info| info.name == name));
        }
    }

    #[test]
    fn an_invented_type_keeps_its_colour_and_never_names_a_path() {
        let scada = node_type("scada");
        assert_eq!((scada.title, scada.icon, &*scada.png), ("scada", "app", "scada.png"));
        assert_eq!(scada.color, node_type("scada").color);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c, "the reference vector of FNV-1a");
        for name in ["../../etc/passwd", "", "a/b", "a\\b", ".."] {
            assert_eq!(node_type(name).png, FALLBACK_PNG, "{name}");
        }
    }

    /// PARITY row 13.
    #[test]
    fn parity_13_port_classes_and_their_colours() {
        for (ports, name, color) in [
            (&[80, 443, 8080][..], "web", "#3489eb"),
            (&[5432, 3306, 1433, 27017], "db", "#29a36a"),
            (&[6379], "cache", "#b68900"),
            (&[5672, 9092], "mq", "#e84a5f"),
            (&[22, 25, 53, 123], "infra", "#888"),
            (&[31999, 40000], "other", "#7f7f7f"),
        ] {
            for &port in ports {
                let class = PortClass::of(port);
                assert_eq!((class.as_str(), class.color()), (name, color), "{port}");
                assert_eq!(PortClass::from_name(name), Some(class));
            }
        }
        assert_eq!(UDP_COLOR, "#00c2ff");
    }

    #[test]
    fn a_port_has_one_class_and_is_never_a_clients() {
        let mut seen = BTreeSet::new();
        let classes = PortClass::ALL.into_iter().flat_map(|c| c.ports().iter().copied());
        for port in classes.chain(OTHER_SERVICE_PORTS.iter().copied()) {
            assert!(seen.insert(port), "{port} stands twice");
            assert!(!(32768..=60999).contains(&port), "{port} is ephemeral on Linux");
        }
    }

    /// PARITY row 6.
    #[test]
    fn parity_6_the_port_rule() {
        let own = ServicePorts { extra: BTreeSet::from([50000, 40001]) };
        let none = ServicePorts::default();
        for (ports, local, remote, expected) in [
            (&none, 40000, 5432, Side::Remote),
            (&none, 5432, 40000, Side::Local),
            // A known port beats a lower one, and one below 1024.
            (&none, 1030, 5432, Side::Remote),
            (&none, 5432, 900, Side::Local),
            // Neither is known: below 1024, then the lower number.
            (&none, 700, 30000, Side::Local),
            (&none, 30000, 700, Side::Remote),
            (&none, 41000, 42000, Side::Local),
            (&none, 42000, 41000, Side::Remote),
            // Both are known: the same two rules.
            (&none, 8080, 443, Side::Remote),
            (&none, 5432, 6379, Side::Local),
            // --svc-ports, also against a known one.
            (&own, 50000, 20000, Side::Local),
            (&own, 20000, 50000, Side::Remote),
            (&own, 5432, 50000, Side::Remote),
            (&own, 50000, 40001, Side::Remote),
            (&none, 5353, 5353, Side::Remote),
            (&none, 45000, 45000, Side::Remote),
        ] {
            assert_eq!(ports.server_side(local, remote), expected, "{local} {remote}");
        }
    }
}
