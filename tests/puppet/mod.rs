//! Puppets: processes that do with sockets what a test orders. `program.rs` is what they run.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that obeys. It leaves when the test lets go of it.
pub(crate) struct Puppet {
    pid: u32,
    child: Child,
    answers: mpsc::Receiver<String>,
}

impl Puppet {
    /// Starts the command, which is to run the program for puppets.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let deadline = Instant::now() + PATIENCE;
        let mut child = loop {
            match command.spawn() {
                // Whatever another test starts meanwhile holds a copy open for writing until it
                // has become another program.
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                started => break started.expect("a puppet starts"),
            }
        };
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            // Nobody asks any more when the test has let go.
            let _ = output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        let mut puppet = Self { pid: 0, child, answers };
        let here = puppet.answer();
        let pid = here.strip_prefix("here ").and_then(|pid| pid.trim().parse().ok());
        puppet.pid = pid.expect("a puppet says where it is");
        puppet
    }

    /// Its id where it runs.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    fn answer(&self) -> String {
        self.answers.recv_timeout(PATIENCE).expect("a puppet answers")
    }

    /// Has an order carried out, words separated by tabs, and returns the answer.
    pub(crate) fn order(&mut self, order: impl Display) -> String {
        let mut strings = self.child.stdin.as_ref().expect("its input is a pipe");
        writeln!(strings, "{order}").expect("the puppet lives");
        let answer = self.answer();
        match answer.strip_prefix("done ") {
            Some(done) => done.trim_end().to_owned(),
            None => unreachable!("puppet {}: {answer}", self.pid),
        }
    }

    /// Ends it without a warning, by its handle.
    pub(crate) fn kill(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end, which somebody else has brought about.
    pub(crate) fn wait(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        eprintln!("puppet {} does not leave by itself", self.pid);
        self.kill();
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.wait();
    }
}

fn is_busy(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::ExecutableFileBusy
}

/// The address that is the answer.
pub(crate) fn address(answer: &str) -> SocketAddr {
    answer.parse().expect("an address")
}

/// The program that puppets run, as `cargo build --package procnet-collect --example puppet` left
/// it beside the folder of this test.
pub(crate) fn beside_this_test() -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let name = format!("puppet{}", std::env::consts::EXE_SUFFIX);
    let program = own.ancestors().nth(2).map(|folder| folder.join("examples").join(name));
    let program = program.expect("a test lies in a folder of a build");
    let advice = "cargo build --package procnet-collect --example puppet";
    assert!(program.is_file(), "{} is not there: run {advice}", program.display());
    program
}

/// Gives the program another name, in a folder. On UNIX by a link, for what is written can't be run
/// while somebody else inherits it; but Wine takes links to one program for each other.
pub(crate) fn named(program: &Path, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    // Fails if none is there.
    let _ = std::fs::remove_file(&path);
    if cfg!(windows) || std::fs::hard_link(program, &path).is_err() {
        std::fs::copy(program, &path).expect("a program can be copied");
    }
    path
}
