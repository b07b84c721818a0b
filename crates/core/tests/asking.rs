//! What people ask by: facets with counts, tables in an order, and what is new.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod machine;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use machine::{Machine, key, labels};
use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::facet::{FacetValue, MAX_VALUES, facets};
use procnet_core::filter::Filter;
use procnet_core::graph::{Graph, SocketId};
use procnet_core::table::{Sort, SortField, page};
use procnet_core::view::ViewSpec;
use procnet_core::{Batch, Event, HostId, Moment, Process, Protocol, Socket, Timestamp};
use procnet_sim::{World, WorldOptions};

fn world(seed: u64) -> Engine {
    let mut options = WorldOptions::of_sockets(600, seed);
    options.unix = true;
    let mut world = World::new(options);
    let mut engine = Engine::new(EngineOptions::default());
    engine.apply(world.resync(), Moment(1));
    engine.apply(world.step(Duration::from_secs(3)), Moment(3_000_000_000));
    engine
}

/// The connections and lone sockets of which either end fits all the filters.
fn fitting(graph: &Graph, spec: &ViewSpec, filter: &str) -> usize {
    let filter = Filter::parse(filter).unwrap();
    let ends = graph.sockets().filter(|(id, socket)| {
        let subject = graph.subject(*id);
        spec.shows(socket.protocol) && spec.filter.matches(&subject) && filter.matches(&subject)
    });
    let mutual = |id| graph.pair(id).filter(|pair| graph.pair(*pair) == Some(id));
    let first = |id: SocketId| mutual(id).map_or(id, |pair| pair.min(id));
    ends.map(|(id, _)| first(id)).collect::<BTreeSet<_>>().len()
}

#[test]
fn a_facets_filter_asks_for_what_it_counted() {
    for (seed, filter) in [(1, ""), (2, "proto:tcp"), (3, "-state:LISTEN"), (4, "port:5432")] {
        let engine = world(seed);
        let graph = engine.graph();
        let filter = Filter::parse(filter).unwrap();
        let spec = ViewSpec { filter, udp: true, unix: true, ..ViewSpec::default() };
        let facets = facets(graph, &spec);
        let fields: Vec<_> = facets.iter().map(|facet| facet.field).collect();
        assert_eq!(
            fields,
            [
                "proc",
                "user",
                "container",
                "unit",
                "remote",
                "port",
                "state",
                "proto",
                "class",
                "dir"
            ]
        );
        let mut told = 0;
        for facet in &facets {
            assert!(facet.values.len() <= MAX_VALUES);
            assert!(facet.others == 0 || facet.values.len() == MAX_VALUES);
            assert!(facet.values.is_sorted_by_key(|value| std::cmp::Reverse(value.count)));
            for FacetValue { filter, count, .. } in &facet.values {
                // A text may be found where the facet does not look, a port at the other end.
                let found = fitting(graph, &spec, filter);
                assert!(*count > 0 && found >= *count as usize, "{filter}: {found} of {count}");
                told += 1;
            }
        }
        let all = fitting(graph, &spec, "");
        let protocols = facets.iter().find(|facet| facet.field == "proto").unwrap();
        let sum: u32 = protocols.values.iter().map(|value| value.count).sum();
        assert_eq!(sum as usize, all, "every connection has one protocol");
        assert!(told >= 10, "{told}");
    }
}

#[test]
fn a_pair_counts_once_and_odd_names_are_quoted() {
    let mut machine = Machine::new();
    machine.start(10, "my \"odd\" app\\", None);
    machine.start(20, "client", None);
    machine.listen("127.0.0.1:5432", 10);
    machine.tcp("127.0.0.1:40001", "127.0.0.1:5432", 20);
    machine.tcp("127.0.0.1:5432", "127.0.0.1:40001", 10);
    machine.tcp("10.0.0.1:40002", "198.51.100.1:443", 20);
    let graph = machine.engine.graph();
    let value = |field: &str, value: &str| {
        let facets = facets(graph, &ViewSpec::default());
        let facet = facets.into_iter().find(|facet| facet.field == field).unwrap();
        facet.values.into_iter().find(|v| v.value == value).map(|v| (v.filter, v.count))
    };
    let odd = value("proc", "my \"odd\" app\\").unwrap();
    assert_eq!(odd, (r#"proc="my \"odd\" app\\""#.to_owned(), 2));
    assert_eq!(fitting(graph, &ViewSpec::default(), &odd.0), 2);
    assert_eq!(value("proc", "client"), Some(("proc=client".into(), 2)));
    assert_eq!(value("port", "5432"), Some(("port:5432".into(), 2)));
    assert_eq!(value("remote", "198.51.100.1"), Some(("remote:198.51.100.1".into(), 1)));
    assert_eq!(value("remote", "127.0.0.1"), None);
    assert_eq!(value("dir", "out"), Some(("dir:out".into(), 2)));
    assert_eq!(value("dir", "in"), Some(("dir:in".into(), 1)));
    assert_eq!(value("user", "alice"), Some(("user=alice".into(), 3)));
    let muted =
        ViewSpec { mutes: vec![Filter::parse("port:5432").unwrap()], ..ViewSpec::default() };
    let protocols = facets(graph, &muted).into_iter().find(|f| f.field == "proto").unwrap();
    assert_eq!(protocols.values[0].count, 1);
}

#[test]
fn pages_of_a_sorted_table_fit_together() {
    let engine = world(7);
    let graph = engine.graph();
    let ids: Vec<SocketId> = graph.sockets().map(|(id, _)| id).collect();
    for field in SortField::ALL {
        assert_eq!(SortField::from_name(field.as_str()), Some(field));
        for descending in [false, true] {
            let sort = Some(Sort { field, descending });
            let whole = page(graph, ids.clone(), sort, 0..usize::MAX);
            assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{field:?}");
            let pages = (0..ids.len()).step_by(70);
            let pages: Vec<SocketId> =
                pages.flat_map(|at| page(graph, ids.clone(), sort, at..at + 70)).collect();
            assert_eq!(pages, whole, "{field:?}");
            assert!(page(graph, ids.clone(), sort, usize::MAX..usize::MAX).is_empty());
        }
    }
    let values = |field, descending| -> Vec<u64> {
        let sort = Some(Sort { field, descending });
        let page = page(graph, ids.clone(), sort, 0..ids.len());
        page.iter().map(|id| u64::from(graph.socket(*id).unwrap().counters.rtt_us)).collect()
    };
    for descending in [false, true] {
        let rtts = values(SortField::Rtt, descending);
        let known = rtts.iter().position(|rtt| *rtt == 0).unwrap();
        assert!(rtts[known..].iter().all(|rtt| *rtt == 0), "what is not known stands last");
        let mut expected = rtts[..known].to_vec();
        expected.sort_unstable();
        if descending {
            expected.reverse();
        }
        assert!(known > 0 && rtts[..known] == expected);
    }
}

/// Tells at a second of the wall clock.
fn tell(machine: &mut Machine, sequence: u64, second: i64, events: Vec<Event>) {
    let at = Timestamp::from_seconds(second);
    let batch = Batch { host: HostId::LOCAL, sequence, at, events };
    machine.engine.apply(batch, Moment(second.unsigned_abs() * 1_000_000_000));
}

fn process(pid: u32, started: i64) -> Event {
    let mut process = Process::bare(key(pid), format!("p{pid}"));
    process.started = Timestamp::from_seconds(started);
    Event::ProcessStarted(Arc::new(process))
}

#[test]
fn v12_new_is_what_is_known_to_be_new() {
    let mut machine = Machine::new();
    // What the helper makes, with times of its own.
    let mut made = Machine::new();
    let mut socket = |protocol, local: &str, remote: Option<&str>, pid, opened: i64| -> Event {
        let key = made.open(protocol, local, remote, pid);
        let graph = made.engine.graph();
        let socket = graph.socket(graph.socket_id(&key).unwrap()).unwrap();
        let opened = Timestamp::from_seconds(opened);
        Event::SocketOpened(Arc::new(Socket { opened, ..socket.clone() }))
    };
    let tcp = Protocol::Tcp;
    let first = vec![
        Event::Resync,
        process(10, 100),
        process(20, 990),
        socket(tcp, "10.0.0.1:40001", Some("198.51.100.1:443"), 10, 1_000),
        socket(tcp, "10.0.0.1:40002", Some("198.51.100.2:443"), 20, 1_000),
        // The source knows when it was opened.
        socket(tcp, "10.0.0.1:40003", Some("198.51.100.3:443"), 10, 995),
        socket(tcp, "0.0.0.0:80", None, 10, 1_000),
        // Whose it is, nobody knows.
        socket(tcp, "10.0.0.1:40004", Some("198.51.100.4:443"), 99, 1_000),
    ];
    tell(&mut machine, 1, 1_000, first);
    let later = vec![
        process(30, 200),
        socket(tcp, "10.0.0.1:40005", Some("198.51.100.5:443"), 10, 1_040),
        socket(Protocol::Udp, "0.0.0.0:53", None, 30, 1_050),
    ];
    tell(&mut machine, 2, 1_060, later);

    let shown = |second: i64| {
        let filter = Filter::parse(&format!("opened>={}", second * 1_000)).unwrap();
        let spec = ViewSpec { filter, udp: true, ..ViewSpec::default() };
        labels(machine.view(spec).scene()).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(shown(1_045), ["p30"]);
    assert_eq!(shown(1_001), ["198.51.100.5:443", "p10", "p30"]);
    assert_eq!(shown(992), ["Internet ×2", "p10", "p30"], "the source knew when it began");
    assert!(shown(985).contains(&"198.51.100.2:443".to_owned()), "as new as its process");
    assert!(!shown(101).contains(&"198.51.100.4:443".to_owned()));
    assert!(shown(0).contains(&"198.51.100.4:443".to_owned()));
    let graph = machine.engine.graph();
    let fits = |text: &str| {
        let filter = Filter::parse(text).unwrap();
        graph.sockets().filter(|(id, _)| filter.matches(&graph.subject(*id))).count()
    };
    assert_eq!(fits("since>=1970-01-01T00:16:41Z"), 2, "sockets are asked the same");
    assert_eq!(fits("new>=1970-01-01T00:01:40Z port:80"), 1, "the listener as its process");
    assert_eq!(fits("new>1970-01-01T00:01:40Z port:80"), 0);
}
