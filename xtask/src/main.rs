//! Everything the repository does to itself. `cargo xtask help` lists it.

mod bench;
mod bpf;
mod command;
mod cross;
mod deny;
mod dist;
mod fuzz;
mod generated;
mod icon;
mod licences;
mod packages;
mod packaging;
mod repository;
mod screenshot;
mod serving;
mod setup;
mod steps;
mod targets;
mod tidy;
mod windows;
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
#[path = "../../tests/workload/mod.rs"]
mod workload;
mod zig;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  setup                     gets what the tests need: Debian packages (as root), npm packages,
                            cargo-deny; elsewhere says exactly what is missing
  test [--only NAME]...     setup, then every check; `--only help` lists their names
  tidy                      the rules of the rooms: imports, bans, file sizes, parity rows
  docs [--check]            writes (or compares) the man page, completions, option table and icon
  bench [collect|engine|server|steady|clients|page|all] [--quick]
                            measures and prints one report; collect (as root) includes what
                            `bench events` and `bench loaded` measure alone
  soak [--minutes N]        watches whether the program grows beside churn, clients and new rules:
                            twenty minutes, as root
  bpf [--check]             builds (or compares) the programs for the kernel from bpf/
  windows [check|build|test]
                            type-checks the program for Windows, builds it (procnet.exe), or
                            builds and tests it under Wine; with Debian's packages, on Linux
  targets                   lints the program for systems that nothing here runs, and links it
                            for Macs; with Debian's packages and zig, on Linux
  dist [NAME]...            makes the archives of a release, or those named, and tries them
  fuzz [SECONDS] [--each] [--store]
                            fuzzes all that parses, guided by coverage, or each format alone for
                            so long; keeps in fuzz/stored what reached new code, on request
  screenshot                writes docs/pictures from the real page
  deny [--advisories]       licences, bans and sources of all dependencies; advisories on request

With CI set in the environment, a check that had to be skipped counts as failed.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// False if a check failed that has already said so.
fn run(arguments: &[String]) -> Result<bool> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    match command {
        "help" | "--help" | "-h" => {
            print!("{HELP}");
        }
        "setup" => {
            no_more(rest)?;
            setup::run()?;
        }
        "test" => return steps::run(&only(rest)?),
        "tidy" => {
            no_more(rest)?;
            tidy::run()?;
        }
        "docs" => generated::run(flag(rest, "--check")?)?,
        "bench" => bench::run(rest)?,
        "soak" => bench::soak::run(rest)?,
        "screenshot" => match rest {
            [inside, program] if inside == screenshot::INSIDE => screenshot::run_inside(program)?,
            _ => {
                no_more(rest)?;
                screenshot::run()?;
            }
        },
        "bpf" => bpf::run(flag(rest, "--check")?)?,
        "dist" => dist::run(rest)?,
        "fuzz" => fuzz::run(rest)?,
        "windows" => windows::run(rest)?,
        "targets" => {
            no_more(rest)?;
            targets::prepare()?;
            targets::run()?;
        }
        "deny" => deny::run(flag(rest, "--advisories")?)?,
        other => bail!("there is no command {other:?}; `cargo xtask help` lists them"),
    }
    Ok(true)
}

fn no_more(rest: &[String]) -> Result<()> {
    match rest.first() {
        Some(extra) => bail!("unexpected argument {extra:?}; `cargo xtask help` shows what is"),
        None => Ok(()),
    }
}

fn flag(rest: &[String], name: &str) -> Result<bool> {
    match rest {
        [] => Ok(false),
        [one] if one == name => Ok(true),
        _ => bail!("expected nothing or {name}, not {}", rest.join(" ")),
    }
}

/// The names after each `--only`.
fn only(rest: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        match (argument.as_str(), argument.strip_prefix("--only=")) {
            (_, Some(name)) => names.push(name.to_owned()),
            ("--only", None) => match rest.next() {
                Some(name) => names.push(name.clone()),
                None => bail!("--only needs the name of a check; `--only help` lists them"),
            },
            (other, None) => bail!("unexpected argument {other:?}; expected --only NAME"),
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn only_takes_both_spellings_and_nothing_else() {
        assert_eq!(only(&words("--only tidy --only=fmt")).unwrap(), ["tidy", "fmt"]);
        assert!(only(&words("--only")).is_err());
        assert!(only(&words("tidy")).is_err());
    }

    #[test]
    fn unknown_commands_and_arguments_are_errors() {
        assert!(run(&words("frobnicate")).is_err());
        assert!(run(&words("tidy now")).is_err());
        assert!(flag(&words("--chek"), "--check").is_err());
    }
}
