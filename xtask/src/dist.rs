//! `cargo xtask dist`: an archive for each system, and a Debian package, with the licences of all that is linked into its
//! program, and their checksums. Each is unpacked again, and its program run where that can be.

mod archive;
mod debian;
mod trial;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use self::archive::{Entry, Form};
use crate::command::{cargo, command, npm, output, succeed};
use crate::cross::{built, cross};
use crate::packages::{FOR_TARGETS, FOR_WINDOWS};
use crate::{licences, repository, setup, zig};

/// The oldest C library that the program for Linux runs with: of 2012, older than what Debian 8,
/// Ubuntu 14.04 and RHEL 7 have.
pub(crate) const OLDEST_GLIBC: (u32, u32) = (2, 17);

/// What is made.
struct Product {
    /// What its archive is called after.
    name: &'static str,
    /// As the compiler calls what it is for.
    target: &'static str,
    /// As zig calls it, which links it; mingw links for Windows.
    zig: Option<&'static str>,
    program: &'static str,
    form: Form,
    /// What comes with it besides what comes with each.
    files: &'static [(&'static str, &'static str)],
    /// There is a Debian package of it, too.
    debian: bool,
}

const COMPLETIONS: &[(&str, &str)] = &[
    ("docs/completions/_procnet", "completions/_procnet"),
    ("docs/completions/procnet.bash", "completions/procnet.bash"),
    ("docs/completions/procnet.elv", "completions/procnet.elv"),
    ("docs/completions/procnet.fish", "completions/procnet.fish"),
    ("docs/man/procnet.1", "procnet.1"),
];

/// What comes with each.
const FILES: &[(&str, &str)] = &[
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE", "LICENSE"),
    ("README.md", "README.md"),
    ("docs/GUIDE.md", "docs/GUIDE.md"),
    ("docs/OPTIONS.md", "docs/OPTIONS.md"),
    ("docs/PLATFORMS.md", "docs/PLATFORMS.md"),
    ("docs/completions/_procnet.ps1", "completions/_procnet.ps1"),
];

const PRODUCTS: &[Product] = &[
    Product {
        name: "linux-x86_64",
        target: "x86_64-unknown-linux-gnu",
        zig: Some("x86_64-linux-gnu.2.17"),
        program: "procnet",
        form: Form::Tar,
        files: &[("packaging/procnet.service", "procnet.service")],
        debian: true,
    },
    Product {
        name: "windows-x86_64",
        target: "x86_64-pc-windows-gnu",
        zig: None,
        program: "procnet.exe",
        form: Form::Zip,
        files: &[],
        debian: false,
    },
    // Linked, but never run: the name says so.
    Product {
        name: "macos-aarch64-untried",
        target: "aarch64-apple-darwin",
        zig: Some("aarch64-macos"),
        program: "procnet",
        form: Form::Tar,
        files: &[MAC],
        debian: false,
    },
    Product {
        name: "macos-x86_64-untried",
        target: "x86_64-apple-darwin",
        zig: Some("x86_64-macos"),
        program: "procnet",
        form: Form::Tar,
        files: &[MAC],
        debian: false,
    },
];

const MAC: (&str, &str) = ("packaging/com.procitec.procnet.plist", "com.procitec.procnet.plist");

/// Makes these, or all.
pub(crate) fn run(names: &[String]) -> Result<()> {
    let unknown = names.iter().find(|name| !PRODUCTS.iter().any(|it| it.name == **name));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = PRODUCTS.iter().map(|product| product.name).collect();
        bail!("there is no {unknown:?}; there are {}", known.join(", "));
    }
    let wanted = |product: &&Product| names.is_empty() || names.iter().any(|it| it == product.name);
    let products: Vec<&Product> = PRODUCTS.iter().filter(wanted).collect();
    setup::node()?;
    setup::debian(FOR_TARGETS)?;
    setup::debian(FOR_WINDOWS)?;
    zig::install()?;
    let folder = repository::target().join("dist");
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let page = page(&folder)?;
    let of_page = licences::of_page(&page)?;
    let mut sums = String::new();
    let time = time()?;
    for product in products {
        let program = product.build(&page)?;
        let licences = licences::text(&[product.target])? + &of_page;
        let name = format!("procnet-{}-{}", env!("CARGO_PKG_VERSION"), product.name);
        let path = folder.join(format!("{name}.{}", product.form.extension()));
        archive::write(&path, product.form, time, product.entries(&name, &program, &licences)?)?;
        sums += &sum(&path)?;
        trial::run(&path, &name, product.program)?;
        eprintln!("dist: made and tried {}", path.display());
        if product.debian {
            let path = folder.join(format!("procnet_{}_amd64.deb", env!("CARGO_PKG_VERSION")));
            let program = std::fs::read(&program)
                .with_context(|| format!("can't read {}", program.display()))?;
            debian::write(&path, time, program, licences)?;
            sums += &sum(&path)?;
            debian::run(&path, &folder.join("trial"))?;
            eprintln!("dist: made and tried {}", path.display());
        }
    }
    let path = folder.join("SHA256SUMS");
    std::fs::write(&path, &sums).with_context(|| format!("can't write {}", path.display()))?;
    succeed(command("sha256sum", &["--check", "--quiet", "SHA256SUMS"]).current_dir(&folder))?;
    print!("{sums}");
    Ok(())
}

/// Builds the page, the same for all of them, and says where it is.
fn page(folder: &Path) -> Result<PathBuf> {
    let page = folder.join("page");
    let to = page.to_string_lossy();
    succeed(&mut npm(&["run", "build", "--", "--outDir", &to, "--emptyOutDir"]))?;
    Ok(page)
}

impl Product {
    /// Builds the program and says where it is.
    fn build(&self, page: &Path) -> Result<PathBuf> {
        let own = self.target == "x86_64-unknown-linux-gnu";
        let mut build = if own {
            cargo(&["build", "--locked", "--target", self.target])
        } else {
            cross("build", self.target)
        };
        build.args(["--release", "--package", "procnet", "--bin", "procnet"]);
        build.env("PROCNET_WEB_DIST", page);
        if let Some(zig) = self.zig {
            zig::link(&mut build, self.target, zig);
        }
        succeed(&mut build)?;
        Ok(if own {
            repository::target().join(self.target).join("release").join(self.program)
        } else {
            built(self.target, "release", self.program)
        })
    }

    fn entries(&self, folder: &str, program: &Path, licences: &str) -> Result<Vec<Entry>> {
        let unix = self.form == Form::Tar;
        let mut files: Vec<(PathBuf, &str)> = vec![(program.to_owned(), self.program)];
        let more = if unix { COMPLETIONS } else { &[] };
        for (from, to) in FILES.iter().chain(more).chain(self.files) {
            files.push((repository::root().join(from), to));
        }
        let mut entries = Vec::new();
        for (from, to) in files {
            let bytes =
                std::fs::read(&from).with_context(|| format!("can't read {}", from.display()))?;
            let executable = to == self.program;
            entries.push(Entry { path: format!("{folder}/{to}"), bytes, executable });
        }
        let path = format!("{folder}/LICENCES.txt");
        entries.push(Entry { path, bytes: licences.as_bytes().to_vec(), executable: false });
        Ok(entries)
    }
}

/// When what is released was written: as it was asked for, else when it was committed.
fn time() -> Result<u64> {
    let asked = std::env::var("SOURCE_DATE_EPOCH").ok();
    let mut git: Command = command("git", &["log", "-1", "--format=%ct"]);
    let text = asked.map_or_else(|| output(&mut git), Ok)?;
    text.trim().parse().context("SOURCE_DATE_EPOCH is no number of seconds")
}

/// A line as sha256sum prints it.
fn sum(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{}  {file}\n", checksum(&bytes)))
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_product_is_an_error_that_lists_them() {
        let error = run(&["beos".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("linux-x86_64") && error.contains("windows-x86_64"), "{error}");
    }

    #[test]
    fn what_comes_along_is_there() {
        for product in PRODUCTS {
            for (from, _) in FILES.iter().chain(COMPLETIONS).chain(product.files) {
                assert!(repository::root().join(from).is_file(), "{from}");
            }
        }
    }

    #[test]
    fn checksums_are_those_of_sha256sum() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(checksum(b""), empty);
    }
}
