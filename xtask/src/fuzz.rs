//! `cargo xtask fuzz`: every format that is parsed, fuzzed for a bounded time. LibFuzzer mutates what
//! reaches new code; what it finds is kept under the target folder and goes on from there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{cargo, command, succeed};
use crate::packages::PACKAGES;
use crate::{repository, setup};

/// What the test command spends on it.
const SECONDS: u32 = 75;
/// Nothing that is parsed takes that long: whoever does runs on.
const LONGEST_SECONDS: u32 = 10;

/// What cargo-fuzz asks the compiler for, but for checks of memory: what parses is safe Rust.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Otherwise than for what builds run here, the flags above count only for what is built for a
/// target that is named.
const TARGET: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (seconds, store) = match words.as_slice() {
        [] => (SECONDS, false),
        ["--store"] => (SECONDS, true),
        [seconds, rest @ ..] if rest.is_empty() || rest == ["--store"] => {
            (seconds.parse().context("expected a number of seconds")?, !rest.is_empty())
        }
        _ => bail!("expected a number of seconds and --store, not {}", arguments.join(" ")),
    };
    setup::debian(PACKAGES)?;
    for_seconds(seconds)?;
    if store { keep() } else { Ok(()) }
}

/// Keeps, in the repository, the fewest inputs that reach all that is reached.
fn keep() -> Result<()> {
    let folder = repository::target().join("fuzz");
    let program = program(&folder);
    let merged = folder.join("merged");
    if merged.is_dir() {
        std::fs::remove_dir_all(&merged).context("can't clear the inputs that were merged")?;
    }
    std::fs::create_dir_all(&merged).context("can't make a folder for inputs")?;
    let mut merge = command(&program.to_string_lossy(), &["-merge=1", "-verbosity=0"]);
    succeed(merge.arg(&merged).arg(folder.join("corpus")))?;
    let mut store = command(&program.to_string_lossy(), &[]);
    succeed(store.env("PROCNET_STORE", &merged))
}

/// A step of the test command.
pub(crate) fn check() -> Result<()> {
    for_seconds(SECONDS)
}

fn for_seconds(seconds: u32) -> Result<()> {
    let folder = repository::target().join("fuzz");
    let program = build(&folder)?;
    let corpus = folder.join("corpus");
    std::fs::create_dir_all(&corpus).with_context(|| format!("can't make {}", corpus.display()))?;
    let findings = format!("{}/", folder.display());
    let mut fuzz = command(&program.to_string_lossy(), &[]);
    fuzz.arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={LONGEST_SECONDS}"))
        .arg(format!("-artifact_prefix={findings}"))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .env("PROCNET_SEEDS", &corpus);
    succeed(&mut fuzz).with_context(|| {
        format!("an input broke a parser; it is in {findings} and is run alone as an argument")
    })
}

fn build(folder: &Path) -> Result<PathBuf> {
    let mut build = cargo(&["build", "--locked", "--release", "--target", TARGET]);
    build
        .arg("--manifest-path")
        .arg(repository::root().join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", folder)
        .env("RUSTFLAGS", INSTRUMENTED)
        // LibFuzzer is C++; clang comes with what it takes.
        .env("CXX", "clang++");
    succeed(&mut build)?;
    Ok(program(folder))
}

fn program(folder: &Path) -> PathBuf {
    folder.join(TARGET).join("release").join("formats")
}
