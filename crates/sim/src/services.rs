//! The programs that a simulated machine runs.

/// One program of an application stack.
pub(crate) struct Program {
    pub(crate) role: Role,
    pub(crate) name: &'static str,
    pub(crate) exe: &'static str,
    /// `{app}` stands for the stack's name.
    pub(crate) arguments: &'static [&'static str],
    pub(crate) user: (u32, &'static str),
    pub(crate) port: u16,
    /// Children that do the work and own the accepted connections.
    pub(crate) workers: usize,
}

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Proxy,
    App,
    Worker,
    Database,
    Cache,
    Broker,
}

impl Role {
    /// What a unit or container is called after the application. `offset`: its place in the stack.
    pub(crate) const fn service(self, offset: u8) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::App if offset == 1 => "web",
            Self::App => "api",
            Self::Worker => "worker",
            Self::Database => "db",
            Self::Cache => "cache",
            Self::Broker => "queue",
        }
    }
}

pub(crate) const APPS: [&str; 16] = [
    "shop", "billing", "search", "auth", "mail", "media", "reports", "chat", "maps", "stock",
    "orders", "users", "gateway", "feed", "ledger", "quotes",
];

pub(crate) const PROXIES: [Program; 3] = [
    program(
        Role::Proxy,
        "nginx",
        "/usr/sbin/nginx",
        &["nginx: master process"],
        (33, "www-data"),
        443,
        2,
    ),
    program(
        Role::Proxy,
        "haproxy",
        "/usr/sbin/haproxy",
        &["haproxy", "-f", "/etc/haproxy/{app}.cfg"],
        (105, "haproxy"),
        443,
        1,
    ),
    program(Role::Proxy, "traefik", "/usr/bin/traefik", &["traefik"], (0, "root"), 80, 0),
];

pub(crate) const APP_SERVERS: [Program; 4] = [
    program(
        Role::App,
        "python3.11",
        "/usr/bin/python3.11",
        &["python3", "{app}.py"],
        (1000, "deploy"),
        8000,
        0,
    ),
    program(
        Role::App,
        "node",
        "/usr/bin/node",
        &["node", "{app}/server.js"],
        (1000, "deploy"),
        3000,
        0,
    ),
    program(
        Role::App,
        "java",
        "/usr/lib/jvm/java-17/bin/java",
        &["java", "-Xmx2g", "-jar", "{app}.jar"],
        (1000, "deploy"),
        8080,
        0,
    ),
    program(
        Role::App,
        "{app}d",
        "/usr/local/bin/{app}d",
        &["{app}d", "--port", "9000"],
        (1000, "deploy"),
        9000,
        0,
    ),
];

pub(crate) const WORKERS: [Program; 2] = [
    program(
        Role::Worker,
        "celery",
        "/usr/bin/python3.11",
        &["python3", "/usr/bin/celery", "worker", "-A", "{app}"],
        (1000, "deploy"),
        0,
        0,
    ),
    program(
        Role::Worker,
        "ruby",
        "/usr/bin/ruby",
        &["ruby", "{app}_jobs.rb"],
        (1000, "deploy"),
        0,
        0,
    ),
];

pub(crate) const DATABASES: [Program; 3] = [
    program(
        Role::Database,
        "postgres",
        "/usr/lib/postgresql/15/bin/postgres",
        &["postgres", "-D", "/var/lib/postgresql/{app}"],
        (106, "postgres"),
        5432,
        4,
    ),
    program(Role::Database, "mysqld", "/usr/sbin/mysqld", &["mysqld"], (107, "mysql"), 3306, 0),
    program(
        Role::Database,
        "mongod",
        "/usr/bin/mongod",
        &["mongod", "--config", "/etc/mongod.conf"],
        (108, "mongodb"),
        27017,
        0,
    ),
];

pub(crate) const CACHES: [Program; 2] = [
    program(
        Role::Cache,
        "redis-server",
        "/usr/bin/redis-server",
        &["redis-server *:6379"],
        (109, "redis"),
        6379,
        0,
    ),
    program(
        Role::Cache,
        "memcached",
        "/usr/bin/memcached",
        &["memcached", "-m", "64"],
        (110, "memcache"),
        11211,
        0,
    ),
];

pub(crate) const BROKERS: [Program; 2] = [
    program(
        Role::Broker,
        "beam.smp",
        "/usr/lib/erlang/erts-13/bin/beam.smp",
        &["beam.smp", "-s", "rabbit", "boot"],
        (111, "rabbitmq"),
        5672,
        0,
    ),
    program(
        Role::Broker,
        "nats-server",
        "/usr/bin/nats-server",
        &["nats-server", "-c", "/etc/nats.conf"],
        (112, "nats"),
        4222,
        0,
    ),
];

/// What runs on every machine and mostly waits: name, executable, user, listener (0: none; UDP
/// from 0x1_0000 on).
pub(crate) const BACKGROUND: [(&str, &str, (u32, &str), u32); 8] = [
    ("sshd", "/usr/sbin/sshd", (0, "root"), 22),
    ("systemd-resolved", "/lib/systemd/systemd-resolved", (101, "systemd-resolve"), 0x1_0000 + 53),
    ("chronyd", "/usr/sbin/chronyd", (102, "_chrony"), 0x1_0000 + 323),
    ("node_exporter", "/usr/bin/node_exporter", (103, "prometheus"), 9100),
    ("dockerd", "/usr/bin/dockerd", (0, "root"), 2375),
    ("cupsd", "/usr/sbin/cupsd", (0, "root"), 631),
    ("exim4", "/usr/sbin/exim4", (104, "Debian-exim"), 25),
    ("avahi-daemon", "/usr/sbin/avahi-daemon", (113, "avahi"), 0x1_0000 + 5353),
];

const fn program(
    role: Role,
    name: &'static str,
    exe: &'static str,
    arguments: &'static [&'static str],
    user: (u32, &'static str),
    port: u16,
    workers: usize,
) -> Program {
    Program { role, name, exe, arguments, user, port, workers }
}
