//! What Linux writes.

use procnet_collect::parse::inet_diag::{self, SOCK_DIAG_BY_FAMILY};
use procnet_collect::parse::netlink::{Attributes, Messages};
use procnet_collect::parse::{
    cgroup, kernel_flow, kernel_record, kernel_walk, net_table, process, route, sockstat,
    unix_diag, unix_table,
};
use procnet_core::Protocol;

use super::{Format, fields, formats};

/// The datagrams of a recorded dump, each after its length.
fn datagrams(recorded: &[u8]) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    let mut rest = recorded;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (datagram, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        datagrams.push(datagram.to_vec());
        rest = after;
    }
    datagrams
}

#[cfg(target_endian = "little")]
fn socket_dumps() -> Format {
    let mut seeds = datagrams(include_bytes!("../../fixtures/tcp4.bin"));
    seeds.extend(datagrams(include_bytes!("../../fixtures/tcp6.bin")));
    seeds.extend(datagrams(include_bytes!("../../fixtures/udp4.bin")));
    let answers = |datagram: &Vec<u8>| {
        Messages::new(datagram).any(|message| message.kind == SOCK_DIAG_BY_FAMILY)
    };
    seeds.retain(answers);
    Format {
        name: "Linux: socket dumps",
        seeds,
        read: |bytes| {
            let mut told = 0;
            for message in Messages::new(bytes) {
                let _ = message.error();
                told += usize::from(inet_diag::parse(Protocol::Tcp, message.payload).is_some());
                let _ = inet_diag::parse(Protocol::Udp, message.payload);
            }
            assert!(told <= bytes.len() / 16);
            told
        },
    }
}

#[cfg(target_endian = "little")]
fn dumps_of_unix_sockets_and_routes() -> Format {
    let attribute = |kind: u16, value: &[u8]| {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    };
    let mut socket = fields(16, &[(0, &[1, 1, 1, 0]), (4, &[42]), (8, &[7])]);
    for (kind, value) in [(0, &b"/run/x.sock\0"[..]), (2, &[43, 0, 0, 0]), (7, &[1, 0, 0, 0])] {
        socket.extend(attribute(kind, value));
    }
    let mut way = vec![2, 32, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0];
    way.extend(attribute(1, &[192, 0, 2, 1]));
    way.extend(attribute(7, &[198, 51, 100, 9]));
    Format {
        name: "Linux: dumps of UNIX sockets and routes",
        seeds: vec![socket, way],
        read: |bytes| {
            assert!(Attributes::new(bytes).count() <= bytes.len() / 4);
            let socket = unix_diag::parse(bytes).is_some();
            usize::from(socket) + usize::from(route::parse(bytes).is_some())
        },
    }
}

#[cfg(target_endian = "little")]
fn records_of_our_programs() -> Format {
    let socket = |kind: u8| {
        fields(
            144,
            &[
                (16, &[42]),
                (40, &[kind]),
                (48, &[99]),
                (100, &[2, 0, 0x40, 0x9c, 80, 0]),
                (106, &[6, 1, 2, 0]),
                (112, &[127, 0, 0, 1]),
            ],
        )
    };
    // A holder, and one with the socket that changed.
    let holder = |length: u8| {
        fields(32, &[(0, &[99]), (8, &[70]), (16, &[42]), (20, &[5]), (24, &[length]), (30, &[6])])
    };
    let held = [holder(0), holder(144), socket(16)].concat();
    let process = fields(192, &[(16, &[43]), (40, &[5]), (56, &[42]), (64, b"/usr/bin/curl")]);
    Format {
        name: "Linux: records of our programs",
        seeds: vec![socket(1), socket(2), socket(16), socket(17), process, held],
        read: |bytes| {
            let held = kernel_walk::held_sockets(bytes).count();
            assert!(held <= bytes.len() / 32);
            let told = usize::from(kernel_record::parse(bytes).is_some())
                + usize::from(kernel_walk::parse_row(bytes).is_some())
                + held;
            if let Some(key) = bytes.first_chunk()
                && let Some((_, remote)) = kernel_flow::parse_key(key)
                && let Some(flow) = bytes.first_chunk()
            {
                let _ = kernel_flow::parse(flow, remote);
            }
            told
        },
    }
}

#[cfg(target_endian = "little")]
fn tables_in_proc() -> Format {
    let tcp = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n   \
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 99 1\n";
    let unix = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
        0000000000000000: 00000002 00000000 00010000 0001 01 17 /run/x.sock\n";
    let counts = b"sockets: used 5\nTCP: inuse 3 orphan 2 tw 0 alloc 4 mem 0\n";
    Format {
        name: "Linux: tables in /proc",
        seeds: vec![tcp.to_vec(), unix.to_vec(), counts.to_vec()],
        read: |bytes| {
            let told = net_table::rows(Protocol::Tcp, bytes).count()
                + net_table::rows(Protocol::Udp, bytes).count()
                + unix_table::rows(bytes).count();
            assert!(told <= bytes.len());
            told + usize::from(sockstat::orphans(bytes).is_some())
        },
    }
}

fn files_of_processes() -> Format {
    let stat = b"6994 (we) (ird\n) S 6983 6983 5444 0 -1 4194304 103 0 0 0 0 0 0 0 20 0 1 0 81270 \
        3133440 380 1 9 9 1 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 9 9 9 14 15 15 15 0\n";
    let status = b"Name:\tx\nUid:\t1000\t33\t1000\t1000\nCapEff:\t000001fffeffffff\n";
    Format {
        name: "Linux: files of processes",
        seeds: vec![stat.to_vec(), status.to_vec(), b"socket:[4711]".to_vec()],
        read: |bytes| {
            let _ = process::effective_capabilities(bytes);
            let _ = (process::netns_link(bytes), process::executable(bytes));
            assert!(process::arguments(bytes).count() <= bytes.len() + 1);
            let _ = process::name(bytes, Some(bytes), None);
            usize::from(process::stat(bytes).is_some())
                + usize::from(process::effective_uid(bytes).is_some())
                + usize::from(process::socket_link(bytes).is_some())
        },
    }
}

fn control_groups() -> Format {
    let pod = b"0::/kubepods.slice/kubepods-pod36f20d9d_cbc1_4ebd_b111_536eaa6a332e.slice/\
        cri-containerd-9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d.scope\n";
    let service = b"12:pids:/system.slice/nginx.service\n0::/user.slice/user-1000.slice/\
        user@1000.service/app.slice/app-org.example.scope\n";
    Format {
        name: "Linux: control groups",
        seeds: vec![pod.to_vec(), service.to_vec()],
        read: |bytes| {
            let membership = cgroup::membership(bytes);
            usize::from(format!("{membership:?}") != format!("{:?}", cgroup::membership(b"")))
        },
    }
}

formats! {
    #[cfg(target_endian = "little")] socket_dumps,
    #[cfg(target_endian = "little")] dumps_of_unix_sockets_and_routes,
    #[cfg(target_endian = "little")] records_of_our_programs,
    #[cfg(target_endian = "little")] tables_in_proc,
    files_of_processes,
    control_groups,
}
