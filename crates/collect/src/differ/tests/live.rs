//! Snapshots between events.

use std::collections::BTreeSet;
use std::sync::Arc;

use procnet_core::{Ending, GapReason, Role};

use super::*;

fn live() -> Differ {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    differ.set_live();
    differ.diff(&mut snapshot(1, &[1, 2], Vec::new()));
    differ
}

fn observed(cookie: u64, pid: u32) -> Socket {
    let owner = Owner { process: key(pid), attribution: Attribution::Observed };
    let seen = socket(cookie, SocketState::Established, &[]);
    let owners = Owners::from_elem(owner, 1);
    Socket { owners, role: Some(Role::Client), opened: Timestamp(5), ..seen }
}

/// Opens a socket in a batch of its own.
fn open(differ: &mut Differ, socket: Socket) -> Batch {
    let mut draft = Draft::default();
    differ.socket_opened(socket, &mut draft);
    differ.batch(Timestamp(6), &mut draft)
}

fn closings(batch: &Batch) -> usize {
    batch.events.iter().filter(|event| matches!(event, Event::SocketClosed { .. })).count()
}

#[test]
fn a_snapshot_takes_back_nothing_that_was_observed() {
    let mut differ = live();
    assert_eq!(open(&mut differ, observed(1, 1)).events.len(), 1);
    assert!(differ.has_observed_owner(&observed(1, 1).key));

    let same = socket(1, SocketState::Established, &[1]);
    let batch = differ.diff(&mut snapshot(2, &[1, 2], vec![same]));
    assert!(batch.events.is_empty(), "{batch:?}");

    // Handed over: all tables were read, and only the other one holds it.
    let handed = socket(1, SocketState::Established, &[2]);
    let batch = differ.diff(&mut snapshot(3, &[1, 2], vec![handed]));
    let told = opened(&batch);
    assert_eq!((&told[0].owners, told[0].role), (&owners(&[2]), Some(Role::Client)));
}

#[test]
fn tables_that_were_not_read_name_nobody_out_of_office() {
    let mut differ = live();
    open(&mut differ, observed(1, 1));
    let other = socket(1, SocketState::Established, &[2]);
    let mut partial = snapshot(2, &[1, 2], vec![other]);
    partial.complete = false;
    let batch = differ.diff(&mut partial);
    assert_eq!(opened(&batch)[0].owners.len(), 2);

    // But whoever has ended holds nothing.
    let nobody = socket(1, SocketState::Established, &[]);
    let batch = differ.diff(&mut snapshot(3, &[2], vec![nobody]));
    assert!(opened(&batch)[0].owners.iter().all(|owner| owner.process != key(1)));
}

#[test]
fn what_a_snapshot_lacks_waits_for_its_end_to_be_told() {
    let mut differ = live();
    for cookie in [1, 2, 3] {
        open(&mut differ, observed(cookie, 1));
    }
    let batch = differ.diff(&mut snapshot(2, &[1, 2], Vec::new()));
    assert_eq!(closings(&batch), 0);
    let mut draft = Draft::default();
    let totals = Counters { sent_bytes: 7, ..Counters::default() };
    let ending = Some(Ending { totals, at: Timestamp(8) });
    differ.socket_closed(observed(1, 1).key, ending, &mut draft);
    differ.socket_opened(Socket { uid: Some(1), ..observed(2, 1) }, &mut draft);
    differ.close_missed(&mut draft, |_| true);
    let batch = differ.batch(Timestamp(9), &mut draft);
    assert!(batch.events.contains(&Event::SocketClosed { key: observed(1, 1).key, ending }));
    assert!(batch.events.contains(&Event::SocketClosed { key: observed(3, 1).key, ending: None }));
    assert_eq!(closings(&batch), 2, "the second was told of since");

    // Where nobody can look, absence says nothing.
    differ.diff(&mut snapshot(3, &[1, 2], Vec::new()));
    let mut draft = Draft::default();
    differ.close_missed(&mut draft, |_| false);
    assert!(draft.is_empty());
}

#[test]
fn a_connection_that_is_over_stays_so_while_the_kernel_still_lists_it() {
    let mut differ = live();
    let mut draft = Draft::default();
    differ.socket_opened(observed(1, 1), &mut draft);
    let ending = Ending { totals: Counters::default(), at: Timestamp(6) };
    differ.socket_closed(observed(1, 1).key, Some(ending), &mut draft);
    assert_eq!(differ.batch(Timestamp(6), &mut draft).events.len(), 2);
    let waiting = || vec![socket(1, SocketState::TimeWait, &[])];
    for second in 2..5 {
        let batch = differ.diff(&mut snapshot(second, &[1, 2], waiting()));
        assert!(batch.events.is_empty(), "{batch:?}");
    }
    // The same socket may connect again.
    let mut draft = Draft::default();
    differ.socket_opened(observed(1, 1), &mut draft);
    assert!(!draft.is_empty());
    differ.batch(Timestamp(6), &mut draft);
    let batch = differ.diff(&mut snapshot(6, &[1, 2], vec![socket(1, SocketState::LastAck, &[1])]));
    assert_eq!(opened(&batch)[0].state, SocketState::LastAck);
}

#[test]
fn a_batch_tells_the_last_of_what_was_said_and_keeps_the_order() {
    let mut differ = live();
    let mut draft = Draft::default();
    differ.process_exited(key(1), &mut draft);
    differ.socket_opened(socket(1, SocketState::SynSent, &[]), &mut draft);
    differ.socket_opened(observed(1, 2), &mut draft);
    differ.process_started(process(3, "new"), &mut draft);
    draft.note(Event::Gap { lost: 1, reason: GapReason::Kernel });
    let batch = differ.batch(Timestamp(6), &mut draft);
    assert_eq!(batch.sequence, 2);
    assert_eq!(
        batch.events,
        [
            Event::ProcessStarted(process(3, "new")),
            Event::Gap { lost: 1, reason: GapReason::Kernel },
            Event::SocketOpened(Arc::new(observed(1, 2))),
            Event::ProcessExited(key(1)),
        ]
    );
}

#[test]
fn a_parent_that_ended_is_still_the_parent() {
    let mut differ = live();
    let child = Process { parent: Some(key(1)), ..Process::bare(key(3), "p") };
    differ.process_started(Arc::new(child), &mut Draft::default());
    let batch = differ.diff(&mut snapshot(2, &[1, 2, 3], Vec::new()));
    assert!(batch.events.is_empty(), "{batch:?}");
}

#[test]
fn who_becomes_another_program_in_a_later_batch_keeps_the_parent() {
    let mut differ = live();
    let mut draft = Draft::default();
    let parent = process(1, "shell");
    let forked = Process { parent: Some(parent.key), ..Process::clone(&process(2, "shell")) };
    differ.process_started(Arc::new(forked), &mut draft);
    differ.batch(Timestamp(1), &mut draft);
    // Only a fork tells of the parent.
    differ.process_started(process(2, "program"), &mut draft);
    let batch = differ.batch(Timestamp(2), &mut draft);
    let [Event::ProcessStarted(told)] = &batch.events[..] else { panic!("{batch:?}") };
    assert_eq!((&*told.name, told.parent), ("program", Some(parent.key)));
}

#[test]
fn a_socket_that_lives_no_longer_than_a_batch_is_told_twice_and_remembered_never() {
    let mut differ = live();
    let mut draft = Draft::default();
    differ.socket_opened(observed(1, 1), &mut draft);
    assert!(differ.drafted(&observed(1, 1).key, &draft).is_some());
    let changed = differ.change_socket(&observed(1, 1).key, &mut draft, |socket| {
        socket.state = SocketState::CloseWait;
        true
    });
    assert!(changed);
    differ.socket_closed(observed(1, 1).key, None, &mut draft);
    assert!(differ.drafted(&observed(1, 1).key, &draft).is_none());
    let batch = differ.batch(Timestamp(6), &mut draft);
    assert!(draft.is_empty());
    assert_eq!(opened(&batch)[0].state, SocketState::CloseWait);
    assert_eq!((batch.events.len(), closings(&batch)), (2, 1));
    assert!(differ.socket(&observed(1, 1).key).is_none());
    // Nothing ends twice.
    differ.socket_closed(observed(1, 1).key, None, &mut draft);
    assert!(draft.is_empty());
}

#[test]
fn what_does_not_change_is_not_told() {
    let mut differ = live();
    open(&mut differ, observed(1, 1));
    let mut draft = Draft::default();
    differ.socket_opened(observed(1, 1), &mut draft);
    assert!(differ.change_socket(&observed(1, 1).key, &mut draft, |_| false));
    assert!(!differ.change_socket(&observed(9, 1).key, &mut draft, |_| true));
    assert!(draft.is_empty());
    assert!(differ.change_socket(&observed(1, 1).key, &mut draft, |socket| {
        socket.state = SocketState::CloseWait;
        true
    }));
    differ.batch(Timestamp(6), &mut draft);
    assert_eq!(differ.socket(&observed(1, 1).key).unwrap().state, SocketState::CloseWait);
}

#[test]
fn what_a_socket_exchanges_with_whom_outlives_snapshots_and_is_told_with_the_whole_truth() {
    let mut differ = live();
    let flow = |port| {
        let seen = observed(1, 1);
        let identity = SocketIdentity::Flow { cookie: 1, remote: end(port) };
        let key = SocketKey { identity, ..seen.key };
        Socket { key, remote: Some(end(port)), ..seen }
    };
    for port in [1, 2] {
        open(&mut differ, flow(port));
    }
    open(&mut differ, observed(1, 1));
    let same = socket(1, SocketState::Established, &[1]);
    let batch = differ.diff(&mut snapshot(2, &[1, 2], vec![same.clone()]));
    assert!(batch.events.is_empty(), "{batch:?}");
    let mut draft = Draft::default();
    differ.close_missed(&mut draft, |_| true);
    assert!(draft.is_empty());

    let counters = Counters { sent_packets: 3, ..Counters::default() };
    differ.socket_counted(flow(1).key, counters, &mut draft);
    differ.socket_counted(flow(1).key, counters, &mut draft);
    differ.socket_counted(flow(3).key, counters, &mut draft);
    differ.socket_closed(flow(2).key, None, &mut draft);
    let batch = differ.batch(Timestamp(7), &mut draft);
    let counted = Event::SocketCounted { key: flow(1).key, counters };
    let closed = Event::SocketClosed { key: flow(2).key, ending: None };
    assert_eq!(batch.events, [counted, closed]);

    differ.request_resync();
    let batch = differ.diff(&mut snapshot(3, &[1, 2], vec![same]));
    let told: BTreeSet<_> = opened(&batch).into_iter().map(|socket| socket.key).collect();
    assert_eq!(told, BTreeSet::from([observed(1, 1).key, flow(1).key]));
    // What is missing beside it is still noticed.
    differ.diff(&mut snapshot(4, &[1, 2], Vec::new()));
    differ.close_missed(&mut draft, |_| true);
    let batch = differ.batch(Timestamp(8), &mut draft);
    let closed = Event::SocketClosed { key: observed(1, 1).key, ending: None };
    assert_eq!(batch.events, [closed]);
}

#[test]
fn a_connection_that_ends_stays_its_owners_though_they_have_ended() {
    let mut differ = live();
    let mut draft = Draft::default();
    differ.socket_opened(observed(1, 1), &mut draft);
    differ.batch(Timestamp(6), &mut draft);
    // Process 1 is gone, and the end of its connection not told yet.
    let waiting = socket(1, SocketState::TimeWait, &[]);
    differ.diff(&mut snapshot(2, &[2], vec![waiting]));
    let known = differ.socket(&observed(1, 1).key).unwrap();
    assert_eq!(known.owners, observed(1, 1).owners);
}
