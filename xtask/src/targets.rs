//! `cargo xtask targets`: the program for systems that nothing here can run. It is linted, and so
//! type-checked, for each; for Macs it is also linked, and layouts are compared with Apple's
//! headers.

use anyhow::{Result, bail};

use crate::command::{cargo, succeed};
use crate::cross::{built, cross};
use crate::packages::FOR_TARGETS;
use crate::{setup, zig};

/// What is linted for, and what zig calls it, who compiles the C of libraries. The two kinds of Macs
/// differ in nothing that lints see, so the other one is compiled and linked instead. Microsoft's
/// headers are nobody's to have here; where nothing is linked, MinGW's do.
const LINTED: [(&str, &str); 3] = [
    ("aarch64-pc-windows-msvc", "aarch64-windows-gnu"),
    ("aarch64-unknown-linux-gnu", "aarch64-linux-gnu"),
    (MAC_OF_INTELS, "x86_64-macos"),
];
const MAC_OF_INTELS: &str = "x86_64-apple-darwin";
const MAC: &str = "aarch64-apple-darwin";

/// What would run on a Mac: the unit tests, the conformance suite and what it watches, and the inputs
/// that mean harm.
const TESTS: [&str; 7] =
    ["--lib", "--test", "conformance", "--test", "hostile", "--example", "puppet"];

/// Gets what the checks need.
pub(crate) fn prepare() -> Result<()> {
    setup::debian(FOR_TARGETS)?;
    zig::install()
}

pub(crate) fn run() -> Result<()> {
    for (target, zig_target) in LINTED {
        let mut program = cross("clippy", target);
        program.args(["--package", "procnet", "--bins", "--", "-Dwarnings"]);
        succeed(zig::compile(&mut program, target, zig_target))?;
    }
    for target in [MAC_OF_INTELS, MAC] {
        let mut tests = cross("clippy", target);
        tests.args(["--package", "procnet-collect"]).args(TESTS);
        succeed(tests.args(["--profile", "test", "--", "-Dwarnings"]))?;
    }
    let mut program = cross("build", MAC);
    program.args(["--package", "procnet", "--bin", "procnet"]);
    succeed(zig::link(&mut program, MAC, "aarch64-macos"))?;
    let program = built(MAC, "debug", "procnet");
    if !is_mach_object(&std::fs::read(&program)?) {
        bail!("{} is no program of a Mac", program.display());
    }
    let mut layouts = cargo(&["test", "--locked", "--package", "procnet-collect", "--lib"]);
    layouts.arg("the_layouts_are_apples");
    layouts.env("PROCNET_ZIG", zig::program());
    succeed(zig::caches(&mut layouts))
}

/// True for what begins as a Mach-O of 64 bits does.
pub(crate) fn is_mach_object(bytes: &[u8]) -> bool {
    bytes.starts_with(&0xfeed_facf_u32.to_le_bytes())
}
