//! The system calls that each part takes. What is not named here the kernel refuses with EPERM.

use std::collections::BTreeMap;

use nix::libc::{self, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use crate::confinement::Part;

/// Nothing of this program ever makes them, and who does is up to no good: the program ends.
const DEADLY: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// What they do is said where no filter can read it. Told that there are none, the C library makes the
/// older ones instead, which say it in their arguments.
const UNKNOWN: &[c_long] = &[libc::SYS_clone3, libc::SYS_openat2, libc::SYS_faccessat2];

/// Memory, threads, clocks, and what is open already.
const EVERYBODY: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_capget,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_clone3,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_faccessat2,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_openat2,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Sockets that are there, and new ones that come to them.
const CONNECTIONS: &[c_long] = &[
    libc::SYS_accept4,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_shutdown,
];

/// Messages over sockets that are there.
const MESSAGES: &[c_long] = &[
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
];

/// Sockets of its own, but for the call that makes one.
const SOCKETS: &[c_long] = &[libc::SYS_bind, libc::SYS_connect, libc::SYS_sendmmsg];

/// Files, but for the calls that open one.
const FILES: &[c_long] = &[
    libc::SYS_dup,
    libc::SYS_faccessat,
    libc::SYS_fadvise64,
    libc::SYS_fstatfs,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_newfstatat,
    libc::SYS_readlinkat,
    libc::SYS_statfs,
    libc::SYS_statx,
];

/// What the architecture that came first has beside those that take their place.
#[cfg(target_arch = "x86_64")]
mod older {
    use super::{c_long, libc};

    pub(super) const EVERYBODY: &[c_long] = &[libc::SYS_getrlimit, libc::SYS_poll, libc::SYS_time];
    pub(super) const CONNECTIONS: &[c_long] = &[libc::SYS_epoll_wait];
    pub(super) const FILES: &[c_long] = &[
        libc::SYS_access,
        libc::SYS_getdents,
        libc::SYS_lstat,
        libc::SYS_readlink,
        libc::SYS_stat,
    ];
    pub(super) const OPEN: Option<c_long> = Some(libc::SYS_open);
}

#[cfg(not(target_arch = "x86_64"))]
mod older {
    use super::c_long;

    pub(super) const EVERYBODY: &[c_long] = &[];
    pub(super) const CONNECTIONS: &[c_long] = &[];
    pub(super) const FILES: &[c_long] = &[];
    pub(super) const OPEN: Option<c_long> = None;
}

/// Reading maps, and walking with programs that are loaded (bpf(2)): by its first argument. None loads or
/// pins anything, or opens what is not ours.
const BPF_COMMANDS: [u64; 8] = [
    1,  // BPF_MAP_LOOKUP_ELEM
    2,  // BPF_MAP_UPDATE_ELEM
    3,  // BPF_MAP_DELETE_ELEM
    4,  // BPF_MAP_GET_NEXT_KEY
    21, // BPF_MAP_LOOKUP_AND_DELETE_ELEM
    24, // BPF_MAP_LOOKUP_BATCH
    28, // BPF_LINK_CREATE
    33, // BPF_ITER_CREATE
];

/// `PERF_EVENT_IOC_DISABLE`: how a program is taken off what it watched.
const PERF_EVENT_IOC_DISABLE: u64 = 0x2401;
/// `PR_SET_VMA`: newer C libraries give names to memory.
const PR_SET_VMA: u64 = 0x5356_4d41;

/// One argument of a call, and what is allowed of it.
#[derive(Clone, Copy)]
enum Allowed {
    /// It is this.
    Is(u8, u64),
    /// These bits of it are this.
    Bits(u8, u64, u64),
    /// It is no pointer.
    Null(u8),
}

/// Calls that are allowed: all of them, or with such arguments alone.
#[derive(Default)]
struct Calls(BTreeMap<c_long, Vec<SeccompRule>>);

impl Calls {
    fn all(&mut self, calls: &[c_long]) {
        self.0.extend(calls.iter().map(|call| (*call, Vec::new())));
    }

    /// The call, if any one of these holds.
    fn when(&mut self, call: c_long, any: &[Allowed]) -> Result<(), BackendError> {
        let rule = |allowed: &Allowed| {
            let (argument, length, operator, value) = match *allowed {
                Allowed::Is(at, value) => (at, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value),
                Allowed::Bits(at, mask, value) => {
                    (at, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
                }
                Allowed::Null(at) => (at, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0),
            };
            SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
        };
        let rules = any.iter().map(rule).collect::<Result<_, _>>()?;
        self.0.insert(call, rules);
        Ok(())
    }
}

/// The bits of what is a signed number to the C library.
fn bits(number: i32) -> u64 {
    u64::from(number.cast_unsigned())
}

/// What a part may call.
fn allowed(part: &Part) -> Result<Calls, BackendError> {
    let mut calls = Calls::default();
    calls.all(EVERYBODY);
    calls.all(older::EVERYBODY);
    // Threads, but neither processes nor namespaces.
    let namespaces = [
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWUTS,
    ];
    let thread = bits(libc::CLONE_THREAD);
    let looked_at = namespaces.iter().fold(thread, |mask, flag| mask | bits(*flag));
    calls.when(libc::SYS_clone, &[Allowed::Bits(0, looked_at, thread)])?;
    // A program that ends itself, but signals nobody else.
    let own = u64::from(std::process::id());
    calls.when(libc::SYS_tgkill, &[Allowed::Is(0, own)])?;
    let named = [bits(libc::PR_SET_NAME), bits(libc::PR_GET_NAME), PR_SET_VMA];
    calls.when(libc::SYS_prctl, &named.map(|option| Allowed::Is(0, option)))?;
    calls.when(libc::SYS_prlimit64, &[Allowed::Null(2)])?;
    let commands = [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
        libc::F_SETFL,
    ];
    calls.when(libc::SYS_fcntl, &commands.map(|command| Allowed::Is(1, bits(command))))?;
    let terminal = [libc::TCGETS, libc::TIOCGWINSZ, libc::FIONBIO, libc::FIOCLEX, libc::FIONREAD];
    let mut requests: Vec<u64> = terminal.to_vec();
    if *part == Part::Collecting {
        requests.push(PERF_EVENT_IOC_DISABLE);
    }
    let requests: Vec<Allowed> = requests.into_iter().map(|it| Allowed::Is(1, it)).collect();
    calls.when(libc::SYS_ioctl, &requests)?;
    memory(part, &mut calls)?;
    files(part, &mut calls)?;
    sockets(part, &mut calls)?;
    if *part == Part::Collecting {
        calls.when(libc::SYS_setns, &[Allowed::Is(1, bits(libc::CLONE_NEWNET))])?;
        calls.when(libc::SYS_bpf, &BPF_COMMANDS.map(|command| Allowed::Is(0, command)))?;
    }
    Ok(calls)
}

/// Memory that holds no code, but where names of users and hosts may take a library that is loaded then.
fn memory(part: &Part, calls: &mut Calls) -> Result<(), BackendError> {
    let both = [libc::SYS_mmap, libc::SYS_mprotect];
    if matches!(part, Part::Collecting | Part::Naming) {
        calls.all(&both);
        return Ok(());
    }
    let code = bits(libc::PROT_EXEC);
    both.iter().try_for_each(|call| calls.when(*call, &[Allowed::Bits(2, code, 0)]))
}

/// Files, for reading alone.
fn files(part: &Part, calls: &mut Calls) -> Result<(), BackendError> {
    if *part == Part::Serving(None) {
        return Ok(());
    }
    calls.all(FILES);
    calls.all(older::FILES);
    let writing = bits(libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC);
    calls.when(libc::SYS_openat, &[Allowed::Bits(2, writing, bits(libc::O_RDONLY))])?;
    older::OPEN
        .map_or(Ok(()), |open| calls.when(open, &[Allowed::Bits(1, writing, bits(libc::O_RDONLY))]))
}

/// Sockets, by their kinds.
fn sockets(part: &Part, calls: &mut Calls) -> Result<(), BackendError> {
    // Services of the system that know users and hosts are asked over UNIX sockets.
    let kinds: &[i32] = match part {
        Part::Collecting => &[libc::AF_NETLINK, libc::AF_UNIX],
        Part::Naming => &[libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK, libc::AF_UNIX],
        Part::Listing => &[libc::AF_NETLINK],
        Part::Serving(_) | Part::Reading => &[],
    };
    if !kinds.is_empty() {
        calls.all(MESSAGES);
        calls.all(SOCKETS);
        let kinds: Vec<Allowed> = kinds.iter().map(|kind| Allowed::Is(0, bits(*kind))).collect();
        calls.when(libc::SYS_socket, &kinds)?;
    }
    if matches!(part, Part::Serving(_)) {
        calls.all(CONNECTIONS);
        calls.all(older::CONNECTIONS);
        calls.all(MESSAGES);
        calls.when(libc::SYS_socketpair, &[Allowed::Is(0, bits(libc::AF_UNIX))])?;
    }
    Ok(())
}

/// What is put in force, in this order: of several answers the kernel gives the strictest.
fn filters(part: &Part) -> Result<[BpfProgram; 3], BackendError> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = |calls: Calls, otherwise, then| {
        SeccompFilter::new(calls.0, otherwise, then, architecture).and_then(BpfProgram::try_from)
    };
    let these = |calls| {
        let mut these = Calls::default();
        these.all(calls);
        these
    };
    Ok([
        filter(these(DEADLY), SeccompAction::Allow, SeccompAction::KillProcess)?,
        filter(these(UNKNOWN), SeccompAction::Allow, SeccompAction::Errno(bits32(libc::ENOSYS)))?,
        filter(allowed(part)?, SeccompAction::Errno(bits32(libc::EPERM)), SeccompAction::Allow)?,
    ])
}

fn bits32(number: i32) -> u32 {
    number.cast_unsigned()
}

/// Confines the calling thread.
pub(super) fn confine(part: &Part) -> Result<(), String> {
    let refused = |error: &dyn std::fmt::Display| format!("Seccomp does not confine it: {error}.");
    let filters = filters(part).map_err(|error| refused(&error))?;
    // The last one does not let another follow.
    filters.iter().try_for_each(|filter| apply_filter(filter)).map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const PARTS: [Part; 5] =
        [Part::Collecting, Part::Serving(None), Part::Naming, Part::Listing, Part::Reading];

    fn mentions(part: &Part, call: c_long) -> bool {
        allowed(part).unwrap().0.contains_key(&call)
    }

    #[test]
    fn c30_no_part_has_what_only_harm_takes() {
        for part in PARTS {
            for call in DEADLY.iter().chain(&[
                libc::SYS_mount,
                libc::SYS_unshare,
                libc::SYS_capset,
                libc::SYS_setresuid,
                libc::SYS_unlinkat,
                libc::SYS_renameat2,
                libc::SYS_mkdirat,
                libc::SYS_ftruncate,
                libc::SYS_kill,
                libc::SYS_listen,
                libc::SYS_io_uring_setup,
                libc::SYS_perf_event_open,
                libc::SYS_seccomp,
            ]) {
                assert!(!mentions(&part, *call), "{part:?}: {call}");
            }
        }
    }

    #[test]
    fn c30_each_part_has_its_own_and_no_others() {
        let who = |call| PARTS.into_iter().filter(|part| mentions(part, call)).collect::<Vec<_>>();
        assert_eq!(who(libc::SYS_bpf), [Part::Collecting]);
        assert_eq!(who(libc::SYS_setns), [Part::Collecting]);
        assert_eq!(who(libc::SYS_accept4), [Part::Serving(None)]);
        assert_eq!(who(libc::SYS_connect), [Part::Collecting, Part::Naming, Part::Listing]);
        assert!(!mentions(&Part::Serving(None), libc::SYS_openat));
        assert!(mentions(&Part::Serving(Some(Path::new("/icons").into())), libc::SYS_openat));
    }

    #[test]
    fn c30_every_part_has_a_filter_that_the_kernel_takes() {
        /// `BPF_MAXINSNS`.
        const LONGEST: usize = 4096;
        for part in PARTS {
            for filter in filters(&part).unwrap() {
                assert!(!filter.is_empty() && filter.len() < LONGEST, "{part:?}");
            }
        }
    }
}
