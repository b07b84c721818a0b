//! What the service has to tell, in a file: it has no console, and nobody tidies up after it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};

use crate::logging;

/// Most bytes of the file.
const MAX_FILE: usize = 4 << 20;

/// Where it is: only administrators may write there.
pub(super) fn file(title: &str) -> PathBuf {
    let system = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    Path::new(&system).join("Logs").join(title).join("service.log")
}

/// Tells what happens since this start, instead of what happened before.
pub(super) fn start(filter: &str, path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    let file = std::fs::create_dir_all(folder).and_then(|()| File::create(path));
    let inner = file.with_context(|| format!("can't write {}", path.display()))?;
    logging::start_with(filter, Mutex::new(Bounded { inner, room: MAX_FILE }), false)
}

/// Writes so much, and drops what comes after.
struct Bounded<W> {
    inner: W,
    room: usize,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() <= self.room {
            self.room -= bytes.len();
            self.inner.write_all(bytes)?;
        } else {
            // Nothing follows a line that is left out.
            self.room = 0;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_an_end() {
        let mut bounded = Bounded { inner: Vec::new(), room: 10 };
        for line in ["one\n", "three\n", "x\n", "y\n"] {
            bounded.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(bounded.inner, b"one\nthree\n");
    }
}
