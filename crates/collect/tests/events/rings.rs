//! Sockets that are used through `io_uring`, past the system calls for them.

use crate::common;
use crate::story::{End, collector_between_snapshots, collector_that_rereads, settled};
use crate::workload::puppet::Puppet;

#[test]
fn what_is_accepted_and_spoken_through_a_ring_has_its_owners() {
    let Some(mut collector) = collector_that_rereads() else { return };
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    for kind in ["plain", "polled"] {
        if let Err(refusal) = server.try_order(format_args!("ring {kind} try")) {
            common::unless(false, &format!("io_uring: {refusal}; see kernel.io_uring_disabled"));
            return;
        }
        let mut story = settled(&mut collector);
        let near = client.connect("call", far);
        server.order(format_args!("ring {kind} accept door guest"));
        let ends =
            [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
        // Nothing was said yet: its descriptor table tells.
        story.shows(&mut collector, &ends);
        client.order(format_args!("ring {kind} send call 100"));
        server.order(format_args!("ring {kind} receive guest 100"));
        server.order(format_args!("ring {kind} send guest 5000"));
        client.order(format_args!("ring {kind} receive call 5000"));
        story.shows(&mut collector, &ends);
        client.order("close call");
        server.order("close guest");
        story.closes(&mut collector, &ends, &[(5000, 100), (100, 5000)]);
    }
}

#[test]
fn whoever_speaks_through_a_ring_is_the_owner_before_any_table_is_read() {
    let Some(mut collector) = collector_between_snapshots() else { return };
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    if let Err(refusal) = server.try_order("ring plain try") {
        common::unless(false, &format!("io_uring: {refusal}; see kernel.io_uring_disabled"));
        return;
    }
    let far = server.listen("door", "127.0.0.1:0");
    let mut story = settled(&mut collector);
    let near = client.connect("call", far);
    server.order("ring plain accept door guest");
    client.order("send call 1");
    server.order("ring plain receive guest 1");
    let ends = [End::client(near, far, &[client.pid()]), End::server(far, near, &[server.pid()])];
    story.shows(&mut collector, &ends);
}
