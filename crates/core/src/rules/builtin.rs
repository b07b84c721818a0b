//! Built-in rules: the types of well-known programs. They come after the user's own and can be
//! turned off with `--no-builtin-rules`.
//!
//! A program is told by its name, exactly, ignoring case and `.exe`; by the beginning of its name
//! where a whole family shares it; or, for runtimes, by an argument.

use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use crate::label::program_name;
use crate::process::Process;

/// Type and the names of its programs, lower case.
#[rustfmt::skip]
const PROGRAMS: &[(&str, &[&str])] = &[
    ("database", &[
        "postgres", "postmaster", "postgresql", "mysqld", "mysqld_safe", "mariadbd", "mariadbd-safe",
        "mongod", "mongos", "ferretdb", "clickhouse", "clickhouse-server", "clickhouse-serv",
        "clickhouse-keeper", "cockroach", "influxd", "influxdb", "sqlservr", "oracle", "tnslsnr",
        "couchdb", "etcd", "rethinkdb", "scylla", "tidb-server", "tikv-server", "pd-server",
        "yb-tserver", "yb-master", "arangod", "orientdb", "neo4j", "dgraph", "surreal",
        "firebird", "fbserver", "db2sysc", "ns-slapd", "slapd", "questdb",
        "victoria-metrics", "victoria-metrics-prod", "qdrant", "milvus", "weaviate",
        "meilisearch", "typesense-server", "manticoresearch", "searchd", "zincsearch", "quickwit",
        "minio", "rqlited", "risingwave", "databend-query", "taosd",
    ]),
    ("cache", &[
        "redis-server", "redis-sentinel", "valkey-server", "valkey-sentinel", "memcached",
        "dragonfly", "keydb-server", "keydb", "kvrocks", "garnet", "garnetserver", "varnishd",
        "cache-main", "mcrouter", "pelikan_twemcache", "aerospike",
    ]),
    ("message_broker", &[
        "rabbitmq-server", "nats-server", "gnatsd", "nats-streaming-server", "mosquitto", "emqx",
        "vernemq", "nsqd", "nsqlookupd", "nanomq", "redpanda", "qpidd", "qdrouterd", "beanstalkd",
        "centrifugo", "gearmand", "kafka",
    ]),
    ("load_balancer", &[
        "nginx", "nginx-debug", "openresty", "haproxy", "envoy", "traefik", "caddy", "squid",
        "apache2", "httpd", "lighttpd", "angie", "tengine", "hitch", "stunnel",
        "stunnel4", "ats_main", "traffic_server", "traffic_manager", "pgbouncer", "pgpool",
        "odyssey", "pgcat", "proxysql", "maxscale", "twemproxy", "nutcracker", "keepalived",
        "linkerd2-proxy", "linkerd-proxy", "pilot-agent", "privoxy", "tinyproxy", "danted",
        "sockd", "cloudflared", "frps", "mitmproxy", "mitmdump", "kube-proxy",
        "docker-proxy", "rootlessport", "systemd-socket-proxyd", "h2o", "gost", "dnsdist",
    ]),
    ("service", &[
        "systemd", "init", "cron", "crond", "atd", "anacron", "cupsd", "cups-browsed",
        "avahi-daemon", "chronyd", "ntpd", "ntpsec", "timesyncd", "networkmanager",
        "wpa_supplicant", "dhclient", "dhcpcd", "dhcpd", "kea-dhcp4", "kea-dhcp6", "dnsmasq",
        "named", "unbound", "pdns_server", "pdns_recursor", "coredns", "nsd", "knotd", "stubby",
        "dnscrypt-proxy", "rpcbind", "rpc.statd", "rpc.mountd", "nfsd", "smbd", "nmbd",
        "winbindd", "exim", "exim4", "sendmail", "dovecot", "postfix", "rsyslogd",
        "syslog-ng", "journald", "rsyncd", "vsftpd", "proftpd", "pure-ftpd", "in.tftpd",
        "bluetoothd", "modemmanager", "udisksd", "upowerd", "polkitd", "dbus-daemon",
        "dbus-broker", "accounts-daemon", "packagekitd", "snapd", "fwupd", "iscsid", "multipathd",
        "gpsd", "ptp4l", "freeradius", "radiusd", "krb5kdc", "kadmind", "sssd", "nscd", "nslcd",
        "consul", "vault", "nomad", "zookeeper", "php-fpm", "uwsgi", "tomcat", "jenkins", "gitea",
        "forgejo", "gitlab-workhorse", "gitaly", "git-daemon", "inetd", "xinetd",
        "asterisk", "freeswitch", "ejabberd", "prosody", "synapse", "transmission-daemon",
        "syncthing", "tor", "i2pd", "openvpn", "charon", "pluto", "tailscaled",
        "zerotier-one", "clamd", "freshclam", "fail2ban-server", "spamd", "rspamd", "opendkim",
        "bird", "bgpd", "ospfd", "zebra", "frr", "svchost", "services", "lsass", "wininit",
        "spoolsv", "system", "launchd", "mdnsresponder", "configd", "rapportd",
    ]),
    ("container", &[
        "dockerd", "containerd", "cri-dockerd", "crio", "conmon", "buildkitd",
        "buildkit-runc", "kubelet", "kube-apiserver", "kube-scheduler",
        "kube-controller-manager", "cloud-controller-manager", "k3s", "k3s-server", "k3s-agent",
        "k0s", "microk8s", "rke2", "lxd", "lxcfs", "incusd", "libvirtd", "virtqemud",
        "slirp4netns", "pasta", "flanneld", "cilium-agent", "cilium-operator", "calico-node",
        "com.docker.backend", "com.docker.service", "vpnkit", "wslservice", "wslrelay",
    ]),
    ("monitoring", &[
        "prometheus", "alertmanager", "pushgateway", "node_exporter", "blackbox_exporter",
        "postgres_exporter", "redis_exporter", "mysqld_exporter", "windows_exporter", "cadvisor",
        "grafana", "grafana-server", "grafana-agent", "alloy", "loki", "promtail",
        "mimir", "thanos", "vmagent", "vmalert", "otelcol", "otelcol-contrib", "telegraf",
        "netdata", "collectd", "statsd", "zabbix_server", "zabbix_agentd", "zabbix_agent2",
        "nagios", "icinga2", "nrpe", "monit", "munin-node", "snmpd", "snmptrapd", "filebeat",
        "metricbeat", "packetbeat", "auditbeat", "fluentd", "fluent-bit",
        "datadog-agent", "newrelic-infra", "jaeger",
        "jaeger-all-in-one", "osqueryd", "falco", "auditd", "procnet", "amazon-ssm-agent",
        "amazon-cloudwatch-agent", "wazuh-agentd", "elastic-agent",
    ]),
    ("remote_access", &[
        "sshd", "sshd-session", "sshd-auth", "dropbear", "telnetd", "in.telnetd", "xrdp",
        "xrdp-sesman", "x11vnc", "vncserver", "xvnc", "xtigervnc", "x0vncserver", "wayvnc",
        "teamviewerd", "teamviewer", "anydesk", "rustdesk", "mosh-server", "termservice",
        "gnome-remote-desktop-daemon", "code-server", "sunshine", "nxserver", "ttyd", "guacd",
    ]),
    ("browser", &[
        "firefox", "firefox-esr", "firefox-bin", "librewolf", "waterfox", "palemoon", "seamonkey",
        "tor-browser", "chrome", "google-chrome", "google-chrome-stable", "chromium",
        "chromium-browser", "chrome_crashpad_handler", "headless_shell", "chrome-headless-shell",
        "brave", "brave-browser", "msedge", "microsoft-edge", "msedgewebview2", "opera", "vivaldi",
        "vivaldi-bin", "yandex_browser", "safari", "com.apple.webkit.networking", "epiphany",
        "epiphany-browser", "midori", "webkitnetworkprocess", "webkitwebprocess", "iexplore",
        "zen-bin", "ladybird", "thorium", "google chrome", "google chrome helper",
        "microsoft edge", "brave browser",
    ]),
    ("qt_desktop", &[
        "falkon", "konqueror", "qutebrowser", "plasmashell", "kwin_x11", "kwin_wayland", "krunner",
        "kded5", "kded6", "kdeconnectd", "kdeconnect-app", "kactivitymanagerd", "baloo_file",
        "dolphin", "konsole", "yakuake", "kate", "kwrite", "okular", "gwenview", "spectacle",
        "krita", "kdenlive", "digikam", "kmail", "kontact", "korganizer", "akonadiserver",
        "akonadi_control", "ktorrent", "krusader", "krdc", "kget", "amarok", "elisa", "k3b",
        "plasma-discover", "systemsettings", "systemsettings5", "quassel",
        "quasselclient", "konversation", "neochat", "nheko", "psi", "psi-plus", "telegram",
        "telegram-desktop", "obs", "obs64", "vlc", "smplayer", "qbittorrent", "wireshark",
        "virtualbox", "virtualboxvm", "keepassxc", "qtcreator", "qt-creator",
        "mumble", "mscore", "musescore", "audacious", "clementine",
        "strawberry", "scribus", "lyx", "texstudio", "qgis", "qgis-bin", "freecad", "zoom", "zoom.real",
        "teamspeak", "ts3client_linux_amd64", "nextcloud", "owncloud", "seafile-applet",
        "sqlitebrowser", "goldendict", "anki", "calibre", "stellarium",
        "openshot-qt", "flameshot", "copyq", "birdtray", "synergy", "input-leap",
        "lxqt-panel", "pcmanfm-qt", "qterminal", "hexchat-qt", "qjackctl", "cutecom", "octave-gui",
        "paraview", "qtwebengineprocess",
    ]),
    ("desktop", &[
        "xorg", "xwayland", "sway", "weston", "mutter", "cinnamon", "xfce4-panel",
        "xfce4-session", "xfwm4", "thunar", "nautilus", "nemo", "caja", "evince", "eog", "gedit",
        "code", "code-insiders", "codium", "cursor", "windsurf", "zed", "sublime_text", "atom",
        "slack", "discord", "teams", "ms-teams", "skype", "skypeforlinux", "signal-desktop",
        "element-desktop", "whatsapp", "spotify", "steam", "steamwebhelper",
        "thunderbird", "thunderbird-bin", "evolution", "geary", "outlook", "onedrive", "dropbox",
        "libreoffice", "soffice.bin", "soffice", "winword", "excel", "powerpnt", "gimp",
        "inkscape", "blender", "audacity", "rhythmbox", "transmission-gtk", "deluge", "filezilla",
        "remmina", "vinagre", "putty", "kitty", "alacritty", "wezterm-gui", "hexchat", "pidgin",
        "pipewire", "pipewire-pulse", "wireplumber", "pulseaudio", "jackd", "explorer",
        "searchhost", "postman", "insomnia", "dbeaver", "obsidian", "notion", "figma", "1password",
        "bitwarden", "idea", "pycharm", "webstorm", "clion", "rider", "goland", "android-studio",
        "finder", "windowserver", "xcode",
    ]),
];

/// Type and the beginnings of its programs' names, lower case.
const FAMILIES: &[(&str, &[&str])] = &[
    ("container", &["containerd-shim", "kube-"]),
    ("qt_desktop", &["qtwebengine", "akonadi_"]),
    ("desktop", &["gnome-", "gsd-", "gvfs", "xdg-", "evolution-", "goa-", "tracker-", "xfce4-"]),
    ("service", &["systemd-", "rpc.", "sssd_", "postfix-", "dovecot-"]),
    ("monitoring", &["prometheus-", "zabbix_", "vmagent-", "otelcol-"]),
];

/// A program that a runtime runs.
struct Guest {
    /// The runtime's name.
    runtime: &'static str,
    /// How one of its arguments begins, or what it contains.
    argument: Argument,
    type_name: &'static str,
    /// Where the distinguishing label would not name the program.
    label: Option<&'static str>,
}

enum Argument {
    Begins(&'static str),
    Contains(&'static str),
}

const fn java(begins: &'static str, type_name: &'static str, label: &'static str) -> Guest {
    Guest { runtime: "java", argument: Argument::Begins(begins), type_name, label: Some(label) }
}

const fn beam(contains: &'static str, type_name: &'static str, label: &'static str) -> Guest {
    Guest {
        runtime: "beam.smp",
        argument: Argument::Contains(contains),
        type_name,
        label: Some(label),
    }
}

const fn python(contains: &'static str, type_name: &'static str) -> Guest {
    Guest { runtime: "python", argument: Argument::Contains(contains), type_name, label: None }
}

const GUESTS: &[Guest] = &[
    java("kafka.Kafka", "message_broker", "Kafka"),
    java("org.apache.kafka.connect", "service", "Kafka Connect"),
    java("org.apache.pulsar", "message_broker", "Pulsar"),
    java("org.apache.activemq", "message_broker", "ActiveMQ"),
    java("org.apache.bookkeeper", "database", "BookKeeper"),
    java("org.apache.rocketmq", "message_broker", "RocketMQ"),
    java("org.apache.zookeeper", "service", "ZooKeeper"),
    java("org.apache.cassandra", "database", "Cassandra"),
    java("org.elasticsearch", "database", "Elasticsearch"),
    java("org.opensearch", "database", "OpenSearch"),
    java("org.apache.lucene", "database", "Lucene"),
    java("org.apache.hadoop.hbase", "database", "HBase"),
    java("org.apache.hadoop", "database", "Hadoop"),
    java("org.apache.ignite", "cache", "Ignite"),
    java("org.infinispan", "cache", "Infinispan"),
    java("com.hazelcast", "cache", "Hazelcast"),
    java("org.neo4j", "database", "Neo4j"),
    java("com.neo4j", "database", "Neo4j"),
    java("org.h2.tools", "database", "H2"),
    java("org.apache.derby", "database", "Derby"),
    java("org.apache.catalina", "service", "Tomcat"),
    java("org.logstash", "monitoring", "Logstash"),
    java("com.intellij", "desktop", "IntelliJ"),
    beam("rabbit", "message_broker", "RabbitMQ"),
    beam("emqx", "message_broker", "EMQX"),
    beam("vernemq", "message_broker", "VerneMQ"),
    beam("couchdb", "database", "CouchDB"),
    beam("riak", "database", "Riak"),
    beam("ejabberd", "service", "ejabberd"),
    python("/fail2ban-server", "service"),
    python("/calibre", "qt_desktop"),
];

struct Table {
    programs: FxHashMap<&'static str, Arc<str>>,
    families: Vec<(&'static str, Arc<str>)>,
    guests: Vec<(&'static Guest, Arc<str>)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let named = |&(type_name, names): &(&str, &'static [&'static str])| {
        let type_name: Arc<str> = Arc::from(type_name);
        names.iter().map(move |&name| (name, Arc::clone(&type_name)))
    };
    Table {
        programs: PROGRAMS.iter().flat_map(named).collect(),
        families: FAMILIES.iter().flat_map(named).collect(),
        guests: GUESTS.iter().map(|guest| (guest, Arc::from(guest.type_name))).collect(),
    }
});

/// The type of a well-known program, and its label where the table knows a better one.
pub(super) fn classify(process: &Process) -> Option<(Arc<str>, Option<&'static str>)> {
    let name = program_name(process).to_lowercase();
    let table = &*TABLE;
    let runtime = match name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "javaw" => "java",
        "python" => "python",
        _ => &*name,
    };
    if matches!(runtime, "java" | "beam.smp" | "python") {
        let arguments = process.arguments.get(1..).unwrap_or_default();
        let guest = table.guests.iter().find(|(guest, _)| {
            guest.runtime == runtime
                && arguments.iter().any(|argument| match guest.argument {
                    Argument::Begins(text) => argument.starts_with(text),
                    Argument::Contains(text) => argument.contains(text),
                })
        });
        return guest.map(|(guest, type_name)| (Arc::clone(type_name), guest.label));
    }
    // `php-fpm8.2`, `postgres15`, `kded6`: as it is, then without its version.
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    table
        .programs
        .get(name.as_str())
        .or_else(|| table.programs.get(plain))
        .or_else(|| {
            table.families.iter().find(|(family, _)| name.starts_with(family)).map(|(_, t)| t)
        })
        .map(|type_name| (Arc::clone(type_name), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::NODE_TYPES;
    use std::collections::BTreeSet;

    #[test]
    fn every_type_is_in_the_registry_and_no_name_stands_twice() {
        let mut seen = BTreeSet::new();
        for (type_name, names) in PROGRAMS.iter().chain(FAMILIES) {
            assert!(NODE_TYPES.iter().any(|info| info.name == *type_name), "{type_name}");
            for name in *names {
                assert_eq!(*name, name.to_lowercase());
                let family = FAMILIES.iter().any(|(_, names)| names.contains(name));
                assert!(seen.insert((*name, family)), "{name} stands twice");
            }
        }
        for guest in GUESTS {
            assert!(NODE_TYPES.iter().any(|info| info.name == guest.type_name));
        }
    }
}
