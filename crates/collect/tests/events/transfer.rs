//! Bytes, however they are moved: told as the generators themselves counted them.

use crate::story::{End, collector, settled};
use crate::workload::puppet::Puppet;

const KIB: u64 = 1024;

#[test]
fn bytes_sent_by_sendfile_and_moved_by_splice_are_told_with_their_processes() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let (mut source, mut relay, mut drain) = (Puppet::start(), Puppet::start(), Puppet::start());
    let first = relay.listen("door", "127.0.0.1:0");
    let second = drain.listen("door", "127.0.0.1:0");
    let near = source.connect("out", first);
    // Who asks for no address and reads no byte is only seen holding what it accepted.
    relay.order("accept-blindly door in");
    let middle = relay.connect("out", second);
    drain.accept("door", "in");
    let ends = [
        End::client(near, first, &[source.pid()]),
        End::server(first, near, &[relay.pid()]),
        End::client(middle, second, &[relay.pid()]),
        End::server(second, middle, &[drain.pid()]),
    ];
    story.shows(&mut collector, &ends);

    let count = 20 * KIB * KIB;
    source.begin(format_args!("sendfile out {count}"));
    relay.begin(format_args!("splice in out {count}"));
    assert_eq!(drain.order(format_args!("receive in {count}")), count.to_string());
    for puppet in [&mut source, &mut relay] {
        assert_eq!(puppet.answer(), Ok(count.to_string()));
    }
    story.shows(&mut collector, &ends);
    for puppet in [&mut source, &mut relay] {
        puppet.order("close out");
    }
    for puppet in [&mut relay, &mut drain] {
        puppet.order("close in");
    }
    story.closes(&mut collector, &ends, &[(0, count), (count, 0), (0, count), (count, 0)]);
}

#[test]
fn totals_are_the_payload_whoever_closes_first_and_however() {
    let Some(mut collector) = collector() else { return };
    let mut story = settled(&mut collector);
    let (mut server, mut client) = (Puppet::start(), Puppet::start());
    let far = server.listen("door", "127.0.0.1:0");
    let owners = (server.pid(), client.pid());
    // Nothing, one byte, and much: SYN and FIN, which the kernel counts as bytes, are none.
    for (asked, answered) in [(0, 0), (1, 0), (0, 1), (1, 1), (3 * KIB, 5_000 * KIB)] {
        for client_first in [true, false] {
            let near = client.connect("call", far);
            server.accept("door", "guest");
            client.begin(format_args!("send call {asked}"));
            assert_eq!(server.order(format_args!("receive guest {asked}")), asked.to_string());
            assert_eq!(client.answer(), Ok(asked.to_string()));
            server.begin(format_args!("send guest {answered}"));
            assert_eq!(client.order(format_args!("receive call {answered}")), answered.to_string());
            assert_eq!(server.answer(), Ok(answered.to_string()));
            if client_first {
                client.order("close call");
                server.order("close guest");
            } else {
                server.order("close guest");
                client.order("close call");
            }
            let ends = [End::client(near, far, &[owners.1]), End::server(far, near, &[owners.0])];
            story.closes(&mut collector, &ends, &[(answered, asked), (asked, answered)]);
        }
    }
    // Reset: what the server never read arrived all the same.
    let near = client.connect("call", far);
    server.accept("door", "guest");
    client.order("send call 4000");
    server.order("receive guest 1000");
    server.order("close guest");
    client.order("close call");
    let ends = [End::client(near, far, &[owners.1]), End::server(far, near, &[owners.0])];
    story.closes(&mut collector, &ends, &[(0, 4000), (4000, 0)]);
}
