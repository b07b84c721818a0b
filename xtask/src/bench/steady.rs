//! What the program costs at rest: 10,000 idle sockets, a scan each second.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::build_procnet;
use crate::serving::Serving;

/// The word that makes xtask hold sockets instead of measuring.
pub(super) const HOLD: &str = "hold";

const SOCKETS: usize = 10_000;
/// Sockets of one process: below the usual soft limit of 1,024 descriptors.
const PER_PROCESS: usize = 500;
/// Clock ticks per second in /proc: USER_HZ, which Linux fixes at 100 for user space.
const TICKS: f64 = 100.0;

pub(super) fn run(quick: bool) -> Result<()> {
    let program = build_procnet(true)?;
    let period = Duration::from_secs(if quick { 10 } else { 30 });
    let holders = Holders::start()?;
    let serving = Serving::start(&program, &["serve", "--port", "0", "--interval", "1"])?;
    // The first scans read every process and open every page of memory: not what is at rest.
    std::thread::sleep(Duration::from_secs(5));
    println!("{SOCKETS} idle sockets, 1 s interval, {} s:", period.as_secs());
    report("no page open", serving.pid(), period)?;
    let _reader = read_stream(serving.url())?;
    std::thread::sleep(Duration::from_secs(1));
    report("one page open", serving.pid(), period)?;
    drop(serving);
    drop(holders);
    Ok(())
}

fn report(what: &str, pid: u32, period: Duration) -> Result<()> {
    let before = cpu_seconds(pid)?;
    let began = Instant::now();
    std::thread::sleep(period);
    let used = cpu_seconds(pid)? - before;
    let percent = 100.0 * used / began.elapsed().as_secs_f64();
    let (now, peak) = (memory(pid, "VmRSS:")?, memory(pid, "VmHWM:")?);
    println!("  {what:14} {percent:5.2} % of a core   RSS {now:.1} MiB (peak {peak:.1} MiB)");
    Ok(())
}

/// User and system time of a process so far: fields 14 and 15 of /proc/PID/stat (proc(5)).
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("procnet is gone")?;
    parse_cpu_seconds(&stat).context("can't read /proc/PID/stat")
}

fn parse_cpu_seconds(stat: &str) -> Option<f64> {
    // The name may hold spaces and parentheses: the last one ends it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// A figure of /proc/PID/status in MiB.
fn memory(pid: u32, field: &str) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("procnet is gone")?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<f64>().ok())
        .map(|kib| kib / 1024.0)
        .with_context(|| format!("/proc/PID/status has no {field}"))
}

/// Reads the delta stream as a page does, until the connection ends.
fn read_stream(url: &str) -> Result<std::thread::JoinHandle<()>> {
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).context("can't reach the stream")?;
    write!(stream, "GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    Ok(std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
    }))
}

/// Processes that hold connections to each other.
struct Holders(Vec<Child>);

impl Holders {
    fn start() -> Result<Self> {
        let mut holders = Self(Vec::new());
        for _ in 0..SOCKETS / PER_PROCESS / 2 {
            let address = holders.add(&["listen"])?;
            holders.add(&["connect", &address])?;
        }
        Ok(holders)
    }

    /// Starts one and returns the first line that it prints.
    fn add(&mut self, arguments: &[&str]) -> Result<String> {
        let own = std::env::current_exe().context("can't find xtask itself")?;
        let mut child = Command::new(own)
            .args(["bench", HOLD])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("can't start a holder of sockets")?;
        let output = child.stdout.take().context("a holder has no output")?;
        self.0.push(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() {
            bail!("a holder of sockets ended early");
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        for child in &mut self.0 {
            if let Err(error) = child.kill().and_then(|()| child.wait().map(drop)) {
                eprintln!("can't end a holder of sockets: {error}");
            }
        }
    }
}

/// What a holder does: opens its half of the connections, then waits for its parent to go.
pub(super) fn hold(arguments: &[&str]) -> Result<()> {
    let held: Vec<TcpStream> = match arguments {
        ["listen"] => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            println!("{}", listener.local_addr()?);
            std::io::stdout().flush()?;
            (0..PER_PROCESS).map(|_| Ok(listener.accept()?.0)).collect::<Result<_>>()?
        }
        ["connect", address] => {
            let held = (0..PER_PROCESS)
                .map(|_| Ok(TcpStream::connect(address)?))
                .collect::<Result<_>>()?;
            println!("connected");
            std::io::stdout().flush()?;
            held
        }
        _ => bail!("expected listen, or connect and an address"),
    };
    // Our parent holds the other end of this pipe for as long as it lives.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    drop(held);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_any_name() {
        let stat = "7 (a) b) R 1 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 1 0 99 0 0";
        assert_eq!(parse_cpu_seconds(stat), Some(2.0));
        assert_eq!(parse_cpu_seconds("7 (a) R 1"), None);
    }
}
