//! Listings that take a while, between events.

use super::*;

fn differ() -> Differ {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    differ.set_live();
    let sockets = vec![
        socket(1, SocketState::Established, &[1]),
        socket(2, SocketState::Established, &[1, 2]),
    ];
    differ.diff(&mut snapshot(1, &[1, 2], sockets));
    differ
}

fn cookie(cookie: u64) -> SocketKey {
    socket(cookie, SocketState::Established, &[]).key
}

fn counters(sent_bytes: u64) -> Counters {
    Counters { sent_bytes, ..Counters::default() }
}

/// The events of a listing whose sockets are taken in by `list`.
fn look(differ: &mut Differ, list: impl FnOnce(&mut Intake<'_>)) -> Vec<Event> {
    let batch = differ.diff_from(&snapshot(2, &[1, 2], Vec::new()), |intake| {
        list(intake);
        true
    });
    batch.events
}

#[test]
fn what_is_confirmed_is_neither_told_nor_missed() {
    let mut differ = differ();
    differ.begin();
    assert!(differ.confirm(&cookie(1), &key(1)));
    assert!(differ.confirm(&cookie(1), &key(1)), "by another descriptor");
    let events = look(&mut differ, |intake| {
        assert!(intake.lacks_any());
        assert!(intake.take_holders(&cookie(2), owners(&[1, 2])));
        assert!(!intake.lacks_any());
    });
    assert_eq!(events, []);
    assert_eq!(differ.untold_missed(&Draft::default()).count(), 0);
}

#[test]
fn only_its_one_known_holder_confirms_a_socket() {
    let mut differ = differ();
    differ.begin();
    assert!(!differ.confirm(&cookie(1), &key(2)), "another process");
    let reused = ProcessKey { started: 11, ..key(1) };
    assert!(!differ.confirm(&cookie(1), &reused), "another run of the same pid");
    assert!(!differ.confirm(&cookie(2), &key(1)), "one of two");
    assert!(!differ.confirm(&cookie(3), &key(1)), "another socket");
    let events = look(&mut differ, |intake| {
        assert!(intake.take_holders(&cookie(1), owners(&[2])));
        assert!(intake.take_holders(&cookie(2), owners(&[2])));
        assert!(!intake.take_holders(&cookie(3), owners(&[1])));
    });
    let told: Vec<&Owners> = events.iter().map(owners_of).collect();
    assert_eq!(told, [&owners(&[2]), &owners(&[2])]);
}

fn owners_of(event: &Event) -> &Owners {
    let Event::SocketOpened(socket) = event else { panic!("{event:?}") };
    &socket.owners
}

#[test]
fn what_events_told_meanwhile_is_not_taken_back() {
    let mut differ = differ();
    let mut draft = Draft::default();
    differ.begin();
    let closing = Socket { counters: counters(9), ..socket(1, SocketState::CloseWait, &[1]) };
    differ.socket_opened(closing.clone(), &mut draft);
    differ.socket_opened(socket(3, SocketState::Established, &[2]), &mut draft);
    differ.socket_closed(cookie(2), None, &mut draft);
    differ.batch(Timestamp(7), &mut draft);
    let events = look(&mut differ, |intake| {
        // As the listing saw them before that.
        intake.take_listed(socket(1, SocketState::Established, &[2]));
        intake.take_listed(socket(2, SocketState::Established, &[1, 2]));
        assert!(!intake.lacks_any(), "the third was told of");
    });
    let now = Socket { owners: owners(&[1, 2]), ..closing };
    assert_eq!(
        events,
        [Event::SocketOpened(Arc::new(Socket {
            opened: differ.socket(&now.key).unwrap().opened,
            ..now
        }))]
    );
    assert!(differ.socket(&cookie(3)).is_some());
    assert!(differ.socket(&cookie(2)).is_none(), "its end was told");
    assert_eq!(differ.untold_missed(&draft).count(), 0);
}

#[test]
fn what_a_listing_counted_later_than_events_is_told() {
    let mut differ = differ();
    let mut draft = Draft::default();
    differ.begin();
    differ.socket_counted(cookie(1), counters(5), &mut draft);
    differ.socket_counted(cookie(1), counters(4), &mut draft);
    let batch = differ.batch(Timestamp(7), &mut draft);
    let counted = |sent| Event::SocketCounted { key: cookie(1), counters: counters(sent) };
    assert_eq!(batch.events, [counted(5)], "an older count says nothing");
    let events = look(&mut differ, |intake| {
        let later = Socket { counters: counters(8), ..socket(1, SocketState::Established, &[1]) };
        intake.take_listed(later);
        assert!(intake.take_holders(&cookie(2), owners(&[1, 2])));
    });
    assert_eq!(events, [counted(8)]);
}

#[test]
fn the_whole_truth_names_also_what_the_listing_lacks_until_that_is_settled() {
    let mut differ = differ();
    differ.request_resync();
    differ.begin();
    assert!(differ.confirm(&cookie(1), &key(1)));
    let events = look(&mut differ, |_| {});
    let named = events.iter().filter(|event| matches!(event, Event::SocketOpened(_))).count();
    assert_eq!((events.first(), named), (Some(&Event::Resync), 2));
    let mut draft = Draft::default();
    differ.close_missed(&mut draft, |_| true);
    let batch = differ.batch(Timestamp(7), &mut draft);
    assert_eq!(batch.events, [Event::SocketClosed { key: cookie(2), ending: None }]);
}
