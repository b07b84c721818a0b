//! The programs that tests use, and the Debian packages that they come in.

use std::path::PathBuf;

use crate::command::find;

/// A Debian package and the programs that show that it is there.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) purpose: &'static str,
    programs: &'static [&'static str],
}

impl Package {
    /// True if its programs are there, from the package or otherwise.
    pub(crate) fn is_present(&self) -> bool {
        self.programs.iter().all(|program| find_anywhere(program).is_some())
    }
}

/// What checking the program for systems that are not here takes. They come by path: another Rust
/// may stand before Debian's in PATH.
pub(crate) const FOR_TARGETS: &[Package] = &[
    package("rustc-web", "compiles for other systems", &["/usr/bin/rustc"]),
    package("cargo-web", "builds for other systems", &["/usr/bin/cargo"]),
    package("rust-web-clippy", "lints for other systems", &["/usr/bin/cargo-clippy"]),
    package(
        "rust-web-src",
        "the standard library for other systems",
        &["/usr/lib/rustlib/src/rust/library/Cargo.lock"],
    ),
    package("python3-pip", "installs zig, which links for Macs", &["python3", "pip3"]),
];

/// What building the program for Windows, and running it, takes. Debian keeps Wine's programs out
/// of PATH.
pub(crate) const FOR_WINDOWS: &[Package] = &[
    package("rustc-web", "compiles for Windows", &["/usr/bin/rustc"]),
    package("cargo-web", "builds for Windows", &["/usr/bin/cargo"]),
    package("rust-web-clippy", "lints for Windows", &["/usr/bin/cargo-clippy"]),
    package(
        "rust-web-src",
        "the standard library for Windows",
        &["/usr/lib/rustlib/src/rust/library/Cargo.lock"],
    ),
    package("gcc-mingw-w64-x86-64", "links for Windows", &["x86_64-w64-mingw32-gcc"]),
    package("wine64", "runs Windows programs", &["/usr/lib/wine/wine64"]),
    package("chromium", "the page of the program for Windows", &["chromium"]),
    package("iproute2", "a network namespace for them", &["ip"]),
    package("util-linux", "a network namespace for them", &["unshare"]),
];

/// What all other tests use.
pub(crate) const PACKAGES: &[Package] = &[
    package("chromium", "browser tests, screenshot", &["chromium"]),
    package("redis-server", "end-to-end workload", &["redis-server"]),
    package("nginx-light", "end-to-end workload", &["nginx"]),
    package("postgresql", "end-to-end workload", &["initdb", "postgres"]),
    package("memcached", "end-to-end workload", &["memcached"]),
    package("python3", "end-to-end workload's clients and servers", &["python3"]),
    package("curl", "asks the page as scripts do", &["curl"]),
    package("iproute2", "network namespaces in tests, ss in benches", &["ip", "ss"]),
    package("clang", "the programs for the kernel", &["clang"]),
    package("llvm", "the programs for the kernel", &["llvm-strip"]),
    package("systemd", "checks the unit of systemd", &["systemd-analyze"]),
    package("util-linux", "unprivileged runs in tests", &["unshare", "setpriv"]),
];

const fn package(
    name: &'static str,
    purpose: &'static str,
    programs: &'static [&'static str],
) -> Package {
    Package { name, purpose, programs }
}

/// As [`find`], and in the folders where Debian keeps each version of PostgreSQL.
fn find_anywhere(program: &str) -> Option<PathBuf> {
    find(program).or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        versions.flatten().map(|v| v.path().join("bin").join(program)).find(|file| file.is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_there_when_all_its_programs_are() {
        assert!(package("shell", "", &["sh"]).is_present());
        assert!(!package("none", "", &["sh", "no-such-program-as-this"]).is_present());
    }
}
