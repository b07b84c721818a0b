//! Processes that live in namespaces and control groups of their own.

use std::path::PathBuf;

use crate::common;
use crate::story::{End, collector, settled};
use crate::workload::namespace::{can_unshare, ip, network};
use crate::workload::puppet::Puppet;

#[test]
fn connections_within_another_network_namespace_are_told() {
    let Some(mut collector) = collector() else { return };
    let Some(mut server) = network() else { return };
    let mut story = settled(&mut collector);
    let mut client = server.fork();
    for at in ["127.0.0.1:0", "[::1]:0"] {
        let far = server.listen("door", at);
        let near = client.connect("call", far);
        server.accept("door", "guest");
        let ends =
            [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
        story.shows(&mut collector, &ends);
        client.order("send call 11");
        server.order("receive guest 11");
        client.order("close call");
        server.order("close guest");
        story.closes(&mut collector, &ends, &[(0, 11), (11, 0)]);
        server.order("close door");
    }
}

#[test]
fn both_ends_of_a_connection_between_two_network_namespaces_are_told() {
    let Some(mut collector) = collector() else { return };
    let (Some(mut server), Some(mut client)) = (network(), network()) else { return };
    let mut story = settled(&mut collector);
    // A cable between them, which is gone when they are.
    ip(&server, format_args!("link add cable type veth peer name cable netns {}", client.pid()));
    for (puppet, last) in [(&server, 1), (&client, 2)] {
        ip(puppet, format_args!("address add 192.0.2.{last}/24 dev cable"));
        ip(puppet, format_args!("address add 2001:db8::{last}/64 dev cable nodad"));
        ip(puppet, "link set cable up");
    }
    for at in ["192.0.2.1:0", "[2001:db8::1]:0"] {
        let far = server.listen("door", at);
        let near = client.connect("call", far);
        server.accept("door", "guest");
        let ends =
            [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
        story.shows(&mut collector, &ends);
        let netns = ends.each_ref().map(|end| end.sockets(&story.world)[0].key.netns);
        assert_ne!(netns[0], netns[1]);
        server.begin("send guest 300000");
        client.order("receive call 300000");
        server.answer().unwrap();
        client.order("close call");
        server.order("close guest");
        story.closes(&mut collector, &ends, &[(300_000, 0), (0, 300_000)]);
        server.order("close door");
    }
}

#[test]
fn a_process_in_another_pid_namespace_is_told_under_its_outer_id() {
    let Some(mut collector) = collector() else { return };
    if !can_unshare("--pid") {
        return;
    }
    let mut story = settled(&mut collector);
    let mut server = Puppet::start_by(&["unshare", "--pid", "--fork", "--kill-child"]);
    let mut client = Puppet::start();
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    let ends = [
        End::client(near, far, &[client.pid()]),
        End::server(far, near, &[server.pid()]),
        End::listener(far, &[server.pid()]),
    ];
    assert_ne!(server.pid(), 1);
    story.shows(&mut collector, &ends);
    // Its children too.
    let child = server.fork();
    let process = story.follow(&mut collector, |story| story.world.has_process(child.pid()));
    assert!(process);
    let parent = story.world.process(child.pid()).parent.map(|parent| parent.pid);
    assert_eq!(parent, Some(server.pid()));
}

/// A control group that is removed with this value.
struct Group(PathBuf);

impl Group {
    /// Where the unified hierarchy is, and what a process in the group sees as its own.
    fn new() -> Option<Self> {
        let roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(PathBuf::from);
        let root = roots.into_iter().find(|root| root.join("cgroup.procs").is_file());
        let path = root?.join(format!("procnet-test-{}", std::process::id()));
        std::fs::create_dir(&path).ok().map(|()| Self(path))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Whoever lived there has just been ended, and may take a moment to be gone.
        let end = std::time::Instant::now() + crate::story::PATIENCE;
        while std::fs::remove_dir(&self.0).is_err() && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

#[test]
fn a_process_in_a_control_group_of_its_own_is_seen_accepting() {
    let Some(mut collector) = collector() else { return };
    let Some(group) = Group::new() else {
        common::unless(false, "a unified control group hierarchy that can be written to");
        return;
    };
    let mut story = settled(&mut collector);
    let enter = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", group.0.display());
    let mut server = Puppet::start_by(&["sh", "-c", &enter, "sh"]);
    let mut client = Puppet::start();
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    let ends = [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
    story.shows(&mut collector, &ends);
    let told = story.world.process(server.pid()).cgroup.clone();
    let name = group.0.file_name().unwrap().to_str().unwrap();
    assert!(told.is_some_and(|cgroup| cgroup.contains(name)));
    drop(server);
    drop(group);
}
