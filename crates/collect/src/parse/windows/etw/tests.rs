use proptest::prelude::*;

use super::super::text::{encoded, utf16};
use super::payloads::{Made, file_time, network as made, resolved as answer, started as start};
use super::*;

const HERE: &str = "10.0.0.1:50000";
const THERE: &str = "192.0.2.7:443";

fn network_of(made: &Made) -> NetworkRecord {
    match parse(&made.event()) {
        Some(TraceRecord::Network(record)) => record,
        other => panic!("{other:?}"),
    }
}

fn is_local(ip: IpAddr) -> bool {
    ip == IpAddr::from([10, 0, 0, 1]) || ip == "fd00::1".parse::<IpAddr>().unwrap()
}

fn ends(made: &Made) -> (String, String) {
    let (local, remote) = network_of(made).ends(is_local);
    (local.to_string(), remote.to_string())
}

#[test]
fn providers_have_the_ids_that_they_are_known_by() {
    let written = |provider: Provider| format!("{:032x}", provider.guid());
    assert_eq!(written(Provider::KernelNetwork), "7dd42a49532948328dfd43d979153a88");
    assert_eq!(written(Provider::KernelProcess), "22fb2cd60e7b422ba0c72fad1fd0e716");
    assert_eq!(written(Provider::DnsClient), "1c95126e7eea49a9a3fea378b03ddb4d");
}

#[test]
fn each_id_says_what_happened() {
    let changes = [
        (10, NetworkChange::Sent),
        (11, NetworkChange::Received),
        (12, NetworkChange::Connected),
        (13, NetworkChange::Disconnected),
        (14, NetworkChange::Retransmitted),
        (15, NetworkChange::Accepted),
    ];
    for (id, change) in changes {
        for (source, destination) in [(HERE, THERE), ("[fd00::1]:50000", "[2001:db8::7]:443")] {
            let made = made(id, 5, 42, 100, source, destination);
            let record = network_of(&made);
            assert_eq!((record.change, record.protocol), (change, Protocol::Tcp));
            assert_eq!((record.pid, record.size), (42, 100));
            assert_eq!(record.at, Timestamp::from_seconds(5));
            assert_eq!(ends(&made), (source.to_owned(), destination.to_owned()));
            assert!(Provider::KernelNetwork.tells(made.id));
        }
    }
    let (v4, v6) = (made(42, 5, 42, 9, HERE, THERE), made(43, 5, 42, 9, THERE, HERE));
    assert_eq!(network_of(&v4).protocol, Protocol::Udp);
    assert_eq!(network_of(&v4).change, NetworkChange::Sent);
    assert_eq!(network_of(&v6).change, NetworkChange::Received);
}

#[test]
fn what_counts_twice_or_says_nothing_is_left_out() {
    for id in [16, 17, 18, 34, 49, 57, 0, u16::MAX] {
        let mut made = made(10, 5, 42, 9, HERE, THERE);
        made.id = id;
        assert_eq!(parse(&made.event()), None, "{id}");
        assert!(!Provider::KernelNetwork.tells(id));
    }
}

#[test]
fn the_local_end_is_the_one_that_is_ours() {
    let expected = (HERE.to_owned(), THERE.to_owned());
    // As others have seen them, and turned around.
    for (id, source, destination) in
        [(11, HERE, THERE), (11, THERE, HERE), (43, THERE, HERE), (43, HERE, THERE)]
    {
        assert_eq!(ends(&made(id, 5, 42, 9, source, destination)), expected, "{id} {source}");
    }
    // Neither tells: then by what the event is.
    let (a, b) = ("127.0.0.1:5000", "127.0.0.1:53");
    assert_eq!(ends(&made(42, 5, 42, 9, a, b)), (a.to_owned(), b.to_owned()));
    assert_eq!(ends(&made(43, 5, 42, 9, a, b)), (b.to_owned(), a.to_owned()));
    assert_eq!(ends(&made(11, 5, 42, 9, a, b)), (a.to_owned(), b.to_owned()));
}

#[test]
fn a_group_is_nobodys_address() {
    let told = ends(&made(43, 5, 42, 9, HERE, "224.0.0.251:5353"));
    assert_eq!(told, ("0.0.0.0:5353".to_owned(), HERE.to_owned()));
    let told = ends(&made(43, 5, 42, 9, "[fd00::1]:5353", "[ff02::fb]:5353"));
    assert_eq!(told, ("[::]:5353".to_owned(), "[fd00::1]:5353".to_owned()));
}

#[test]
fn nobodys_event_has_no_process() {
    assert_eq!(network_of(&made(10, 5, u32::MAX, 9, HERE, THERE)).pid, 0);
}

#[test]
fn a_sighting_has_the_key_of_its_row_in_the_tables() {
    use super::super::tables::{Detail, Rows, Table};
    let mut table = vec![0; 4 + 24];
    table[0] = 1;
    let fields: [(usize, &[u8]); 6] = [
        (0, &[5]),
        (4, &[10, 0, 0, 1]),
        (8, &[0xc3, 0x50]),
        (12, &[192, 0, 2, 7]),
        (16, &[0x01, 0xbb]),
        (20, &[42]),
    ];
    for (offset, value) in fields {
        table[4 + offset..4 + offset + value.len()].copy_from_slice(value);
    }
    let row = Rows::new(Table::Tcp4, Detail::Pid, &table).next().unwrap();
    let sighting = network_of(&made(12, 5, 42, 9, HERE, THERE)).sighting(is_local);
    assert_eq!(sighting.key(), row.key());
    assert_eq!(sighting.activity, Activity::Connected);
}

#[test]
fn a_process_in_every_version_of_its_start() {
    let third = start(5, 42, 41, r"\Device\HarddiskVolume4\Дом\curl.exe");
    let Some(TraceRecord::Started(record)) = parse(&third.event()) else { panic!("none") };
    assert_eq!((record.pid, record.parent, record.session), (42, 41, 1));
    assert_eq!(record.created, file_time(5));
    assert_eq!(&*utf16(record.image, 100), r"\Device\HarddiskVolume4\Дом\curl.exe");
    assert_eq!(&*utf16(record.package.unwrap(), 100), "Some.Package_1.0_x64");
    let mut fourth = third.clone();
    fourth.version = 4;
    fourth.payload.extend([0; 4]);
    assert_eq!(parse(&fourth.event()), Some(TraceRecord::Started(record)));

    for version in 0..=2 {
        let mut made = third.clone();
        made.version = version;
        made.payload = 42_u32.to_le_bytes().to_vec();
        made.payload.extend(file_time(5).to_le_bytes());
        made.payload.extend(41_u32.to_le_bytes());
        made.payload.extend(1_u32.to_le_bytes());
        if version > 0 {
            made.payload.extend([0; 4]);
        }
        made.payload.extend(encoded("a.exe\0"));
        if version > 1 {
            made.payload.extend([0; 8]);
            made.payload.extend(encoded("P\0A\0"));
        }
        let Some(TraceRecord::Started(record)) = parse(&made.event()) else { panic!("{version}") };
        assert_eq!((record.pid, record.parent, record.session), (42, 41, 1));
        assert_eq!(record.created, file_time(5));
        assert_eq!(&*utf16(record.image, 100), "a.exe");
        assert_eq!(record.package.is_some(), version > 1);
    }
    let mut later = third;
    later.version = 5;
    assert_eq!(parse(&later.event()), None, "nobody knows what is where");
    assert!(Provider::KernelProcess.tells(later.id));
}

#[test]
fn a_process_in_every_version_of_its_end() {
    let expected = Some(TraceRecord::Stopped(StoppedRecord { pid: 42, created: file_time(5) }));
    let second = super::payloads::stopped(9, 42, file_time(5));
    assert_eq!(parse(&second.event()), expected);
    for version in [0, 1] {
        let mut made = second.clone();
        made.version = version;
        made.payload.drain(4..12);
        assert_eq!(parse(&made.event()), expected);
    }
}

#[test]
fn a_resolved_name() {
    let results = "type:  5 www3.example.com;::ffff:192.0.2.7;2001:db8::7;type:  1 192.0.2.8;x;";
    let made = answer(5, 42, "www.example.com", results);
    let Some(TraceRecord::Resolved(record)) = parse(&made.event()) else { panic!("none") };
    assert_eq!((record.pid, record.kind, record.status), (42, 28, 0));
    assert_eq!(&*utf16(record.name, 100), "www.example.com");
    let told: Vec<_> = record.addresses().map(|ip| ip.to_string()).collect();
    assert_eq!(told, ["192.0.2.7", "2001:db8::7", "192.0.2.8"]);
    let many = answer(5, 42, "a", &"192.0.2.7;".repeat(100));
    let Some(TraceRecord::Resolved(record)) = parse(&many.event()) else { panic!("none") };
    assert_eq!(record.addresses().count(), MAX_ADDRESSES);
}

fn all() -> Vec<Made> {
    vec![
        made(12, 5, 42, 0, HERE, THERE),
        made(59 - 16, 5, 42, 9, "[2001:db8::7]:53", "[fd00::1]:5000"),
        start(5, 42, 41, r"\Device\HarddiskVolume4\curl.exe"),
        super::payloads::stopped(9, 42, file_time(5)),
        answer(5, 42, "www.example.com", "192.0.2.7;"),
    ]
}

#[test]
fn what_is_cut_off_is_no_record() {
    for made in all() {
        let whole = parse(&made.event());
        assert!(whole.is_some());
        for length in 0..made.payload.len() {
            let mut event = made.event();
            event.payload = &made.payload[..length];
            if let Some(record) = parse(&event) {
                // What is missing is not read: sequence numbers, the package, the image's name.
                let same = match (record, whole) {
                    (TraceRecord::Started(a), Some(TraceRecord::Started(b))) => a.image == b.image,
                    (a, b) => Some(a) == b,
                };
                assert!(same, "{event:?}");
            }
        }
    }
}

#[test]
fn a_path_is_told_as_people_know_it() {
    let drives = [(r"\Device\HarddiskVolume1", "D:"), (r"\Device\HarddiskVolume12", "C:")];
    let told = |path| on_drive(path, &drives);
    assert_eq!(told(r"\Device\HarddiskVolume12\Дом\a.exe"), r"C:\Дом\a.exe");
    assert_eq!(told(r"\Device\HarddiskVolume1\a.exe"), r"D:\a.exe");
    assert_eq!(told(r"\Device\HarddiskVolume2\a.exe"), r"\Device\HarddiskVolume2\a.exe");
    let made = start(5, 42, 41, r"\Device\HarddiskVolume12\curl.exe");
    let Some(TraceRecord::Started(record)) = parse(&made.event()) else { panic!("none") };
    let ProcessSighting::Started { key, name, exe, parent, at } = record.sighting(&drives) else {
        panic!("it started")
    };
    assert_eq!((key.pid, key.started, parent), (42, file_time(5), 41));
    assert_eq!((&*name, exe.as_deref()), ("curl.exe", Some(r"C:\curl.exe")));
    assert_eq!(at, Timestamp::from_seconds(5));
}

#[test]
fn keys_of_processes_tell_their_lives_apart() {
    let ended = |made: &Made| match parse(&made.event()) {
        Some(TraceRecord::Stopped(record)) => record.sighting().key(),
        other => panic!("{other:?}"),
    };
    let key = |second| ended(&super::payloads::stopped(9, 42, file_time(second)));
    assert_eq!(key(5), process_key(42, file_time(5)));
    assert_ne!(key(5), key(6));
}

proptest! {
    #[test]
    fn no_mutation_makes_it_panic(
        which in 0_usize..5,
        id in prop_oneof![Just(None), any::<u16>().prop_map(Some)],
        version: Option<u8>,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..16),
        length in any::<prop::sample::Index>(),
    ) {
        let mut made = all().swap_remove(which);
        made.id = id.unwrap_or(made.id);
        made.version = version.unwrap_or(made.version);
        for (place, value) in changes {
            let place = place.index(made.payload.len());
            made.payload[place] = value;
        }
        made.payload.truncate(length.index(made.payload.len() + 1));
        match parse(&made.event()) {
            Some(TraceRecord::Resolved(record)) => {
                prop_assert!(record.addresses().count() <= MAX_ADDRESSES);
            }
            Some(TraceRecord::Network(record)) => drop(record.sighting(is_local).key()),
            _ => {}
        }
    }
}
