//! The Debian package, by deb(5): an archive of `ar` with a version, what dpkg is told, and the files.
//! It is the same, byte for byte, whenever and wherever it is made of the same files.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::{Compression, GzBuilder};

use super::OLDEST_GLIBC;
use super::archive::Entry;
use crate::command::{command, output};
use crate::{packaging, repository};

/// Where the files of the repository go.
const FILES: &[(&str, &str)] = &[
    ("CHANGELOG.md", "usr/share/doc/procnet/changelog.gz"),
    ("LICENSE", "usr/share/doc/procnet/copyright"),
    ("README.md", "usr/share/doc/procnet/README.md"),
    ("docs/GUIDE.md", "usr/share/doc/procnet/GUIDE.md"),
    ("docs/OPTIONS.md", "usr/share/doc/procnet/OPTIONS.md"),
    ("docs/PLATFORMS.md", "usr/share/doc/procnet/PLATFORMS.md"),
    ("docs/completions/_procnet", "usr/share/zsh/vendor-completions/_procnet"),
    ("docs/completions/procnet.bash", "usr/share/bash-completion/completions/procnet"),
    ("docs/completions/procnet.fish", "usr/share/fish/vendor_completions.d/procnet.fish"),
    ("docs/man/procnet.1", "usr/share/man/man1/procnet.1.gz"),
];
const PROGRAM: &str = "usr/bin/procnet";
const LICENCES: &str = "usr/share/doc/procnet/LICENCES.txt";
const UNIT: &str = "usr/lib/systemd/system/procnet.service";

/// The service is installed disabled. What runs already is what was installed before: it starts anew.
const CONFIGURED: &str = "#!/bin/sh
set -e
if [ \"$1\" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart procnet.service
fi
";
const BEFORE_REMOVAL: &str = "#!/bin/sh
set -e
if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now --quiet procnet.service
fi
";
const REMOVED: &str = "#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
";

/// Writes a package of the program and of what comes with it.
pub(super) fn write(path: &Path, time: u64, program: Vec<u8>, licences: String) -> Result<()> {
    let entries = entries(program, licences)?;
    let package = package(time, &entries).context("can't make a Debian package")?;
    std::fs::write(path, package).with_context(|| format!("can't write {}", path.display()))
}

fn entries(program: Vec<u8>, licences: String) -> Result<Vec<Entry>> {
    let entry = |path: &str, bytes| Entry { path: path.to_owned(), bytes, executable: false };
    let mut entries = vec![Entry { executable: true, ..entry(PROGRAM, program) }];
    for (from, to) in FILES {
        let file = repository::root().join(from);
        let bytes = std::fs::read(&file).with_context(|| format!("can't read {from}"))?;
        entries.push(entry(to, if to.ends_with(".gz") { compressed(&bytes)? } else { bytes }));
    }
    let unit = packaging::unit_of(&format!("/{PROGRAM}"))?;
    entries.push(entry(UNIT, unit.into_bytes()));
    entries.push(entry(LICENCES, licences.into_bytes()));
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn package(time: u64, entries: &[Entry]) -> Result<Vec<u8>> {
    let script = |path: &str, text: &str| Entry {
        path: path.to_owned(),
        bytes: text.as_bytes().to_vec(),
        executable: true,
    };
    let control = Entry { executable: false, ..script("control", &control(entries)) };
    let told = [
        control,
        script("postinst", CONFIGURED),
        script("postrm", REMOVED),
        script("prerm", BEFORE_REMOVAL),
    ];
    let mut package = b"!<arch>\n".to_vec();
    member(&mut package, "debian-binary", time, b"2.0\n")?;
    member(&mut package, "control.tar.gz", time, &tape(time, &told)?)?;
    member(&mut package, "data.tar.gz", time, &tape(time, entries)?)?;
    Ok(package)
}

/// By deb-control(5).
fn control(entries: &[Entry]) -> String {
    let kibibytes: usize = entries.iter().map(|entry| entry.bytes.len().div_ceil(1024)).sum();
    let (major, minor) = OLDEST_GLIBC;
    format!(
        "Package: procnet\n\
         Version: {}\n\
         Architecture: amd64\n\
         Maintainer: The maintainers of Procnet Live <https://github.com/procitec/Procnet_Live>\n\
         Installed-Size: {kibibytes}\n\
         Depends: libc6 (>= {major}.{minor}), libgcc-s1 | libgcc1\n\
         Section: net\n\
         Priority: optional\n\
         Homepage: https://github.com/procitec/Procnet_Live\n\
         Description: live map of processes and their connections\n \
         Procnet Live shows which processes of this machine talk to which others, and to whom\n \
         elsewhere, by TCP, UDP and UNIX sockets, as it happens: on a page in the browser, as a\n \
         table in the terminal, and as files.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A compressed tape archive with the folders that its files lie in.
fn tape(time: u64, entries: &[Entry]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::best()));
    let header = |kind, size: usize, mode| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(size as u64);
        header.set_mode(mode);
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        header
    };
    let folders: BTreeSet<&Path> = entries
        .iter()
        .flat_map(|entry| Path::new(&entry.path).ancestors().skip(1))
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    for folder in folders {
        let mut header = header(tar::EntryType::Directory, 0, 0o755);
        archive.append_data(&mut header, folder, std::io::empty())?;
    }
    for entry in entries {
        let mut header = header(tar::EntryType::Regular, entry.bytes.len(), entry.mode());
        archive.append_data(&mut header, &entry.path, entry.bytes.as_slice())?;
    }
    Ok(archive.into_inner()?.finish()?)
}

/// One file of an archive of `ar`, by ar(5) as deb(5) narrows it down.
fn member(archive: &mut Vec<u8>, name: &str, time: u64, bytes: &[u8]) -> Result<()> {
    write!(archive, "{name:<16}{time:<12}{:<6}{:<6}{:<8}{:<10}", 0, 0, 100_644, bytes.len())?;
    archive.extend_from_slice(b"`\n");
    archive.extend_from_slice(bytes);
    if bytes.len() % 2 == 1 {
        archive.push(b'\n');
    }
    Ok(())
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = GzBuilder::new().write(Vec::new(), Compression::best());
    compressed.write_all(bytes)?;
    Ok(compressed.finish()?)
}

/// Has dpkg unpack it, and runs the program within.
pub(super) fn run(package: &Path, into: &Path) -> Result<()> {
    unpack(package, into)?;
    let program = into.join(PROGRAM);
    let said = output(&mut command(&program.to_string_lossy(), &["--version"]))?;
    let wanted = format!("procnet {}", env!("CARGO_PKG_VERSION"));
    ensure!(said.trim() == wanted, "it says {said:?}, not {wanted:?}");
    Ok(())
}

fn unpack(package: &Path, into: &Path) -> Result<()> {
    if into.exists() {
        std::fs::remove_dir_all(into)
            .with_context(|| format!("can't remove {}", into.display()))?;
    }
    let extract = ["--extract", &package.to_string_lossy(), &into.to_string_lossy()];
    output(&mut command("dpkg-deb", &extract)).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// As dpkg reads it.
    #[test]
    fn dpkg_reads_what_is_written() {
        let folder = std::env::temp_dir().join(format!("xtask-debian-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("procnet.deb");
        let make = || write(&path, 1_700_000_000, b"a program".to_vec(), "licences".to_owned());
        make().unwrap();
        let first = std::fs::read(&path).unwrap();
        make().unwrap();
        assert!(first == std::fs::read(&path).unwrap(), "it is always the same");

        let field = |name: &str| {
            let ask = ["--field", &path.to_string_lossy(), name];
            output(&mut command("dpkg-deb", &ask)).unwrap().trim().to_owned()
        };
        assert_eq!(field("Package"), "procnet");
        assert_eq!(field("Version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(field("Depends"), "libc6 (>= 2.17), libgcc-s1 | libgcc1");
        assert!(field("Description").contains("as it happens"));

        let into = folder.join("unpacked");
        unpack(&path, &into).unwrap();
        let mode = |file: &str| into.join(file).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(PROGRAM), mode(UNIT)), (0o755, 0o644));
        for (_, file) in FILES {
            assert!(into.join(file).is_file(), "{file}");
        }
        let unit = std::fs::read_to_string(into.join(UNIT)).unwrap();
        assert!(unit.contains("\nExecStart=/usr/bin/procnet serve"), "{unit}");
        assert!(!unit.contains("/usr/local"), "{unit}");
        // Nothing enables it: that is a link in /etc.
        assert!(!into.join("etc").exists());
        for script in [CONFIGURED, BEFORE_REMOVAL, REMOVED] {
            assert!(!script.contains("systemctl enable"), "{script}");
            output(&mut command("sh", &["-n", "-c", script])).unwrap();
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
