//! What a room's Rust source may not contain.

use super::{Violation, code};
use crate::repository::SourceFile;

/// Paths that bring I/O, time, randomness or threads: the core gets all of that handed in.
const NOT_IN_CORE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::net::ToSocketAddrs",
    "std::os",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::process",
    "std::env",
    "std::io",
    "tokio",
    "rand",
    "fastrand",
    "getrandom",
];

/// Reasons for which something that looks like a test is none: a test starts it as a process of
/// its own, or a person runs it to record fixtures.
const NO_CHECKS: &[&str] = &["a child of the other tests", "writes the fixtures"];

/// The files whose `mod` lines may ask which system the program is for: where collect picks its
/// platform, and where procnet picks what can end it, which on Windows are no signals.
const ASK_FOR_THE_SYSTEM: &[&str] = &[
    "crates/collect/src/lib.rs",
    "crates/procnet/src/private.rs",
    "crates/procnet/src/service.rs",
    "crates/procnet/src/stop.rs",
];

pub(super) fn check(file: &SourceFile) -> Vec<Violation> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    let code = code::only(&file.text);
    let mut violations = Vec::new();
    if file.path.starts_with("crates/core/src/") {
        core_is_pure(file, &code, &mut violations);
    }
    if file.path.starts_with("crates/") && file.path.contains("/src/") {
        systems_stay_in_their_room(file, &code, &mut violations);
    }
    for (index, line) in code.lines().enumerate() {
        let words = words(line);
        if words.contains(&"unsafe") && !file.path.starts_with("crates/collect/") {
            violations.push(Violation::at(file, index, "`unsafe` may stand only in collect"));
        }
        let is_child = || {
            let written = file.text.lines().nth(index).unwrap_or_default();
            NO_CHECKS.iter().any(|reason| written.contains(&format!("ignore = \"{reason}\"")))
        };
        if line.trim_start().starts_with("#[ignore") && !is_child() {
            violations.push(Violation::at(
                file,
                index,
                "no test may be ignored: make it pass, or skip it visibly",
            ));
        }
        for name in ["dbg", "todo", "unimplemented"] {
            if line.contains(&format!("{name}!(")) && words.contains(&name) {
                violations.push(Violation::at(file, index, format!("`{name}!` is not finished")));
            }
        }
    }
    violations
}

fn core_is_pure(file: &SourceFile, code: &str, violations: &mut Vec<Violation>) {
    let code = without_tests(code);
    let forbidden = |path: &str| {
        NOT_IN_CORE.iter().find(|banned| {
            path.strip_prefix(**banned).is_some_and(|rest| {
                // `std::net::Tcp` stands for every name that begins so.
                banned.ends_with("Tcp")
                    || banned.ends_with("Udp")
                    || rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_')
            })
        })
    };
    for (index, path) in code::used_paths(code) {
        if let Some(banned) = forbidden(&path) {
            let message = format!("core may not use `{banned}`: hand it in as data");
            violations.push(Violation::at(file, index, message));
        }
    }
    for (index, line) in code.lines().enumerate() {
        if line.trim_start().starts_with("use ") || line.trim_start().starts_with("pub use ") {
            continue;
        }
        for path in line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
            if path.contains("::")
                && let Some(banned) = forbidden(path)
            {
                let message = format!("core may not use `{banned}`: hand it in as data");
                violations.push(Violation::at(file, index, message));
            }
        }
    }
}

/// The part before the tests, which by convention end a file.
fn without_tests(code: &str) -> &str {
    let end = code
        .match_indices("#[cfg(test)]")
        .find(|(at, attribute)| {
            let next = code.get(at + attribute.len()..).unwrap_or_default().trim_start();
            next.starts_with("mod tests")
        })
        .map_or(code.len(), |(at, _)| at);
    code.get(..end).unwrap_or(code)
}

fn systems_stay_in_their_room(file: &SourceFile, code: &str, violations: &mut Vec<Violation>) {
    let lines: Vec<&str> = code.lines().map(str::trim_start).collect();
    for (index, line) in lines.iter().enumerate() {
        let names_a_system = words(line)
            .iter()
            .any(|w| matches!(*w, "target_os" | "target_family" | "target_vendor"))
            || words(line).iter().any(|w| matches!(*w, "cfg" | "cfg_attr"))
                && words(line).iter().any(|w| matches!(*w, "unix" | "windows"));
        if !names_a_system {
            continue;
        }
        let next = lines.iter().skip(index + 1).find(|next| !next.starts_with("#["));
        let guards_a_room = ["mod ", "pub mod ", "use ", "pub use "]
            .iter()
            .any(|start| next.is_some_and(|next| next.starts_with(start)));
        if !ASK_FOR_THE_SYSTEM.contains(&file.path.as_str()) || !guards_a_room {
            let message = "the operating system may be asked for only on the `mod` lines of \
                           collect and of procnet's private, stop and service modules";
            violations.push(Violation::at(file, index, message));
        }
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&file(path, text)).into_iter().map(|v| v.place).collect()
    }

    #[test]
    fn core_does_no_io_and_reads_no_clock() {
        let path = "crates/core/src/engine.rs";
        for bad in [
            "use std::fs;",
            "use std::{sync::Arc, time::{Duration, Instant}};",
            "fn f() { let t = std::time::SystemTime::now(); }",
            "use std::net::TcpStream;",
            "pub use tokio::sync::mpsc;",
            "fn f() { fastrand::u8(..); }",
        ] {
            assert_eq!(places(path, bad).len(), 1, "{bad}");
        }
        for good in [
            "use std::net::IpAddr;",
            "use std::time::Duration;",
            "// std::fs is for others",
            "use crate::process::Process; fn f(p: crate::process::Process) {}",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n use std::fs;\n}",
        ] {
            assert_eq!(places(path, good), [""; 0], "{good}");
        }
        assert_eq!(places("crates/server/src/x.rs", "use std::fs;"), [""; 0]);
    }

    #[test]
    fn systems_are_named_only_where_they_may_be() {
        let cfg = "#[cfg(target_os = \"linux\")]\n#[path = \"linux/mod.rs\"]\nmod linux;\n";
        assert_eq!(places("crates/collect/src/lib.rs", cfg), [""; 0]);
        assert_eq!(places("crates/procnet/src/stop.rs", cfg), [""; 0]);
        let body = "fn f() { if cfg!(windows) {} }";
        assert_eq!(places("crates/procnet/src/stop.rs", body), ["crates/procnet/src/stop.rs:1"]);
        assert_eq!(places("crates/server/src/lib.rs", cfg), ["crates/server/src/lib.rs:1"]);
        let function = "#[cfg(target_os = \"linux\")]\nfn linux() {}\n";
        assert_eq!(places("crates/collect/src/lib.rs", function), ["crates/collect/src/lib.rs:1"]);
        let runtime = "fn f() { if cfg!(target_os = \"linux\") {} }";
        assert_eq!(places("crates/core/src/a.rs", runtime), ["crates/core/src/a.rs:1"]);
    }

    #[test]
    fn unsafe_stands_only_in_collect() {
        let text = "\nfn f() { unsafe { g() } }";
        assert_eq!(places("crates/server/src/a.rs", text), ["crates/server/src/a.rs:2"]);
        assert_eq!(places("crates/collect/src/linux/a.rs", text), [""; 0]);
        assert_eq!(places("crates/server/src/a.rs", "// unsafe\nlet unsafe_code = 1;"), [""; 0]);
    }

    #[test]
    fn nothing_is_ignored_or_unfinished() {
        let ignored = format!("#[{}]\nfn f() {{}}", "ignore = \"slow\"");
        assert_eq!(places("crates/core/tests/a.rs", &ignored).len(), 1);
        let child = format!("#[{}]\nfn f() {{}}", "ignore = \"a child of the other tests\"");
        assert_eq!(places("crates/core/tests/a.rs", &child), [""; 0]);
        let unfinished = format!("fn f() {{ {}!() }}", "todo");
        assert_eq!(places("xtask/src/a.rs", &unfinished).len(), 1);
    }
}
