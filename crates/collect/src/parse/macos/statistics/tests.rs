use proptest::prelude::*;

use super::payloads::{Made, added, counted, described, message, removed, updated};
use super::*;

const CONNECTED: Made = Made {
    provider: Provider::Tcp,
    state: 4,
    pid: 42,
    local: "10.0.0.1:50000",
    remote: Some("192.0.2.7:443"),
    inbound: Some(false),
    with_user: true,
};

fn one(bytes: &[u8]) -> Message<'_> {
    let mut walk = Messages::new(bytes);
    let first = walk.next().expect("a message");
    assert_eq!((walk.next(), walk.malformed()), (None, false));
    first
}

#[test]
fn a_described_connection() {
    for with_user in [true, false] {
        let bytes = described(7, &Made { with_user, ..CONNECTED });
        let Message::Described { source: 7, description } = one(&bytes) else { panic!("none") };
        assert_eq!(description.local.to_string(), "10.0.0.1:50000");
        assert_eq!(description.remote.unwrap().to_string(), "192.0.2.7:443");
        assert_eq!((description.pid, description.effective_pid), (42, 9));
        assert_eq!(description.state, SocketState::Established);
        assert_eq!(description.role, Some(Role::Client));
        assert_eq!(description.name, b"Safari");
        assert_eq!(description.uid, with_user.then_some(501));
    }
    // The lengths that Apple's headers give.
    assert_eq!(described(7, &CONNECTED).len(), 40 + 344);
    assert_eq!(updated(7, 0, 0, &Made { with_user: false, ..CONNECTED }).len(), 152 + 336);
}

#[test]
fn an_updated_datagram_socket() {
    for with_user in [true, false] {
        let made = Made {
            provider: Provider::UserlandUdp,
            local: "[fe80:4::1]:5353",
            remote: None,
            inbound: Some(true),
            with_user,
            ..CONNECTED
        };
        let bytes = updated(7, 200, 3000, &made);
        assert_eq!(bytes.len(), 152 + if with_user { 280 } else { 272 });
        let Message::Updated { source: 7, counters, description } = one(&bytes) else {
            panic!("none")
        };
        assert_eq!(description.local.to_string(), "[fe80::1]:5353");
        assert_eq!((description.state, description.remote), (SocketState::Listen, None));
        assert_eq!((description.role, description.pid), (Some(Role::Server), 42));
        assert_eq!((description.effective_pid, description.name), (9, &b"Safari"[..]));
        assert_eq!((counters.sent_bytes, counters.received_bytes), (200, 3000));
        assert_eq!((counters.sent_packets, counters.received_packets), (20, 300));
        assert_eq!(counters.rtt_us, 20_000);
    }
}

#[test]
fn sources_come_are_counted_and_go() {
    let bytes = [added(7, Provider::Udp), counted(7, 1, 2), removed(7)].concat();
    let told: Vec<_> = Messages::new(&bytes).collect();
    let [
        Message::Added { source: 7, provider: Some(Provider::Udp) },
        Message::Counted { source: 7, counters },
        Message::Removed { source: 7 },
    ] = told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((counters.sent_bytes, counters.received_bytes), (1, 2));
    assert_eq!(one(&message(SUCCESS, &[])), Message::Done { context: 5 });
    let refused = message(ERROR, &[1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(one(&refused), Message::Failed { context: 5, error: 1 });
}

#[test]
fn what_has_another_length_is_not_read() {
    let whole = described(7, &CONNECTED);
    for length in 40..500_usize {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        bytes[12..14].copy_from_slice(&(length as u16).to_le_bytes());
        let unknown = Message::Unknown { kind: DESCRIBED, length };
        let is_known = length == 384 || length == 376;
        assert_eq!(one(&bytes) != unknown, is_known, "{length}");
    }
    let other = message(10_008, &[0; 200]);
    assert_eq!(one(&other), Message::Unknown { kind: 10_008, length: 216 });
}

#[test]
fn what_is_cut_off_is_no_message() {
    for whole in [described(7, &CONNECTED), updated(7, 1, 2, &CONNECTED), counted(7, 1, 2)] {
        for length in 0..whole.len() {
            let mut walk = Messages::new(&whole[..length]);
            assert_eq!(walk.next(), None);
            assert_eq!(walk.malformed(), length > 0);
        }
    }
}

#[test]
fn requests_have_the_layout_of_the_header_file() {
    let bytes = watch(Provider::UserlandTcp, 9);
    assert_eq!(bytes.len(), 56);
    assert_eq!(bytes[..8], 9_u64.to_le_bytes());
    assert_eq!(bytes[8..14], [0xea, 3, 0, 0, 56, 0]);
    assert_eq!(bytes[32..36], [3, 0, 0, 0]);
    assert_eq!(
        ask_update(ALL_SOURCES, 9)[8..],
        [0xef, 3, 0, 0, 24, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
    );
    assert_eq!(ask_description(7, 9)[8..17], [0xed, 3, 0, 0, 24, 0, 0, 0, 7]);
}

proptest! {
    #[test]
    fn no_mutation_makes_it_panic_or_run_on(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
    ) {
        let mut bytes = match which {
            0 => described(7, &CONNECTED),
            1 => updated(7, 1, 2, &CONNECTED),
            2 => counted(7, 1, 2),
            _ => added(7, Provider::Tcp),
        };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        prop_assert!(Messages::new(&bytes).count() <= bytes.len() / HEADER_LENGTH);
    }
}
