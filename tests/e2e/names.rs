//! Names of remote addresses: by the resolver of a network and mount namespace of the test's own, with
//! a hosts file and a name server on loopback. Nothing leaves the namespace.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::machine::PROCNET;
use crate::program::procnet;
use crate::workload::program;

/// Calls addresses where nobody answers, for they lead back to loopback, and is the name server for both.
const WORLD: &str = r#"
import socket, sys, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
callers = []
for address in ("10.91.0.7", "10.91.0.8", "169.254.7.7"):
    caller = socket.socket()
    caller.setblocking(False)
    caller.connect_ex((address, 443))
    callers.append(caller)
print("ready", flush=True)
asked = open(sys.argv[1], "w", buffering=1)
while True:
    question, client = server.recvfrom(512)
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += 1 + question[at]
    asked.write(".".join(labels) + "\n")
    name = b"\x04shop\x07example\x00"
    found = labels[0] == "8"
    flags = b"\x81\x80" if found else b"\x81\x83"
    answer = b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x3c" + len(name).to_bytes(2, "big") + name
    head = question[:2] + flags + b"\x00\x01" + (b"\x00\x01" if found else b"\x00\x00") + b"\x00" * 4
    server.sendto(head + question[12:at + 5] + (answer if found else b""), client)
"#;

/// What `procnet ARGUMENTS` prints there, and for which names the server was asked.
fn within(arguments: &str) -> Option<(Value, String)> {
    let is_root = std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")));
    let there = |name: &str| program::find(name).is_ok();
    if !is_root || !["python3", "unshare", "ip", "mount"].into_iter().all(there) {
        return crate::skip("making namespaces takes root, python3, unshare, ip and mount");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let world = file("world.py", WORLD);
    let hosts = file("hosts", "127.0.0.1 localhost\n10.91.0.7 cache.example\n");
    let resolv = file("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    let nsswitch = file("nsswitch.conf", "hosts: files dns\n");
    let asked = file("asked", "");
    let ready = folder.path().join("ready").to_str().unwrap().to_owned();
    let script = format!(
        "set -e
        mount --bind {hosts} /etc/hosts
        mount --bind {resolv} /etc/resolv.conf
        if [ -e /etc/nsswitch.conf ]; then mount --bind {nsswitch} /etc/nsswitch.conf; fi
        ip link set lo up
        ip address add 10.90.0.1/32 dev lo
        for there in 10.91.0.0/24 169.254.7.0/24; do ip route add $there dev lo src 10.90.0.1; done
        python3 {world} {asked} > {ready} &
        world=$!
        trap 'kill $world' EXIT
        for i in $(seq 600); do grep -q ready {ready} && break; sleep 0.1; done
        {PROCNET} {arguments}"
    );
    let output = Command::new("unshare")
        .args(["--net", "--mount", "sh", "-c", &script])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let printed = serde_json::from_slice(&output.stdout).unwrap();
    Some((printed, std::fs::read_to_string(asked).unwrap()))
}

fn row<'a>(rows: &'a Value, ip: &str) -> &'a Value {
    let rows = rows.as_array().unwrap();
    rows.iter().find(|row| row["remote"]["ip"] == ip).unwrap_or_else(|| panic!("{rows:?}"))
}

#[test]
fn n1_remotes_have_the_names_that_the_machines_own_resolver_knows() {
    let Some((rows, asked)) = within("ls --json 'remote:10.91.0.0/16 OR remote:169.254.0.0/16'")
    else {
        return;
    };
    let hosts = row(&rows, "10.91.0.7");
    assert_eq!(
        (&hosts["remote_name"], &hosts["name_evidence"]),
        (&"cache.example".into(), &"reverse".into())
    );
    assert_eq!(row(&rows, "10.91.0.8")["remote_name"], "shop.example");
    // Nobody may be asked about what is on the link alone.
    assert_eq!(row(&rows, "169.254.7.7").get("remote_name"), None);
    assert!(asked.contains("8.0.91.10.in-addr.arpa") && !asked.contains("7.7.254.169"), "{asked}");
}

#[test]
fn n1_a_name_is_found_by_the_filter_and_shown_on_the_map() {
    let Some((picture, _)) = within("export --format json domain:shop.example") else { return };
    let nodes = picture["nodes"].as_array().unwrap();
    let server = nodes.iter().find(|node| node["kind"] == "server").unwrap();
    assert_eq!(server["label"], "shop.example:443", "{server}");
    assert!(server["detail"].as_str().unwrap().contains("10.91.0.8"), "{server}");
}

#[test]
fn n1_without_names_nobody_is_asked() {
    let Some((rows, asked)) = within("ls --json --no-dns remote:10.91.0.0/16") else { return };
    assert_eq!(row(&rows, "10.91.0.7").get("remote_name"), None);
    assert_eq!(asked, "");
    let doctor: Value = serde_json::from_slice(&procnet(&["doctor", "--json"]).stdout).unwrap();
    let known = doctor["capabilities"].as_array().unwrap();
    assert!(known.iter().any(|known| known["id"] == "remote-names"), "{known:?}");
}
