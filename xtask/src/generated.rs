//! What is generated from the code and committed: it may never differ from what the code says.
//!
//! The program prints its own man page, completions and option table; the API's types for the
//! page come from `docs/openapi.json`, which a test of the server keeps current.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::command::{build_procnet, command, npm, output, succeed};
use crate::{icon, licences, repository};

/// Each generated file and the arguments with which the program prints it.
const FILES: &[(&str, &[&str])] = &[
    ("docs/man/procnet.1", &["man"]),
    ("docs/completions/procnet.bash", &["completions", "bash"]),
    ("docs/completions/procnet.fish", &["completions", "fish"]),
    ("docs/completions/_procnet", &["completions", "zsh"]),
    ("docs/completions/_procnet.ps1", &["completions", "powershell"]),
    ("docs/completions/procnet.elv", &["completions", "elvish"]),
    ("docs/OPTIONS.md", &["options"]),
];

const TYPES: &str = "web/src/wire/generated.ts";

/// Writes the files, or with `check` only says which differ.
pub(crate) fn run(check: bool) -> Result<()> {
    // First, for the program contains it.
    licences::run(check)?;
    icon::run(check)?;
    let program = build_procnet(false)?.to_string_lossy().into_owned();
    let mut differing = Vec::new();
    for (path, arguments) in FILES {
        let wanted = output(&mut command(&program, arguments))?;
        let file = repository::root().join(path);
        if std::fs::read_to_string(&file).is_ok_and(|there| there == wanted) {
            continue;
        }
        differing.push(*path);
        if !check {
            write(&file, &wanted)?;
            eprintln!("docs: wrote {path}");
        }
    }
    if check && !differing.is_empty() {
        bail!("out of date: {}; run `cargo xtask docs`", differing.join(", "));
    }
    Ok(())
}

/// Generates the page's types anew and compares them with the committed ones, which stay.
pub(crate) fn check_types() -> Result<()> {
    let file = repository::root().join(TYPES);
    let committed =
        std::fs::read_to_string(&file).with_context(|| format!("can't read {TYPES}"))?;
    let generated = succeed(&mut npm(&["run", "generate"]))
        .and_then(|()| std::fs::read_to_string(&file).context("nothing was generated"));
    write(&file, &committed)?;
    if generated? != committed {
        bail!("{TYPES} differs from docs/openapi.json: run `npm run generate` in web/");
    }
    Ok(())
}

fn write(file: &PathBuf, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("can't make {}", folder.display()))?;
    }
    std::fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
}
