//! What this machine, kernel and privilege allow: found out by trying.

use std::path::Path;
use std::sync::Arc;

use procnet_core::{Capability, CapabilityState};
use rustix::io::Errno;

use super::procfs::{Procfs, Reader};
use crate::HostFacts;
use crate::parse::capability::{DAC_READ_SEARCH, SYS_ADMIN, SYS_PTRACE, names};
use crate::parse::process;

/// Processes that are tried, at most, in finding out what may be read of others.
const MAX_PROBES: usize = 4096;
/// The first kernel that counts a TCP socket's bytes (`tcpi_bytes_acked`).
const COUNTERS_SINCE: (u32, u32) = (4, 1);

/// What this program may read of processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) uid: u32,
    /// The mask of effective capabilities.
    pub(super) effective: u64,
    /// Every process' descriptors can be read.
    pub(super) descriptors: bool,
    /// `/proc` is mounted so that others' processes are not listed (`hidepid`).
    pub(super) hidden_processes: bool,
}

impl Rights {
    pub(super) fn probe(procfs: &Procfs, reader: &mut Reader) -> Self {
        let effective = procfs
            .own()
            .and_then(|own| own.file(c"status", 8192, reader).map(process::effective_capabilities))
            .ok()
            .flatten()
            .unwrap_or(0);
        // Every pid namespace has a process 1.
        let hidden_processes = procfs.stat(1, reader).is_err();
        Self {
            uid: rustix::process::geteuid().as_raw(),
            effective,
            descriptors: !hidden_processes && reads_all_descriptors(procfs, reader),
            hidden_processes,
        }
    }

    /// Other users' descriptors can be read, though single processes may be protected further.
    pub(super) fn privileged(&self) -> bool {
        self.descriptors || (self.has(SYS_PTRACE) && self.has(DAC_READ_SEARCH))
    }

    pub(super) fn has(&self, capability: u32) -> bool {
        self.effective >> capability & 1 == 1
    }
}

/// Tries all processes until one refuses: user namespaces and security modules can refuse what
/// the capabilities seem to grant.
fn reads_all_descriptors(procfs: &Procfs, reader: &mut Reader) -> bool {
    let mut pids = Vec::new();
    if procfs.pids(reader, &mut pids).is_err() {
        return false;
    }
    pids.into_iter().take(MAX_PROBES).all(|pid| {
        let Ok(directory) = procfs.process(pid) else { return true };
        let refused = |error| matches!(error, Errno::ACCESS | Errno::PERM);
        // The namespace link asks for the same right as the descriptors' links.
        !directory.netns(reader).is_err_and(refused)
            && !directory.opens_descriptors().is_err_and(refused)
    })
}

/// Facts about the machine for people: hostname, kernel, and what this program may do there.
pub fn host_facts() -> HostFacts {
    let system = rustix::system::uname();
    let text = |value: &std::ffi::CStr| value.to_string_lossy().into_owned();
    let mut reader = Reader::new();
    let rights =
        Procfs::open(Path::new("/proc")).ok().map(|procfs| Rights::probe(&procfs, &mut reader));
    HostFacts {
        hostname: text(system.nodename()),
        os: text(system.sysname()),
        kernel: text(system.release()),
        uid: rustix::process::geteuid().as_raw(),
        capabilities: Some(rights.map(|rights| names(rights.effective)).unwrap_or_default()),
        privileged: rights.is_some_and(|rights| rights.privileged()),
    }
}

/// What a scanner with these rights can see.
pub(super) fn capabilities(
    rights: &Rights,
    has_diag: bool,
    has_unix_diag: bool,
    may_enter: bool,
) -> Arc<[Capability]> {
    let remedy = remedy(rights);
    let when_refused = |refused: bool| if refused { remedy.clone() } else { None };
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let counts = has_diag && kernel_version(&release).is_none_or(|v| v >= COUNTERS_SINCE);
    Arc::from([
        Capability {
            id: "socket-list",
            title: "All sockets",
            state: if has_diag { CapabilityState::Full } else { CapabilityState::Partial },
            reason: Arc::from(if has_diag {
                "The kernel lists TCP and UDP sockets over netlink (sock_diag)."
            } else {
                "The kernel offers no sock_diag for some sockets; /proc/net is read instead, \
                 which is slower and tells no counters."
            }),
            remedy: None,
        },
        Capability {
            id: "socket-owners",
            title: "The processes behind sockets",
            state: partial_unless(rights.descriptors),
            reason: Arc::from(descriptors_reason(rights)),
            remedy: when_refused(!rights.descriptors),
        },
        Capability {
            id: "network-namespaces",
            title: "Containers and other network namespaces",
            state: partial_unless(may_enter && rights.descriptors),
            reason: Arc::from(match (may_enter, rights.descriptors) {
                (true, true) => "Every network namespace that a process lives in is read.",
                (true, false) => {
                    "Namespaces can be entered, but those of some processes are refused; they \
                     are read through /proc/PID/net, which tells no counters."
                }
                (false, _) => {
                    "Entering a network namespace needs cap_sys_admin; without it, others are \
                     read through /proc/PID/net, which tells no counters."
                }
            }),
            remedy: when_refused(!(may_enter && rights.descriptors)),
        },
        Capability {
            id: "process-details",
            title: "What processes are",
            state: partial_unless(rights.descriptors),
            reason: Arc::from(if rights.hidden_processes {
                "/proc is mounted with hidepid: other users' processes are not listed."
            } else if rights.descriptors {
                "Name, executable, arguments, user, parent and control group of every process."
            } else {
                "The executables of some processes cannot be read; all else about them can."
            }),
            remedy: when_refused(!rights.descriptors),
        },
        Capability {
            id: "tcp-counters",
            title: "Bytes, round-trip times and retransmits of TCP",
            state: if counts { CapabilityState::Full } else { CapabilityState::Missing },
            reason: Arc::from(if counts {
                "The kernel counts them for each socket."
            } else {
                "This needs sock_diag and a kernel of at least version 4.1."
            }),
            remedy: None,
        },
        Capability {
            id: "udp-peers",
            title: "Peers of UDP sockets",
            state: CapabilityState::Partial,
            reason: Arc::from(
                "Scanning sees only the peers of connected UDP sockets, and no UDP byte counts.",
            ),
            remedy: None,
        },
        Capability {
            id: "unix-sockets",
            title: "UNIX sockets",
            state: if has_unix_diag { CapabilityState::Full } else { CapabilityState::Partial },
            reason: Arc::from(if has_unix_diag {
                "The kernel lists them with their peers, but counts none of their bytes. They are \
                 read while somebody asks for them."
            } else {
                "The kernel offers no sock_diag for them (CONFIG_UNIX_DIAG); /proc/net/unix is read \
                 instead, which names no peers: listeners are shown, connections are not."
            }),
            remedy: None,
        },
        Capability {
            id: "short-lived",
            title: "Short-lived connections and processes",
            state: CapabilityState::Partial,
            reason: Arc::from("Scanning misses what opens and closes between two scans."),
            remedy: None,
        },
    ])
}

const fn partial_unless(full: bool) -> CapabilityState {
    if full { CapabilityState::Full } else { CapabilityState::Partial }
}

fn descriptors_reason(rights: &Rights) -> String {
    if rights.hidden_processes {
        return "/proc is mounted with hidepid: only the own processes' sockets get an owner."
            .to_owned();
    }
    if rights.descriptors {
        return "The descriptors of every process can be read.".to_owned();
    }
    let missing: Vec<&str> = [SYS_PTRACE, DAC_READ_SEARCH]
        .into_iter()
        .filter(|capability| !rights.has(*capability))
        .flat_map(|capability| names(1 << capability))
        .collect();
    if missing.is_empty() {
        "Some processes refuse to have their descriptors read, in spite of the capabilities: they \
         belong to another user namespace, or a security module protects them."
            .to_owned()
    } else {
        format!(
            "Reading other users' descriptors needs {}; without it their sockets show only a user.",
            missing.join(" and ")
        )
    }
}

/// The command that grants what is missing, where there is something to grant.
fn remedy(rights: &Rights) -> Option<Arc<str>> {
    let wanted = [SYS_PTRACE, DAC_READ_SEARCH, SYS_ADMIN];
    if wanted.into_iter().all(|capability| rights.has(capability)) {
        return None;
    }
    setcap(&[])
}

/// The command that grants the program `more` capabilities besides those that scanning needs: it
/// replaces what was granted before.
pub(super) fn setcap(more: &[u32]) -> Option<Arc<str>> {
    let wanted = [SYS_PTRACE, DAC_READ_SEARCH, SYS_ADMIN];
    let wanted = wanted.iter().chain(more);
    let list: Vec<&str> = wanted.flat_map(|number| names(1 << number)).collect();
    let program = std::env::current_exe().ok()?;
    let program = quoted(&program.to_string_lossy());
    Some(Arc::from(format!("sudo setcap {}+ep {program}", list.join(","))))
}

/// As one word of a shell command.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Major and minor number of a release such as `6.1.0-18-amd64`.
fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u64 = 1 << SYS_PTRACE | 1 << DAC_READ_SEARCH | 1 << SYS_ADMIN;

    fn rights(effective: u64, descriptors: bool) -> Rights {
        Rights { uid: 1000, effective, descriptors, hidden_processes: false }
    }

    #[test]
    fn ids_are_stable() {
        let told = capabilities(&rights(ALL, true), true, true, true);
        let ids: Vec<_> = told.iter().map(|capability| capability.id).collect();
        assert_eq!(
            ids,
            [
                "socket-list",
                "socket-owners",
                "network-namespaces",
                "process-details",
                "tcp-counters",
                "udp-peers",
                "unix-sockets",
                "short-lived"
            ]
        );
        assert!(
            told.iter().take(5).all(|c| c.state == CapabilityState::Full && c.remedy.is_none())
        );
    }

    #[test]
    fn a_plain_user_is_told_the_command() {
        let told = capabilities(&rights(0, false), true, true, false);
        let owners = told.iter().find(|capability| capability.id == "socket-owners").unwrap();
        assert_eq!(owners.state, CapabilityState::Partial);
        assert!(owners.reason.contains("cap_sys_ptrace and cap_dac_read_search"));
        let remedy = owners.remedy.as_deref().unwrap();
        assert!(
            remedy.starts_with("sudo setcap cap_sys_ptrace,cap_dac_read_search,cap_sys_admin+ep ")
        );
    }

    #[test]
    fn a_path_with_spaces_is_one_word() {
        assert_eq!(quoted("/opt/my tools/it's"), r"'/opt/my tools/it'\''s'");
        assert_eq!(quoted("/usr/bin/procnet"), "/usr/bin/procnet");
    }

    #[test]
    fn kernel_releases() {
        assert_eq!(kernel_version("6.1.0-18-amd64"), Some((6, 1)));
        assert_eq!(kernel_version("4.0"), Some((4, 0)));
        assert_eq!(kernel_version("unknown"), None);
    }
}
