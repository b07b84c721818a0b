//! What a thousand half-open, a thousand slow and a thousand streaming clients cost who asks beside
//! them, and what they cost in memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::command::{build_procnet, command, succeed};
use crate::serving::Serving;

/// The word that makes xtask measure right where it is.
pub(super) const INSIDE: &str = "clients-inside";
/// How many clients of each kind.
const EACH: usize = 1_000;
/// How often slow clients send another byte.
const PACE: Duration = Duration::from_millis(250);
/// How long those who read get to read.
const PIECE: Duration = Duration::from_millis(1);

pub(super) fn run(quick: bool) -> Result<()> {
    let program = build_procnet(true)?;
    let own = std::env::current_exe().context("can't find xtask itself")?;
    let mut inside = command("sh", &["-c"]);
    inside.arg("ulimit -n $(ulimit -Hn) && exec \"$0\" \"$@\"").arg(own);
    inside.args(["bench", INSIDE]).arg(program);
    succeed(inside.args(quick.then_some("--quick")))
}

pub(super) fn run_inside(program: &str, quick: bool) -> Result<()> {
    let requests = if quick { 200 } else { 2_000 };
    let serving = Serving::start(Path::new(program), &["demo", "--size", "medium", "--port", "0"])?;
    let address = serving.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    std::thread::sleep(Duration::from_secs(5));
    let idle = measure(&address, requests)?;
    let memory = resident(serving.pid())?;
    report("alone", &idle, memory);

    let connect = || TcpStream::connect(&address).context("procnet does not accept");
    let request = format!("GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut streaming: Vec<TcpStream> = Vec::new();
    for _ in 0..EACH {
        let mut stream = connect()?;
        stream.write_all(request.as_bytes()).context("procnet does not read")?;
        stream.set_nonblocking(true).context("no socket option")?;
        streaming.push(stream);
    }
    let mut half_open: Vec<TcpStream> = Vec::new();
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..EACH {
        half_open.push(connect()?);
        slow.push(connect()?);
    }
    // A tenth never reads.
    let mut reading = streaming.split_off(EACH / 10);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let loaded = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = vec![0; 64 * 1024];
            let mut sent = Instant::now();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for stream in &mut reading {
                    // What is not there yet comes with the next turn.
                    while stream.read(&mut buffer).is_ok_and(|length| length == buffer.len()) {}
                }
                if sent.elapsed() >= PACE {
                    sent = Instant::now();
                    for stream in &mut slow {
                        // Those that were ended have to begin again.
                        if stream.write_all(b"G").is_err()
                            && let Ok(again) = connect()
                        {
                            *stream = again;
                        }
                    }
                }
                std::thread::sleep(PIECE);
            }
        });
        std::thread::sleep(Duration::from_secs(3));
        let loaded = measure(&address, requests);
        let memory = resident(serving.pid());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        loaded.and_then(|loaded| Ok((loaded, memory?)))
    });
    let (loaded, with_all) = loaded?;
    report("with 3,000 clients", &loaded, with_all);
    println!("  memory: {:+.1} MB", megabytes(with_all) - megabytes(memory));

    drop((streaming, reading, half_open, slow));
    let gone = Instant::now();
    while open(serving.pid())? > 64 && gone.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "  released after {:.2} s: {} descriptors, {:.1} MB",
        gone.elapsed().as_secs_f64(),
        open(serving.pid())?,
        megabytes(resident(serving.pid())?)
    );
    Ok(())
}

/// How long each of so many requests took, on a connection of its own; shortest first.
fn measure(address: &str, requests: usize) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    for _ in 0..requests {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).context("procnet does not accept")?;
        let request = format!("GET /healthz HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).context("procnet does not read")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("procnet does not answer")?;
        anyhow::ensure!(answer.starts_with(b"HTTP/1.0 200"), "procnet refuses");
        took.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(2));
    }
    took.sort_unstable();
    Ok(took)
}

fn report(what: &str, took: &[Duration], memory: u64) {
    let at = |share: f64| {
        let place = (took.len().saturating_sub(1) as f64 * share) as usize;
        took.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "{what}: {} requests, median {:.2} ms, 99 % {:.2} ms, longest {:.2} ms; {:.1} MB",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        megabytes(memory)
    );
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The program's resident memory.
fn resident(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("procnet ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("the kernel does not tell")? * 1024)
}

/// How many descriptors it has.
fn open(pid: u32) -> Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd")).context("procnet ended")?.count())
}
