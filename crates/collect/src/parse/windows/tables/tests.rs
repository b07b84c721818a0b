use std::mem::{offset_of, size_of};

use procnet_core::HostId;
use proptest::prelude::*;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    MIB_TCP_STATE_CLOSED, MIB_TCP_STATE_ESTAB, MIB_TCP_STATE_LISTEN, MIB_TCP_STATE_TIME_WAIT,
    MIB_TCP6ROW_OWNER_MODULE, MIB_TCP6ROW_OWNER_PID, MIB_TCP6TABLE_OWNER_MODULE,
    MIB_TCP6TABLE_OWNER_PID, MIB_TCPROW_OWNER_MODULE, MIB_TCPROW_OWNER_PID,
    MIB_TCPTABLE_OWNER_MODULE, MIB_TCPTABLE_OWNER_PID, MIB_UDP6ROW_OWNER_MODULE,
    MIB_UDP6ROW_OWNER_PID, MIB_UDP6TABLE_OWNER_MODULE, MIB_UDP6TABLE_OWNER_PID,
    MIB_UDPROW_OWNER_MODULE, MIB_UDPROW_OWNER_PID, MIB_UDPTABLE_OWNER_MODULE,
    MIB_UDPTABLE_OWNER_PID,
};

use super::*;

/// The layout of one table by Microsoft's own types.
macro_rules! layout {
    ($table:ty, $row:ty, $state:expr, $local:ident, $remote:expr $(, $created:ident, $module:ident)?) => {{
        #[allow(unused_mut, unused_assignments, reason = "rows without modules have fewer fields")]
        let (mut created, mut module) = (None, None);
        $( created = Some(offset_of!($row, $created)); module = Some(offset_of!($row, $module)); )?
        let table = (offset_of!($table, table), size_of::<$row>());
        (table, $state, offset_of!($row, $local), $remote, offset_of!($row, dwOwningPid), created, module)
    }};
}

#[test]
fn the_layouts_are_microsofts() {
    type Tcp4 = MIB_TCPROW_OWNER_MODULE;
    type Tcp6 = MIB_TCP6ROW_OWNER_MODULE;
    let theirs = [
        layout!(
            MIB_TCPTABLE_OWNER_MODULE,
            Tcp4,
            Some(offset_of!(Tcp4, dwState)),
            dwLocalAddr,
            Some(offset_of!(Tcp4, dwRemoteAddr)),
            liCreateTimestamp,
            OwningModuleInfo
        ),
        layout!(
            MIB_TCP6TABLE_OWNER_MODULE,
            Tcp6,
            Some(offset_of!(Tcp6, dwState)),
            ucLocalAddr,
            Some(offset_of!(Tcp6, ucRemoteAddr)),
            liCreateTimestamp,
            OwningModuleInfo
        ),
        layout!(
            MIB_UDPTABLE_OWNER_MODULE,
            MIB_UDPROW_OWNER_MODULE,
            None,
            dwLocalAddr,
            None,
            liCreateTimestamp,
            OwningModuleInfo
        ),
        layout!(
            MIB_UDP6TABLE_OWNER_MODULE,
            MIB_UDP6ROW_OWNER_MODULE,
            None,
            ucLocalAddr,
            None,
            liCreateTimestamp,
            OwningModuleInfo
        ),
    ];
    for (table, theirs) in Table::ALL.into_iter().zip(theirs) {
        let ours = Layout::of(table, Detail::Module);
        let (created, module) = (Some(ours.created), Some(ours.module));
        let first = (ours.first, ours.length);
        let ours = (first, ours.state, ours.local, ours.remote, ours.pid, created, module);
        assert_eq!(ours, theirs, "{table:?}");
    }
    type Tcp4Pid = MIB_TCPROW_OWNER_PID;
    type Tcp6Pid = MIB_TCP6ROW_OWNER_PID;
    let theirs = [
        layout!(
            MIB_TCPTABLE_OWNER_PID,
            Tcp4Pid,
            Some(offset_of!(Tcp4Pid, dwState)),
            dwLocalAddr,
            Some(offset_of!(Tcp4Pid, dwRemoteAddr))
        ),
        layout!(
            MIB_TCP6TABLE_OWNER_PID,
            Tcp6Pid,
            Some(offset_of!(Tcp6Pid, dwState)),
            ucLocalAddr,
            Some(offset_of!(Tcp6Pid, ucRemoteAddr))
        ),
        layout!(MIB_UDPTABLE_OWNER_PID, MIB_UDPROW_OWNER_PID, None, dwLocalAddr, None),
        layout!(MIB_UDP6TABLE_OWNER_PID, MIB_UDP6ROW_OWNER_PID, None, ucLocalAddr, None),
    ];
    let none: (Option<usize>, Option<usize>) = (None, None);
    for (table, theirs) in Table::ALL.into_iter().zip(theirs) {
        let ours = Layout::of(table, Detail::Pid);
        let first = (ours.first, ours.length);
        let ours = (first, ours.state, ours.local, ours.remote, ours.pid, none.0, none.1);
        assert_eq!(ours, theirs, "{table:?}");
    }
}

#[test]
fn scopes_and_ports_lie_after_the_addresses() {
    assert_eq!(offset_of!(MIB_TCPROW_OWNER_MODULE, dwLocalPort), 8);
    assert_eq!(offset_of!(MIB_TCPROW_OWNER_MODULE, dwRemotePort), 16);
    assert_eq!(offset_of!(MIB_TCP6ROW_OWNER_MODULE, dwLocalScopeId), 16);
    assert_eq!(offset_of!(MIB_TCP6ROW_OWNER_MODULE, dwLocalPort), 20);
    assert_eq!(offset_of!(MIB_TCP6ROW_OWNER_MODULE, dwRemoteScopeId), 24 + 16);
    assert_eq!(offset_of!(MIB_TCP6ROW_OWNER_MODULE, dwRemotePort), 24 + 20);
    assert_eq!(offset_of!(MIB_UDPROW_OWNER_MODULE, dwLocalPort), 4);
    assert_eq!(offset_of!(MIB_UDP6ROW_OWNER_MODULE, dwLocalScopeId), 16);
    assert_eq!(offset_of!(MIB_UDP6ROW_OWNER_MODULE, dwLocalPort), 20);
    assert_eq!(tcp_state(MIB_TCP_STATE_CLOSED as u32), Some(SocketState::Closed));
    assert_eq!(tcp_state(MIB_TCP_STATE_LISTEN as u32), Some(SocketState::Listen));
    assert_eq!(tcp_state(MIB_TCP_STATE_ESTAB as u32), Some(SocketState::Established));
    assert_eq!(tcp_state(MIB_TCP_STATE_TIME_WAIT as u32), Some(SocketState::TimeWait));
}

/// A hand-made table: its rows' fields by their offsets.
fn table(table: Table, detail: Detail, rows: &[&[(usize, &[u8])]]) -> Vec<u8> {
    let layout = Layout::of(table, detail);
    let mut bytes = vec![0; layout.first + rows.len() * layout.length];
    bytes[..4].copy_from_slice(&(rows.len() as u32).to_le_bytes());
    for (row, fields) in bytes[layout.first..].chunks_exact_mut(layout.length).zip(rows) {
        for (offset, value) in *fields {
            row[*offset..offset + value.len()].copy_from_slice(value);
        }
    }
    bytes
}

/// 12:34:56 on the last day of 2023.
const CREATED: u64 = 133_485_284_960_000_000;

fn tcp4() -> Vec<u8> {
    // Whatever stands in the upper half of a port, and in a listener's remote end, means nothing.
    let listener: &[(usize, &[u8])] = &[
        (0, &2_u32.to_le_bytes()),
        (4, &[127, 0, 0, 1]),
        (8, &[0x1f, 0x90, 0xaa, 0xbb]),
        (12, &[9, 9, 9, 9]),
        (16, &[1, 2, 3, 4]),
        (20, &1234_u32.to_le_bytes()),
        (24, &CREATED.to_le_bytes()),
        (32, &77_u64.to_le_bytes()),
    ];
    let waiting: &[(usize, &[u8])] = &[
        (0, &11_u32.to_le_bytes()),
        (4, &[10, 0, 0, 1]),
        (8, &[0xc0, 0x00, 0, 0]),
        (12, &[10, 0, 0, 2]),
        (16, &[0x01, 0xbb, 0, 0]),
    ];
    table(Table::Tcp4, Detail::Module, &[listener, waiting])
}

fn rows(kind: Table, bytes: &[u8]) -> Vec<TableRow> {
    Rows::new(kind, Detail::Module, bytes).collect()
}

#[test]
fn tcp_over_ipv4() {
    let bytes = tcp4();
    let [listener, waiting] = rows(Table::Tcp4, &bytes)[..] else { panic!("two rows") };
    assert_eq!(listener.local.to_string(), "127.0.0.1:8080");
    assert_eq!((listener.state, listener.remote), (SocketState::Listen, None));
    assert_eq!((listener.pid, listener.service_tag), (1234, Some(77)));
    assert_eq!(listener.created, Some(Timestamp::from_seconds(1_704_054_896)));
    assert_eq!(waiting.state, SocketState::TimeWait);
    assert_eq!(waiting.remote.unwrap().to_string(), "10.0.0.2:443");
    assert_eq!((waiting.pid, waiting.created, waiting.service_tag), (0, None, None));
}

#[test]
fn tcp_over_ipv6_keeps_scopes() {
    let local = "fe80::1".parse::<Ipv6Addr>().unwrap().octets();
    let remote = "fe80::2".parse::<Ipv6Addr>().unwrap().octets();
    let mapped = "::ffff:10.0.0.1".parse::<Ipv6Addr>().unwrap().octets();
    let bytes = table(
        Table::Tcp6,
        Detail::Pid,
        &[
            &[
                (0, &local),
                (16, &5_u32.to_le_bytes()),
                (20, &[0x1f, 0x90]),
                (24, &remote),
                (40, &7_u32.to_le_bytes()),
                (44, &[0xc0, 0x01]),
                (48, &5_u32.to_le_bytes()),
                (52, &4_u32.to_le_bytes()),
            ],
            &[(0, &mapped), (24, &mapped), (48, &5_u32.to_le_bytes())],
        ],
    );
    let all: Vec<_> = Rows::new(Table::Tcp6, Detail::Pid, &bytes).collect();
    let [row, four] = all[..] else { panic!("two rows") };
    assert_eq!(row.local.to_string(), "[fe80::1]:8080");
    assert_eq!(row.remote.unwrap().to_string(), "[fe80::2]:49153");
    assert_eq!((row.local_scope, row.remote_scope, row.pid), (5, 7, 4));
    assert_eq!((row.created, row.service_tag), (None, None));
    assert_eq!(four.local.to_string(), "10.0.0.1:0");
}

#[test]
fn udp_has_no_remote_end() {
    let fields: &[(usize, &[u8])] = &[
        (0, &[0, 0, 0, 0]),
        (4, &[0x14, 0xe9]),
        (8, &9_u32.to_le_bytes()),
        (16, &CREATED.to_le_bytes()),
        (24, &1_u32.to_le_bytes()),
        (32, &3_u32.to_le_bytes()),
    ];
    let [row] = rows(Table::Udp4, &table(Table::Udp4, Detail::Module, &[fields]))[..] else {
        panic!("one row")
    };
    assert_eq!(row.local.to_string(), "0.0.0.0:5353");
    assert_eq!((row.protocol, row.state), (Protocol::Udp, SocketState::Listen));
    assert_eq!((row.remote, row.pid, row.service_tag), (None, 9, Some(3)));
    assert!(row.created.is_some());

    // What stands where a scope would means nothing here.
    let address = Ipv6Addr::LOCALHOST.octets();
    let fields: &[(usize, &[u8])] = &[
        (0, &address),
        (16, &8_u32.to_le_bytes()),
        (20, &[0x00, 0x35]),
        (24, &10_u32.to_le_bytes()),
        (32, &CREATED.to_le_bytes()),
        (48, &4_u32.to_le_bytes()),
    ];
    let [row] = rows(Table::Udp6, &table(Table::Udp6, Detail::Module, &[fields]))[..] else {
        panic!("one row")
    };
    assert_eq!((row.local.to_string(), row.local_scope), ("[::1]:53".to_owned(), 0));
    assert_eq!((row.pid, row.service_tag), (10, Some(4)));
    assert_eq!(row.created, Some(Timestamp::from_seconds(1_704_054_896)));
}

#[test]
fn a_row_becomes_a_socket() {
    let bytes = tcp4();
    let [listener, waiting] = rows(Table::Tcp4, &bytes)[..] else { panic!("two rows") };
    let process = ProcessKey { host: HostId::LOCAL, pid: 1234, started: 5 };
    let socket = listener.socket(Some(process));
    assert_eq!(socket.primary_owner().unwrap().process, process);
    assert_eq!(socket.opened, Timestamp::from_seconds(1_704_054_896));
    assert!(socket.is_listener());
    let unknown = listener.socket(None);
    assert_eq!(unknown.attribution(), Attribution::Unknown(UnknownOwner::NotFound));
    // The idle process has the same pid as nobody, and owns nothing.
    let idle = ProcessKey { pid: 0, ..process };
    let lingering = waiting.socket(Some(idle));
    assert_eq!(lingering.attribution(), Attribution::Unknown(UnknownOwner::Kernel));
    assert_ne!(lingering.key, socket.key);
}

#[test]
fn a_table_that_is_cut_off_says_so() {
    let bytes = tcp4();
    let whole = rows(Table::Tcp4, &bytes);
    for length in 0..bytes.len() {
        let mut walk = Rows::new(Table::Tcp4, Detail::Module, &bytes[..length]);
        let got: Vec<_> = walk.by_ref().collect();
        assert_eq!(got, whole[..got.len()]);
        let missing = if length < 4 { 0 } else { 2 - got.len() };
        assert_eq!(walk.unreadable() as usize, missing, "at {length}");
    }
    // The buffer that a growing table is read into is longer than the table.
    let longer = [bytes.as_slice(), &[0xff; 1000]].concat();
    assert_eq!(rows(Table::Tcp4, &longer), whole);
}

#[test]
fn a_state_that_does_not_exist_costs_its_row_only() {
    let mut bytes = tcp4();
    bytes[8] = 13;
    let mut walk = Rows::new(Table::Tcp4, Detail::Module, &bytes);
    assert_eq!(walk.by_ref().count(), 1);
    assert_eq!(walk.unreadable(), 1);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_or_run_on(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        for kind in Table::ALL {
            for detail in [Detail::Pid, Detail::Module] {
                let walk = Rows::new(kind, detail, &bytes);
                let most = bytes.len() / Layout::of(kind, detail).length;
                let told: Vec<_> = walk.map(|row| row.socket(None)).collect();
                prop_assert!(told.len() <= most);
            }
        }
    }
}
