//! What kernel events cost those who make connections, and how soon they are told: a report, not
//! an assertion. Needs root.
//!
//! `cargo bench -p procnet-collect --bench events [-- --quick]`
//!
//! Loopback connections are opened, spoken on and closed, in turn with and without a collector
//! that drains beside them. All of it happens in this process, so that its CPU time (which
//! includes what our programs take in the kernel) is the whole cost.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use procnet_collect::{CollectOptions, Collector, CollectorKind};
use procnet_core::Event;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, connections) = if quick { (2, 5_000) } else { (7, 20_000) };
    match report(rounds, connections) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("events: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a round of connections took.
struct Cost {
    cpu_us: f64,
    per_second: f64,
}

/// What the collector told meanwhile.
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
        let options = CollectOptions {
            kind: CollectorKind::Events,
            interval: Duration::from_secs(3600),
            ..CollectOptions::default()
        };
        let mut collector = Collector::new(options)?;
        while collector.next(Duration::from_millis(50))?.is_some() {}
        let stop = AtomicBool::new(false);
        let cost = std::thread::scope(|scope| {
            let drain = scope.spawn(|| listen(&mut collector, &stop, &mut told));
            let cost = churn(connections);
            stop.store(true, Ordering::Relaxed);
            drain.join().map_err(|_| "the collector's thread failed")??;
            cost
        })?;
        with.push(cost);
    }
    let (before, after) = (middle(&mut without), middle(&mut with));
    println!("{connections} loopback connections, {rounds} rounds, medians\n");
    println!("| | CPU µs per connection, both ends | connections per second |");
    println!("| --- | --- | --- |");
    println!("| without | {:.1} | {:.0} |", before.cpu_us, before.per_second);
    println!("| with kernel events | {:.1} | {:.0} |", after.cpu_us, after.per_second);
    println!("| difference | {:.1} | |", after.cpu_us - before.cpu_us);
    told.delays.sort_unstable();
    let delay = |share: f64| {
        let place = (told.delays.len() as f64 * share) as usize;
        told.delays.get(place).copied().unwrap_or(0) as f64 / 1000.0
    };
    println!(
        "\n{} ends told closed, {} records lost; connect to told: median {:.1} ms, 99 % {:.1} ms",
        told.closed,
        told.lost,
        delay(0.5),
        delay(0.99)
    );
    Ok(())
}

fn middle(costs: &mut [Cost]) -> &Cost {
    let middle = costs.len() / 2;
    costs.select_nth_unstable_by(middle, |a, b| a.cpu_us.total_cmp(&b.cpu_us)).1
}

/// Opens and closes that many connections.
fn churn(connections: usize) -> Result<Cost, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (began, cpu) = (Instant::now(), cpu_time()?);
    std::thread::scope(|scope| -> Result<(), Failure> {
        let server = scope.spawn(move || -> std::io::Result<()> {
            for _ in 0..connections {
                let (mut stream, _) = listener.accept()?;
                stream.read_exact(&mut [0; 3])?;
                stream.write_all(b"fine!")?;
            }
            Ok(())
        });
        for _ in 0..connections {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(b"ask")?;
            stream.read_exact(&mut [0; 5])?;
        }
        server.join().map_err(|_| "the server's thread failed")??;
        Ok(())
    })?;
    let count = connections as f64;
    Ok(Cost {
        cpu_us: (cpu_time()? - cpu).as_secs_f64() * 1e6 / count,
        per_second: count / began.elapsed().as_secs_f64(),
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
                Event::SocketClosed { .. } => told.closed += 1,
                Event::Gap { lost, .. } => told.lost += lost,
                _ => {}
            }
        }
        if last && batch.is_none() {
            return Ok(());
        }
    }
}

/// What this process has used of the processors, as `/proc` tells it: in hundredths of a second.
fn cpu_time() -> Result<Duration, Failure> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = text.rsplit_once(')').ok_or("stat has no name")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>())
        .sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
