//! What a session adds to what can be seen, or why there is none.

use std::sync::Arc;

use procnet_core::{Capability, CapabilityState};

use super::session::TraceError;
use crate::parse::windows::etw::Provider;

/// What can be seen with a session that lacks the events of these.
pub(super) fn with_session(scanning: &[Capability], lacks: &[Provider]) -> Arc<[Capability]> {
    let tells = |provider| !lacks.contains(&provider);
    let (network, processes) = (tells(Provider::KernelNetwork), tells(Provider::KernelProcess));
    let mut told = scanning.to_vec();
    for capability in &mut told {
        let (state, reason) = match capability.id {
            "kernel-events" => match (network, processes) {
                (true, true) => (
                    CapabilityState::Full,
                    "An event tracing session (ETW) tells of connections, datagrams and processes \
                     as they come and go.",
                ),
                (true, false) => (
                    CapabilityState::Partial,
                    "An event tracing session (ETW) tells of connections and datagrams, but \
                     Windows refuses it the events of processes.",
                ),
                _ => (
                    CapabilityState::Partial,
                    "An event tracing session (ETW) tells of processes, but Windows refuses it the \
                     events of the network.",
                ),
            },
            "tcp-counters" if network => (
                CapabilityState::Partial,
                "Bytes each way and retransmits of each connection since the session began; no \
                 round-trip times.",
            ),
            "remote-names" if tells(Provider::DnsClient) => (
                CapabilityState::Full,
                "The names that programs ask Windows' resolver for. Those with a resolver of their \
                 own, as some browsers have, show addresses.",
            ),
            "udp-peers" if network => (
                CapabilityState::Full,
                "Whom each UDP socket sends to and receives from, with packets and bytes.",
            ),
            "short-lived" => match (network, processes) {
                (true, true) => (
                    CapabilityState::Full,
                    "Every TCP connection and every process is told of, however short its life. \
                     Listeners and UDP sockets that exchange nothing show at the next look.",
                ),
                (true, false) => (
                    CapabilityState::Partial,
                    "Every TCP connection is told of, but processes that live shorter than the \
                     interval are missed.",
                ),
                _ => continue,
            },
            _ => continue,
        };
        (capability.state, capability.reason, capability.remedy) = (state, Arc::from(reason), None);
    }
    told.into()
}

/// What can be seen without one.
pub(super) fn without_session(scanning: &[Capability], error: &TraceError) -> Arc<[Capability]> {
    let mut told = scanning.to_vec();
    for capability in told.iter_mut().filter(|known| known.id == "kernel-events") {
        capability.state = CapabilityState::Missing;
        capability.reason = Arc::from(format!("Sockets are scanned instead: {error}."));
        capability.remedy = error.remedy().map(Arc::from);
    }
    told.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanning() -> Vec<Capability> {
        let missing = |id| Capability {
            id,
            title: "Title",
            state: CapabilityState::Missing,
            reason: Arc::from("Scanning does not tell."),
            remedy: None,
        };
        ["socket-list", "kernel-events", "tcp-counters", "udp-peers", "short-lived"]
            .map(missing)
            .to_vec()
    }

    fn states(told: &[Capability]) -> Vec<&'static str> {
        told.iter().map(|capability| capability.state.as_str()).collect()
    }

    #[test]
    fn a_session_tells_more_and_what_it_lacks_is_named() {
        let told = with_session(&scanning(), &[]);
        assert_eq!(states(&told), ["missing", "full", "partial", "full", "full"]);
        let told = with_session(&scanning(), &[Provider::KernelProcess]);
        assert_eq!(states(&told), ["missing", "partial", "partial", "full", "partial"]);
        assert!(told[1].reason.contains("refuses it the events of processes"));
        let told = with_session(&scanning(), &[Provider::KernelNetwork]);
        assert_eq!(states(&told), ["missing", "partial", "missing", "missing", "missing"]);
    }

    #[test]
    fn without_one_the_reason_and_the_remedy_are_told() {
        let told = without_session(&scanning(), &TraceError::Denied);
        assert_eq!(states(&told), ["missing"; 5]);
        assert!(told[1].reason.contains("for administrators"), "{}", told[1].reason);
        assert!(told[1].remedy.as_deref().unwrap().contains("Performance Log Users"));
        assert!(told.iter().filter(|capability| capability.remedy.is_some()).count() == 1);
    }
}
