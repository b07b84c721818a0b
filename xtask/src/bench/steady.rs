//! What the program costs at rest: 10,000 idle sockets, a scan each second.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::holders::Holders;
use crate::command::build_procnet;
use crate::serving::Serving;

const SOCKETS: usize = 10_000;
/// Sockets of one process: below the usual soft limit of 1,024 descriptors.
const PER_PROCESS: usize = 500;
/// Clock ticks per second in /proc: USER_HZ, which Linux fixes at 100 for user space.
const TICKS: f64 = 100.0;

pub(super) fn run(quick: bool) -> Result<()> {
    let program = build_procnet(true)?;
    let period = Duration::from_secs(if quick { 10 } else { 30 });
    let holders = Holders::start(SOCKETS, PER_PROCESS)?;
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

pub(super) fn report(what: &str, pid: u32, period: Duration) -> Result<()> {
    let before = cpu_seconds(pid)?;
    let began = Instant::now();
    std::thread::sleep(period);
    let used = cpu_seconds(pid)? - before;
    let percent = 100.0 * used / began.elapsed().as_secs_f64();
    let (now, peak) = (memory(pid, "VmRSS:")?, memory(pid, "VmHWM:")?);
    println!("  {what:26} {percent:5.2} % of a core   RSS {now:.1} MiB (peak {peak:.1} MiB)");
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
