//! Events, folded, give the snapshot that they were made of.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use procnet_core::{Counters, Owner, SocketIdentity};
use proptest::prelude::*;

use super::*;

mod listing;
mod live;

/// What a consumer knows.
#[derive(Clone, Debug, Default, PartialEq)]
struct World {
    sockets: BTreeMap<SocketKey, Socket>,
    processes: BTreeMap<ProcessKey, Arc<Process>>,
    degradations: BTreeMap<&'static str, Degradation>,
    capabilities: usize,
}

impl World {
    fn apply(&mut self, batch: &Batch) {
        for (place, event) in batch.events.iter().enumerate() {
            match event.clone() {
                Event::Resync => {
                    assert_eq!(place, 0);
                    *self = Self::default();
                }
                Event::Capabilities(told) => self.capabilities = told.len(),
                Event::Degraded(degradation) if degradation.count == 0 => {
                    assert!(self.degradations.remove(degradation.id).is_some());
                }
                Event::Degraded(degradation) => {
                    self.degradations.insert(degradation.id, degradation);
                }
                Event::ProcessStarted(process) => {
                    self.processes.insert(process.key, process);
                }
                Event::ProcessExited(key) => assert!(self.processes.remove(&key).is_some()),
                Event::SocketOpened(socket) => {
                    for owner in &socket.owners {
                        assert!(self.processes.contains_key(&owner.process), "owner first");
                    }
                    self.sockets.insert(socket.key, Socket::clone(&socket));
                }
                Event::SocketCounted { key, counters } => {
                    self.sockets.get_mut(&key).unwrap().counters = counters;
                }
                Event::SocketClosed { key, .. } => assert!(self.sockets.remove(&key).is_some()),
                Event::Gap { .. } => unreachable!("a differ loses nothing"),
            }
        }
    }
}

fn key(pid: u32) -> ProcessKey {
    ProcessKey { host: HostId::LOCAL, pid, started: u64::from(pid) * 10 }
}

fn end(port: u16) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn capabilities() -> Arc<[Capability]> {
    Arc::from([Capability {
        id: "socket-list",
        title: "All sockets",
        state: procnet_core::CapabilityState::Full,
        reason: Arc::from("Because."),
        remedy: None,
    }])
}

fn owners(pids: &[u32]) -> Owners {
    let held = |pid: &u32| Owner { process: key(*pid), attribution: Attribution::Held };
    pids.iter().map(held).collect()
}

fn socket(cookie: u64, state: SocketState, pids: &[u32]) -> Socket {
    Socket {
        key: SocketKey {
            host: HostId::LOCAL,
            netns: NetnsId(1),
            identity: SocketIdentity::Cookie(cookie),
        },
        protocol: Protocol::Tcp,
        state,
        local: end(80),
        remote: Some(end(5000_u16.wrapping_add(cookie as u16))),
        v6_only: false,
        uid: None,
        owners: owners(pids),
        unknown_owner: UnknownOwner::Kernel,
        role: None,
        counters: Counters::default(),
        opened: Timestamp::default(),
        remote_name: None,
        unix: None,
    }
}

fn process(pid: u32, name: &str) -> Arc<Process> {
    Arc::new(Process::bare(key(pid), name))
}

fn snapshot(second: i64, pids: &[u32], sockets: Vec<Socket>) -> Snapshot {
    Snapshot {
        lingering: true,
        complete: true,
        at: Timestamp::from_seconds(second),
        processes: pids.iter().map(|pid| process(*pid, "p")).collect(),
        sockets,
        degradations: Vec::new(),
    }
}

fn opened(batch: &Batch) -> Vec<&Socket> {
    let sockets = batch.events.iter().filter_map(|event| match event {
        Event::SocketOpened(socket) => Some(&**socket),
        _ => None,
    });
    sockets.collect()
}

#[test]
fn nothing_changed_is_an_empty_batch_that_counts() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    let look = || snapshot(1, &[1], vec![socket(1, SocketState::Established, &[1])]);
    let first = differ.diff(&mut look());
    assert_eq!((first.sequence, first.events.len()), (1, 4));
    let second = differ.diff(&mut look());
    assert_eq!((second.sequence, second.events.len()), (2, 0));
}

#[test]
fn only_counters_make_a_small_event_and_the_opening_time_stays() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    differ.diff(&mut snapshot(1, &[1], vec![socket(1, SocketState::SynSent, &[1])]));
    let mut counted = socket(1, SocketState::SynSent, &[1]);
    counted.counters.sent_bytes = 5;
    let batch = differ.diff(&mut snapshot(2, &[1], vec![counted.clone()]));
    let expected = Event::SocketCounted { key: counted.key, counters: counted.counters };
    assert_eq!(batch.events, [expected]);
    counted.state = SocketState::Established;
    let batch = differ.diff(&mut snapshot(3, &[1], vec![counted]));
    assert_eq!(opened(&batch).len(), 1);
    assert_eq!(opened(&batch)[0].opened, Timestamp::from_seconds(1));
}

#[test]
fn a_socket_that_idles_is_shared_with_whom_it_was_told_to() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    let look = || snapshot(1, &[1], vec![socket(1, SocketState::Established, &[1])]);
    let shared = |differ: &Differ, batch: &Batch| {
        let known = differ.sockets.values().next().expect("it is known").socket();
        batch.events.iter().any(|event| match event {
            Event::SocketOpened(told) => Arc::ptr_eq(told, known),
            _ => false,
        })
    };
    let first = differ.diff(&mut look());
    assert!(shared(&differ, &first));
    differ.diff(&mut look());
    assert!(shared(&differ, &first), "looking again changes nothing");
    differ.request_resync();
    let whole = differ.diff(&mut look());
    assert!(shared(&differ, &whole), "a whole truth shares what it tells");
}

#[test]
fn what_a_flood_needed_is_given_back() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    let sockets = (1..=40_000).map(|cookie| socket(cookie, SocketState::TimeWait, &[]));
    differ.diff(&mut snapshot(1, &[], sockets.collect()));
    assert!(differ.sockets.capacity() >= 40_000);
    differ.diff(&mut snapshot(2, &[], vec![socket(1, SocketState::TimeWait, &[])]));
    assert!(differ.sockets.capacity() < 1000);
}

#[test]
fn time_wait_keeps_its_owner_while_that_one_lives() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    differ.diff(&mut snapshot(1, &[1, 2], vec![socket(1, SocketState::Established, &[1, 2])]));
    let waiting = || vec![socket(1, SocketState::TimeWait, &[])];
    let batch = differ.diff(&mut snapshot(2, &[1, 2], waiting()));
    assert_eq!(opened(&batch)[0].attribution(), Attribution::Inferred);
    assert_eq!(opened(&batch)[0].owners.len(), 2);
    assert!(differ.diff(&mut snapshot(3, &[1, 2], waiting())).events.is_empty());
    let batch = differ.diff(&mut snapshot(4, &[2], waiting()));
    assert_eq!(opened(&batch)[0].owners.len(), 1);
    let batch = differ.diff(&mut snapshot(5, &[], waiting()));
    assert_eq!(opened(&batch)[0].attribution(), Attribution::Unknown(UnknownOwner::Kernel));
}

#[test]
fn time_wait_under_another_key_is_found_by_its_five_tuple() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    let before = socket(1, SocketState::Established, &[1]);
    differ.diff(&mut snapshot(1, &[1], vec![before.clone()]));
    let mut after = socket(9, SocketState::TimeWait, &[]);
    after.remote = before.remote;
    let mut other = socket(8, SocketState::TimeWait, &[]);
    other.remote = Some(end(9999));
    let batch = differ.diff(&mut snapshot(2, &[1], vec![after, other]));
    let last = |cookie| {
        let identity = SocketIdentity::Cookie(cookie);
        opened(&batch).into_iter().rfind(|socket| socket.key.identity == identity).unwrap()
    };
    assert_eq!(last(9).primary_owner().unwrap().process, key(1));
    assert_eq!(last(9).attribution(), Attribution::Inferred);
    assert_eq!(last(9).opened, Timestamp::from_seconds(1));
    assert!(last(8).owners.is_empty());
    assert!(batch.events.contains(&Event::SocketClosed { key: before.key, ending: None }));
}

#[test]
fn a_degradation_is_told_when_it_begins_changes_and_ends() {
    let mut differ = Differ::new(HostId::LOCAL, capabilities());
    let mut look = |count| {
        let mut snapshot = snapshot(1, &[], Vec::new());
        snapshot.degradations.push(Degradation {
            id: "owners-hidden",
            message: Arc::from("m"),
            count,
        });
        let batch = differ.diff(&mut snapshot);
        let told = batch.events.into_iter().filter_map(|event| match event {
            Event::Degraded(degradation) => Some(degradation.count),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        [look(3), look(3), look(4), look(0), look(0)],
        [vec![3], vec![], vec![4], vec![0], vec![]]
    );
}

#[test]
fn a_lingering_connection_stays_until_those_that_linger_are_asked_for() {
    let (lingers, closed) =
        (socket(1, SocketState::TimeWait, &[]), socket(2, SocketState::FinWait2, &[]));
    let mut differ = Differ::new(HostId::LOCAL, Arc::from([]));
    differ.diff(&mut snapshot(1, &[], vec![lingers.clone(), closed.clone()]));
    let others = |second| Snapshot { lingering: false, ..snapshot(second, &[], Vec::new()) };
    let ended = |batch: &Batch, socket: &Socket| {
        let is =
            |event: &Event| matches!(event, Event::SocketClosed { key, .. } if *key == socket.key);
        batch.events.iter().any(is)
    };
    let batch = differ.diff(&mut others(2));
    assert!(ended(&batch, &closed) && !ended(&batch, &lingers));
    differ.request_resync();
    assert_eq!(opened(&differ.diff(&mut others(3))).len(), 1, "the whole truth names it too");
    assert!(ended(&differ.diff(&mut snapshot(4, &[], Vec::new())), &lingers));
}

fn any_socket() -> impl Strategy<Value = Socket> {
    let states = prop::sample::select(SocketState::ALL.as_slice());
    let pids = prop::collection::btree_set(1_u32..5, 0..3);
    (0_u64..8, states, pids, 0_u64..3, 0_u16..4, any::<bool>()).prop_map(
        |(cookie, state, pids, bytes, port, kernel)| {
            let pids: Vec<u32> = pids.into_iter().collect();
            let mut socket = socket(cookie, state, &pids);
            socket.counters.received_bytes = bytes;
            socket.remote = (port > 0).then(|| end(port));
            if !kernel {
                socket.unknown_owner = UnknownOwner::NotFound;
            }
            socket
        },
    )
}

/// A look at the machine: processes (with a name that may change), sockets with owners among
/// them, a degradation, and whether a resync is asked for before it.
fn any_look() -> impl Strategy<Value = (Snapshot, bool)> {
    let names = prop::collection::btree_map(1_u32..5, "[ab]", 0..5);
    let sockets = prop::collection::vec(any_socket(), 0..12);
    (names, sockets, 0_u64..3, any::<bool>()).prop_map(|(names, mut sockets, count, resync)| {
        for socket in &mut sockets {
            socket.owners.retain(|owner| names.contains_key(&owner.process.pid));
        }
        let processes = names.iter().map(|(pid, name)| process(*pid, name)).collect();
        let degradation = Degradation { id: "owners-hidden", message: Arc::from("m"), count };
        let snapshot = Snapshot {
            lingering: true,
            at: Timestamp(1),
            processes,
            sockets,
            complete: false,
            degradations: vec![degradation],
        };
        (snapshot, resync)
    })
}

proptest! {
    #[test]
    fn events_folded_give_the_snapshot(looks in prop::collection::vec(any_look(), 1..12)) {
        let mut differ = Differ::new(HostId::LOCAL, capabilities());
        let mut world = World::default();
        for (number, (look, resync)) in looks.into_iter().enumerate() {
            if resync {
                differ.request_resync();
            }
            let mut told = look.clone();
            told.at = Timestamp::from_seconds(number as i64 + 1);
            let batch = differ.diff(&mut told);
            prop_assert_eq!(batch.sequence, number as u64 + 1);
            prop_assert_eq!(batch.events.first() == Some(&Event::Resync), resync || number == 0);
            let fresh = World::default();
            world.apply(&batch);
            if resync {
                // The whole truth needs nothing that was told before.
                let mut fresh = fresh;
                fresh.apply(&batch);
                prop_assert_eq!(&fresh, &world);
            }
            prop_assert_eq!(world.capabilities, 1);
            let processes: Vec<_> = world.processes.values().cloned().collect();
            prop_assert_eq!(processes, look.processes);
            let counts: Vec<u64> = world.degradations.values().map(|d| d.count).collect();
            let expected: Vec<u64> = look.degradations.iter().map(|d| d.count).filter(|c| *c > 0).collect();
            prop_assert_eq!(counts, expected);
            // Of a socket that a snapshot names twice, the later word stands.
            let last: BTreeMap<SocketKey, Socket> = look.sockets.into_iter().map(|s| (s.key, s)).collect();
            prop_assert!(last.keys().eq(world.sockets.keys()));
            for (key, seen) in last {
                let known = &world.sockets[&key];
                prop_assert!(known.opened > Timestamp::default());
                if is_orphan(&seen) {
                    for owner in &known.owners {
                        prop_assert_eq!(owner.attribution, Attribution::Inferred);
                        prop_assert!(world.processes.contains_key(&owner.process));
                    }
                } else {
                    prop_assert_eq!(&known.owners, &seen.owners);
                }
                let expected = Socket { owners: known.owners.clone(), opened: known.opened, unknown_owner: known.unknown_owner, ..seen.clone() };
                prop_assert_eq!(known, &expected);
                if known.owners.is_empty() {
                    prop_assert_eq!(known.unknown_owner, seen.unknown_owner);
                }
            }
        }
    }
}
