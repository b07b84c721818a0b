//! The licences of every crate that is linked into the program: most of them ask that their text
//! goes wherever the code goes, so `procnet licences` prints what this writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{cargo, output};
use crate::repository;

/// The file that the program prints.
pub(crate) const FILE: &str = "crates/procnet/licences.txt";

/// What the program is released for; all of it goes into `FILE`.
const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// The texts of crates that are published without them, by their names.
const NOTICES: [(&str, &str); 1] = [("public-suffix", include_str!("licences/public-suffix.txt"))];

/// The licences of what is linked into the program for any of these targets.
pub(crate) fn text(targets: &[&str]) -> Result<String> {
    let mut linked = BTreeSet::new();
    for target in targets {
        linked.extend(linked_for(target)?);
    }
    let metadata = output(&mut cargo(&["metadata", "--format-version=1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    // Crates by the text that they carry: the long ones are all alike.
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let field = |name: &str| package[name].as_str().unwrap_or_default();
        let name = format!("{} {}", field("name"), field("version"));
        if !linked.contains(&name) || package["source"].is_null() {
            continue;
        }
        let line = format!("{name} ({})", field("license"));
        let folder = Path::new(field("manifest_path")).parent().context("a crate has a folder")?;
        let mut texts = texts(folder, field("license"))?;
        let own = NOTICES.iter().filter(|(of, _)| *of == field("name"));
        texts.extend(own.map(|(_, text)| text.trim().to_owned()));
        if texts.is_empty() {
            bail!("{line} comes without its licence's text: find it, and name it in NOTICES");
        }
        for text in texts {
            by_text.entry(text).or_default().push(line.clone());
        }
    }
    if by_text.is_empty() {
        bail!("no licence was found: are the crates' sources there?");
    }
    Ok(render(&by_text))
}

/// The licences of the page's libraries, which lie beside them in the folder of a page that is built.
pub(crate) fn of_page(page: &Path) -> Result<String> {
    let vendor = page.join("vendor");
    let path = vendor.join("manifest.json");
    let manifest =
        std::fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let manifest: Value = serde_json::from_str(&manifest)
        .with_context(|| format!("{} is no JSON", path.display()))?;
    let libraries = manifest["libraries"].as_array().context("the page names no libraries")?;
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for library in libraries {
        let field = |name: &str| library[name].as_str().unwrap_or_default();
        let path = vendor.join(field("licence_file"));
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("can't read {}", path.display()))?;
        let line = format!("{} {} ({})", field("name"), field("version"), field("licence"));
        by_text.entry(text.trim().to_owned()).or_default().push(line);
    }
    Ok(format!("\nThe libraries of its page keep theirs:\n{}", groups(&by_text)))
}

fn render(by_text: &BTreeMap<String, Vec<String>>) -> String {
    let head =
        "Procnet Live is under the MIT licence. The crates that are linked into it keep theirs:\n";
    format!("{head}{}", groups(by_text))
}

fn groups(by_text: &BTreeMap<String, Vec<String>>) -> String {
    let mut whole = String::new();
    let mut groups: Vec<(&Vec<String>, &String)> = by_text.iter().map(|(t, c)| (c, t)).collect();
    groups.sort_unstable();
    for (crates, text) in groups {
        let rule = "-".repeat(100);
        // Writing to a String cannot fail.
        let _ = write!(whole, "\n{rule}\n{}\n{rule}\n\n{text}\n", crates.join("\n"));
    }
    whole
}

/// `name version` of everything that is linked into the program for that target.
fn linked_for(target: &str) -> Result<BTreeSet<String>> {
    let tree = output(&mut cargo(&[
        "tree",
        "--locked",
        "--package",
        "procnet",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--target",
        target,
    ]))?;
    Ok(tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?.trim_start_matches('v')))
        })
        .collect())
}

/// The licence texts in a crate's folder, in the order of their names, with line ends made alike.
/// Where the crate leaves the choice, we take MIT, our own.
fn texts(folder: &Path, expression: &str) -> Result<Vec<String>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("can't list {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            path.is_file()
                && ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|n| name.starts_with(n))
        })
        .collect();
    files.sort();
    let is_mit = |path: &PathBuf| path.to_string_lossy().to_uppercase().ends_with("-MIT");
    if expression.contains("MIT") && expression.contains(" OR ") && files.iter().any(is_mit) {
        files.retain(is_mit);
    }
    let mut texts = Vec::new();
    for file in files {
        let bytes =
            std::fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let text = lines.join("\n").trim().to_owned();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

/// Writes the file, or with `check` says whether it is out of date.
pub(crate) fn run(check: bool) -> Result<()> {
    let file = repository::root().join(FILE);
    let wanted = text(&TARGETS)?;
    if std::fs::read_to_string(&file).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    if check {
        bail!("out of date: {FILE}; run `cargo xtask docs`");
    }
    std::fs::write(&file, wanted).with_context(|| format!("can't write {}", file.display()))?;
    eprintln!("docs: wrote {FILE}");
    Ok(())
}
