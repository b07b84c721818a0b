//! What can be seen of a Mac, and why not all.

use std::sync::Arc;

use procnet_core::{Capability, CapabilityState};

/// What was found out about this machine and this user's rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// The tables of sockets can be read.
    pub(super) tables: bool,
    /// All processes may be looked into.
    pub(super) root: bool,
    /// The network statistics tell of events; or why they don't.
    pub(super) events: Result<(), Arc<str>>,
}

const AS_ROOT: &str = "sudo procnet";

pub(super) fn capabilities(sight: &Sight) -> Arc<[Capability]> {
    let told = |id, title, state, reason: &str, remedy: Option<&str>| Capability {
        id,
        title,
        state,
        reason: Arc::from(reason),
        remedy: remedy.map(Arc::from),
    };
    let full = |id, title, reason| told(id, title, CapabilityState::Full, reason, None);
    let for_root = (!sight.root).then_some(AS_ROOT);
    let partial = |id, title, reason| told(id, title, CapabilityState::Partial, reason, for_root);
    let missing = |id, title, reason: &str| told(id, title, CapabilityState::Missing, reason, None);
    let events = sight.events.is_ok();
    let list = match (sight.tables, events) {
        (true, _) => {
            full("socket-list", "All sockets", "macOS lists TCP and UDP sockets, IPv4 and IPv6.")
        }
        (false, true) => partial(
            "socket-list",
            "All sockets",
            "The tables of sockets can't be read; the network statistics tell of sockets, and \
             descriptors of those of the processes that may be looked into.",
        ),
        (false, false) => partial(
            "socket-list",
            "All sockets",
            "The tables of sockets can't be read; only the sockets of processes that may be \
             looked into are seen.",
        ),
    };
    let owners = if sight.root {
        full(
            "socket-owners",
            "The processes behind sockets",
            "macOS names the process that used a socket last, and the descriptors of all \
             processes say who else holds it.",
        )
    } else {
        partial(
            "socket-owners",
            "The processes behind sockets",
            "macOS names the process that used a socket last; who else holds it is seen only of \
             one's own processes.",
        )
    };
    let details = if sight.root {
        full(
            "process-details",
            "What processes are",
            "Name, executable, command line, user and parent of every process.",
        )
    } else {
        partial(
            "process-details",
            "What processes are",
            "Name, executable, user and parent of every process; command lines only of one's own.",
        )
    };
    let (kernel, counters, short) = match &sight.events {
        Ok(()) => (
            full(
                "kernel-events",
                "Events from the kernel",
                "The network statistics tell of sockets as they come and go.",
            ),
            full(
                "tcp-counters",
                "Bytes, round-trip times and retransmits of TCP",
                "The network statistics count, once a second; retransmits they don't tell.",
            ),
            told(
                "short-lived",
                "Short-lived connections and processes",
                CapabilityState::Partial,
                "Connections are told however short; processes only if a look finds them.",
                None,
            ),
        ),
        Err(why) => (
            missing("kernel-events", "Events from the kernel", why),
            told(
                "tcp-counters",
                "Bytes, round-trip times and retransmits of TCP",
                if sight.tables { CapabilityState::Partial } else { CapabilityState::Missing },
                "The tables of sockets have bytes, and neither round-trip times nor retransmits.",
                None,
            ),
            told(
                "short-lived",
                "Short-lived connections and processes",
                CapabilityState::Partial,
                "Scanning misses what opens and closes between two scans.",
                None,
            ),
        ),
    };
    Arc::from([
        list,
        owners,
        details,
        kernel,
        counters,
        missing(
            "udp-peers",
            "Peers of UDP sockets",
            "macOS names the peer of a connected UDP socket only.",
        ),
        missing("unix-sockets", "UNIX sockets", "This version does not read them on macOS."),
        short,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_not_root_is_told_to_be_root() {
        for (tables, root, events) in
            [(true, true, true), (true, false, true), (false, false, false), (false, true, false)]
        {
            let events = if events { Ok(()) } else { Err(Arc::from("refused")) };
            let told = capabilities(&Sight { tables, root, events: events.clone() });
            assert_eq!(told.iter().any(|it| it.remedy.is_some()), !root);
            let kernel = told.iter().find(|it| it.id == "kernel-events").unwrap();
            assert_eq!(kernel.state == CapabilityState::Full, events.is_ok());
            assert!(events.is_ok() || &*kernel.reason == "refused");
            let list = told.iter().find(|it| it.id == "socket-list").unwrap();
            assert_eq!(list.state == CapabilityState::Full, tables);
        }
    }
}
