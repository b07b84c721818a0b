//! E7: an engine that begins anew, and what it believes by then.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod machine;

use std::sync::Arc;

use machine::{Machine, key};
use procnet_core::{Degradation, Event, Process};

#[test]
fn e7_who_begins_anew_waits_for_the_whole_truth() {
    let mut machine = Machine::new();
    machine.start(1, "server", None);
    machine.listen("127.0.0.1:80", 1);
    machine.start(2, "client", None);
    let call = machine.tcp("127.0.0.1:5000", "127.0.0.1:80", 2);
    machine.tcp("127.0.0.1:80", "127.0.0.1:5000", 1);
    let degraded = |count| {
        Event::Degraded(Degradation { id: "owners-hidden", message: Arc::from("why"), count })
    };
    machine.tell(vec![degraded(3)]);
    let whole: Vec<Event> = {
        let graph = machine.engine.graph();
        let processes = graph.processes().map(|entry| Arc::clone(&entry.process));
        let sockets = graph.sockets().map(|(_, socket)| Event::SocketOpened(socket.clone().into()));
        let processes: Vec<Event> = processes.map(Event::ProcessStarted).collect();
        [vec![Event::Resync], processes, sockets.collect()].concat()
    };
    let before = machine.engine.graph().conclusions();
    let last_link = machine.engine.graph().links().map(|(id, _)| id).max().unwrap();

    machine.engine.begin_anew();
    let graph = machine.engine.graph();
    assert_eq!((graph.process_count(), graph.socket_count(), graph.link_count()), (0, 0, 0));
    // What comes by then would be half of the truth; but what can't be seen stays told.
    let late = Process::bare(key(3), "late");
    machine.tell(vec![Event::ProcessStarted(Arc::new(late)), degraded(5)]);
    machine.close(call);
    let graph = machine.engine.graph();
    assert_eq!(graph.process_count(), 0);
    assert_eq!(graph.degradations().map(|it| it.count).collect::<Vec<_>>(), [5]);

    machine.tell(whole);
    assert_eq!(machine.engine.graph().conclusions(), before);
    let first_link = machine.engine.graph().links().map(|(id, _)| id).min().unwrap();
    assert!(first_link > last_link, "no number is used for another link");
    machine.close(call);
    assert_eq!(machine.engine.graph().socket_count(), 2);
}
