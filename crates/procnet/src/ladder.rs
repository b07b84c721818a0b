//! The ladder of privilege: by what means this machine is looked at, what is missing for more, and
//! what that costs.

use procnet_collect::{CollectorKind, HostFacts};
use serde::Serialize;

/// Something that capabilities would add.
struct Step {
    /// All of them are needed.
    capabilities: &'static [&'static str],
    /// `cap_sys_admin` is as good.
    or_admin: bool,
    /// Only kernel events need it.
    for_events: bool,
    cost: &'static str,
}

const STEPS: [Step; 4] = [
    Step {
        capabilities: &["cap_bpf", "cap_perfmon"],
        or_admin: true,
        for_events: true,
        cost: "no kernel events: what opens and closes between two scans is never seen, and \
               unconnected UDP sockets have no peers",
    },
    Step {
        capabilities: &["cap_net_admin"],
        or_admin: true,
        for_events: true,
        cost: "who accepts a connection is known only once it carries something, and the end of \
               a UDP socket is noticed late",
    },
    Step {
        capabilities: &["cap_sys_ptrace", "cap_dac_read_search"],
        or_admin: false,
        for_events: false,
        cost: "other users' sockets that no event told of show a user, but no process",
    },
    Step {
        capabilities: &["cap_sys_admin"],
        or_admin: false,
        for_events: false,
        cost: "the sockets of containers and other network namespaces that no event told of are \
               read through /proc, without counters",
    },
];

/// Where this run stands.
#[derive(Debug, Serialize)]
pub(crate) struct Rung {
    /// `bpf` or `scan`.
    pub(crate) collector: &'static str,
    /// In plain words.
    pub(crate) told: &'static str,
    /// What is missing for more.
    pub(crate) missing: Vec<Missing>,
}

/// Capabilities that are not there.
#[derive(Debug, Serialize)]
pub(crate) struct Missing {
    pub(crate) capabilities: Vec<&'static str>,
    /// What that costs.
    pub(crate) cost: &'static str,
}

impl Rung {
    /// Of a collector that was asked to be of one kind and is of another.
    pub(crate) fn of(host: &HostFacts, asked: CollectorKind, is: CollectorKind) -> Self {
        let Some(capabilities) = &host.capabilities else {
            // Nothing but scanning is there to be had.
            return Self { collector: "scan", told: "by scanning", missing: Vec::new() };
        };
        let has = |capability: &str| capabilities.contains(&capability);
        let missing: Vec<Missing> = STEPS
            .iter()
            .filter(|step| asked != CollectorKind::Scan || !step.for_events)
            .filter(|step| !(step.or_admin && has("cap_sys_admin")))
            .filter_map(|step| {
                let lacking: Vec<&'static str> =
                    step.capabilities.iter().copied().filter(|name| !has(name)).collect();
                let cost = step.cost;
                (!lacking.is_empty()).then_some(Missing { capabilities: lacking, cost })
            })
            .collect();
        let events = is == CollectorKind::Events;
        let told = match (events, asked, missing.is_empty()) {
            (true, _, true) => "by kernel events, with every capability that helps",
            (true, _, false) => "by kernel events, with less than every capability",
            (false, CollectorKind::Scan, _) => "by scanning, for that was asked for",
            (false, _, true) => "by scanning, for this kernel tells no events",
            (false, _, false) => "by scanning, with less than every capability",
        };
        Self { collector: if events { "bpf" } else { "scan" }, told, missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(capabilities: &[&'static str], asked: CollectorKind, is: CollectorKind) -> Rung {
        let host = HostFacts {
            hostname: String::new(),
            os: String::new(),
            kernel: String::new(),
            uid: 1000,
            capabilities: Some(capabilities.to_vec()),
            privileged: false,
        };
        Rung::of(&host, asked, is)
    }

    fn lacks(rung: &Rung) -> Vec<&'static str> {
        rung.missing.iter().flat_map(|missing| missing.capabilities.iter().copied()).collect()
    }

    #[test]
    fn each_rung_names_what_it_lacks() {
        use CollectorKind::{Auto, Events, Scan};
        let none = rung(&[], Auto, Scan);
        assert_eq!((none.collector, none.missing.len()), ("scan", STEPS.len()));
        let some = rung(&["cap_bpf", "cap_perfmon"], Auto, Events);
        assert_eq!(
            lacks(&some),
            ["cap_net_admin", "cap_sys_ptrace", "cap_dac_read_search", "cap_sys_admin"]
        );
        let scanning = rung(&["cap_sys_ptrace"], Scan, Scan);
        assert_eq!(lacks(&scanning), ["cap_dac_read_search", "cap_sys_admin"]);
        let all = ["cap_sys_ptrace", "cap_dac_read_search", "cap_sys_admin"];
        assert!(lacks(&rung(&all, Auto, Events)).is_empty(), "cap_sys_admin is as good");
        assert!(rung(&all, Auto, Scan).told.contains("this kernel tells no events"));
    }

    #[test]
    fn without_capabilities_there_is_no_ladder() {
        let host = HostFacts {
            hostname: String::new(),
            os: "Windows".to_owned(),
            kernel: String::new(),
            uid: 1001,
            capabilities: None,
            privileged: false,
        };
        let only = Rung::of(&host, CollectorKind::Auto, CollectorKind::Scan);
        assert_eq!((only.collector, only.told, only.missing.len()), ("scan", "by scanning", 0));
    }
}
