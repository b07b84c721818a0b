//! `cargo xtask fuzz`: every format that is parsed, fuzzed for a bounded time. LibFuzzer mutates what
//! reaches new code; what it finds is kept under the target folder and goes on from there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::command::{cargo, command, output, succeed};
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
    let mut seconds = SECONDS;
    let (mut each, mut store) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--each" => each = true,
            "--store" => store = true,
            number => {
                seconds = number.parse().with_context(|| {
                    format!("expected a number of seconds, --each or --store, not {number}")
                })?;
            }
        }
    }
    setup::debian(PACKAGES)?;
    let folder = repository::target().join("fuzz");
    build(&folder)?;
    if each {
        every_one(&folder, seconds)?
    } else {
        fuzz(&folder, seconds)?
    }
    if store { keep(&folder) } else { Ok(()) }
}

/// Each format alone for so long, as many at once as there are processors.
fn every_one(folder: &Path, seconds: u32) -> Result<()> {
    let names = output(command(&program(folder).to_string_lossy(), &[]).env("PROCNET_NAMES", "1"))?;
    let waiting = Mutex::new(names.lines().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<()> {
        while let Some((number, name)) = next() {
            let log = folder.join(format!("{number}.log"));
            let said =
                File::create(&log).with_context(|| format!("can't write {}", log.display()))?;
            let mut fuzz = fuzzing(folder, seconds)?;
            fuzz.env("PROCNET_ONLY", number.to_string());
            fuzz.stdout(said.try_clone()?).stderr(said);
            succeed(&mut fuzz)
                .with_context(|| format!("an input broke {name}; {} says which", log.display()))?;
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let runs =
                said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units: "));
            println!("fuzz: {name}: {} inputs in {seconds} s", runs.unwrap_or("?").trim());
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut ended = workers.into_iter().map(|worker| worker.join());
        ended.try_for_each(|ended| ended.unwrap_or_else(|_| bail!("fuzzing was given up")))
    })
}

/// Keeps, in the repository, the fewest inputs that reach all that is reached.
fn keep(folder: &Path) -> Result<()> {
    let program = program(folder);
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
    let folder = repository::target().join("fuzz");
    build(&folder)?;
    fuzz(&folder, SECONDS)
}

/// All formats, for so long.
fn fuzz(folder: &Path, seconds: u32) -> Result<()> {
    succeed(&mut fuzzing(folder, seconds)?).with_context(|| {
        let folder = folder.display();
        format!("an input broke a parser; it is in {folder} and is run alone as an argument")
    })
}

/// The program that fuzzes, as it is run.
fn fuzzing(folder: &Path, seconds: u32) -> Result<Command> {
    let corpus = folder.join("corpus");
    std::fs::create_dir_all(&corpus).with_context(|| format!("can't make {}", corpus.display()))?;
    let mut fuzz = command(&program(folder).to_string_lossy(), &[]);
    fuzz.arg(&corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={LONGEST_SECONDS}"))
        .arg(format!("-artifact_prefix={}/", folder.display()))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .env("PROCNET_SEEDS", &corpus);
    Ok(fuzz)
}

/// Builds the program that fuzzes. What answers requests is in it, but for the page, which takes
/// longer to build than all the rest and is nothing that is parsed.
fn build(folder: &Path) -> Result<()> {
    let page = folder.join("page");
    for file in ["index.html", "vendor/manifest.json"] {
        let path = page.join(file);
        std::fs::create_dir_all(path.parent().context("it is in a folder")?)
            .with_context(|| format!("can't make {}", page.display()))?;
        // What is as it was keeps its time, so that nothing is built anew.
        if !path.exists() {
            std::fs::write(&path, "").with_context(|| format!("can't write {}", path.display()))?;
        }
    }
    let mut build = cargo(&["build", "--locked", "--release", "--target", TARGET]);
    build
        .arg("--manifest-path")
        .arg(repository::root().join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", folder)
        .env("PROCNET_WEB_DIST", &page)
        .env("RUSTFLAGS", INSTRUMENTED)
        // LibFuzzer is C++; clang comes with what it takes.
        .env("CXX", "clang++");
    succeed(&mut build)
}

fn program(folder: &Path) -> PathBuf {
    folder.join(TARGET).join("release").join("formats")
}
