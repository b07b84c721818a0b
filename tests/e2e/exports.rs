//! The map as a file: `procnet export` and `GET /api/v1/export`.

use serde_json::Value;

use crate::program::{Server, procnet, procnet_json};
use crate::{shared_workload, wait_for};

#[test]
fn x1_every_format_shows_who_talks_to_whom() {
    let Some(workload) = shared_workload() else { return };
    let (port, pid) = (workload.redis.port, workload.redis.pid());
    let filter = format!("port:{port}");
    let picture = wait_for("a client of redis", || {
        let picture = procnet_json(&["export", "--group-by", "process", &filter]);
        let talks = picture["edges"].as_array()?.iter().any(|edge| edge["port"] == port);
        talks.then_some(picture)
    });
    let nodes = picture["nodes"].as_array().unwrap();
    let of_pid = |node: &&Value| {
        let begin = format!("{pid}-");
        node["processes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|key| key.as_str().unwrap().starts_with(&begin))
    };
    let redis = nodes.iter().find(of_pid).expect("redis is a node");
    let listeners = redis["listeners"].to_string();
    assert!(listeners.contains(&format!("tcp 127.0.0.1:{port}")), "{listeners}");
    let edges = picture["edges"].as_array().unwrap();
    assert!(edges.iter().any(|edge| edge["to"] == redis["id"]), "{edges:?}");

    for (format, wanted) in [
        ("csv", format!(",tcp,{port},")),
        ("graphml", format!("<data key=\"e_port\">{port}</data>")),
        ("dot", format!("label=\":{port}")),
        ("mermaid", format!("-->|\":{port}")),
    ] {
        let arguments = ["export", "--format", format, "--group-by", "process", &filter];
        let text = String::from_utf8(procnet(&arguments).stdout).unwrap();
        assert!(text.contains(&wanted), "{format}: {text}");
        assert!(text.contains("redis-server"), "{format}: {text}");
    }
}

#[test]
fn x1_a_file_is_written_and_its_name_says_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("map.mmd");
    let name = file.to_str().unwrap();
    assert!(procnet(&["export", "-o", name]).stdout.is_empty());
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("flowchart LR\n"));
}

#[test]
fn x1_the_page_exports_what_it_shows() {
    let Some(workload) = shared_workload() else { return };
    let port = workload.redis.port;
    let server = Server::start(&[]);
    let path = format!("/api/v1/export?format=json&group=process&filter=port:{port}");
    let picture = wait_for("an edge in the file", || {
        let picture = server.json(&path);
        (!picture["edges"].as_array()?.is_empty()).then_some(picture)
    });
    assert!(picture["edges"].as_array().unwrap().iter().all(|edge| edge["port"] == port));
}
