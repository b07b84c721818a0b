//! Building for other systems on Debian: with its compiler, which comes with the source of the
//! standard library.

use std::path::PathBuf;
use std::process::Command;

use crate::command::command;
use crate::repository;

/// A folder of its own: other compilers' results are worth nothing to this one.
pub(crate) fn folder() -> PathBuf {
    repository::target().join("windows")
}

/// What a build for a target in a profile's folder is called there.
pub(crate) fn built(target: &str, profile: &str, file: &str) -> PathBuf {
    folder().join(target).join(profile).join(file)
}

/// What of the standard library is compiled. What tests need is named always: cargo would add it for
/// tests alone, and take everything that was compiled without it for something else.
const STANDARD_LIBRARY: &str = "-Zbuild-std=std,panic_abort,test";

/// Debian's cargo with Debian's compiler. The standard library is compiled for the target too, for
/// nobody ships it compiled.
pub(crate) fn cross(what: &str, target: &str) -> Command {
    // As a command of cargo, clippy would be that of whatever Rust is installed besides.
    let program = if what == "clippy" { "/usr/bin/cargo-clippy" } else { "/usr/bin/cargo" };
    let mut cargo = command(program, &[what, "--locked", STANDARD_LIBRARY]);
    cargo
        .args(["--target", target])
        .env("CARGO", "/usr/bin/cargo")
        .env("RUSTC", "/usr/bin/rustc")
        // Building the standard library is not for everybody, says cargo.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", folder())
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTUP_TOOLCHAIN");
    cargo
}
