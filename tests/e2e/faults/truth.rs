//! What processes hold: as `/proc` says, read in the plainest way, and as procnet tells. Compared by
//! the hash of a list in one form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::Server;

/// How long the truth may take to show on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(240);
/// Most rows of an answer.
const PAGE: usize = 10_000;

/// One socket per line, with those of the processes that hold it.
pub(super) type Lines = BTreeSet<String>;

fn line(socket: [&str; 4], owners: &BTreeSet<u32>) -> String {
    format!("{} {owners:?}", socket.join(" "))
}

pub(super) fn hash(lines: &Lines) -> u64 {
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    hasher.finish()
}

/// What `/proc` says that these processes hold, of TCP and UDP over IPv4 (proc(5)).
pub(super) fn held(pids: &[u32]) -> Lines {
    let mut holders: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for pid in pids {
        let place = std::fs::read_link(format!("/proc/{pid}/ns/net")).expect("it lives");
        places.insert(place, *pid);
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives");
        for descriptor in descriptors.flatten() {
            let Ok(link) = std::fs::read_link(descriptor.path()) else { continue };
            let inode = link.to_str().and_then(|link| link.strip_prefix("socket:["));
            if let Some(inode) = inode.and_then(|rest| rest.trim_end_matches(']').parse().ok()) {
                holders.entry(inode).or_default().insert(*pid);
            }
        }
    }
    let mut lines = Lines::new();
    let tables = places.values().flat_map(|pid| ["tcp", "udp"].map(|protocol| (pid, protocol)));
    for (pid, protocol) in tables {
        let table = std::fs::read_to_string(format!("/proc/{pid}/net/{protocol}")).unwrap();
        for row in table.lines().skip(1) {
            let fields: Vec<&str> = row.split_whitespace().collect();
            let Some(owners) = holders.get(&fields[9].parse().unwrap()) else { continue };
            let state = match (protocol, fields[3]) {
                ("udp", _) => "-",
                (_, "01") => "ESTABLISHED",
                (_, "0A") => "LISTEN",
                (_, other) => other,
            };
            lines.insert(line([protocol, &end(fields[1]), &end(fields[2]), state], owners));
        }
    }
    lines
}

/// `0100007F:1F90`, as the kernel of a little-endian machine writes it; nothing for no port.
fn end(field: &str) -> String {
    let (ip, port) = field.split_once(':').unwrap();
    let ip = Ipv4Addr::from(u32::from_str_radix(ip, 16).unwrap().to_ne_bytes());
    match u16::from_str_radix(port, 16).unwrap() {
        0 => "-".to_owned(),
        port => format!("{ip}:{port}"),
    }
}

/// What procnet tells of these processes. What lingers in TIME_WAIT is held by nobody any more.
fn told(server: &Server, pids: &[u32]) -> Lines {
    let mut lines = Lines::new();
    for pid in pids {
        for offset in (0..).step_by(PAGE) {
            let path = format!(
                "/api/v1/sockets?udp=1&listeners=1&limit={PAGE}&offset={offset}&filter=pid:{pid}"
            );
            let told = server.json(&path);
            let rows = told["sockets"].as_array().expect("rows");
            lines.extend(rows.iter().filter(|row| row["state"] != "TIME_WAIT").map(|row| {
                let owners = row["owners"].as_array().into_iter().flatten();
                let owners = owners.filter_map(|owner| u32::try_from(owner["pid"].as_u64()?).ok());
                let owners = owners.filter(|owner| pids.contains(owner)).collect();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let protocol = text(&row["protocol"]);
                let state = if protocol == "udp" { "-".into() } else { text(&row["state"]) };
                let [local, remote] =
                    ["local", "remote"].map(|end| match row[end]["port"].as_u64() {
                        None | Some(0) => "-".to_owned(),
                        Some(port) => format!("{}:{port}", text(&row[end]["ip"])),
                    });
                line([&protocol, &local, &remote, &state], &owners)
            }));
            if rows.len() < PAGE {
                break;
            }
        }
    }
    lines
}

/// Waits until procnet tells of these processes what `/proc` does.
pub(super) fn settle(server: &Server, pids: &[u32]) {
    let truth = held(pids);
    let begin = Instant::now();
    loop {
        let told = told(server, pids);
        if hash(&told) == hash(&truth) {
            return;
        }
        if begin.elapsed() > PATIENCE {
            let mut text = String::new();
            for (what, lines) in [("lacks", &truth - &told), ("has", &told - &truth)] {
                let some: Vec<&String> = lines.iter().take(5).collect();
                let _ = writeln!(text, "the map {what} {}: {some:#?}", lines.len());
            }
            panic!("{text}{:?}", server.running.messages());
        }
        // Lists of many sockets cost more than waiting.
        std::thread::sleep(Duration::from_millis(100) + begin.elapsed() / 10);
    }
}
