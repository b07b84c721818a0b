//! What a service port is called.
//!
//! [`REGISTERED`] has the names of IANA's registry
//! (<https://www.iana.org/assignments/service-names-port-numbers>, RFC 6335), of the ports that are
//! met in practice. [`USUAL`] goes before it: ports whose registered name nobody would recognise
//! (`ms-wbt-server`), at which something other than what was once registered is found today
//! (9092), or which are not registered at all. Those names are the products' own, for the ports
//! that their documentation gives.

use crate::socket::Protocol;

/// Over which transports a row's service is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Tcp,
    Udp,
    Both,
}

use Over::{Both as B, Tcp as T, Udp as U};

/// A port, its transports, and its name.
type Row = (u16, Over, &'static str);

/// The name of the service at `port`; nothing where none is known, nor for UNIX sockets.
pub fn service_name(protocol: Protocol, port: u16) -> Option<&'static str> {
    find(USUAL, protocol, port).or_else(|| find(REGISTERED, protocol, port))
}

fn find(table: &[Row], protocol: Protocol, port: u16) -> Option<&'static str> {
    let begin = table.partition_point(|(at, ..)| *at < port);
    let rows = table.get(begin..)?.iter().take_while(|(at, ..)| *at == port);
    rows.into_iter()
        .find(|(_, over, _)| match protocol {
            Protocol::Tcp => *over != U,
            Protocol::Udp => *over != T,
            Protocol::Unix => false,
        })
        .map(|(_, _, name)| *name)
}

/// What is found at a port in practice, where the registry does not say it so that people know it.
#[rustfmt::skip]
const USUAL: &[Row] = &[
    (53, B, "dns"), (67, U, "dhcp"), (68, U, "dhcp"), (111, B, "rpcbind"), (135, T, "msrpc"),
    (143, T, "imap"), (445, T, "smb"), (465, T, "smtps"), (500, U, "ike"), (502, T, "modbus"),
    (546, U, "dhcpv6"), (547, U, "dhcpv6"), (548, T, "afp"), (587, T, "submission"),
    (853, B, "dns-over-tls"), (1433, T, "mssql"), (1434, U, "mssql-browser"), (1521, T, "oracle"),
    (1935, T, "rtmp"), (2181, T, "zookeeper"), (3000, T, "http-dev"), (3050, T, "firebird"),
    (3128, T, "http-proxy"), (3268, T, "ldap-gc"), (3269, T, "ldaps-gc"), (3300, T, "ceph-mon"),
    (3389, B, "rdp"), (3702, U, "ws-discovery"), (4200, T, "angular-dev"), (4222, T, "nats"),
    (4317, T, "otlp-grpc"), (4318, T, "otlp-http"), (4505, T, "salt-publish"),
    (4506, T, "salt-return"), (5000, T, "http-dev"), (5044, T, "beats"), (5173, T, "vite"),
    (5201, B, "iperf3"), (5405, U, "corosync"), (5433, T, "postgresql-alt"), (5601, T, "kibana"),
    (5900, T, "vnc"), (5901, T, "vnc-1"), (5902, T, "vnc-2"), (5938, B, "teamviewer"),
    (6222, T, "nats-cluster"), (6380, T, "redis-tls"), (6432, T, "pgbouncer"),
    (6443, T, "kubernetes"), (6650, T, "pulsar"), (6667, T, "irc"), (6697, T, "ircs"),
    (6789, T, "ceph-mon"), (6800, T, "ceph-osd"), (6881, B, "bittorrent"), (7000, T, "cassandra"),
    (7001, T, "cassandra-tls"), (7077, T, "spark"), (7199, T, "cassandra-jmx"),
    (7233, T, "temporal"), (7680, T, "delivery-opt"), (7946, B, "gossip"), (8000, T, "http-alt"),
    (8006, T, "proxmox"), (8020, T, "hadoop-hdfs"), (8081, T, "http-alt"), (8086, T, "influxdb"),
    (8088, T, "http-alt"), (8089, T, "splunkd"), (8096, T, "jellyfin"),
    (8123, T, "clickhouse-http"), (8125, U, "statsd"), (8200, T, "vault"), (8300, T, "consul-rpc"),
    (8301, B, "consul-serf"), (8302, B, "consul-wan"), (8333, T, "bitcoin"), (8443, T, "https-alt"),
    (8472, U, "vxlan-linux"), (8500, T, "consul"), (8529, T, "arangodb"), (8600, B, "consul-dns"),
    (8765, T, "procnet"), (8834, T, "nessus"), (8848, T, "nacos"), (8888, T, "http-alt"),
    (8983, T, "solr"), (9000, T, "fastcgi"), (9001, T, "tor"), (9042, T, "cassandra-cql"),
    (9050, T, "tor-socks"), (9090, T, "prometheus"), (9091, T, "pushgateway"), (9092, T, "kafka"),
    (9093, T, "alertmanager"), (9094, T, "kafka-external"), (9095, T, "kafka-internal"),
    (9100, T, "node-exporter"), (9104, T, "mysqld-exporter"), (9113, T, "nginx-exporter"),
    (9115, T, "blackbox-exporter"), (9121, T, "redis-exporter"), (9187, T, "postgres-exporter"),
    (9200, T, "elasticsearch"), (9300, T, "elasticsearch-node"), (9411, T, "zipkin"),
    (9600, T, "logstash"), (9870, T, "hadoop-namenode"), (9987, U, "teamspeak"), (9999, T, "jmx"),
    (10000, T, "webmin"), (10248, T, "kubelet-health"), (10250, T, "kubelet"),
    (10255, T, "kubelet-read"), (10256, T, "kube-proxy"), (10257, T, "kube-controllers"),
    (10259, T, "kube-scheduler"), (11434, T, "ollama"), (14250, T, "jaeger"),
    (15000, T, "envoy-admin"), (15001, T, "envoy"), (15006, T, "envoy-inbound"),
    (15672, T, "rabbitmq-http"), (16379, T, "redis-cluster"), (16509, T, "libvirt"),
    (16514, T, "libvirt-tls"), (16686, T, "jaeger-ui"), (17500, B, "dropbox-lan"),
    (18080, T, "spark-history"), (19000, T, "clickhouse-alt"), (19132, U, "minecraft-bedrock"),
    (19530, T, "milvus"), (22000, B, "syncthing"), (24007, T, "glusterfs"), (24800, T, "synergy"),
    (25565, B, "minecraft"), (25672, T, "rabbitmq-cluster"), (26257, T, "cockroachdb"),
    (26379, T, "redis-sentinel"), (27015, B, "steam"), (27017, T, "mongodb"),
    (27018, T, "mongodb-shard"), (27019, T, "mongodb-config"), (28015, T, "rethinkdb"),
    (29015, T, "rethinkdb-node"), (32400, T, "plex"), (41641, U, "tailscale"),
    (44818, T, "ethernet-ip"), (51820, U, "wireguard"), (61613, T, "stomp"), (61616, T, "activemq"),
];

/// Names that IANA has registered.
#[rustfmt::skip]
const REGISTERED: &[Row] = &[
    (7, B, "echo"), (9, B, "discard"), (11, T, "systat"), (13, B, "daytime"), (17, T, "qotd"),
    (19, B, "chargen"), (20, T, "ftp-data"), (21, T, "ftp"), (22, T, "ssh"), (23, T, "telnet"),
    (25, T, "smtp"), (37, B, "time"), (43, T, "whois"), (49, B, "tacacs"), (69, U, "tftp"),
    (70, T, "gopher"), (79, T, "finger"), (80, B, "http"), (88, B, "kerberos"),
    (102, T, "iso-tsap"), (104, T, "acr-nema"), (110, T, "pop3"), (113, T, "ident"),
    (119, T, "nntp"), (123, U, "ntp"), (137, B, "netbios-ns"), (138, U, "netbios-dgm"),
    (139, T, "netbios-ssn"), (161, B, "snmp"), (162, B, "snmptrap"), (177, U, "xdmcp"),
    (179, T, "bgp"), (194, T, "irc"), (199, T, "smux"), (209, T, "qmtp"), (319, U, "ptp-event"),
    (320, U, "ptp-general"), (389, B, "ldap"), (427, B, "svrloc"), (443, B, "https"),
    (464, B, "kpasswd"), (512, T, "exec"), (513, T, "login"), (514, T, "shell"), (514, U, "syslog"),
    (515, T, "printer"), (517, U, "talk"), (518, U, "ntalk"), (520, U, "router"), (521, U, "ripng"),
    (523, B, "ibm-db2"), (540, T, "uucp"), (543, T, "klogin"), (544, T, "kshell"), (554, B, "rtsp"),
    (563, T, "nntps"), (591, T, "http-alt"), (593, T, "http-rpc-epmap"), (623, U, "asf-rmcp"),
    (631, B, "ipp"),
    (636, B, "ldaps"), (646, B, "ldp"), (655, B, "tinc"), (694, B, "ha-cluster"),
    (749, B, "kerberos-adm"), (860, T, "iscsi"), (873, T, "rsync"), (989, T, "ftps-data"),
    (990, T, "ftps"), (992, T, "telnets"), (993, T, "imaps"), (995, T, "pop3s"), (1080, B, "socks"),
    (1099, B, "rmiregistry"), (1194, B, "openvpn"), (1352, B, "lotusnote"),
    (1414, B, "ibm-mqseries"), (1494, B, "ica"), (1512, B, "wins"), (1701, B, "l2tp"),
    (1720, B, "h323hostcall"), (1723, B, "pptp"), (1801, B, "msmq"), (1812, B, "radius"),
    (1813, B, "radius-acct"), (1883, B, "mqtt"), (1900, B, "ssdp"), (1985, B, "hsrp"),
    (2000, T, "cisco-sccp"), (2049, B, "nfs"), (2123, U, "gtp-control"), (2152, U, "gtp-user"),
    (2375, T, "docker"), (2376, T, "docker-s"), (2377, T, "swarm"), (2379, T, "etcd-client"),
    (2380, T, "etcd-server"), (2401, B, "cvspserver"), (2404, B, "iec-104"),
    (2427, B, "mgcp-gateway"), (2628, B, "dict"), (2638, B, "sybaseanywhere"), (2775, B, "smpp"),
    (2947, B, "gpsd"), (3074, B, "xbox"), (3205, B, "isns"), (3260, B, "iscsi-target"),
    (3306, B, "mysql"), (3478, B, "stun"), (3493, B, "nut"), (3544, B, "teredo"),
    (3632, B, "distcc"), (3689, B, "daap"), (3690, B, "svn"), (3784, U, "bfd-control"),
    (3868, T, "diameter"), (4190, T, "sieve"), (4369, B, "epmd"), (4460, T, "ntske"),
    (4500, B, "ipsec-nat-t"), (4569, U, "iax"), (4739, B, "ipfix"), (4789, U, "vxlan"),
    (4840, B, "opcua-tcp"), (4899, B, "radmin-port"), (4949, T, "munin"), (5060, B, "sip"),
    (5061, B, "sips"), (5222, T, "xmpp-client"), (5246, U, "capwap-control"),
    (5247, U, "capwap-data"), (5269, T, "xmpp-server"), (5280, T, "xmpp-bosh"),
    (5308, B, "cfengine"), (5349, B, "stuns"), (5351, U, "nat-pmp"), (5353, U, "mdns"),
    (5355, B, "llmnr"), (5357, T, "wsdapi"), (5358, T, "wsdapi-s"), (5432, B, "postgresql"),
    (5666, T, "nrpe"), (5671, B, "amqps"), (5672, B, "amqp"), (5683, B, "coap"), (5684, B, "coaps"),
    (5868, T, "diameters"), (5984, B, "couchdb"), (5985, B, "wsman"), (5986, B, "wsmans"),
    (6000, T, "x11"), (6001, T, "x11-1"), (6002, T, "x11-2"), (6003, T, "x11-3"),
    (6081, U, "geneve"), (6343, U, "sflow"), (6379, T, "redis"), (6444, B, "sge-qmaster"),
    (6445, B, "sge-execd"), (6446, B, "mysql-proxy"), (6514, B, "syslog-tls"),
    (6566, T, "sane-port"), (6653, B, "openflow"), (7474, T, "neo4j"), (7687, T, "bolt"),
    (8008, B, "http-alt"), (8009, T, "ajp13"), (8080, B, "http-alt"), (8140, T, "puppet"),
    (8554, B, "rtsp-alt"), (8883, B, "secure-mqtt"), (9101, B, "bacula-dir"),
    (9102, B, "bacula-fd"), (9103, B, "bacula-sd"), (9389, T, "adws"), (9418, B, "git"),
    (10050, B, "zabbix-agent"), (10051, B, "zabbix-trapper"), (10080, B, "amanda"),
    (10809, T, "nbd"), (11112, B, "dicom"), (11211, B, "memcache"), (11371, B, "hkp"),
    (20000, B, "dnp"), (24554, B, "binkp"), (33060, T, "mysqlx"), (34962, B, "profinet-rt"),
    (47808, B, "bacnet"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{OTHER_SERVICE_PORTS, PortClass};

    #[test]
    fn both_tables_are_in_order_and_say_nothing_twice() {
        for table in [USUAL, REGISTERED] {
            for pair in table.windows(2) {
                let ((before, over, _), (after, other, _)) = (pair[0], pair[1]);
                let apart = matches!((over, other), (T, U) | (U, T));
                assert!(before < after || (before == after && apart), "{before} {after}");
            }
            for (port, _, name) in table {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                // RFC 6335, 5.1: at most 15 characters; the products' own may have a few more.
                assert!(!name.is_empty() && name.len() <= 18 && name.bytes().all(plain), "{port}");
            }
        }
    }

    #[test]
    fn a_service_has_the_name_by_which_people_know_it() {
        for (protocol, port, name) in [
            (Protocol::Tcp, 22, Some("ssh")),
            (Protocol::Tcp, 443, Some("https")),
            (Protocol::Udp, 443, Some("https")),
            (Protocol::Tcp, 5432, Some("postgresql")),
            (Protocol::Tcp, 9092, Some("kafka")),
            (Protocol::Udp, 53, Some("dns")),
            (Protocol::Tcp, 514, Some("shell")),
            (Protocol::Udp, 514, Some("syslog")),
            (Protocol::Udp, 22, None),
            (Protocol::Tcp, 51820, None),
            (Protocol::Udp, 51820, Some("wireguard")),
            (Protocol::Tcp, 45000, None),
            (Protocol::Tcp, 0, None),
            (Protocol::Unix, 80, None),
        ] {
            assert_eq!(service_name(protocol, port), name, "{protocol} {port}");
        }
    }

    #[test]
    fn a_port_that_has_a_class_has_a_name() {
        let classes = PortClass::ALL.into_iter().flat_map(|class| class.ports().iter());
        for port in classes.chain(OTHER_SERVICE_PORTS) {
            let name = [Protocol::Tcp, Protocol::Udp].map(|protocol| service_name(protocol, *port));
            assert!(name.iter().any(Option::is_some), "{port}");
        }
    }
}
