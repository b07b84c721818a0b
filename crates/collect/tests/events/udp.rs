//! UDP sockets.

use std::net::UdpSocket;

use procnet_core::{Endpoint, Protocol, Socket};

use crate::story::{Story, collector, settled};

#[test]
fn a_udp_socket_is_told_from_its_first_use_to_its_end_with_its_bytes() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (near, far) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    client.connect(far).unwrap();
    client.send(b"question").unwrap();
    let (length, _) = server.recv_from(&mut [0; 16]).unwrap();
    assert_eq!(length, 8);
    server.send_to(b"answer", near).unwrap();
    client.recv(&mut [0; 16]).unwrap();
    drop(client);
    let end = Endpoint::new(near.ip(), near.port());
    let key = |story: &Story| {
        let ours = |s: &&Socket| s.protocol == Protocol::Udp && s.local == end;
        story.opened.values().find(ours).map(|socket| socket.key)
    };
    let closed =
        story.follow(&mut collector, |s| key(s).is_some_and(|key| s.closed.contains_key(&key)));
    assert!(closed);
    let key = key(&story).unwrap();
    let socket = &story.opened[&key];
    assert_eq!(socket.remote, Some(Endpoint::new(far.ip(), far.port())));
    assert_eq!(socket.primary_owner().unwrap().process.pid, std::process::id());
    let totals = story.closed[&key].expect("its end was seen");
    assert_eq!((totals.received_bytes, totals.sent_bytes), (6, 8));
}
