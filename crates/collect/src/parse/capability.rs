//! The names of Linux' capabilities, by number (`include/uapi/linux/capability.h`).

/// `CAP_DAC_READ_SEARCH`: read every file and search every directory.
pub const DAC_READ_SEARCH: u32 = 2;
/// `CAP_NET_ADMIN`: attach programs to control groups' network hooks, among much else.
pub const NET_ADMIN: u32 = 12;
/// `CAP_PERFMON`: watch the kernel.
pub const PERFMON: u32 = 38;
/// `CAP_BPF`: load programs into the kernel.
pub const BPF: u32 = 39;
/// `CAP_SYS_PTRACE`: look into every process.
pub const SYS_PTRACE: u32 = 19;
/// `CAP_SYS_ADMIN`: enter other namespaces, among much else.
pub const SYS_ADMIN: u32 = 21;

/// How many there are.
pub const COUNT: u32 = 41;

const NAMES: [&str; COUNT as usize] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// The names of the capabilities in a mask such as `CapEff` of `/proc/self/status`.
pub fn names(mask: u64) -> Vec<&'static str> {
    NAMES
        .iter()
        .enumerate()
        .filter(|&(number, _)| mask >> number & 1 == 1)
        .map(|(_, name)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_agree() {
        let mask = 1 << DAC_READ_SEARCH | 1 << SYS_PTRACE | 1 << SYS_ADMIN;
        assert_eq!(names(mask), ["cap_dac_read_search", "cap_sys_ptrace", "cap_sys_admin"]);
        assert_eq!(names(u64::MAX).len(), 41);
        assert!(names(0).is_empty());
    }
}
