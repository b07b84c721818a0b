//! One program of the workload: started, waited for, and ended by its own pid.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a program may take to be ready on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Why a program could not be started.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is not installed: its name.
    Missing(String),
    /// It went wrong.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is not installed"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// A running program.
pub(crate) struct Program {
    /// The port that it serves, or as a client talks to.
    pub(crate) port: u16,
    name: String,
    child: Option<Child>,
    pid: u32,
}

impl Program {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it as a service manager would, and waits.
    pub(crate) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // PostgreSQL takes SIGTERM for a wish to end when its clients have gone.
        signal(if self.name == "postgres" { "INT" } else { "TERM" }, child.id());
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            match child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        eprintln!("workload: {} does not end by itself", self.name);
        if let Err(error) = child.kill().and_then(|()| child.wait().map(drop)) {
            eprintln!("workload: can't end {}: {error}", self.name);
        }
    }

    /// Starts `command`, which is ready when its port accepts.
    pub(crate) fn start_and_wait_for_port(
        name: &str,
        mut command: Command,
        port: u16,
    ) -> Result<Self, Failure> {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut program = Self::start(name, command, port)?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(child) = &mut program.child
                && let Some(status) = child.try_wait()?
            {
                return Err(Failure::Other(format!("{name} ended at once: {status}")));
            }
            if Instant::now() > deadline {
                return Err(Failure::Other(format!("{name} does not accept on port {port}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(program)
    }

    /// Starts `command`, which is ready when it prints `line`.
    pub(crate) fn start_and_wait_for_line(
        name: &str,
        mut command: Command,
        port: u16,
        line: &'static str,
    ) -> Result<Self, Failure> {
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut program = Self::start(name, command, port)?;
        let output = program.child.as_mut().and_then(|child| child.stdout.take());
        let output = output.ok_or_else(|| Failure::Other(format!("{name} has no output")))?;
        let (ready, wait) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut first = String::new();
            let is_ready = output.read_line(&mut first).is_ok() && first.trim_end() == line;
            // Nobody listening any more means that the patience has run out.
            let _ = ready.send(is_ready);
            let _ = std::io::copy(&mut output.by_ref(), &mut std::io::sink());
        });
        match wait.recv_timeout(PATIENCE) {
            Ok(true) => Ok(program),
            _ => Err(Failure::Other(format!("{name} did not say {line:?}"))),
        }
    }

    fn start(name: &str, mut command: Command, port: u16) -> Result<Self, Failure> {
        // A group of its own: Ctrl-C in the terminal is for the tests, which then end it.
        command.stdin(Stdio::null()).process_group(0);
        let child = command
            .spawn()
            .map_err(|error| Failure::Other(format!("can't start {name}: {error}")))?;
        let pid = child.id();
        Ok(Self { port, name: name.to_owned(), child: Some(child), pid })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to a process that we started. The shell has `kill` built in.
pub(crate) fn signal(name: &str, pid: u32) {
    let kill = format!("kill -{name} {pid}");
    if let Err(error) = Command::new("sh").args(["-c", &kill]).status() {
        eprintln!("workload: can't run `{kill}`: {error}");
    }
}

/// Where a program is: in PATH, in the folder that plain users' PATH leaves out, or where Debian
/// keeps the versions of PostgreSQL.
pub(crate) fn find(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin"))
        .chain(std::env::split_paths(&path))
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| Failure::Missing(name.to_owned()))
}

/// Runs it to its end, quietly unless it fails.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Failure> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Other(format!("{program}: {}: {error}", output.status)))
}

/// A user account of the machine.
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The first of these accounts that there is (passwd(5)).
pub(crate) fn account(names: &[&str]) -> Result<Option<Account>, Failure> {
    let table = std::fs::read_to_string("/etc/passwd")?;
    Ok(names.iter().find_map(|name| {
        table.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                [account, _, uid, gid, ..] if account == name => {
                    Some(Account { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
                }
                _ => None,
            }
        })
    }))
}

/// True if we are root, by the owner of our own entry in /proc.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
