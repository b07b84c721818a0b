//! Containers as the kernel shows them: real control groups, named as runtimes name theirs, with
//! real processes in them.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::control_group::ControlGroup;
use crate::program::{Server, procnet_json};
use crate::workload::program::find;
use crate::workload::{Failure, Program, script};
use crate::{skip, wait_for};

const POD: &str = "36f20d9d-cbc1-4ebd-b111-536eaa6a332e";

/// 64 hexadecimal digits that no other container has.
fn new_id() -> String {
    (0..4).map(|part| format!("{:016x}", RandomState::new().hash_one(part))).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that was started outside, and put into the group when it was there.
fn put_into(group: &Path) -> Result<Program, Failure> {
    let port = free_port();
    let server = script("idle.py", port, &[port.to_string()])?;
    fs::write(group.join("cgroup.procs"), server.pid().to_string())?;
    Ok(server)
}

/// A server that is started as runtimes do it: by a process that joins the group, and then becomes
/// the server.
fn start_in(group: &Path) -> Result<Program, Failure> {
    let port = free_port();
    let idle = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/workload/idle.py");
    let mut command = Command::new("sh");
    command.args(["-c", r#"echo $$ > "$0" && exec "$@""#]).arg(group.join("cgroup.procs"));
    command.arg(find("python3")?).args(["-u", idle]).arg(port.to_string());
    Program::start_and_wait_for_line("a server in a container", command, port, "ready")
}

/// The programs, unless one is not installed.
fn started<const N: usize>(programs: [Result<Program, Failure>; N]) -> Option<Vec<Program>> {
    match programs.into_iter().collect() {
        Ok(programs) => Some(programs),
        Err(missing @ Failure::Missing(_)) => skip(&missing.to_string()),
        Err(failure) => panic!("a server in a container does not start: {failure}"),
    }
}

/// Finds the row of each of the listeners, and nothing else, by the container; and then what the
/// page is told of their processes.
fn check_rows(server: &Server, container: &Value, unit: &str, programs: &[&Program]) {
    let id = container["id"].as_str().unwrap();
    let rows = procnet_json(&["ls", "--json", &format!("container:{id}")]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), programs.len(), "{rows:?}");
    for program in programs {
        let row = rows.iter().find(|row| row["local"]["port"] == program.port).unwrap();
        let owner = &row["owners"][0];
        assert_eq!((&row["state"], &owner["pid"]), (&json!("LISTEN"), &json!(program.pid())));
        assert_eq!((&owner["container"], &owner["unit"]["name"]), (container, &json!(unit)));

        let filter = format!("/api/v1/sockets?filter=container:{id}%20port:{}", program.port);
        let owner = wait_for("the listener in what is served", || {
            let told = server.json(&filter);
            let owner = &told["sockets"][0]["owners"][0];
            (owner["container"] == *container).then(|| owner.clone())
        });
        assert_eq!(owner["pid"], program.pid());
        let process = server.json(&format!("/api/v1/processes/{}", owner["key"].as_str().unwrap()));
        assert_eq!((&process["container"], &process["unit"]["name"]), (container, &json!(unit)));
        let group = process["cgroup"].as_str().unwrap();
        assert!(group.contains("procnet-test-") && group.ends_with(unit), "{group}");
    }
}

/// The one node of a scene that stands for the container.
fn node_of(scene: &Value, container: &Value) -> Option<Value> {
    let short = &container["id"].as_str().unwrap()[..12];
    let nodes = scene["nodes"].as_object().unwrap();
    let containers = nodes["container"].as_array().unwrap();
    let found: Vec<usize> = (0..containers.len()).filter(|i| containers[*i] == *short).collect();
    assert!(found.len() <= 1, "the container is {} nodes", found.len());
    let columns = nodes.iter().map(|(name, column)| (name.clone(), column[found[0]].clone()));
    (!found.is_empty()).then(|| columns.collect())
}

#[test]
fn processes_are_shown_in_their_containers_and_each_container_can_be_one_node() {
    let Some(mut groups) = ControlGroup::new() else {
        return skip("no cgroup2 is mounted where this user may write").unwrap_or_default();
    };
    let (docker, containerd) = (new_id(), new_id());
    let docker_unit = format!("docker-{docker}.scope");
    let docker_group = groups.make(&docker_unit);
    let pod = POD.replace('-', "_");
    let pod_unit = format!("cri-containerd-{containerd}.scope");
    let pod_group = groups.make(&format!(
        "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod}.slice/{pod_unit}"
    ));
    let docker = json!({"runtime": "docker", "id": docker, "name": null, "pod": null});
    let containerd = json!({"runtime": "containerd", "id": containerd, "name": null, "pod": POD});

    let Some(first) = started([put_into(&docker_group), put_into(&pod_group)]) else { return };
    let server = Server::start(&[]);
    check_rows(&server, &docker, &docker_unit, &[&first[0]]);
    check_rows(&server, &containerd, &pod_unit, &[&first[1]]);

    // The program learns of it while it runs: by events, or by its next look.
    let Some(second) = started([start_in(&docker_group)]) else { return };
    check_rows(&server, &docker, &docker_unit, &[&first[0], &second[0]]);

    let scene = "/api/v1/scene?group=container";
    let node = wait_for("one node for both processes of the container", || {
        node_of(&server.json(scene), &docker).filter(|node| node["count"] == 2)
    });
    let short = &docker["id"].as_str().unwrap()[..12];
    assert!(node["label"].as_str().unwrap().starts_with(short), "{node}");
    assert_eq!((&node["expandable"], &node["listener_count"]), (&json!(true), &json!(2)), "{node}");
    let node =
        wait_for("the node of the pod's container", || node_of(&server.json(scene), &containerd));
    assert_eq!(node["count"], 1, "{node}");
    let node = wait_for("the unit's node", || {
        let by_unit = server.json("/api/v1/scene?group=unit");
        node_of(&by_unit, &docker).filter(|node| node["count"] == 2)
    });
    assert_eq!(node["unit"], format!("docker-{short}.scope"), "{node}");

    // Those who leave take the container with them.
    drop((first, second));
    wait_for("the end of the container's node", || {
        let scene = server.json(scene);
        node_of(&scene, &docker).is_none_or(|node| node["stale"] == true).then_some(())
    });
}
