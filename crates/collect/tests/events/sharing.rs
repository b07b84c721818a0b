//! Sockets that several processes hold.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use procnet_core::{Attribution, Protocol};

use crate::common::Child;
use crate::story::{End, collector, collector_that_rereads, settled};
use crate::workload::puppet::{Puppet, program_path};

#[test]
fn a_socket_that_a_child_speaks_on_has_two_owners() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let client = TcpStream::connect(bound).unwrap();
    let near = client.local_addr().unwrap();
    let output = Stdio::from(std::os::fd::OwnedFd::from(client.try_clone().unwrap()));
    let mut command = Command::new("sh");
    command.args(["-c", "echo hello; exec sleep 600"]).stdin(Stdio::null()).stdout(output);
    let child = Child::spawn(&mut command);
    let both = [std::process::id(), child.id()];
    story.shows(&mut collector, &[End::client(near, bound, &both)]);
    let socket = story.world.find(Protocol::Tcp, near, Some(bound)).unwrap();
    let of = |pid| socket.owners.iter().find(|o| o.process.pid == pid).map(|o| o.attribution);
    assert_eq!(of(std::process::id()), Some(Attribution::Observed));
    assert_eq!(of(child.id()), Some(Attribution::Inherited));
}

#[test]
fn of_servers_that_share_a_listener_each_connection_is_its_acceptors() {
    let Some(mut collector) = collector_that_rereads() else { return };
    let mut story = settled(&mut collector);
    let (mut master, mut client) = (Puppet::start(), Puppet::start());
    let far = master.listen("door", "127.0.0.1:0");
    let mut workers = [master.fork(), master.fork(), master.fork()];
    let pids = workers.each_ref().map(Puppet::pid);
    let all = [master.pid(), pids[0], pids[1], pids[2]];
    let mut ends = vec![End::listener(far, &all)];
    for (turn, (worker, pid)) in workers.iter_mut().zip(pids).enumerate() {
        let near = client.connect(&format!("call{turn}"), far);
        worker.accept("door", "guest");
        ends.push(End::client(near, far, &[client.pid()]));
        ends.push(End::server(far, near, &[pid]));
    }
    story.shows(&mut collector, &ends);
    // The listener lives on in those that are left.
    master.leave();
    let [first, second, third] = workers;
    first.leave();
    ends[0] = End::listener(far, &[pids[1], pids[2]]);
    ends.remove(2);
    ends.remove(1);
    story.shows(&mut collector, &ends);
    drop((second, third));
}

#[test]
fn a_connection_that_a_forked_child_takes_over_is_the_childs() {
    let Some(mut collector) = collector_that_rereads() else { return };
    let mut story = settled(&mut collector);
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    let mut child = server.fork();
    let mut ends = [
        End::client(near, far, &[client.pid()]),
        End::server(far, near, &[server.pid(), child.pid()]),
    ];
    // Both hold it, though the child does nothing with it.
    story.shows(&mut collector, &ends);
    server.order("close guest");
    client.order("send call 10");
    child.order("receive guest 10");
    child.order("send guest 20");
    client.order("receive call 20");
    ends[1] = End::server(far, near, &[child.pid()]);
    story.shows(&mut collector, &ends);
    // Whoever accepted it may end: it lives on.
    server.leave();
    client.order("send call 10");
    child.order("receive guest 10");
    story.shows(&mut collector, &ends);
    child.leave();
    client.order("close call");
    story.closes(&mut collector, &ends, &[(20, 20), (20, 20)]);
}

#[test]
fn a_descriptor_that_is_passed_on_makes_an_owner_also_of_who_never_uses_it() {
    let Some(mut collector) = collector_that_rereads() else { return };
    let mut story = settled(&mut collector);
    let (mut giver, mut client) = (Puppet::start(), Puppet::start());
    giver.order("pair here there");
    let mut taker = giver.fork();
    let far = giver.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    giver.accept("door", "guest");
    let call = End::client(near, far, &[client.pid()]);
    story.shows(&mut collector, &[call.clone(), End::server(far, near, &[giver.pid()])]);
    giver.order("pass guest here");
    taker.order("take there gift");
    let both = End::server(far, near, &[giver.pid(), taker.pid()]);
    story.shows(&mut collector, &[call.clone(), both]);
    giver.order("close guest");
    let taken = End::server(far, near, &[taker.pid()]);
    story.shows(&mut collector, &[call.clone(), taken.clone()]);
    giver.leave();
    story.shows(&mut collector, &[call.clone(), taken.clone()]);
    taker.order("close gift");
    client.order("close call");
    story.closes(&mut collector, &[call, taken], &[(0, 0), (0, 0)]);
}

#[test]
fn a_duplicated_descriptor_is_the_same_socket_until_the_last_one_is_closed() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    client.order("duplicate call again");
    let ends = [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
    story.shows(&mut collector, &ends);
    client.order("close call");
    client.order("send again 5");
    server.order("receive guest 5");
    // A whole new picture has it too.
    collector.request_resync();
    let before = story.resyncs;
    assert!(story.follow(&mut collector, |story| story.resyncs > before));
    story.shows(&mut collector, &ends);
    client.order("close again");
    server.order("close guest");
    story.closes(&mut collector, &ends, &[(0, 5), (5, 0)]);
}

#[test]
fn a_socket_stays_its_process_when_that_executes_another_program() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    let ends = [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
    story.shows(&mut collector, &ends);
    let before = story.world.process(server.pid()).name.clone();
    // The same program under another name: a link beside it, for it is large.
    let program = program_path();
    let folder = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
    let renamed = folder.path().join("another-program");
    std::fs::hard_link(&program, &renamed).unwrap();
    server.execute(&renamed, "guest");
    let renamed = story.follow(&mut collector, |story| {
        story.world.process(server.pid()).name.as_ref() == "another-program"
    });
    assert!(renamed && before.as_ref() != "another-program");
    story.shows(&mut collector, &ends);
    client.order("send call 7");
    server.order("receive guest 7");
    server.leave();
    client.order("close call");
    story.closes(&mut collector, &ends, &[(0, 7), (7, 0)]);
}

#[test]
fn what_a_thread_opens_is_its_process() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let near: SocketAddr =
        client.order(format_args!("in-thread caller connect call {far}")).parse().unwrap();
    server.order("in-thread porter accept door guest");
    client.order("in-thread speaker send call 3");
    server.order("in-thread hearer receive guest 3");
    let ends = [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
    story.shows(&mut collector, &ends);
    let names = [&client, &server].map(|puppet| story.world.process(puppet.pid()).name.clone());
    let program = program_path();
    let name = program.file_name().unwrap().to_str().unwrap();
    assert!(names.iter().all(|told| told.as_ref() == name), "{names:?} are {name}");
    client.order("close call");
    server.order("close guest");
    story.closes(&mut collector, &ends, &[(0, 3), (3, 0)]);
}
