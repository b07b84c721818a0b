//! What kernel events add to what can be seen, or why there are none.

use std::sync::Arc;

use procnet_core::{Capability, CapabilityState};

use super::programs::{LoadError, Parts};
use crate::parse::capability::{BPF, NET_ADMIN, PERFMON, SYS_ADMIN, names};
use crate::platform::host::{Rights, setcap};

/// What is needed to load any program; `cap_sys_admin` is as good.
const LOADING: [u32; 2] = [BPF, PERFMON];
/// What is needed for all of it.
const WANTED: [u32; 3] = [BPF, PERFMON, NET_ADMIN];

/// What a scanner that also hears of events can see.
pub(super) fn with_events(
    scanning: &[Capability],
    parts: Parts,
    udp: bool,
    rights: &Rights,
) -> Arc<[Capability]> {
    let mut told: Vec<Capability> = scanning.to_vec();
    let mut missing = Vec::new();
    for (there, what) in [
        (parts.processes(), "processes that live shorter than a snapshot's interval"),
        (parts.use_of_sockets(), "whom a socket is handed to"),
        (parts.accepts(), "who accepts a connection that carries nothing"),
        (parts.udp() || !udp, "UDP sockets that live shorter than a snapshot's interval"),
        (parts.udp_peers() || !udp, "the peers of UDP sockets that are not connected"),
        (parts.counters(), "what they carry before a snapshot finds out"),
        (parts.inheritance(), "sockets that a child inherits before it uses them"),
    ] {
        if !there {
            missing.push(what);
        }
    }
    let reason = if missing.is_empty() {
        "The kernel tells of connections and processes as they open and close.".to_owned()
    } else {
        format!(
            "The kernel tells of connections as they open and close, but not of {}.",
            missing.join(", nor of ")
        )
    };
    let complete = missing.is_empty();
    told.push(Capability {
        id: "kernel-events",
        title: "Events from the kernel",
        state: if complete { CapabilityState::Full } else { CapabilityState::Partial },
        reason: Arc::from(reason),
        remedy: if complete { None } else { remedy(rights) },
    });
    unite_remedies(&mut told);
    for capability in &mut told {
        match capability.id {
            "short-lived" if parts.processes() => {
                capability.state = CapabilityState::Full;
                capability.reason =
                    Arc::from("The kernel tells of every TCP connection and every process.");
            }
            "short-lived" => {
                capability.reason = Arc::from(
                    "The kernel tells of every TCP connection, but not of processes that live \
                     shorter than a snapshot's interval.",
                );
            }
            "udp-peers" if parts.udp_peers() => {
                capability.state = CapabilityState::Full;
                capability.reason = Arc::from(
                    "The kernel tells whom each UDP socket sends to and receives from, connected or \
                     not, with packets and bytes.",
                );
            }
            "udp-peers" if parts.udp() => {
                capability.reason = Arc::from(
                    "The kernel tells of UDP sockets and their bytes; peers are known only of \
                     connected ones.",
                );
            }
            _ => {}
        }
    }
    told.into()
}

/// What a scanner can see where there are no events.
pub(super) fn without_events(
    scanning: &[Capability],
    error: &LoadError,
    rights: &Rights,
) -> Arc<[Capability]> {
    let reason = format!("Sockets are scanned instead: {}.", why_not(error, rights));
    let mut told: Vec<Capability> = scanning.to_vec();
    told.push(Capability {
        id: "kernel-events",
        title: "Events from the kernel",
        state: CapabilityState::Missing,
        reason: Arc::from(reason),
        remedy: remedy(rights),
    });
    unite_remedies(&mut told);
    told.into()
}

/// Why there are no events, in terms of what could be granted, where that is the reason.
pub(in crate::platform) fn why_not(error: &LoadError, rights: &Rights) -> String {
    let missing: Vec<&str> = LOADING
        .into_iter()
        .filter(|capability| !rights.has(*capability) && !rights.has(SYS_ADMIN))
        .flat_map(|capability| names(1 << capability))
        .collect();
    match error {
        LoadError::Maps(_) | LoadError::Tcp(_) if !missing.is_empty() => {
            format!("hearing of events needs {}", missing.join(" and "))
        }
        error => error.to_string(),
    }
}

/// One command that grants everything, for the next one would take away what the last one granted.
fn unite_remedies(told: &mut [Capability]) {
    for capability in told.iter_mut().filter(|capability| capability.remedy.is_some()) {
        capability.remedy = setcap(&WANTED);
    }
}

/// The command that grants what is missing, where that is a capability.
fn remedy(rights: &Rights) -> Option<Arc<str>> {
    WANTED.iter().any(|capability| !rights.has(*capability)).then(|| setcap(&WANTED)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(effective: u64) -> Rights {
        Rights { uid: 1000, effective, descriptors: true, hidden_processes: false }
    }

    #[test]
    fn without_events_the_reason_and_the_command_are_told() {
        let told = without_events(&[], &LoadError::Maps("EPERM".to_owned()), &rights(0));
        assert_eq!((told[0].id, told[0].state), ("kernel-events", CapabilityState::Missing));
        assert!(told[0].reason.contains("needs cap_bpf and cap_perfmon."));
        assert!(told[0].remedy.as_deref().unwrap().contains("cap_bpf"));
        let all = 1 << BPF | 1 << PERFMON | 1 << NET_ADMIN;
        let told = without_events(&[], &LoadError::BigEndian, &rights(all));
        assert_eq!(told[0].remedy, None, "no capability would help");
        let told = without_events(&[], &LoadError::Maps("EPERM".to_owned()), &rights(all));
        assert!(told[0].reason.contains("EPERM"), "it is something else");
    }

    #[test]
    fn one_command_grants_what_scanning_and_events_need() {
        let scanning = Capability {
            id: "socket-owners",
            title: "The processes behind sockets",
            state: CapabilityState::Partial,
            reason: Arc::from("hidden"),
            remedy: setcap(&[]),
        };
        let told = without_events(&[scanning], &LoadError::Maps(String::new()), &rights(0));
        assert_eq!(told[0].remedy, told[1].remedy);
        assert!(told[0].remedy.as_deref().unwrap().contains("cap_sys_ptrace"));
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let told = with_events(&[], Parts::default(), true, &rights(1 << BPF | 1 << PERFMON));
        assert_eq!(told[0].state, CapabilityState::Partial);
        assert!(told[0].reason.contains("accepts a connection"));
        assert!(told[0].remedy.as_deref().unwrap().contains("cap_net_admin"));
    }
}
