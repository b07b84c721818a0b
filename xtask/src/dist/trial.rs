//! Trying an archive: unpacked where nothing else is, its program says who it is.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::{OLDEST_GLIBC, archive};
use crate::command::{command, output};
use crate::{repository, targets, windows};

/// Unpacks it and runs the program within, where this machine can.
pub(super) fn run(archive: &Path, folder: &str, program: &str) -> Result<()> {
    let into = repository::target().join("dist").join("trial");
    if into.exists() {
        std::fs::remove_dir_all(&into)
            .with_context(|| format!("can't remove {}", into.display()))?;
    }
    archive::unpack(archive, &into)?;
    let whole = into.join(folder);
    for file in ["LICENCES.txt", "LICENSE", "README.md"] {
        ensure!(whole.join(file).is_file(), "{} has no {file}", archive.display());
    }
    let program = whole.join(program);
    let bytes =
        std::fs::read(&program).with_context(|| format!("can't read {}", program.display()))?;
    let said = if bytes.starts_with(b"\x7fELF") {
        let newest = newest_glibc(&bytes);
        ensure!(newest <= OLDEST_GLIBC, "it takes glibc {}.{}", newest.0, newest.1);
        output(command(&program.to_string_lossy(), &["--version"]).current_dir(&whole))?
    } else if bytes.starts_with(b"MZ") {
        windows::output_under_wine(&program, "--version")?
    } else if targets::is_mach_object(&bytes) {
        return Ok(());
    } else {
        bail!("{} is no program", program.display());
    };
    let wanted = format!("procnet {}", env!("CARGO_PKG_VERSION"));
    ensure!(said.trim() == wanted, "it says {said:?}, not {wanted:?}");
    Ok(())
}

/// The newest version of glibc whose symbols a program names.
fn newest_glibc(program: &[u8]) -> (u32, u32) {
    const NAME: &[u8] = b"GLIBC_";
    let mut newest = (0, 0);
    for place in places(program, NAME) {
        let rest = program.get(place + NAME.len()..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let version = std::str::from_utf8(rest.get(..length).unwrap_or_default());
        let mut numbers = version.unwrap_or_default().split('.').map_while(|it| it.parse().ok());
        newest = newest.max((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)));
    }
    newest
}

fn places<'a>(bytes: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(word.len()).enumerate().filter(move |(_, it)| *it == word).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_that_of_all_symbols() {
        let program = b"\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0GLIBC_PRIVATE\0";
        assert_eq!(newest_glibc(program), (2, 17));
        assert_eq!(newest_glibc(b"GLIBC_2.38"), (2, 38));
        assert_eq!(newest_glibc(b"static"), (0, 0));
    }
}
