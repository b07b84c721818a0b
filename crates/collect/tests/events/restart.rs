//! A collector that ends, and another one that begins, while connections come and go.

use std::time::Duration;

use crate::story::{End, collector, settled};
use crate::workload::crowd::{Client, Crowd, gather};
use crate::workload::puppet::Puppet;

#[test]
fn what_was_there_before_is_found_with_its_owners_and_nothing_is_doubled() {
    let Some(mut first) = collector() else { return };
    let Some(Crowd { servers, clients, .. }) = &gather() else { return };
    let mut story = settled(&mut first);
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let near = client.connect("call", far);
    server.accept("door", "guest");
    client.order("send call 1000");
    server.order("receive guest 1000");
    let owners = ([client.pid()], [server.pid()]);
    let listener = End::listener(far, &owners.1);
    let ends = [End::client(near, far, &owners.0), End::server(far, near, &owners.1)];
    story.shows(&mut first, &ends);
    for client in clients {
        client.process.go_on();
    }
    let busy = story.follow(&mut first, |story| {
        let mut sockets = story.opened.values();
        sockets.any(|socket| servers.iter().any(|server| server.port == socket.local.port))
    });
    assert!(busy);
    drop(first);

    // What happens now is told by nobody.
    let unseen = client.connect("unseen", far);
    server.accept("door", "missed");
    let gone = client.connect("gone", far);
    server.accept("door", "went");
    client.order("close gone");
    server.order("close went");

    let mut second = collector().expect("as before");
    let mut story = settled(&mut second);
    let before = [
        listener,
        End::client(near, far, &owners.0).without_role(),
        End::server(far, near, &owners.1).without_role(),
        End::client(unseen, far, &owners.0).without_role(),
        End::server(far, unseen, &owners.1).without_role(),
    ];
    story.shows(&mut second, &before);
    // What comes from now on is seen again, beside it.
    let later = client.connect("later", far);
    server.accept("door", "late");
    client.order("send call 500");
    server.order("receive guest 500");
    let after = [End::client(later, far, &owners.0), End::server(far, later, &owners.1)];
    story.shows(&mut second, &after);
    story.shows(&mut second, &before);
    let done = story.follow(&mut second, |_| clients.iter().all(Client::is_done));
    assert!(done);
    story.shows(&mut second, &before);
    let ghost = End::client(gone, far, &[]);
    assert!(story.opened.values().all(|socket| {
        !ghost.has_addresses_of(socket) || socket.state == procnet_core::SocketState::TimeWait
    }));

    // Nothing is told twice, and the totals are those of the whole life.
    for name in ["call", "unseen", "later"] {
        client.order(format_args!("close {name}"));
    }
    for name in ["guest", "missed", "late"] {
        server.order(format_args!("close {name}"));
    }
    story.closes(&mut second, &before[1..], &[(0, 1500), (1500, 0), (0, 0), (0, 0)]);
    story.closes(&mut second, &after, &[(0, 0), (0, 0)]);
    // Nor does a snapshot that follows find any of it again.
    let before_that = story.resyncs;
    second.request_resync();
    assert!(story.follow(&mut second, |story| story.resyncs > before_that));
    let _ = second.next(Duration::from_millis(20));
    for end in before[1..].iter().chain(&after) {
        let left = end.sockets(&story.world);
        assert!(left.iter().all(|s| s.state == procnet_core::SocketState::TimeWait), "{left:?}");
    }
}
