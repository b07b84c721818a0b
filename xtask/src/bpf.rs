//! The programs for the kernel: built from `bpf/` into the object that is committed, so that
//! building Procnet needs no clang.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{command, find, output, succeed};
use crate::repository;

/// The committed object.
const OBJECT: &str = "crates/collect/src/linux/ebpf/procnet.bpf.o";
const SOURCE: &str = "procnet.bpf.c";
/// Other versions generate other instructions; this one is Debian 12's.
const CLANG: &str = "14";

/// Writes the object, or with `check` only says whether it differs.
pub(crate) fn run(check: bool) -> Result<()> {
    let version = clang_version()?;
    if version != CLANG {
        bail!("the object is built with clang {CLANG}, this is {version}: install Debian's clang");
    }
    let folder = repository::target().join("bpf");
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let built = build(&folder)?;
    let committed = repository::root().join(OBJECT);
    let same = read(&built)? == std::fs::read(&committed).unwrap_or_default();
    match (same, check) {
        (true, _) => Ok(()),
        (false, true) => bail!("{OBJECT} differs from what bpf/ builds: run `cargo xtask bpf`"),
        (false, false) => {
            std::fs::copy(&built, &committed).with_context(|| format!("can't write {OBJECT}"))?;
            eprintln!("bpf: wrote {OBJECT}");
            Ok(())
        }
    }
}

/// Compiles and strips into `folder`; what comes out depends on nothing but the sources.
fn build(folder: &Path) -> Result<PathBuf> {
    let (whole, stripped) = (folder.join("whole.o"), folder.join("procnet.bpf.o"));
    let mut clang = command(
        "clang",
        &[
            "-target",
            "bpfel",
            "-mcpu=v3",
            "-O2",
            "-g",
            "-Wall",
            "-Wextra",
            "-Werror",
            // No path of the machine that builds it.
            "-fdebug-compilation-dir=.",
            "-c",
            SOURCE,
            "-o",
        ],
    );
    succeed(clang.arg(&whole).current_dir(repository::root().join("bpf")))?;
    // The types stay, for they are what relocations are about; the rest is for debuggers.
    succeed(command("llvm-strip", &["-g", "-o"]).arg(&stripped).arg(&whole))?;
    Ok(stripped)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("can't read {}", file.display()))
}

fn clang_version() -> Result<String> {
    if find("clang").is_none() || find("llvm-strip").is_none() {
        bail!("clang and llvm-strip are not there: install clang and llvm");
    }
    let text = output(&mut command("clang", &["-dumpversion"]))?;
    Ok(text.split('.').next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_names_no_path_of_the_machine_that_built_it() {
        let bytes = read(&repository::root().join(OBJECT)).unwrap();
        assert!(bytes.starts_with(b"\x7fELF"));
        let root = repository::root().to_string_lossy().into_owned();
        assert!(!bytes.windows(root.len()).any(|window| window == root.as_bytes()));
    }
}
