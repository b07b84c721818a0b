//! Sockets that several processes hold.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use procnet_core::{Attribution, Protocol};

use crate::common::Child;
use crate::story::{collector, settled};

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
    let found = story.follow(&mut collector, |story| {
        let socket = story.world.find(Protocol::Tcp, near, Some(bound));
        socket.is_some_and(|socket| socket.owners.len() == 2)
    });
    assert!(found);
    let socket = story.world.find(Protocol::Tcp, near, Some(bound)).unwrap();
    let of = |pid| socket.owners.iter().find(|o| o.process.pid == pid).map(|o| o.attribution);
    assert_eq!(of(std::process::id()), Some(Attribution::Observed));
    assert_eq!(of(child.id()), Some(Attribution::Inherited));
}
