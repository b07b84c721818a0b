//! What this machine and this user's rights allow.
#![allow(unsafe_code, reason = "the machine's name and version are told by foreign functions")]

use std::sync::Arc;

use procnet_core::text::MAX_NAME;
use procnet_core::{Capability, CapabilityState};
use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::System::SystemInformation::{
    ComputerNameDnsHostname, ComputerNameNetBIOS, GetComputerNameExW, OSVERSIONINFOW,
};

use super::buffer::Buffer;
use super::process::OpenedProcess;
use super::status::{agreed, succeeded};
use crate::HostFacts;
use crate::parse::windows::sid::{last_sub_authority, of_token_user};
use crate::parse::windows::text::utf16;

/// Longest name of a machine, in UTF-16 units: more than Windows allows.
const MAX_UNITS: usize = 512;

/// What this program may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    /// Its user's id: the last number of the security identifier.
    user: u32,
    /// It runs as an administrator.
    elevated: bool,
}

impl Rights {
    pub(super) fn probe() -> Self {
        let token = OpenedProcess::limited(std::process::id()).and_then(|own| own.token());
        let Ok(token) = token else { return Self { user: 0, elevated: false } };
        let mut buffer = Buffer::default();
        let user = token.user(&mut buffer).ok().and_then(|()| {
            of_token_user(buffer.bytes(), buffer.base()).and_then(last_sub_authority)
        });
        Self { user: user.unwrap_or_default(), elevated: token.is_elevated().unwrap_or(false) }
    }
}

/// Facts about the machine for people.
pub fn host_facts() -> HostFacts {
    let rights = Rights::probe();
    HostFacts {
        hostname: name(ComputerNameDnsHostname).map(|name| name.to_string()).unwrap_or_default(),
        os: "Windows".to_owned(),
        kernel: version().unwrap_or_default(),
        uid: rights.user,
        capabilities: None,
        privileged: rights.elevated,
    }
}

/// The machine's name as domain of its own accounts.
pub(super) fn machine_name() -> Option<Arc<str>> {
    name(ComputerNameNetBIOS)
}

fn name(format: i32) -> Option<Arc<str>> {
    let mut name = [0_u16; MAX_UNITS];
    let mut units = MAX_UNITS as u32;
    // SAFETY: `name` may be written to, no further than `units` says, which may be written to.
    agreed(unsafe { GetComputerNameExW(format, name.as_mut_ptr(), &raw mut units) }).ok()?;
    let bytes: Vec<u8> =
        name.iter().take(units as usize).flat_map(|unit| unit.to_le_bytes()).collect();
    Some(utf16(&bytes, MAX_NAME))
}

/// Windows' version: `10.0.22631`.
fn version() -> Option<String> {
    let mut version = OSVERSIONINFOW {
        dwOSVersionInfoSize: size_of::<OSVERSIONINFOW>() as u32,
        ..OSVERSIONINFOW::default()
    };
    // SAFETY: `version` may be written to and says how long it is.
    succeeded(unsafe { RtlGetVersion(&raw mut version) }).ok()?;
    let OSVERSIONINFOW {
        dwMajorVersion: major, dwMinorVersion: minor, dwBuildNumber: build, ..
    } = version;
    Some(format!("{major}.{minor}.{build}"))
}

/// What a scanner with these rights can see.
pub(super) fn capabilities(rights: &Rights) -> Arc<[Capability]> {
    let full = |id, title, reason: &str| Capability {
        id,
        title,
        state: CapabilityState::Full,
        reason: Arc::from(reason),
        remedy: None,
    };
    let partial = |id, title, reason| Capability {
        state: CapabilityState::Partial,
        ..full(id, title, reason)
    };
    let missing = |id, title, reason| Capability {
        state: CapabilityState::Missing,
        ..full(id, title, reason)
    };
    let details = if rights.elevated {
        partial(
            "process-details",
            "What processes are",
            "Name, executable, command line, user, parent and services of nearly every process. \
             Protected processes tell only their names, even to an administrator.",
        )
    } else {
        Capability {
            remedy: Some(Arc::from("run procnet as administrator")),
            ..partial(
                "process-details",
                "What processes are",
                "Name and parent of every process; the executables, command lines and users of \
                 other users' processes, services above all, are for administrators to see.",
            )
        }
    };
    Arc::from([
        full(
            "socket-list",
            "All sockets",
            "Windows lists TCP and UDP sockets, IPv4 and IPv6, to every user.",
        ),
        full(
            "socket-owners",
            "The processes behind sockets",
            "Windows names the process of each socket. It names one, though several may share it.",
        ),
        details,
        missing(
            "kernel-events",
            "Events from the kernel",
            "They come from an event tracing session (ETW), and this program only scans.",
        ),
        missing(
            "tcp-counters",
            "Bytes, round-trip times and retransmits of TCP",
            "Windows' tables have no counters; bytes and retransmits come with events.",
        ),
        missing(
            "udp-peers",
            "Peers of UDP sockets",
            "Windows' tables name no peers of UDP sockets, not even of connected ones; events do.",
        ),
        missing(
            "remote-names",
            "Names of remotes",
            "Windows tells the names that programs ask for only to an event tracing session.",
        ),
        missing("unix-sockets", "UNIX sockets", "Windows has some, but no list of them."),
        partial(
            "short-lived",
            "Short-lived connections and processes",
            "Scanning misses what opens and closes between two scans.",
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_no_administrator_is_told_to_be_one() {
        for elevated in [false, true] {
            let told = capabilities(&Rights { user: 1001, elevated });
            let remedies = told.iter().filter(|capability| capability.remedy.is_some()).count();
            assert_eq!(remedies, usize::from(!elevated));
            let ids: Vec<_> = told.iter().map(|capability| capability.id).collect();
            assert_eq!(
                ids,
                [
                    "socket-list",
                    "socket-owners",
                    "process-details",
                    "kernel-events",
                    "tcp-counters",
                    "udp-peers",
                    "remote-names",
                    "unix-sockets",
                    "short-lived"
                ]
            );
        }
    }

    #[test]
    fn this_machine_has_a_name_and_a_version() {
        let facts = host_facts();
        assert!(!facts.hostname.is_empty() && machine_name().is_some());
        assert_eq!(facts.kernel.split('.').count(), 3, "{}", facts.kernel);
        assert_eq!((facts.os.as_str(), facts.capabilities), ("Windows", None));
    }
}
