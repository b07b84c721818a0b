//! Builds the page and turns it, with the built-in icons, into a table that the program embeds.

// A build script's errors are for people: they are printed and end the build, never a panic.
#[path = "build/assets.rs"]
mod assets;
#[path = "build/page.rs"]
mod page;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}\n");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let variable =
        |name: &str| std::env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"));
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let page = page::build(&root, &out)?;
    let icons = root.join("icons");
    println!("cargo::rerun-if-changed={}", icons.display());
    assets::write_table(&[("", &page), ("icons/", &icons)], &out)
}
