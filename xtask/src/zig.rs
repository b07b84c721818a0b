//! Zig, for what it brings along: Apple's public headers and a linker that needs nothing else of
//! Apple's. A name that macOS does not have fails to link.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{command, succeed};
use crate::repository;

/// What pip installs: this version, and no other bytes than these, on Linux.
const REQUIREMENT: &str = "\
ziglang==0.17.1 \
--hash=sha256:ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54 \
--hash=sha256:b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e
";

/// What compiles the C of libraries, and what puts the results together: scripts that call zig.
const COMPILER: &str = "xtask/src/zig/zig-compile";
const ARCHIVER: &str = "xtask/src/zig/zig-archive";

/// What links Macs' programs: a script that calls zig; the compiler knows by its name how to call it.
const LINKER: &str = "xtask/src/zig/zig-cc";

fn folder() -> PathBuf {
    repository::target().join("tools").join("zig")
}

/// The program.
pub(crate) fn program() -> PathBuf {
    folder().join("ziglang").join("zig")
}

/// Installs it under the target folder, unless that very version is there.
pub(crate) fn install() -> Result<()> {
    let folder = folder();
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let path = folder.with_extension("lock");
    let lock = File::create(&path).with_context(|| format!("can't create {}", path.display()))?;
    lock.lock().with_context(|| format!("can't lock {}", path.display()))?;
    let requirement = folder.join("requirement.txt");
    let there = std::fs::read_to_string(&requirement).is_ok_and(|there| there == REQUIREMENT);
    if there && program().is_file() {
        return Ok(());
    }
    let wanted = folder.with_extension("txt");
    std::fs::write(&wanted, REQUIREMENT)
        .with_context(|| format!("can't write {}", wanted.display()))?;
    let mut pip = command("python3", &["-m", "pip", "install", "--quiet", "--no-deps"]);
    pip.args(["--only-binary=:all:", "--require-hashes", "--upgrade", "--target"]).arg(&folder);
    // The advice not to run it as root is for what it installs for all.
    pip.arg("--requirement").arg(&wanted).env("PIP_ROOT_USER_ACTION", "ignore");
    pip.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    succeed(&mut pip)?;
    // Last, for it says that all of it is there.
    std::fs::rename(&wanted, &requirement)
        .with_context(|| format!("can't write {}", requirement.display()))
}

/// Has a build for this target (`aarch64-apple-darwin`) linked by zig, which calls it otherwise
/// (`aarch64-macos`).
pub(crate) fn link<'a>(cargo: &'a mut Command, target: &str, zig_target: &str) -> &'a mut Command {
    let linker = repository::root().join(LINKER);
    let setting = format!("CARGO_TARGET_{}_LINKER", target.replace('-', "_").to_uppercase());
    compile(cargo, target, zig_target)
        .env(setting, linker)
        // Else the compiler looks for Apple's development tools, and warns that there are none.
        .env("SDKROOT", repository::root().join("xtask/src/zig"));
    if target.ends_with("apple-darwin") {
        // To strip such a program the compiler calls a tool that Debian does not have.
        cargo.env("CARGO_PROFILE_RELEASE_STRIP", "none");
    }
    cargo
}

/// Has a build for this target (`aarch64-apple-darwin`) compile the C of libraries with zig, which
/// calls it otherwise (`aarch64-macos`).
pub(crate) fn compile<'a>(
    cargo: &'a mut Command,
    target: &str,
    zig_target: &str,
) -> &'a mut Command {
    let name = target.replace('-', "_");
    cargo
        .env(format!("CC_{name}"), repository::root().join(COMPILER))
        .env(format!("AR_{name}"), repository::root().join(ARCHIVER))
        .env("PROCNET_ZIG", program())
        .env("PROCNET_ZIG_TARGET", zig_target);
    caches(cargo)
}

/// Has zig keep what it builds under the target folder.
pub(crate) fn caches(command: &mut Command) -> &mut Command {
    let cache: &Path = &folder().with_extension("cache");
    command.env("ZIG_GLOBAL_CACHE_DIR", cache).env("ZIG_LOCAL_CACHE_DIR", cache)
}
