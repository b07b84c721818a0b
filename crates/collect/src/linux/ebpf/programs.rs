//! Our programs in the kernel: loaded one by one, for what a kernel or a privilege refuses costs
//! only its own part.

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::Path;
use std::time::Instant;

use aya::maps::{Array, HashMap, MapData, RingBuf};
use aya::programs::{CgroupAttachMode, Program};
use aya::{Btf, Ebpf, EbpfLoader};
use rustix::fs::{CWD, Mode, OFlags};

use super::ahead;
use super::flows::FlowCounts;
use super::iterators::Iterators;
use super::skipped::Skipped;
use crate::CollectOptions;
use crate::parse::kernel_record::{self, KernelRecord};

/// Built from `bpf/` by `cargo xtask bpf`; the same for all little-endian machines.
pub(super) const OBJECT: &[u8] = aya::include_bytes_aligned!("procnet.bpf.o");

/// Where the unified control group hierarchy may be mounted: alone, or beside version 1.
const CGROUP_ROOTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// `CGROUP2_SUPER_MAGIC` (`include/uapi/linux/magic.h`).
const CGROUP2_MAGIC: i64 = 0x6367_7270;
/// `PROC_PID_INIT_INO` (`include/linux/proc_ns.h`): the pid namespace that the kernel counts in.
const INITIAL_PID_NAMESPACE: &str = "pid:[4026531836]";

/// Most records that one [`Programs::drain`] hands over: more than the ring holds.
const MAX_RECORDS: usize = 100_000;

/// A program of the object that runs at a tracepoint, and the part that it belongs to.
const TRACEPOINTS: [(&str, &str, Part); 8] = [
    ("tcp_state", "inet_sock_set_state", Part::Tcp),
    ("tcp_state_again", "inet_sock_set_state", Part::TcpAgain),
    ("sent", "sock_send_length", Part::Sent),
    ("received", "sock_recv_length", Part::Received),
    ("forked", "sched_process_fork", Part::Forked),
    ("executed", "sched_process_exec", Part::Executed),
    ("exited", "sched_process_exit", Part::Exited),
    ("renamed", "task_rename", Part::Renamed),
];
/// Those that run at system calls of every process in the root control group.
const CGROUP_PROGRAMS: [(&str, Part); 9] = [
    ("accepted4", Part::Accepted4),
    ("accepted6", Part::Accepted6),
    ("bound4", Part::Bound4),
    ("bound6", Part::Bound6),
    ("released", Part::Released),
    ("sends4", Part::Sends4),
    ("sends6", Part::Sends6),
    ("receives4", Part::Receives4),
    ("receives6", Part::Receives6),
];

/// Those that run where accept() ends, each for other kernels. Few kernels let functions be watched.
const ACCEPT_PROGRAMS: [&str; 2] = ["accept_ended2", "accept_ended4"];
/// The function that they watch.
const ACCEPT_FUNCTION: &str = "inet_csk_accept";

/// One thing that the kernel may or may not let us see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    Tcp,
    TcpAgain,
    Sent,
    Received,
    Forked,
    Executed,
    Exited,
    Renamed,
    Accepted4,
    Accepted6,
    AcceptEnded,
    Bound4,
    Bound6,
    Released,
    Sends4,
    Sends6,
    Receives4,
    Receives6,
    /// Holders and sockets can be walked over: snapshots need no scan.
    Listed,
    /// Counters are told between snapshots.
    Counted,
    /// What a child inherits is found at once.
    Inherited,
}

impl Part {
    /// Nobody needs it who does not look at UDP.
    const fn is_about_udp(self) -> bool {
        matches!(
            self,
            Self::Released | Self::Sends4 | Self::Sends6 | Self::Receives4 | Self::Receives6
        )
    }
}

/// Which parts run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u32);

impl Parts {
    pub(super) fn add(&mut self, part: Part) {
        self.0 |= 1 << part as u8;
    }

    /// Whether all of these run.
    pub(super) fn has(self, parts: &[Part]) -> bool {
        parts.iter().all(|part| self.0 >> *part as u8 & 1 == 1)
    }

    /// Processes are told as they start and end.
    pub(super) fn processes(self) -> bool {
        self.has(&[Part::Forked, Part::Executed, Part::Exited])
    }

    /// Who accepted a connection is told at once.
    pub(super) fn accepts(self) -> bool {
        self.has(&[Part::Accepted4, Part::Accepted6]) || self.has(&[Part::AcceptEnded])
    }

    /// Whoever sends or receives is told.
    pub(super) fn use_of_sockets(self) -> bool {
        self.has(&[Part::Sent, Part::Received])
    }

    /// Counters are told between snapshots.
    pub(super) fn counters(self) -> bool {
        self.has(&[Part::Counted])
    }

    /// What a child inherits is told at once.
    pub(super) fn inheritance(self) -> bool {
        self.has(&[Part::Inherited])
    }

    /// UDP sockets are told from the time that they are bound or first used to their end.
    pub(super) fn udp(self) -> bool {
        self.use_of_sockets() && self.has(&[Part::Bound4, Part::Bound6, Part::Released])
    }

    /// So are the peers of those that are connected to nobody.
    pub(super) fn udp_peers(self) -> bool {
        self.udp() && self.has(&[Part::Sends4, Part::Sends6, Part::Receives4, Part::Receives6])
    }
}

/// Why there are no kernel events.
#[derive(Debug, thiserror::Error)]
pub(in crate::platform) enum LoadError {
    #[error(
        "this program runs in a pid namespace of its own, where the kernel's pids mean nothing"
    )]
    PidNamespace,
    #[error("the object holds little-endian programs, and this machine is big-endian")]
    BigEndian,
    #[error("the kernel describes no types of its own (CONFIG_DEBUG_INFO_BTF): {0}")]
    Btf(aya::BtfError),
    #[error("the kernel refuses our maps: {0}")]
    Maps(String),
    #[error("the kernel refuses to tell of TCP connections: {0}")]
    Tcp(String),
}

/// What is counted in the map `lost`, as in `bpf/ring.h`: each has its place there.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
enum Loss {
    /// Records that found the ring full.
    Records = 0,
    /// Datagrams from and to peers for which there was no room.
    Datagrams = 1,
}

/// The loaded programs. They end with this value.
pub(super) struct Programs {
    parts: Parts,
    ring: RingBuf<MapData>,
    lost: Array<MapData, u64>,
    lost_before: [u64; 2],
    skipped: Skipped,
    iterators: Option<Iterators>,
    /// Owns the programs and what they are attached to.
    _object: Ebpf,
}

impl std::fmt::Debug for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Programs").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Programs {
    /// Loads and attaches what is asked for and the kernel lets us.
    pub(super) fn load(options: &CollectOptions) -> Result<(Self, FlowCounts), LoadError> {
        if cfg!(target_endian = "big") {
            return Err(LoadError::BigEndian);
        }
        let namespace = std::fs::read_link("/proc/self/ns/pid");
        if namespace.is_ok_and(|link| link != Path::new(INITIAL_PID_NAMESPACE)) {
            return Err(LoadError::PidNamespace);
        }
        // It takes 40 MB while it is needed, that is: here.
        let btf = Btf::from_sys_fs().map_err(LoadError::Btf)?;
        let refused = |error: aya::EbpfError| LoadError::Maps(chain(&error));
        let mut object = EbpfLoader::new()
            .btf(Some(&btf))
            .map_max_entries("records", options.ring_bytes)
            .map_max_entries("flows", options.udp_flows.max(1))
            .load(&ahead::with_function(OBJECT, &btf))
            .map_err(refused)?;
        let mut parts = Parts::default();
        let mut tcp = Ok(());
        for (name, tracepoint, part) in TRACEPOINTS {
            let attached = attach_tracepoint(&mut object, name, tracepoint, &btf);
            match (attached, part) {
                (Ok(()), _) => parts.add(part),
                (Err(error), Part::Tcp) => tcp = Err(LoadError::Tcp(error)),
                (Err(_), _) => {}
            }
        }
        tcp?;
        if ACCEPT_PROGRAMS.iter().any(|name| attach_accept(&mut object, name, &btf).is_ok()) {
            parts.add(Part::AcceptEnded);
        }
        if let Some(root) = cgroup_root() {
            for (name, part) in CGROUP_PROGRAMS {
                if (options.scan.udp || !part.is_about_udp())
                    && attach_cgroup(&mut object, name, &root).is_ok()
                {
                    parts.add(part);
                }
            }
        }
        let skipped = watch(&object);
        let iterators = Iterators::load(&mut object, &btf, &mut parts);
        let mut map = |name: &str| {
            object.take_map(name).ok_or_else(|| LoadError::Maps(format!("{name} is missing")))
        };
        let map_error = |error: aya::maps::MapError| LoadError::Maps(chain(&error));
        let ring = RingBuf::try_from(map("records")?).map_err(map_error)?;
        let lost = Array::try_from(map("lost")?).map_err(map_error)?;
        let flows = HashMap::try_from(map("flows")?).map_err(map_error)?;
        let programs =
            Self { parts, ring, lost, lost_before: [0; 2], skipped, iterators, _object: object };
        Ok((programs, FlowCounts::new(flows)))
    }

    pub(super) fn parts(&self) -> Parts {
        self.parts
    }

    /// Walks over all that there is, if the kernel lets us.
    pub(super) fn iterators(&mut self) -> Option<&mut Iterators> {
        self.iterators.as_mut()
    }

    /// Hands over what was told since the last call, in its order; true if there is more.
    pub(super) fn drain(&mut self, mut each: impl FnMut(KernelRecord<'_>)) -> bool {
        for _ in 0..MAX_RECORDS {
            let Some(item) = self.ring.next() else { return false };
            if let Some(record) = kernel_record::parse(&item) {
                each(record);
            }
        }
        true
    }

    /// How many records were not told since the last call: they found no room, or the kernel
    /// skipped our program.
    pub(super) fn newly_lost(&mut self) -> u64 {
        self.newly(Loss::Records).saturating_add(self.skipped.newly(Instant::now()))
    }

    /// How many datagrams could not be told by their peers since the last call.
    pub(super) fn newly_untold(&mut self) -> u64 {
        self.newly(Loss::Datagrams)
    }

    fn newly(&mut self, what: Loss) -> u64 {
        let Ok(total) = self.lost.get(&(what as u32), 0) else { return 0 };
        let Some(before) = self.lost_before.get_mut(what as usize) else { return 0 };
        total.saturating_sub(std::mem::replace(before, total))
    }
}

/// Watches for skipped runs of the programs at tracepoints.
fn watch(object: &Ebpf) -> Skipped {
    let descriptors = TRACEPOINTS.iter().filter_map(|(name, _, part)| {
        let Some(Program::BtfTracePoint(program)) = object.program(name) else { return None };
        let copied = matches!(part, Part::Tcp | Part::TcpAgain);
        Some((program.fd().ok()?.as_fd().as_raw_fd(), copied))
    });
    Skipped::new(descriptors)
}

fn attach_tracepoint(
    object: &mut Ebpf,
    name: &str,
    tracepoint: &str,
    btf: &Btf,
) -> Result<(), String> {
    match object.program_mut(name) {
        Some(Program::BtfTracePoint(program)) => program
            .load(tracepoint, btf)
            .and_then(|()| program.attach())
            .map(drop)
            .map_err(|error| chain(&error)),
        _ => Err(format!("the object has no program {name}")),
    }
}

fn attach_accept(object: &mut Ebpf, name: &str, btf: &Btf) -> Result<(), String> {
    match object.program_mut(name) {
        Some(Program::FExit(program)) => program
            .load(ACCEPT_FUNCTION, btf)
            .and_then(|()| program.attach())
            .map(drop)
            .map_err(|error| chain(&error)),
        _ => Err(format!("the object has no program {name}")),
    }
}

fn attach_cgroup(object: &mut Ebpf, name: &str, root: &File) -> Result<(), String> {
    // With links, as from Linux 5.7 on, any number of programs run side by side.
    let mode = CgroupAttachMode::Single;
    let attached = match object.program_mut(name) {
        Some(Program::CgroupSockAddr(program)) => {
            program.load().and_then(|()| program.attach(root, mode).map(drop))
        }
        Some(Program::CgroupSock(program)) => {
            program.load().and_then(|()| program.attach(root, mode).map(drop))
        }
        _ => return Err(format!("the object has no program {name}")),
    };
    attached.map_err(|error| chain(&error))
}

/// The root of the unified hierarchy, if it is mounted where it usually is.
fn cgroup_root() -> Option<File> {
    CGROUP_ROOTS.into_iter().find_map(|path| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()?;
        let kind = i128::from(rustix::fs::fstatfs(&root).ok()?.f_type);
        (kind == i128::from(CGROUP2_MAGIC)).then(|| File::from(root))
    })
}

/// An error with its causes. Of a verifier's log only the last line says why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = last_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = last_line(&error.to_string());
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

fn last_line(text: &str) -> String {
    // The verifier ends with its statistics.
    let statistics = ["processed ", "verification time", "stack depth"];
    let says_why = |line: &&str| {
        !line.trim().is_empty() && !statistics.iter().any(|start| line.starts_with(start))
    };
    text.lines().rfind(says_why).unwrap_or_default().trim().to_owned()
}
