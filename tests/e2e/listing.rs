//! `procnet ls`: filters, formats, and watching.

use std::net::TcpListener;

use serde_json::Value;

use crate::machine::command;
use crate::program::{Running, procnet, procnet_json};
use crate::workload::program::signal;
use crate::workload::script;
use crate::{shared_workload, skip, wait_for};

#[test]
fn the_filter_language_chooses_rows() {
    let Some(workload) = shared_workload() else { return };
    let port = workload.redis.port;
    let rows = procnet_json(&["ls", &format!("port:{port}"), "state:listen", "--json"]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["owners"][0]["pid"], workload.redis.pid());
    assert_eq!(procnet_json(&["ls", "pid:4294967295", "--json"]), Value::Array(Vec::new()));
}

#[test]
fn table_and_csv_show_the_same_listener() {
    let Some(workload) = shared_workload() else { return };
    let (port, pid) = (workload.redis.port, workload.redis.pid());
    let filter = format!("port:{port} state:listen");

    let table = String::from_utf8(procnet(&["ls", &filter]).stdout).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("PROTO") && lines[1].contains(&format!("127.0.0.1:{port}")));
    assert!(lines[1].contains(&format!("{pid}/redis-server")), "{table}");

    let csv = String::from_utf8(procnet(&["ls", &filter, "--csv"]).stdout).unwrap();
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((lines.len(), lines[0].len()), (2, lines[1].len()));
    let of = |name: &str| lines[1][lines[0].iter().position(|own| *own == name).unwrap()];
    assert_eq!((of("local_port"), of("pids")), (&*port.to_string(), &*pid.to_string()));
}

#[test]
fn unix_sockets_are_listed_on_request_with_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listed.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let filter = format!("path:{}", path.display());
    assert_eq!(procnet_json(&["ls", &filter, "--json"]), Value::Array(Vec::new()));
    let rows = procnet_json(&["ls", "--unix", &filter, "--json"]);
    let row = &rows[0];
    assert_eq!((&row["protocol"], &row["state"]), (&"unix".into(), &"LISTEN".into()), "{rows}");
    assert_eq!(row["unix"]["path"], path.to_str().unwrap());
    assert_eq!((&row["unix"]["type"], &row["local"]["ip"]), (&"stream".into(), &"".into()));
    assert_eq!(row["owners"][0]["pid"], std::process::id());
    let csv = String::from_utf8(procnet(&["ls", "--unix", &filter, "--csv"]).stdout).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with(&format!("unix,LISTEN,{},0,", path.display())));
}

#[test]
fn watching_tells_what_opens_and_what_closes() {
    let Some(workload) = shared_workload() else { return };
    let port = workload.redis.port;
    let mut watch = Running::start(&mut command(&[
        "ls",
        &format!("port:{port}"),
        "--watch",
        "--json",
        "--interval",
        "0.1",
    ]));
    let event = |line: &str| serde_json::from_str::<Value>(line).expect("each line is JSON");
    // What is there comes first, as opened.
    watch.line("the listener", |line| {
        let event = event(line);
        assert_eq!(event["event"], "opened", "{event}");
        (event["socket"]["state"] == "LISTEN").then_some(())
    });
    let mut client = script("worker.py", port, &[port.to_string()]).expect("the worker starts");
    let owned = |event: &Value| event["socket"]["owners"][0]["pid"] == client.pid();
    let opened = watch.line("the new connection", |line| {
        let event = event(line);
        owned(&event).then_some(event)
    });
    assert_eq!(opened["socket"]["direction"], "outbound", "{opened}");
    assert_eq!(opened["socket"]["remote"]["port"], port);
    let client_end = opened["socket"]["local"].clone();
    client.stop();
    // The client's own end stays in TIME_WAIT for a minute; the server's closes at once.
    watch.line("the end of the connection", |line| {
        let event = event(line);
        (event["event"] == "closed" && event["socket"]["remote"] == client_end).then_some(())
    });
    signal("INT", watch.pid());
    assert!(watch.end().success(), "{:?}", watch.messages());
}

/// Who pages through the output, say, and then ends the program: it must not wait for the reader.
#[test]
fn a_reader_that_does_not_read_keeps_nobody_from_ending_it() {
    // A pipe holds 64 KiB (pipe(7)); a listener is a line of about 500 bytes.
    let listeners: Vec<TcpListener> =
        (0..400).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let own = format!("pid:{}", std::process::id());
    let mut watch = Running::start_unread(&mut command(&["ls", &own, "--watch", "--json"]));
    // Field 2 of /proc/PID/syscall (proc(5)) is the first argument: the descriptor that is
    // written to.
    let syscall = format!("/proc/{}/syscall", watch.pid());
    if std::fs::read_to_string(&syscall).is_err() {
        return skip("the kernel does not tell in which call a process waits").unwrap_or_default();
    }
    wait_for("procnet to wait for its reader", || {
        let waits_in = std::fs::read_to_string(&syscall).ok()?;
        (waits_in.split_whitespace().nth(1) == Some("0x1")).then_some(())
    });
    signal("TERM", watch.pid());
    assert_eq!(watch.end().code(), Some(130), "{:?}", watch.messages());
    drop(listeners);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let Some(workload) = shared_workload() else { return };
    let mut watch = Running::start(&mut command(&["ls", "--watch", "--interval", "0.1"]));
    watch.line("the first line", |_| Some(()));
    watch.stop_reading();
    // The workload talks every half second, so counters change and lines are due.
    assert!(watch.end().success(), "{:?}", watch.messages());
    let mut messages = watch.messages();
    // Who has no rights is told so.
    messages.retain(|message| !message.contains("no events from the kernel"));
    assert_eq!(messages, [""; 0]);
    drop(workload);
}
