//! Archives that are the same, byte for byte, whenever and wherever they are made of the same files.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// What kind of archive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A compressed tape archive, for Unix.
    Tar,
    /// For Windows.
    Zip,
}

impl Form {
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Tar => "tar.gz",
            Self::Zip => "zip",
        }
    }
}

/// A file within an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) executable: bool,
}

impl Entry {
    pub(super) const fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Writes the files into an archive, in the order of their names.
pub(super) fn write(path: &Path, form: Form, time: u64, mut entries: Vec<Entry>) -> Result<()> {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let file = File::create(path).with_context(|| format!("can't create {}", path.display()))?;
    let written = match form {
        Form::Tar => write_tar(file, time, &entries),
        Form::Zip => write_zip(file, &entries),
    };
    written.with_context(|| format!("can't write {}", path.display()))
}

fn write_tar(file: File, time: u64, entries: &[Entry]) -> Result<()> {
    // Neither a name nor a time in the compressed file itself.
    let compressed = GzBuilder::new().mtime(0).write(BufWriter::new(file), Compression::best());
    let mut archive = tar::Builder::new(compressed);
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(entry.mode());
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, &entry.path, entry.bytes.as_slice())?;
    }
    archive.into_inner()?.finish()?.into_inner()?.sync_all()?;
    Ok(())
}

/// Its times are in nobody's time zone, and so are all that of the format's beginning.
fn write_zip(file: File, entries: &[Entry]) -> Result<()> {
    let mut archive = zip::ZipWriter::new(BufWriter::new(file));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(entry.mode());
        archive.start_file(&entry.path, options)?;
        archive.write_all(&entry.bytes)?;
    }
    archive.finish()?.into_inner()?.sync_all()?;
    Ok(())
}

/// Unpacks the archive into a folder.
pub(super) fn unpack(path: &Path, into: &Path) -> Result<()> {
    let file = File::open(path).with_context(|| format!("can't open {}", path.display()))?;
    if path.extension().is_some_and(|extension| extension == "zip") {
        zip::ZipArchive::new(file)?.extract(into)?;
    } else {
        tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(into)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_always_alike() {
        let folder = std::env::temp_dir().join(format!("xtask-archive-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let entry = |path: &str, executable| Entry {
            path: path.to_owned(),
            bytes: path.repeat(1000).into_bytes(),
            executable,
        };
        for form in [Form::Tar, Form::Zip] {
            let there = |name: &str| folder.join(format!("{name}.{}", form.extension()));
            let (one, other) = (there("one"), there("other"));
            let entries = vec![entry("it/b", true), entry("it/folder/Дом.md", false)];
            let reversed = entries.iter().rev().cloned().collect();
            write(&one, form, 1_700_000_000, entries).unwrap();
            write(&other, form, 1_700_000_000, reversed).unwrap();
            assert!(std::fs::read(&one).unwrap() == std::fs::read(&other).unwrap(), "{form:?}");
            let into = folder.join(form.extension());
            unpack(&one, &into).unwrap();
            let text = std::fs::read_to_string(into.join("it/folder/Дом.md")).unwrap();
            assert_eq!(text.len(), "it/folder/Дом.md".len() * 1000);
            let mode = std::fs::metadata(into.join("it/b")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o755, "{form:?}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
