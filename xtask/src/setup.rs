//! `cargo xtask setup`: gets what the tests need, or says what is missing.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{command, find, npm, succeed};
use crate::packages::{FOR_WINDOWS, PACKAGES, Package};
use crate::{deny, repository, targets};

/// Keeps a service from being started when its package is installed (Debian policy 9.3.3.1).
const POLICY: &str = "/usr/sbin/policy-rc.d";

pub(crate) fn run() -> Result<()> {
    let mut complete = true;
    for (name, result) in [
        ("Debian packages", debian(PACKAGES)),
        ("Debian packages for Windows", debian(FOR_WINDOWS)),
        ("npm packages", node()),
        ("cargo-deny", deny::install()),
        ("what builds for other systems", targets::prepare()),
    ] {
        match result {
            Ok(()) => eprintln!("setup: {name}: there"),
            Err(error) => {
                complete = false;
                eprintln!("setup: {name}: {error:#}");
            }
        }
    }
    if complete { Ok(()) } else { bail!("not everything that the tests need is there") }
}

/// Installs those of these packages that are missing where it may, else names them.
pub(crate) fn debian(packages: &[Package]) -> Result<()> {
    let missing: Vec<&Package> = packages.iter().filter(|p| !p.is_present()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
    if !is_root() || find("apt-get").is_none() {
        for package in &missing {
            eprintln!("setup: missing: {} (for: {})", package.name, package.purpose);
        }
        bail!(
            "install what is missing, on Debian with: sudo apt-get install --no-install-recommends {}",
            names.join(" ")
        );
    }
    let _no_starts = NoServiceStarts::hold(Path::new(POLICY))?;
    let apt = |arguments: &[&str]| {
        succeed(command("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "--quiet"])?;
    let mut install = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
    install.extend(names);
    apt(&install)?;
    match packages.iter().find(|p| !p.is_present()) {
        Some(package) => bail!("{} is installed, but its programs aren't found", package.name),
        None => Ok(()),
    }
}

/// `npm ci`, unless what is there is newer than the lock file.
pub(crate) fn node() -> Result<()> {
    if find("npm").is_none() {
        bail!("npm is not there: install Node.js 20 or newer, with npm");
    }
    let web = repository::root().join("web");
    // A build that runs beside us installs too, and takes the same lock.
    let lock = web.join(".build.lock");
    let lock = File::create(&lock).with_context(|| format!("can't create {}", lock.display()))?;
    lock.lock().context("can't lock web/.build.lock")?;
    let modified = |file: &str| std::fs::metadata(web.join(file)).and_then(|m| m.modified());
    let wanted = modified("package-lock.json").context("can't read web/package-lock.json")?;
    // npm writes this one last.
    if modified("node_modules/.package-lock.json").is_ok_and(|installed| installed >= wanted) {
        return Ok(());
    }
    succeed(&mut npm(&["ci", "--no-audit", "--no-fund"]))
}

/// While this lives, package scripts start no services. A policy that is there already stays.
struct NoServiceStarts<'a> {
    ours: Option<&'a Path>,
}

impl<'a> NoServiceStarts<'a> {
    fn hold(policy: &'a Path) -> Result<Self> {
        if policy.exists() {
            return Ok(Self { ours: None });
        }
        std::fs::write(policy, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("can't write {}", policy.display()))?;
        let held = Self { ours: Some(policy) };
        succeed(command("chmod", &["755"]).arg(policy))?;
        Ok(held)
    }
}

impl Drop for NoServiceStarts<'_> {
    fn drop(&mut self) {
        if let Some(policy) = self.ours
            && let Err(error) = std::fs::remove_file(policy)
        {
            eprintln!("setup: can't remove {}: {error}", policy.display());
        }
    }
}

/// True if the effective user is root, by the owner of `/proc/self` (proc(5)).
pub(crate) fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .and_then(|ids| ids.split_whitespace().nth(1))
            == Some("0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_of_ours_goes_and_a_foreign_one_stays() {
        let folder = std::env::temp_dir().join(format!("xtask-policy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let policy = folder.join("policy-rc.d");

        let held = NoServiceStarts::hold(&policy).unwrap();
        assert!(std::fs::read_to_string(&policy).unwrap().contains("exit 101"));
        drop(held);
        assert!(!policy.exists());

        std::fs::write(&policy, "theirs").unwrap();
        drop(NoServiceStarts::hold(&policy).unwrap());
        assert_eq!(std::fs::read_to_string(&policy).unwrap(), "theirs");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
