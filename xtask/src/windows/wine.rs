//! A Wine of our own: its files in a folder of the build, its server ended with us.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::succeed;

/// Where Debian keeps Wine's programs.
const PROGRAM: &str = "/usr/lib/wine/wine64";
const SERVER: &str = "/usr/lib/wine/wineserver64";

/// A running Wine.
pub(super) struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// Makes its files below `folder`, if they aren't there, and starts its server: programs then
    /// start in a tenth of a second, not in seconds.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let prefix = folder.join("wine");
        std::fs::create_dir_all(&prefix)
            .with_context(|| format!("can't make {}", prefix.display()))?;
        let wine = Self { prefix };
        // The server leaves when nothing has run for two minutes.
        wine.run(Command::new(SERVER).arg("-p120"))?;
        wine.run(Command::new(PROGRAM).args(["cmd", "/c", "exit"]))?;
        let system = wine.prefix.join("drive_c/windows/system32");
        if !system.is_dir() {
            bail!("Wine made no {}", system.display());
        }
        super::random_library(&system)?;
        Ok(wine)
    }

    /// The program that runs Windows programs.
    pub(super) fn program(&self) -> &Path {
        Path::new(PROGRAM)
    }

    /// Gives a command what everything needs that is to run in this Wine.
    pub(super) fn surround<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINESERVER", SERVER)
            // Messages of Wine itself; a debugger that would hold up every crash; the runtimes
            // that a new prefix would be offered.
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "winedbg.exe=d;mscoree=d;mshtml=d")
            .env("DISPLAY", "")
            // By this it knows how file names are written.
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
    }

    fn run(&self, command: &mut Command) -> Result<()> {
        // What Wine leaves running must not hold our output open.
        succeed(self.surround(command).stdout(Stdio::null()).stderr(Stdio::null()))
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        if let Err(error) = self.run(Command::new(SERVER).arg("-k")) {
            eprintln!("windows: can't end Wine: {error:#}");
        }
    }
}
