//! Facts about the Mac, for people.

use nix::sys::utsname::uname;
use nix::unistd::geteuid;

use crate::HostFacts;

/// Facts about the machine for people.
pub fn host_facts() -> HostFacts {
    let names = uname().ok();
    let text = |text: Option<&std::ffi::OsStr>| {
        text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
    };
    HostFacts {
        hostname: text(names.as_ref().map(|names| names.nodename())),
        os: "macOS".to_owned(),
        kernel: text(names.as_ref().map(|names| names.release())),
        uid: geteuid().as_raw(),
        capabilities: None,
        privileged: geteuid().is_root(),
    }
}
