//! Layouts against Apple's own public headers, which the compiler `zig` comes with: the one that
//! `cargo xtask targets` names, `zig` in the path, or `pip install ziglang`. The headers of socket
//! tables and network statistics are not public.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use super::process::{
    ENDED, NAME, NAME_LENGTH, PARENT, PID, ROW_LENGTH, STARTED_MICROSECONDS, STARTED_SECONDS,
    STATE, UID,
};
use super::socket_info::{
    DESCRIPTOR_LENGTH, ENDS, ENDS_LAYOUT, HANDLE, INTERNET, KIND, PROTOCOL, SOCKET,
    SOCKET_DESCRIPTOR, SOCKET_INFO_LENGTH, TCP, TCP_STATE,
};
use super::{CARRIES_IPV4, CARRIES_IPV6};

/// A command line that compiles C, if there is one.
fn compiler() -> Option<Vec<OsString>> {
    // Whoever names one insists on it.
    if let Some(named) = std::env::var_os("PROCNET_ZIG") {
        return Some(vec![named]);
    }
    let candidates: [&[&str]; 2] = [&["zig"], &["python3", "-m", "ziglang"]];
    candidates.into_iter().find_map(|candidate| {
        let (program, arguments) = candidate.split_first()?;
        let found = Command::new(program).args(arguments).arg("version").output().ok()?;
        found.status.success().then(|| candidate.iter().map(OsString::from).collect())
    })
}

/// What is asserted, in C.
fn source() -> String {
    let mut source = String::from(
        "#include <stddef.h>\n#include <sys/socket.h>\n#include <netinet/in.h>\n\
         #include <sys/proc_info.h>\n\
         #include <sys/sysctl.h>\n#include <sys/proc.h>\n",
    );
    let mut equal = |ours: usize, theirs: &str| {
        writeln!(source, "_Static_assert(({theirs}) == {ours}, \"{theirs}\");")
            .expect("a string takes everything");
    };
    let field = |kind: &str, field: &str| format!("offsetof(struct {kind}, {field})");

    equal(SOCKET_INFO_LENGTH, "sizeof(struct socket_fdinfo)");
    equal(SOCKET, &field("socket_fdinfo", "psi"));
    equal(HANDLE - SOCKET, &field("socket_info", "soi_so"));
    equal(PROTOCOL - SOCKET, &field("socket_info", "soi_protocol"));
    equal(KIND - SOCKET, &field("socket_info", "soi_kind"));
    equal(ENDS - SOCKET, &field("socket_info", "soi_proto"));
    equal(ENDS_LAYOUT.remote_port - ENDS, &field("in_sockinfo", "insi_fport"));
    equal(ENDS_LAYOUT.local_port - ENDS, &field("in_sockinfo", "insi_lport"));
    equal(ENDS_LAYOUT.flags - ENDS, &field("in_sockinfo", "insi_vflag"));
    equal(ENDS_LAYOUT.remote - ENDS, &field("in_sockinfo", "insi_faddr"));
    equal(ENDS_LAYOUT.local - ENDS, &field("in_sockinfo", "insi_laddr"));
    equal(12, &field("in4in6_addr", "i46a_addr4"));
    equal(0, &field("tcp_sockinfo", "tcpsi_ini"));
    equal(TCP_STATE - ENDS, &field("tcp_sockinfo", "tcpsi_state"));
    equal(INTERNET as usize, "SOCKINFO_IN");
    equal(TCP as usize, "SOCKINFO_TCP");
    equal(usize::from(CARRIES_IPV4), "INI_IPV4");
    equal(usize::from(CARRIES_IPV6), "INI_IPV6");
    for (number, name) in [
        "TSI_S_CLOSED",
        "TSI_S_LISTEN",
        "TSI_S_SYN_SENT",
        "TSI_S_SYN_RECEIVED",
        "TSI_S_ESTABLISHED",
        "TSI_S__CLOSE_WAIT",
        "TSI_S_FIN_WAIT_1",
        "TSI_S_CLOSING",
        "TSI_S_LAST_ACK",
        "TSI_S_FIN_WAIT_2",
        "TSI_S_TIME_WAIT",
    ]
    .into_iter()
    .enumerate()
    {
        equal(number, name);
    }

    equal(ROW_LENGTH, "sizeof(struct kinfo_proc)");
    equal(STARTED_SECONDS, &field("kinfo_proc", "kp_proc.p_starttime.tv_sec"));
    equal(STARTED_MICROSECONDS, &field("kinfo_proc", "kp_proc.p_starttime.tv_usec"));
    equal(STATE, &field("kinfo_proc", "kp_proc.p_stat"));
    equal(PID, &field("kinfo_proc", "kp_proc.p_pid"));
    equal(NAME, &field("kinfo_proc", "kp_proc.p_comm"));
    equal(NAME_LENGTH, "sizeof(((struct kinfo_proc *)0)->kp_proc.p_comm)");
    equal(UID, &field("kinfo_proc", "kp_eproc.e_ucred.cr_uid"));
    equal(PARENT, &field("kinfo_proc", "kp_eproc.e_ppid"));
    equal(usize::from(ENDED), "SZOMB");

    equal(DESCRIPTOR_LENGTH, "sizeof(struct proc_fdinfo)");
    equal(0, &field("proc_fdinfo", "proc_fd"));
    equal(4, &field("proc_fdinfo", "proc_fdtype"));
    equal(SOCKET_DESCRIPTOR as usize, "PROX_FDTYPE_SOCKET");

    // The addresses within descriptions of the network statistics.
    equal(28, "sizeof(struct sockaddr_in6)");
    equal(2, &field("sockaddr_in", "sin_port"));
    equal(4, &field("sockaddr_in", "sin_addr"));
    equal(8, &field("sockaddr_in6", "sin6_addr"));
    equal(2, "AF_INET");
    equal(30, "AF_INET6");
    source
}

#[test]
fn the_layouts_are_apples() {
    let Some(compiler) = compiler() else {
        let said = "SKIPPED: this machine does not offer zig, with Apple's headers (pip install ziglang)\n";
        std::io::stderr().write_all(said.as_bytes()).expect("standard error takes it");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder for a while");
    let path = folder.path().join("layouts.c");
    std::fs::write(&path, source()).expect("a folder that may be written to");
    for target in ["aarch64-macos", "x86_64-macos"] {
        let mut command = Command::new(&compiler[0]);
        command.args(&compiler[1..]).args(["cc", "-target", target, "-c"]).arg(&path);
        command.arg("-o").arg(folder.path().join("layouts.o"));
        // Unless it is told of others, its caches live as long as the folder.
        for (variable, name) in
            [("ZIG_LOCAL_CACHE_DIR", "local"), ("ZIG_GLOBAL_CACHE_DIR", "global")]
        {
            if std::env::var_os(variable).is_none() {
                command.env(variable, folder.path().join(name));
            }
        }
        let compiled = command.output().expect("the compiler starts");
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{target}: {said}");
    }
}
