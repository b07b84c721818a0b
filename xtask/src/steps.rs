//! `cargo xtask test`: every check, one after the other, and a table of what became of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::{build_procnet, cargo, find, npm, succeed};
use crate::packages::PACKAGES;
use crate::{bpf, deny, fuzz, generated, packaging, setup, targets, tidy, windows};

/// What one check came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// One check.
struct Step {
    name: &'static str,
    what: &'static str,
    /// What has to be there first.
    needs: Need,
    run: fn() -> Result<()>,
}

/// A part of the set-up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Deny,
    Node,
    /// npm packages and the Debian packages.
    Everything,
    Debian,
    /// What compiles and links for other systems.
    Targets,
    /// What builds for Windows and runs that.
    Windows,
}

const STEPS: &[Step] = &[
    step("fmt", "rustfmt", Need::Nothing, || succeed(&mut cargo(&["fmt", "--all", "--check"]))),
    step("tidy", "the rules of the rooms", Need::Nothing, tidy::run),
    step("deny", "licences, bans and sources of dependencies", Need::Deny, || deny::check(false)),
    step("web", "types and lints of the page", Need::Node, || succeed(&mut npm(&["run", "check"]))),
    step("web-unit", "unit tests of the page", Need::Node, || succeed(&mut npm(&["test"]))),
    step("clippy", "lints", Need::Node, || {
        let lint = |targets: &[&str]| {
            let lint = [&["clippy", "--locked"], targets, &["--", "-Dwarnings"]].concat();
            succeed(&mut cargo(&lint))
        };
        lint(&["--workspace", "--all-targets"])?;
        // Not among all targets, for a plain `cargo test` must not run them.
        lint(&["--package", "procnet", "--test", "e2e", "--test", "windows"])
    }),
    step("test", "unit, property and integration tests", Need::Node, || {
        // All that fails is told at once: a run takes long.
        succeed(&mut cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]))
    }),
    step("doc", "API documentation without warnings", Need::Node, || {
        let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
        succeed(doc.env("RUSTDOCFLAGS", "-Dwarnings"))
    }),
    step("types", "the page's types are those of the API", Need::Node, generated::check_types),
    step("bpf", "the programs for the kernel are those of bpf/", Need::Debian, || bpf::run(true)),
    step("docs", "man page, completions, option table are current", Need::Node, || {
        generated::run(true)
    }),
    step("packaging", "what keeps the program running", Need::Debian, packaging::check),
    step("fuzz", "all that parses, for a while", Need::Debian, fuzz::check),
    step("e2e", "real processes and sockets", Need::Debian, || {
        succeed(&mut cargo(&[
            "build",
            "--locked",
            "-p",
            "procnet-collect",
            "--example",
            "puppet",
        ]))?;
        succeed(&mut cargo(&["test", "--locked", "--package", "procnet", "--test", "e2e"]))
    }),
    step("targets", "the program for systems that are not here", Need::Targets, targets::run),
    step("browser", "the page in Chromium", Need::Everything, || {
        let program = build_procnet(false)?;
        let chromium = find("chromium").context("chromium is not there")?;
        let mut browser = npm(&["run", "browser"]);
        succeed(browser.env("PROCNET_BINARY", program).env("CHROMIUM", chromium))
    }),
    step("windows", "lints of the program for Windows", Need::Windows, windows::check),
    step("wine", "the program for Windows under Wine", Need::Windows, windows::test),
];

const fn step(
    name: &'static str,
    what: &'static str,
    needs: Need,
    run: fn() -> Result<()>,
) -> Step {
    Step { name, what, needs, run }
}

pub(crate) fn run(only: &[String]) -> Result<bool> {
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|s| s.name == **name)) {
        let names: Vec<String> =
            STEPS.iter().map(|s| format!("  {:9} {}", s.name, s.what)).collect();
        bail!("there is no check {unknown:?}; the checks are\n{}", names.join("\n"));
    }
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|s| only.is_empty() || only.iter().any(|n| n == s.name)).collect();
    let setup = Setup::prepare(&chosen);
    let mut results = Vec::new();
    for step in chosen {
        eprintln!("\n==> {}: {}", step.name, step.what);
        let began = Instant::now();
        let outcome = match setup.missing(step.needs) {
            Some(missing) => Outcome::Skipped(missing),
            None => match (step.run)() {
                Ok(()) => Outcome::Passed,
                Err(error) => Outcome::Failed(format!("{error:#}")),
            },
        };
        if let Outcome::Failed(why) | Outcome::Skipped(why) = &outcome {
            eprintln!("==> {}: {why}", step.name);
        }
        results.push((step.name, outcome, began.elapsed()));
    }
    let ci = is_ci();
    print!("{}", report(&results, ci));
    Ok(results.iter().all(|(_, outcome, _)| counts_as_passed(outcome, ci)))
}

/// What the set-up could not get; a check that needs it is skipped.
struct Setup {
    debian: Option<String>,
    node: Option<String>,
    deny: Option<String>,
    targets: Option<String>,
    windows: Option<String>,
}

impl Setup {
    fn prepare(steps: &[&Step]) -> Self {
        let needed = |needs: &[Need]| steps.iter().any(|s| needs.contains(&s.needs));
        let attempt = |needed: bool, get: fn() -> Result<()>| {
            if needed { get().err().map(|error| format!("{error:#}")) } else { None }
        };
        Self {
            debian: attempt(needed(&[Need::Debian, Need::Everything]), || setup::debian(PACKAGES)),
            node: attempt(
                needed(&[Need::Node, Need::Everything, Need::Debian, Need::Targets]),
                setup::node,
            ),
            deny: attempt(needed(&[Need::Deny]), deny::install),
            windows: attempt(needed(&[Need::Windows]), windows::prepare),
            targets: attempt(needed(&[Need::Targets]), targets::prepare),
        }
    }

    fn missing(&self, need: Need) -> Option<String> {
        match need {
            Need::Nothing => None,
            Need::Deny => self.deny.clone(),
            Need::Node => self.node.clone(),
            Need::Windows => self.windows.clone(),
            Need::Everything | Need::Debian => self.node.clone().or_else(|| self.debian.clone()),
            Need::Targets => self.node.clone().or_else(|| self.targets.clone()),
        }
    }
}

/// True where a skipped check must not pass unnoticed.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn counts_as_passed(outcome: &Outcome, ci: bool) -> bool {
    match outcome {
        Outcome::Passed => true,
        Outcome::Failed(_) => false,
        Outcome::Skipped(_) => !ci,
    }
}

/// The table, and a last line for machines.
fn report(results: &[(&str, Outcome, Duration)], ci: bool) -> String {
    let mut text = String::from("\n");
    for (name, outcome, took) in results {
        let (word, why) = match outcome {
            Outcome::Passed => ("ok", ""),
            Outcome::Failed(why) => ("FAILED", first_line(why)),
            Outcome::Skipped(why) => ("SKIPPED", first_line(why)),
        };
        let line = format!("{name:10} {word:8} {:7.1} s  {why}", took.as_secs_f64());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let skipped = results.iter().filter(|(_, o, _)| matches!(o, Outcome::Skipped(_))).count();
    if skipped > 0 {
        let counted = if ci { "; with CI set they count as failed" } else { "" };
        text.push_str(&format!("{skipped} skipped{counted}\n"));
    }
    let failed = results.iter().filter(|(_, o, _)| !counts_as_passed(o, ci)).count();
    let passed = results.iter().filter(|(_, o, _)| *o == Outcome::Passed).count();
    text.push_str(&format!("checks: {passed} passed, {failed} failed\n"));
    text
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Vec<(&'static str, Outcome, Duration)> {
        let second = Duration::from_secs(1);
        vec![
            ("fmt", Outcome::Passed, second),
            ("web", Outcome::Skipped("npm is not there\nmore".to_owned()), second),
            ("e2e", Outcome::Failed("`cargo test` failed".to_owned()), second),
        ]
    }

    #[test]
    fn a_skipped_check_is_told_and_fails_in_ci() {
        let here = report(&results(), false);
        assert!(here.contains("SKIPPED") && here.contains("npm is not there"), "{here}");
        assert!(here.ends_with("\nchecks: 1 passed, 1 failed\n"), "{here}");
        let ci = report(&results(), true);
        assert!(ci.ends_with("\nchecks: 1 passed, 2 failed\n"), "{ci}");
    }

    #[test]
    fn an_unknown_check_is_an_error_that_lists_the_checks() {
        let error = run(&["nothing".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("clippy") && error.contains("browser"), "{error}");
    }

    #[test]
    fn what_is_missing_skips_only_what_needs_it() {
        let setup = Setup {
            debian: Some("no nginx".into()),
            node: None,
            deny: None,
            targets: None,
            windows: None,
        };
        assert!(setup.missing(Need::Node).is_none());
        assert_eq!(setup.missing(Need::Everything).as_deref(), Some("no nginx"));
    }
}
