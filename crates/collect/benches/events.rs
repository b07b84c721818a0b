//! What kernel events cost those who make connections, and how soon they are told: a report, not
//! an assertion. Needs root, and is best run in a network namespace of its own.
//!
//! `cargo bench -p procnet-collect --bench events [-- --quick]`
//!
//! Loopback connections are opened, spoken on and closed, in turn with and without a collector
//! that drains beside them. What the programs take in the kernel, softirqs included, counts as
//! time of the thread that they run in or interrupt: the workload's.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use procnet_collect::{CollectOptions, Collector, CollectorKind};
use procnet_core::Event;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// System calls of one round.
const CALLS: u32 = 2_000_000;

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, connections) = if quick { (3, 10_000) } else { (11, 20_000) };
    match report(rounds, connections) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("events: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a round took.
#[derive(Clone, Copy)]
struct Cost {
    /// CPU of client and server, per connection.
    workload_us: f64,
    /// CPU of all threads that collect, per connection.
    collector_us: f64,
    /// CPU of the system calls after that, as if per connection.
    calls_us: f64,
    per_second: f64,
    /// Of a getppid().
    call_ns: f64,
}

/// What the collector told.
#[derive(Default)]
struct Told {
    closed: usize,
    lost: u64,
    /// From connect to its being told, in microseconds.
    delays: Vec<i64>,
}

fn report(rounds: usize, connections: usize) -> Result<(), Failure> {
    let (mut without, mut with, mut told) = (Vec::new(), Vec::new(), Told::default());
    for _ in 0..rounds {
        without.push(churn(connections)?);
        with.push(observed(connections, &mut told)?);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{connections} loopback connections, {rounds} rounds each, medians; load {}\n",
        load.split_whitespace().next().unwrap_or("unknown")
    );
    println!("| | without | with kernel events | difference |");
    println!("| --- | --- | --- | --- |");
    let row = |name: &str, digits: usize, figure: fn(&Cost) -> f64| {
        let (before, after) = (middle(&without, figure), middle(&with, figure));
        println!(
            "| {name} | {before:.digits$} | {after:.digits$} | {:+.digits$} |",
            after - before
        );
    };
    row("CPU per connection, both ends, µs", 1, |cost| cost.workload_us + cost.collector_us);
    row("  of it the workload's", 1, |cost| cost.workload_us);
    row("  of it the collector's", 1, |cost| cost.collector_us);
    row("connections per second", 0, |cost| cost.per_second);
    row("getppid(), ns", 0, |cost| cost.call_ns);
    told.delays.sort_unstable();
    let delay = |share: f64| {
        let place = (told.delays.len().saturating_sub(1) as f64 * share) as usize;
        told.delays.get(place).copied().unwrap_or(0) as f64 / 1000.0
    };
    println!(
        "\n{} of {} ends told closed, {} records lost; connect to batch: median {:.1} ms, 99 % \
         {:.1} ms, longest {:.1} ms",
        told.closed,
        2 * connections * rounds,
        told.lost,
        delay(0.5),
        delay(0.99),
        delay(1.0)
    );
    Ok(())
}

fn middle(costs: &[Cost], figure: fn(&Cost) -> f64) -> f64 {
    let mut figures: Vec<f64> = costs.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

/// The same as [`churn`], while somebody collects.
fn observed(connections: usize, told: &mut Told) -> Result<Cost, Failure> {
    let options = CollectOptions {
        kind: CollectorKind::Events,
        interval: Duration::from_secs(3600),
        ..CollectOptions::default()
    };
    let mut collector = Collector::new(options)?;
    // What was there before is none of this.
    while !matches!(
        collector.next(Duration::from_secs(10))?.ok_or("nothing was told")?.events.first(),
        Some(Event::Resync)
    ) {}
    let stop = AtomicBool::new(false);
    let before = cpu_of_process();
    std::thread::scope(|scope| {
        let drain = scope.spawn(|| listen(&mut collector, &stop, told));
        let cost = churn(connections)?;
        stop.store(true, Ordering::Relaxed);
        drain.join().map_err(|_| "the collector's thread failed")??;
        // The collector has threads of its own; all that is not the workload's is its.
        let all = cpu_of_process().saturating_sub(before).as_secs_f64() * 1e6;
        let collector_us = all / connections as f64 - cost.workload_us - cost.calls_us;
        Ok(Cost { collector_us, ..cost })
    })
}

/// Opens and closes that many connections, then makes system calls.
fn churn(connections: usize) -> Result<Cost, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let began = Instant::now();
    let cpu = std::thread::scope(|scope| {
        let server = scope.spawn(move || -> Result<Duration, Failure> {
            for _ in 0..connections {
                let (mut stream, _) = listener.accept()?;
                stream.read_exact(&mut [0; 3])?;
                stream.write_all(b"fine!")?;
            }
            cpu_of_thread()
        });
        let client = scope.spawn(move || -> Result<Duration, Failure> {
            for _ in 0..connections {
                let mut stream = TcpStream::connect(address)?;
                stream.write_all(b"ask")?;
                stream.read_exact(&mut [0; 5])?;
            }
            cpu_of_thread()
        });
        let client = client.join().map_err(|_| "the client's thread failed")??;
        let server = server.join().map_err(|_| "the server's thread failed")??;
        Ok::<_, Failure>(client + server)
    })?;
    let took = began.elapsed();
    let before = cpu_of_thread()?;
    let began = Instant::now();
    for _ in 0..CALLS {
        std::hint::black_box(std::os::unix::process::parent_id());
    }
    let call = began.elapsed();
    let calls = cpu_of_thread()?.saturating_sub(before);
    Ok(Cost {
        workload_us: cpu.as_secs_f64() * 1e6 / connections as f64,
        collector_us: 0.0,
        calls_us: calls.as_secs_f64() * 1e6 / connections as f64,
        per_second: connections as f64 / took.as_secs_f64(),
        call_ns: call.as_secs_f64() * 1e9 / f64::from(CALLS),
    })
}

fn listen(collector: &mut Collector, stop: &AtomicBool, told: &mut Told) -> Result<(), Failure> {
    loop {
        // Asked before: what was told after the last connection still counts.
        let last = stop.load(Ordering::Relaxed);
        let batch = collector.next(Duration::from_millis(20))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        for event in batch.iter().flat_map(|batch| &batch.events) {
            match event {
                Event::SocketOpened(socket) if socket.role.is_some() => {
                    let delay = i64::try_from(now)? - socket.opened.0;
                    told.delays.push(delay / 1000);
                }
                Event::SocketClosed { ending: Some(_), .. } => told.closed += 1,
                Event::Gap { lost, .. } => told.lost += lost,
                _ => {}
            }
        }
        if last && batch.is_none() {
            return Ok(());
        }
    }
}

/// What all threads of this process have run so far, those included that have ended.
fn cpu_of_process() -> Duration {
    let ran = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(ran.tv_sec).unwrap_or(0), u32::try_from(ran.tv_nsec).unwrap_or(0))
}

/// What the calling thread has run so far, to the nanosecond.
fn cpu_of_thread() -> Result<Duration, Failure> {
    // The kernel brings the figure up to date when the thread rests.
    std::thread::sleep(Duration::from_millis(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}
