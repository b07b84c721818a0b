//! Connections over IPv4, IPv6, and over IPv6 sockets that speak IPv4.

use std::net::SocketAddr;

use crate::common;
use crate::story::{End, collector, settled};
use crate::workload::puppet::Puppet;

#[test]
fn connections_of_each_family_are_told_with_both_processes_and_their_bytes() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let mut server = Puppet::start();
    let mut client = Puppet::start();
    let (s, c) = (server.pid(), client.pid());
    // Where the server waits, and under which name the client calls it.
    let families = [
        ("127.0.0.1:0", "127.0.0.1"),
        ("[::1]:0", "[::1]"),
        ("[::]:0", "127.0.0.1"),
        ("[::]:0", "[::ffff:127.0.0.1]"),
        ("[::]:0", "[::1]"),
        ("127.0.0.1:0", "[::ffff:127.0.0.1]"),
    ];
    for (at, name) in families {
        let door = match server.try_order(format_args!("listen door {at}")) {
            Ok(door) => door.parse::<SocketAddr>().unwrap(),
            Err(refusal) => {
                common::unless(false, &format!("a listener on {at}: {refusal}"));
                continue;
            }
        };
        let far: SocketAddr = format!("{name}:{}", door.port()).parse().unwrap();
        let near = client.connect("call", far);
        server.accept("door", "guest");
        let ends =
            [End::client(near, far, &[c]), End::server(far, near, &[s]), End::listener(door, &[s])];
        story.shows(&mut collector, &ends);

        client.order("send call 1000");
        server.order("receive guest 1000");
        server.order("send guest 70000");
        client.order("receive call 70000");
        client.order("close call");
        server.order("close guest");
        let [client_end, server_end, _] = &ends;
        story.closes(
            &mut collector,
            &[client_end.clone(), server_end.clone()],
            &[(70_000, 1_000), (1_000, 70_000)],
        );
        server.order("close door");
    }
}
