//! `cargo xtask windows`: the program for Windows, built on Debian with Debian's packages and run
//! under Wine. On Windows itself an ordinary `cargo build` does.

mod wine;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use self::wine::Wine;
use crate::command::{cargo, command, output, succeed};
use crate::cross::{self, cross};
use crate::packages::FOR_WINDOWS;
use crate::{repository, setup};

/// What is built for.
const TARGET: &str = "x86_64-pc-windows-gnu";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["check"] => {
            prepare()?;
            check()
        }
        ["build"] => {
            prepare()?;
            build()?;
            eprintln!("windows: built {}", built("procnet.exe").display());
            Ok(())
        }
        [] | ["test"] => {
            prepare()?;
            test()
        }
        [INSIDE] => test_inside(),
        _ => bail!("expected check, build or test, not {}", arguments.join(" ")),
    }
}

/// The word that makes xtask run the tests right where it is.
const INSIDE: &str = "inside";

/// Gets the packages, and the page: its build runs on this machine whatever is built for.
pub(crate) fn prepare() -> Result<()> {
    setup::debian(FOR_WINDOWS)?;
    setup::node()
}

fn built(file: &str) -> PathBuf {
    cross::built(TARGET, "debug", file)
}

/// What is compiled is compiled for all of these together: apart, each would choose its own features
/// of the same libraries, and these would be compiled once for each.
const PACKAGES: [&str; 6] =
    ["--package", "procnet-core", "--package", "procnet-collect", "--package", "procnet"];

/// The program, and what it is to watch.
const WATCHED: [&str; 3] = ["--bins", "--example", "puppet"];

/// What runs under Wine of tests: unit tests, and the conformance suite with its puppets.
const TESTED: [&str; 4] = ["--lib", "--bins", "--test", "conformance"];

fn build() -> Result<()> {
    succeed(cross("build", TARGET).args(["--package", "procnet", "--bin", "procnet"]))
}

/// Lints what is built and what is tested, which type-checks it too.
pub(crate) fn check() -> Result<()> {
    let mut program = cross("clippy", TARGET);
    succeed(program.args(PACKAGES).args(WATCHED).args(["--", "-Dwarnings"]))?;
    let mut tests = cross("clippy", TARGET);
    tests.args(PACKAGES).args(TESTED);
    succeed(tests.args(["--profile", "test", "--", "-Dwarnings"]))
}

/// Builds everything, then runs it in a network namespace of its own, where no other program's
/// sockets are listed and none can be reached.
pub(crate) fn test() -> Result<()> {
    succeed(cross("build", TARGET).args(PACKAGES).args(WATCHED))?;
    succeed(cross("test", TARGET).args(PACKAGES).args(TESTED).arg("--no-run"))?;
    succeed(test_from_outside().arg("--no-run"))?;
    let own = std::env::current_exe().context("can't find xtask itself")?;
    let mut namespaces = vec![LONGEST, "unshare", "--net", "--pid", "--fork", "--mount-proc"];
    namespaces.push("--kill-child");
    if !setup::is_root() {
        namespaces.push("--map-root-user");
    }
    let mut inside = command("timeout", &namespaces);
    inside.args(["sh", "-c", SETTLE_IN]).arg(own);
    succeed(inside.args(["windows", INSIDE]))
}

/// In seconds: many times what everything takes on a busy machine. What Wine does when it goes wrong
/// is to wait.
const LONGEST: &str = "2400";

/// Makes the new network namespace fit. For each socket that no program holds Wine looks through the
/// descriptors of all programs, so that connections which linger in TIME_WAIT make it slow.
const SETTLE_IN: &str = "ip link set lo up && echo 16 > /proc/sys/net/ipv4/tcp_max_tw_buckets && \
                         exec \"$0\" \"$@\"";

/// The test that runs on this machine and looks at the program for Windows from outside.
fn test_from_outside() -> Command {
    cargo(&["test", "--locked", "--package", "procnet", "--test", "windows"])
}

fn test_inside() -> Result<()> {
    let wine = Wine::start(&cross::folder())?;
    let mut unit = cross("test", TARGET);
    unit.args(PACKAGES).args(TESTED).arg("--offline");
    unit.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", wine.program());
    succeed(wine.surround(&mut unit))?;
    let mut outside = test_from_outside();
    outside
        .args(["--offline", "--", "--nocapture", "--test-threads=1"])
        .env("PROCNET_WINE", wine.program())
        .env("PROCNET_WINDOWS_PROGRAM", built("procnet.exe"))
        .env(
            "PROCNET_WINDOWS_PUPPET",
            built(&format!("examples{}puppet.exe", std::path::MAIN_SEPARATOR)),
        );
    succeed(wine.surround(&mut outside))
}

/// What a program for Windows prints when it is run with that argument.
pub(crate) fn output_under_wine(program: &Path, argument: &str) -> Result<String> {
    let wine = Wine::start(&cross::folder())?;
    let mut run = command(&wine.program().to_string_lossy(), &[]);
    output(wine.surround(run.arg(program).arg(argument)))
}

/// Compiles the library that Wine 8 lacks into `folder`.
fn random_library(folder: &Path) -> Result<()> {
    let source = repository::root().join("xtask/src/windows/bcryptprimitives.c");
    let library = folder.join("bcryptprimitives.dll");
    let mut compiler = command("x86_64-w64-mingw32-gcc", &["-shared", "-O2", "-Wall", "-Werror"]);
    succeed(compiler.arg("-o").arg(library).arg(source).arg("-ladvapi32"))
}
