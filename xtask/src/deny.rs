//! cargo-deny: licences, bans and sources, by `deny.toml`.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::command::{cargo, command, succeed};
use crate::repository;

const VERSION: &str = "0.20.2";

pub(crate) fn run(advisories: bool) -> Result<()> {
    install()?;
    check(advisories)
}

/// Builds cargo-deny under the target folder if the machine has none.
pub(crate) fn install() -> Result<()> {
    if program().is_some() {
        return Ok(());
    }
    let root = repository::target().join("tools");
    succeed(
        cargo(&["install", "--locked", "--quiet", "cargo-deny", "--version", VERSION, "--root"])
            .arg(root)
            // Its build must not land in, or be configured by, what we build.
            .env_remove("RUSTFLAGS"),
    )
}

/// Checks everything that is known offline; the advisory database has to be fetched, so only
/// on request.
pub(crate) fn check(advisories: bool) -> Result<()> {
    let mut deny = program().unwrap_or_else(|| command("cargo-deny", &[]));
    deny.args(["--locked", "check", "bans", "licenses", "sources"]);
    if advisories {
        deny.arg("advisories");
    }
    succeed(&mut deny)
}

fn program() -> Option<Command> {
    let built = repository::target().join("tools").join("bin").join("cargo-deny");
    let works = |mut probe: Command| {
        probe
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let built = built.to_string_lossy().into_owned();
    [built.as_str(), "cargo-deny"]
        .into_iter()
        .find(|program| works(command(program, &[])))
        .map(|program| command(program, &[]))
}
