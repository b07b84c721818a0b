//! The program for Windows, watched from outside: it runs under Wine, and what it says of a program
//! that talks is compared with what that program is. `cargo xtask windows test` builds both and runs
//! this in a network namespace where nobody else talks.
//!
//! What Wine can't tell is not asked for: it names no owner of accepted sockets, nor of TCP over
//! IPv6, and no user but one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../e2e/http.rs"]
mod http;
mod program;
mod service;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use program::{Procnet, Talker, folder, kill, procnet, windows_path};
use serde_json::Value;

/// How long something may take to show: far longer than it ever takes, for machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The edge between the talker and its client in `/api/graph`.
fn edge(graph: &Value, talker: &Talker) -> Option<Value> {
    let id = format!("{}->{}:{}", talker.client, talker.pid, talker.tcp4);
    array(&graph["edges"]).iter().find(|edge| edge["id"] == *id).cloned()
}

#[test]
fn parity_row_01_a_program_and_its_connections_come_and_go() {
    let server = Procnet::serve(&["--udp"]);
    let folder = folder("Программа 測試 é");
    let mut talker = Talker::start(&folder, "говорун tool.exe", &["Grüße, 世界", "two words"]);

    let (graph, edge_there) = wait_for("the talker's connection", || {
        let graph = server.json("/api/graph?udp=1");
        let edge = edge(&graph, &talker)?;
        Some((graph, edge))
    });
    assert_eq!((&edge_there["proto"], &edge_there["stale"]), (&"TCP".into(), &false.into()));
    assert_eq!(edge_there["state"], "ESTABLISHED");
    for pid in [talker.pid, talker.client] {
        let node = array(&graph["nodes"]).iter().find(|node| node["id"] == *pid.to_string());
        let node = node.unwrap_or_else(|| panic!("no node of {pid} in {graph}"));
        let label = node["label"].as_str().unwrap();
        assert!(label.starts_with("говорун tool.exe"), "{label}");
        let title = node["title"].as_str().unwrap();
        assert!(title.contains("Grüße, 世界"), "{title}");
    }

    let process = server.process(talker.client);
    let path = windows_path(&talker.path);
    assert_eq!(process["name"], "говорун tool.exe");
    assert_eq!(process["exe"], path);
    let client = format!("127.0.0.1:{}", talker.tcp4);
    let other = format!("[::1]:{}", talker.tcp6);
    let expected = [path.as_str(), "call", &client, &other, "Grüße, 世界", "two words"];
    assert_eq!(process["arguments"], Value::from(expected.map(Value::from).to_vec()));
    assert!(process["user"].as_str().is_some_and(|user| !user.is_empty()), "{process}");
    assert!(process["started"].as_i64().is_some_and(|started| started > 1_700_000_000_000));
    assert_eq!(process["parents"][0]["pid"], talker.pid);
    assert_eq!(process["alive"], true);

    kill(talker.client);
    wait_for("the connection to go stale", || {
        edge(&server.json("/api/graph?udp=1"), &talker).filter(|edge| edge["stale"] == true)
    });
    wait_for("the connection to vanish", || {
        let graph = server.json("/api/graph?udp=1");
        let client = talker.client.to_string();
        let there = array(&graph["nodes"]).iter().any(|node| node["id"] == *client);
        (!there && edge(&graph, &talker).is_none()).then_some(())
    });
    talker.kill();
    wait_for("the sockets to go", || {
        let sockets = server.json("/api/v1/sockets");
        let owned = |row: &Value| row["owners"][0]["pid"] == talker.pid;
        (!array(&sockets["sockets"]).iter().any(owned)).then_some(())
    });
}

#[test]
fn every_socket_is_listed() {
    let talker = Talker::start(&folder("Program Files (x86)"), "talker.exe", &[]);
    let rows = wait_for("all sockets of the talker", || {
        let listed = procnet(&["ls", "--json"]);
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let rows: Value = serde_json::from_slice(&listed.stdout).expect("`ls --json` prints JSON");
        let owned = |row: &&Value| row["owners"][0]["pid"] == talker.pid;
        (array(&rows).iter().filter(owned).count() >= 3).then_some(rows)
    });
    let rows = array(&rows);
    let found = |protocol: &str, ip: &str, port: u16, state: &str| {
        let row = rows.iter().find(|row| {
            row["protocol"] == protocol
                && row["local"]["ip"] == ip
                && row["local"]["port"] == port
                && row["state"] == state
        });
        row.unwrap_or_else(|| panic!("no {protocol} {ip} {port} {state} in {rows:?}"))
    };
    for (protocol, ip, port) in [
        ("tcp", "127.0.0.1", talker.tcp4),
        ("udp", "127.0.0.1", talker.udp4),
        ("udp", "::1", talker.udp6),
    ] {
        let row = found(protocol, ip, port, "LISTEN");
        assert_eq!(
            (&row["owners"][0]["pid"], &row["attribution"]),
            (&talker.pid.into(), &"held".into())
        );
    }
    // Wine names no owner of these, but they are there, with both their ends.
    found("tcp", "::1", talker.tcp6, "LISTEN");
    for (ip, port) in [("127.0.0.1", talker.tcp4), ("::1", talker.tcp6)] {
        let accepted = found("tcp", ip, port, "ESTABLISHED");
        let calling =
            found("tcp", ip, accepted["remote"]["port"].as_u64().unwrap() as u16, "ESTABLISHED");
        assert_eq!(calling["remote"], accepted["local"]);
        assert_eq!(
            (&accepted["direction"], &calling["direction"]),
            (&"inbound".into(), &"outbound".into())
        );
        if ip == "127.0.0.1" {
            assert_eq!(calling["owners"][0]["pid"], talker.client);
        }
    }
    let unique: BTreeSet<String> = rows
        .iter()
        .map(|row| [&row["protocol"], &row["local"], &row["remote"]].map(Value::to_string).concat())
        .collect();
    assert_eq!(unique.len(), rows.len(), "each is listed once");
}

#[test]
fn rules_are_read_from_a_file_as_windows_editors_write_it() {
    let folder = folder("мои правила");
    let file = folder.join("rules with spaces.yaml");
    let rules =
        "\u{feff}# Mine.\r\n- match_name: talker.exe\r\n  type: database\r\n  label: Говорун\r\n";
    std::fs::write(&file, rules).unwrap();
    let talker = Talker::start(&folder, "talker.exe", &[]);
    let server = Procnet::serve(&["--rules", &windows_path(&file)]);
    let node = wait_for("the talker's node", || {
        let graph = server.json("/api/graph");
        let id = talker.pid.to_string();
        array(&graph["nodes"]).iter().find(|node| node["id"] == *id).cloned()
    });
    assert_eq!(node["type"], "database");
    assert!(node["label"].as_str().unwrap().starts_with("Говорун"), "{node}");
}

#[test]
fn what_can_be_seen_is_told() {
    let told = procnet(&["doctor", "--json"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).expect("`doctor --json` prints JSON");
    assert_eq!(
        (&told["os"], &told["collecting"]["collector"]),
        (&"Windows".into(), &"scan".into())
    );
    assert_eq!(told["effective_capabilities"], Value::Null);
    assert!(told["kernel"].as_str().is_some_and(|kernel| kernel.matches('.').count() == 2));
    let state = |id: &str| {
        let known = array(&told["capabilities"]).iter().find(|known| known["id"] == id);
        known.unwrap_or_else(|| panic!("no {id} in {told}"))["state"].clone()
    };
    assert_eq!(["socket-list", "socket-owners"].map(state), ["full", "full"]);
    assert_eq!(["kernel-events", "tcp-counters", "udp-peers"].map(state), ["missing"; 3]);
    assert_eq!(array(&told["degradations"]), [] as [Value; 0]);
}

#[test]
fn ctrl_c_ends_it_in_peace() {
    let mut server = Procnet::serve(&[]);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.interrupt().code(), Some(0));
}

#[test]
fn the_page_and_the_exit_codes_are_those_of_every_system() {
    let server = Procnet::serve(&[]);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<title>"));

    let port = server.address.rsplit(':').next().unwrap();
    let taken = procnet(&["serve", "--port", port]);
    let said = String::from_utf8_lossy(&taken.stderr);
    assert_eq!(taken.status.code(), Some(2), "{said}");
    assert!(said.contains("is in use"), "{said}");
    let events = procnet(&["ls", "--collector", "bpf"]);
    assert_eq!(events.status.code(), Some(2), "{}", String::from_utf8_lossy(&events.stderr));
    assert_eq!(procnet(&["--no-such-option"]).status.code(), Some(2));
    assert_eq!(procnet(&["--version"]).status.code(), Some(0));
}
