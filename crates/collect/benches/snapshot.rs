//! What a look at the machine costs, beside `ss` in the same run: a report, not an assertion.
//!
//! `cargo bench -p procnet-collect --bench snapshot [-- --quick]`
//!
//! Children of this program hold loopback connections, both ends each; as root all of it happens
//! in a network namespace of its own, so that the host's own sockets do not blur the figures. The
//! median of several runs is printed. The steady state is measured in a fresh process.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use procnet_collect::{CollectOptions, Collector, CollectorKind, ScanOptions, Scanner};
use procnet_core::Event;

/// How many processes share the sockets.
const HOLDERS: usize = 50;
const STEADY_SOCKETS: usize = 10_000;
const STEADY_SECONDS: u32 = 10;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let value = |name: &str| -> usize {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(0)
    };
    let done = if has("--hold") {
        hold(value("--hold"), value("--number"))
    } else if has("--steady") {
        steady()
    } else if has("--size") {
        report(value("--size"), value("--runs"))
    } else {
        report_all(has("--quick"))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("snapshot: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// How `unshare` is asked for a network namespace of one's own. Not for one of pids: the kernel's
/// programs know the processes by the pids of the first.
const APART: [&str; 1] = ["--net"];

/// Measures each size in a process of its own, and, if possible, in a network namespace of its
/// own: thousands of sockets in TIME_WAIT outlive each measurement, and a scanner with rights
/// reads the sockets of every namespace that it finds a process in, while `ss` reads only one.
fn report_all(quick: bool) -> Result<(), Failure> {
    let sizes: &[(usize, usize)] =
        if quick { &[(2_000, 5), (10_000, 3)] } else { &[(2_000, 15), (20_000, 9), (100_000, 3)] };
    let apart = Command::new("unshare")
        .args(APART)
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !apart {
        println!("(not root: the host's own sockets and processes are in the figures)");
    }
    println!(
        "median ms        cold scan   warm poll   snapshot   bare walk   ss -tanp   ss -tan   \
         ss -tanp / scan   / snapshot   / bare walk"
    );
    for (sockets, runs) in sizes {
        enter(apart, &["--size", &sockets.to_string(), "--runs", &runs.to_string()])?;
    }
    // A run count of 0 asks for the steady state.
    enter(apart, &["--size", &STEADY_SOCKETS.to_string(), "--runs", "0"])
}

/// Runs this program again with as many descriptors as are allowed, and perhaps `apart`.
fn enter(apart: bool, arguments: &[&str]) -> Result<(), Failure> {
    let program = std::env::current_exe()?;
    let prepare = "ulimit -n $(ulimit -Hn)";
    let mut command = if apart {
        let mut command = Command::new("unshare");
        let script = format!("{prepare} && ip link set lo up && exec \"$0\" \"$@\"");
        command.args(APART).args(["sh", "-c", &script]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{prepare} && exec \"$0\" \"$@\"")]);
        command
    };
    let status = command.arg(program).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(format!("the measuring process: {status}").into()) }
}

fn report(sockets: usize, runs: usize) -> Result<(), Failure> {
    let holders = Holders::start(sockets)?;
    if runs == 0 {
        // In a fresh process, for its memory to be told.
        let status = Command::new(std::env::current_exe()?).arg("--steady").status()?;
        drop(holders);
        let failed = || format!("the steady process: {status}").into();
        return if status.success() { Ok(()) } else { Err(failed()) };
    }
    let cold = median(runs, || {
        let batch = Scanner::new(ScanOptions::default())?.poll()?;
        let owned = batch
            .events
            .iter()
            .filter(|event| matches!(event, Event::SocketOpened(s) if !s.owners.is_empty()))
            .count();
        if owned < sockets {
            return Err(format!("only {owned} of {sockets} sockets have an owner").into());
        }
        Ok(())
    })?;
    let mut scanner =
        Scanner::new(ScanOptions { rescan_millis: 3_600_000, ..ScanOptions::default() })?;
    scanner.poll()?;
    let warm = median(runs, || {
        scanner.poll()?;
        Ok(())
    })?;
    let listening = listening(sockets, runs)?;
    let with_owners = median(runs, || ss("-tanp"))?;
    let without = median(runs, || ss("-tan"))?;
    drop(holders);
    let mut line = String::new();
    write!(line, "{sockets:>7} sockets  {:>9.1}   {:>9.1}", millis(cold), millis(warm))?;
    match listening {
        Some((snapshot, walk)) => {
            write!(line, "   {:>8.1}   {:>9.1}", millis(snapshot), millis(walk))?;
        }
        None => write!(line, "   {:>8}   {:>9}", "-", "-")?,
    }
    write!(line, "   {:>8.1}   {:>7.1}", millis(with_owners), millis(without))?;
    write!(line, "   {:>15.1}", millis(with_owners) / millis(cold))?;
    if let Some((snapshot, walk)) = listening {
        write!(line, "   {:>10.1}", millis(with_owners) / millis(snapshot))?;
        write!(line, "   {:>11.1}", millis(with_owners) / millis(walk))?;
    }
    println!("{line}");
    Ok(())
}

/// What a full snapshot takes of a collector that listens: from asking for one to the batch that
/// names every socket with its owners, as the kernel has just listed them. And the floor: what a
/// bare walk over all descriptors takes that tells who holds what, and nothing else. `None` where
/// the kernel lists nothing.
fn listening(sockets: usize, runs: usize) -> Result<Option<(Duration, Duration)>, Failure> {
    let options = CollectOptions { kind: CollectorKind::Events, ..CollectOptions::default() };
    let Ok(mut collector) = Collector::new(options) else { return Ok(None) };
    let (mut times, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..=runs {
        collector.request_resync();
        let begin = Instant::now();
        let whole = loop {
            let batch = collector.next(Duration::from_secs(10))?.ok_or("nothing was told")?;
            if matches!(batch.events.first(), Some(Event::Resync)) {
                break batch;
            }
        };
        times.push(begin.elapsed());
        let owned =
            |event: &&Event| matches!(event, Event::SocketOpened(s) if !s.owners.is_empty());
        let owned = whole.events.iter().filter(owned).count();
        if owned < sockets {
            return Err(format!("only {owned} of {sockets} sockets have an owner").into());
        }
        drop(whole);
        let begin = Instant::now();
        let walked = collector.bare_walk().ok_or("the kernel can't walk")?;
        floor.push(begin.elapsed());
        if walked < sockets {
            return Err(format!("the walk came by only {walked} of {sockets} sockets").into());
        }
        // A look is followed by a rest.
        let end = Instant::now() + Duration::from_secs(1);
        while Instant::now() < end {
            collector.next(end.saturating_duration_since(Instant::now()))?;
        }
    }
    // The first one reads what was there before.
    times.remove(0);
    times.sort_unstable();
    floor.sort_unstable();
    Ok(times.get(runs / 2).copied().zip(floor.get(runs / 2).copied()))
}

/// Polls once a second, and tells what that takes.
fn steady() -> Result<(), Failure> {
    let mut scanner = Scanner::new(ScanOptions::default())?;
    scanner.poll()?;
    let before = processor_time()?;
    let begin = Instant::now();
    let mut events = 0;
    for second in 1..=STEADY_SECONDS {
        let due = Duration::from_secs(u64::from(second));
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
        events += scanner.poll()?.events.len();
    }
    let used = processor_time()?.saturating_sub(before);
    let share = 100.0 * used.as_secs_f64() / begin.elapsed().as_secs_f64();
    println!(
        "steady state, {STEADY_SOCKETS} idle sockets, a poll per second for {STEADY_SECONDS} s \
         (with a full rescan): {share:.2} % of a core, {} KiB resident, {events} events",
        resident_kib()?
    );
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(runs: usize, mut run: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let begin = Instant::now();
        run()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    times.get(runs / 2).copied().ok_or_else(|| "no runs".into())
}

fn ss(options: &str) -> Result<(), Failure> {
    let status = Command::new("ss").arg(options).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("ss {options}: {status}").into()) }
}

/// User and system time of this process and its threads, from fields 14 and 15 of proc(5)'s stat.
fn processor_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let mut ticks = 0_u64;
    for field in fields.split_ascii_whitespace().skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    // USER_HZ is 100 on every architecture that matters.
    Ok(Duration::from_millis(ticks * 10))
}

fn resident_kib() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let value = line.and_then(|line| line.split_ascii_whitespace().next());
    Ok(value.ok_or("/proc/self/status has no VmRSS")?.parse()?)
}

/// The children that hold the sockets.
struct Holders(Vec<Child>);

impl Holders {
    fn start(sockets: usize) -> Result<Self, Failure> {
        let mut holders = Self(Vec::new());
        let connections = sockets / HOLDERS / 2;
        for number in 0..HOLDERS {
            let mut child = Command::new(std::env::current_exe()?)
                .args(["--hold", &connections.to_string(), "--number", &number.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let ready = child.stdout.take();
            holders.0.push(child);
            let mut line = String::new();
            BufReader::new(ready.ok_or("no pipe")?).read_line(&mut line)?;
            if line != "ready\n" {
                return Err("a holder could not open its sockets (descriptor limit?)".into());
            }
        }
        Ok(holders)
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // A holder ends when its standard input does.
            drop(child.stdin.take());
        }
        for child in &mut self.0 {
            let _ = child.wait();
        }
    }
}

/// Holds both ends of `connections` connections until standard input ends. Each holder has an
/// address of its own, so that ports suffice.
fn hold(connections: usize, number: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, u8::try_from(number)?, 1), 0))?;
    let address = listener.local_addr()?;
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(TcpStream::connect(address)?);
        held.push(listener.accept()?.0);
    }
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
