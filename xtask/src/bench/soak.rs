//! `cargo xtask soak`: the program for many minutes beside connections that come and go, clients that do
//! the same, and rules that change; and whether it grows. In a network namespace of its own, for which
//! it needs root.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::holders::Holders;
use crate::command::{build_procnet, command, succeed};
use crate::serving::Serving;
use crate::setup;

/// The word that makes xtask soak right where it is.
const INSIDE: &str = "soak-inside";
/// How long it takes where nothing else is asked for, in minutes.
const MINUTES: u64 = 20;
/// Pairs of processes between which connections come and go.
const PAIRS: usize = 4;
/// Connections a second of each pair.
const CONNECTIONS: usize = 500;
/// Sockets that stay.
const IDLE: usize = 2_000;
/// Streams that are open at a time, the fifth of which is never read.
const STREAMS: usize = 20;
/// How long each of them is.
const STREAM_LASTS: Duration = Duration::from_secs(30);
const SAMPLED: Duration = Duration::from_secs(10);
/// Closed connections linger for a minute, and links that are gone for a while: until then it grows.
const LONGEST_WARM_UP: Duration = Duration::from_secs(180);

/// Most growth of memory after the warm-up, in percent.
const MEMORY_GROWTH: f64 = 5.0;
/// Most descriptors more: requests come and go while they are counted.
const DESCRIPTORS_GROWTH: usize = 4;
/// Most threads more: those that wait for the disk come and go.
const THREADS_GROWTH: usize = 2;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let minutes = match words.as_slice() {
        [INSIDE, program, minutes] => return run_inside(program, minutes.parse()?),
        [] => MINUTES,
        ["--minutes", minutes] => {
            minutes.parse().ok().filter(|it| *it > 0).context("--minutes needs a whole number")?
        }
        _ => bail!("expected --minutes N, not {}", arguments.join(" ")),
    };
    ensure!(setup::is_root(), "a network namespace of its own needs root: run it as root");
    let program = build_procnet(true)?;
    let own = std::env::current_exe().context("can't find xtask itself")?;
    let mut inside = command("unshare", &["--net", "sh", "-c"]);
    inside.arg("ip link set lo up && ulimit -n $(ulimit -Hn) && exec \"$0\" \"$@\"").arg(own);
    inside.args(["soak", INSIDE]).arg(program).arg(minutes.to_string());
    succeed(&mut inside)
}

/// What the program has at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    /// Resident memory in KiB.
    memory: usize,
    descriptors: usize,
    threads: usize,
}

fn run_inside(program: &str, minutes: u64) -> Result<()> {
    let lasts = Duration::from_secs(60 * minutes);
    let warm_up = LONGEST_WARM_UP.min(lasts / 2);
    let mut holders = Holders::start(IDLE, IDLE / 4)?;
    let rules = Rules::new()?;
    let file = rules.0.to_string_lossy().into_owned();
    let serving = Serving::start(Path::new(program), &["serve", "--port", "0", "--rules", &file])?;
    let address = serving.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    for _ in 0..PAIRS {
        let server = holders.add_server()?;
        holders.add_churn(&server, CONNECTIONS)?;
    }
    println!(
        "{minutes} min of {} connections/s, {IDLE} idle sockets, {STREAMS} streams, requests, new \
         rules; the first {} s warm it up",
        PAIRS * CONNECTIONS,
        warm_up.as_secs()
    );
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let samples = std::thread::scope(|scope| {
        let streams = scope.spawn(|| stream(&address, &stop));
        let requests = scope.spawn(|| ask(&address, &rules, &stop, &answered));
        let samples = sample(&serving, lasts);
        stop.store(true, Ordering::Relaxed);
        for done in [streams.join(), requests.join()] {
            match done {
                Ok(done) => done?,
                Err(_) => bail!("a client broke off"),
            }
        }
        samples
    })?;
    println!("{} requests answered", answered.into_inner());
    let warm = usize::try_from(warm_up.as_secs() / SAMPLED.as_secs()).unwrap_or(usize::MAX);
    judge(samples.get(warm..).unwrap_or_default())
}

/// Looks at the program until the time is over.
fn sample(serving: &Serving, lasts: Duration) -> Result<Vec<Sample>> {
    let began = Instant::now();
    let mut samples = Vec::new();
    while began.elapsed() < lasts {
        std::thread::sleep(SAMPLED);
        let sample = look(serving.pid())?;
        println!(
            "  {:5} s  {:7.1} MiB  {:4} descriptors  {:3} threads",
            began.elapsed().as_secs(),
            sample.memory as f64 / 1024.0,
            sample.descriptors,
            sample.threads
        );
        samples.push(sample);
    }
    Ok(samples)
}

fn look(pid: u32) -> Result<Sample> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("procnet ended")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Ok(Sample {
        memory: field("VmRSS:").context("the kernel tells no memory")?,
        threads: field("Threads:").context("the kernel tells no threads")?,
        descriptors: std::fs::read_dir(format!("/proc/{pid}/fd")).context("procnet ended")?.count(),
    })
}

/// Compares the first quarter of what was seen with the last one, by their medians.
fn judge(samples: &[Sample]) -> Result<()> {
    let quarter = samples.len().div_ceil(4);
    ensure!(quarter > 0, "too short to tell: soak for longer");
    let (first, last) = (samples.iter().take(quarter), samples.iter().rev().take(quarter));
    let first: Vec<Sample> = first.copied().collect();
    let last: Vec<Sample> = last.copied().collect();
    let grown = |of: fn(&Sample) -> usize| (median(&first, of), median(&last, of));
    let memory = grown(|sample| sample.memory);
    let percent = (memory.1 as f64 - memory.0 as f64) * 100.0 / (memory.0.max(1) as f64);
    let descriptors = grown(|sample| sample.descriptors);
    let threads = grown(|sample| sample.threads);
    println!(
        "growth after the warm-up: memory {percent:+.1} % (from {:.1} to {:.1} MiB), descriptors {} \
         to {}, threads {} to {}",
        memory.0 as f64 / 1024.0,
        memory.1 as f64 / 1024.0,
        descriptors.0,
        descriptors.1,
        threads.0,
        threads.1
    );
    ensure!(percent < MEMORY_GROWTH, "memory grew by more than {MEMORY_GROWTH} %");
    ensure!(
        descriptors.1 <= descriptors.0 + DESCRIPTORS_GROWTH,
        "it has more descriptors than after the warm-up"
    );
    ensure!(threads.1 <= threads.0 + THREADS_GROWTH, "it has more threads than after the warm-up");
    Ok(())
}

fn median(samples: &[Sample], of: fn(&Sample) -> usize) -> usize {
    let mut values: Vec<usize> = samples.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Streams of several views that come and go, as pages do.
fn stream(address: &str, stop: &AtomicBool) -> Result<()> {
    let open = |number: usize| -> Result<TcpStream> {
        let view = ["", "?udp=1", "?group=process", "?filter=is:internet"][number % 4];
        let mut stream = TcpStream::connect(address).context("procnet does not accept")?;
        let request = format!("GET /api/v1/stream{view} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).context("procnet does not read")?;
        stream.set_nonblocking(true).context("no socket option")?;
        Ok(stream)
    };
    let mut streams = Vec::new();
    let mut next = 0;
    let mut buffer = vec![0; 64 * 1024];
    let mut replaced = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        if streams.len() < STREAMS {
            streams.push(open(next)?);
            next += 1;
        } else if replaced.elapsed() >= STREAM_LASTS / u32::try_from(STREAMS)? {
            // The oldest goes.
            drop(streams.remove(0));
            replaced = Instant::now();
        }
        for (place, stream) in streams.iter_mut().enumerate() {
            if place % 5 == 4 {
                continue;
            }
            match stream.read(&mut buffer) {
                Ok(0) => bail!("procnet ended a stream"),
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    return Err(error).context("procnet ended a stream");
                }
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Requests one after the other; and now and then other rules, which the program is told to read.
fn ask(address: &str, rules: &Rules, stop: &AtomicBool, answered: &AtomicUsize) -> Result<()> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let (method, path) = match number % 20 {
            0 => {
                rules.change(number)?;
                ("POST", "/api/reload_rules".to_owned())
            }
            1..=6 => ("GET", "/api/graph?udp=1".to_owned()),
            7..=12 => ("GET", format!("/api/v1/scene?filter=port:{}", number % 60_000)),
            _ => ("GET", "/api/v1/sockets?limit=1000".to_owned()),
        };
        let mut stream = TcpStream::connect(address).context("procnet does not accept")?;
        let request =
            format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(request.as_bytes()).context("procnet does not read")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("procnet does not answer")?;
        let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
        ensure!(status == "200", "{path} was answered by {status:?}");
        answered.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(250));
    }
    Ok(())
}

/// A rule file that goes with its value.
struct Rules(PathBuf);

impl Rules {
    fn new() -> Result<Self> {
        let name = format!("procnet-soak-{}.yaml", std::process::id());
        let rules = Self(std::env::temp_dir().join(name));
        rules.change(0)?;
        Ok(rules)
    }

    fn change(&self, number: usize) -> Result<()> {
        let kind = if number.is_multiple_of(40) { "service" } else { "cache" };
        let rules = format!("- match_name: xtask\n  type: {kind}\n");
        std::fs::write(&self.0, rules).with_context(|| format!("can't write {}", self.0.display()))
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            eprintln!("can't remove {}: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: impl Fn(usize) -> usize) -> Vec<Sample> {
        (0..40).map(|at| Sample { memory: memory(at), descriptors: 50, threads: 10 }).collect()
    }

    #[test]
    fn what_grows_is_refused_and_what_only_varies_is_not() {
        assert!(judge(&samples(|at| 100_000 + at % 7 * 900)).is_ok());
        assert!(judge(&samples(|at| 100_000 + at * 300)).is_err());
        let mut leaking = samples(|_| 100_000);
        for (number, sample) in leaking.iter_mut().enumerate() {
            sample.descriptors += number;
        }
        assert!(judge(&leaking).is_err());
        let mut waiting = samples(|_| 100_000);
        waiting[39].threads = 90;
        assert!(judge(&waiting).is_ok(), "a moment is no growth");
        assert!(judge(&[]).is_err());
    }
}
