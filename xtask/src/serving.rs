//! A running `procnet` of our own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Ends the program when it goes.
pub(crate) struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    /// Starts it and waits for the line that names its address.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", program.display()))?;
        let messages = child.stderr.take().context("procnet has no stderr")?;
        let mut serving = Self { child, url: String::new() };
        let mut lines = BufReader::new(messages).lines();
        for line in lines.by_ref() {
            let line = line.context("can't read procnet's messages")?;
            eprintln!("  {line}");
            if let Some((_, url)) = line.split_once("serving http") {
                serving.url = format!("http{}", url.trim());
                break;
            }
        }
        if serving.url.is_empty() {
            bail!("procnet ended without serving");
        }
        // A full pipe would stop the program: go on reading.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(serving)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("can't end procnet: {error}");
        }
    }
}
