//! What this program may still do once it has started: what it goes on needing, and no more.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use crate::CollectorKind;
use crate::parse::capability::{BPF, COUNT, DAC_READ_SEARCH, SYS_ADMIN, SYS_PTRACE};

/// A capability that is kept, if there is one to keep.
struct Kept {
    capability: u32,
    /// Only kernel events need it.
    for_events: bool,
    /// What for; also told in the guide.
    #[cfg_attr(not(test), expect(dead_code, reason = "it justifies the entry, a test reads it"))]
    reason: &'static str,
}

/// Everything else is given up: what loading and attaching programs took (`cap_perfmon`,
/// `cap_net_admin`), what opening a low port took, and whatever else root has.
const KEPT: [Kept; 4] = [
    Kept {
        capability: SYS_PTRACE,
        for_events: false,
        reason: "reading the descriptors, executables and namespaces of others' processes",
    },
    Kept {
        capability: DAC_READ_SEARCH,
        for_events: false,
        reason: "searching others' folders in /proc, and reading the rule file when it changes",
    },
    Kept {
        capability: SYS_ADMIN,
        for_events: false,
        reason: "entering the network namespaces of containers as they appear",
    },
    Kept {
        capability: BPF,
        for_events: true,
        reason: "reading the maps of the programs in the kernel",
    },
];

fn kept(kind: CollectorKind) -> CapabilitySet {
    let events = kind != CollectorKind::Scan;
    let kept = KEPT.iter().filter(|kept| events || !kept.for_events);
    CapabilitySet::from_bits_retain(kept.fold(0, |mask, kept| mask | 1 << kept.capability))
}

/// Gives up, for this thread and all that it starts, every capability that a running collector of
/// that kind does not need, and the chance to gain any by starting another program. Call it once
/// the collector stands and before any other thread starts.
pub fn relinquish(kind: CollectorKind) -> std::io::Result<()> {
    let kept = kept(kind);
    let before = capabilities(None)?;
    if before.effective.contains(CapabilitySet::SETPCAP) {
        for number in 0..COUNT {
            let capability = CapabilitySet::from_bits_retain(1 << number);
            if kept.contains(capability) {
                continue;
            }
            match remove_capability_from_bounding_set(capability) {
                // A kernel that is older than the capability.
                Ok(()) | Err(Errno::INVAL) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    match clear_ambient_capability_set() {
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    set_no_new_privs(true)?;
    let permitted = before.permitted & kept;
    set_capabilities(
        None,
        CapabilitySets {
            effective: before.effective & permitted,
            permitted,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// Lets this program open as many descriptors as it may have at all, and says how many that is. A
/// shell's or a service manager's usual limit is for programs that might call select(2).
pub fn raise_descriptor_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where that is refused, fewer must do.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::capability::names;

    #[test]
    fn what_is_kept_has_a_reason_and_scanning_keeps_less() {
        assert!(KEPT.iter().all(|kept| kept.reason.len() > 20));
        let scanning = names(kept(CollectorKind::Scan).bits());
        assert_eq!(scanning, ["cap_dac_read_search", "cap_sys_ptrace", "cap_sys_admin"]);
        let events = names(kept(CollectorKind::Events).bits());
        assert_eq!(events[..3], scanning);
        assert_eq!(events[3..], ["cap_bpf"]);
    }
}
