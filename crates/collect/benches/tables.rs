//! What a look at Windows' tables costs once they have been read: the pure parsers, and the differ
//! behind them. A report, not an assertion.
//!
//! `cargo bench -p procnet-collect --bench tables [-- --quick]`
//!
//! The tables are made by hand, with the four kinds of sockets and 200 processes. The floor is a
//! copy of the same bytes: nobody can look at them for less.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use procnet_collect::parse::windows::processes::Processes;
use procnet_collect::parse::windows::tables::{Detail, Rows, Table};
use procnet_collect::parse::windows::text::utf16;
use procnet_collect::{Differ, Snapshot};
use procnet_core::text::MAX_NAME;
use procnet_core::{HostId, Process, ProcessKey, Timestamp};
use rustc_hash::FxHashMap;

/// Counts what is allocated, by all threads: here there is one.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[allow(unsafe_code, reason = "an allocator is unsafe to implement; this one only counts")]
// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system's allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the pointer came from the system's allocator, with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const PROCESSES: u32 = 200;
/// Where the list of processes is said to lie.
const BASE: u64 = 0x1_0000;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let runs = if quick { 21 } else { 201 };
    println!(
        "median µs      first look   nothing new   ns / row   allocations   1 % new   \
         allocations   parsing only   copy of the bytes"
    );
    for rows in [2_000, 20_000] {
        report(rows, runs);
    }
}

fn report(rows: usize, runs: usize) {
    let mut machine = Machine::new(rows);
    let mut look = Look::new();
    let begin = Instant::now();
    black_box(look.at(&machine));
    let first = begin.elapsed();
    // Capacities settle.
    black_box(look.at(&machine));

    let (unchanged, allocations) = median(runs, || {
        let events = look.at(&machine);
        assert_eq!(events, 0, "nothing changed");
    });
    let mut turn = 0;
    let (changed, changed_allocations) = median(runs, || {
        turn += 1;
        machine.change(turn);
        black_box(look.at(&machine));
    });
    let (parsed, _) = median(runs, || {
        for (kind, bytes) in &machine.tables {
            black_box(Rows::new(*kind, Detail::Module, bytes).map(|row| row.pid).max());
        }
    });
    let size: usize = machine.tables.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut copy = vec![0_u8; size + machine.list.len()];
    let (copied, _) = median(runs, || {
        let mut at = 0;
        for bytes in machine.tables.iter().map(|(_, bytes)| bytes).chain([&machine.list]) {
            copy[at..at + bytes.len()].copy_from_slice(black_box(bytes));
            at += bytes.len();
        }
        black_box(&mut copy);
    });
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{rows:6} rows   {:10.0}   {:11.0}   {:8.1}   {allocations:11}   {:7.0}   \
         {changed_allocations:11}   {:12.0}   {:17.0}",
        micros(first),
        micros(unchanged),
        micros(unchanged) * 1e3 / rows as f64,
        micros(changed),
        micros(parsed),
        micros(copied),
    );
}

/// The median time of several runs, and the fewest allocations of one.
fn median(runs: usize, mut run: impl FnMut()) -> (Duration, u64) {
    let mut times = Vec::with_capacity(runs);
    let mut fewest = u64::MAX;
    for _ in 0..runs {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let begin = Instant::now();
        run();
        times.push(begin.elapsed());
        fewest = fewest.min(ALLOCATIONS.load(Ordering::Relaxed) - before);
    }
    times.sort_unstable();
    (times.get(runs / 2).copied().unwrap_or_default(), fewest)
}

/// What Windows would write.
struct Machine {
    tables: Vec<(Table, Vec<u8>)>,
    list: Vec<u8>,
    rows: usize,
}

impl Machine {
    fn new(rows: usize) -> Self {
        // Half of them connections over IPv4; the others of each kind alike.
        let share = |kind| if kind == Table::Tcp4 { rows / 2 } else { rows / 6 };
        let tables = Table::ALL.map(|kind| (kind, table(kind, share(kind)))).to_vec();
        Self { tables, list: processes(), rows }
    }

    /// One connection in a hundred ends, and another begins.
    fn change(&mut self, turn: usize) {
        let Some((_, bytes)) = self.tables.first_mut() else { return };
        for number in 0..self.rows / 100 {
            let row = 8 + (number * 37 % (self.rows / 2)) * 160;
            // Another remote port.
            let port = ((turn * 251 + number) as u16 | 1).to_be_bytes();
            bytes[row + 16..row + 18].copy_from_slice(&port);
        }
    }
}

fn table(kind: Table, rows: usize) -> Vec<u8> {
    let mut bytes = (rows as u32).to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    for number in 0..rows as u32 {
        let start = bytes.len();
        let port = (number as u16).to_be_bytes();
        let high = [number.to_be_bytes()[1], 0];
        let pid = (4 + 4 * (number % PROCESSES)).to_le_bytes();
        let created = (133_485_284_960_000_000 + u64::from(number)).to_le_bytes();
        // One connection in ten lingers, and is nobody's.
        let lingers = number % 10 == 9;
        let (state, pid) = if lingers { (11_u32, [0; 4]) } else { (5, pid) };
        let state = state.to_le_bytes();
        let address4: &[u8] = &[10, 0, high[0], 1];
        let address6 = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, number as u16, 1).octets();
        let (length, fields): (usize, Vec<(usize, &[u8])>) = match kind {
            Table::Tcp4 => (
                160,
                vec![
                    (0, &state),
                    (4, address4),
                    (8, &port),
                    (12, &[192, 0, 2, 7]),
                    (16, &[1, 187]),
                    (20, &pid),
                    (24, &created),
                    (32, &[7]),
                ],
            ),
            Table::Tcp6 => (
                192,
                vec![
                    (0, &address6),
                    (20, &port),
                    (24, &address6),
                    (44, &[1, 187]),
                    (48, &state),
                    (52, &pid),
                    (56, &created),
                ],
            ),
            Table::Udp4 => (160, vec![(0, address4), (4, &port), (8, &pid), (16, &created)]),
            Table::Udp6 => (176, vec![(0, &address6), (20, &port), (24, &pid), (32, &created)]),
        };
        bytes.resize(start + length, 0);
        for (offset, value) in fields {
            bytes[start + offset..start + offset + value.len()].copy_from_slice(value);
        }
    }
    bytes
}

fn processes() -> Vec<u8> {
    const THREADS: usize = 256 + 8 * 80;
    let name: Vec<u8> = "some-program.exe".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = Vec::new();
    for number in 0..PROCESSES {
        let start = bytes.len();
        let length = (THREADS + name.len()).next_multiple_of(8);
        bytes.resize(start + length, 0);
        let next = if number + 1 < PROCESSES { length as u32 } else { 0 };
        let fields: [(usize, &[u8]); 6] = [
            (0, &next.to_le_bytes()),
            (32, &(133_485_284_960_000_000 + u64::from(number)).to_le_bytes()),
            (56, &(name.len() as u16).to_le_bytes()),
            (64, &(BASE + (start + THREADS) as u64).to_le_bytes()),
            (80, &(4 + 4 * number).to_le_bytes()),
            (THREADS, &name),
        ];
        for (offset, value) in fields {
            bytes[start + offset..start + offset + value.len()].copy_from_slice(value);
        }
    }
    bytes
}

/// What a polling collector does with what was read: processes that are known are handed over as
/// they are, and rows go one by one to the differ.
struct Look {
    differ: Differ,
    snapshot: Snapshot,
    known: FxHashMap<ProcessKey, Arc<Process>>,
    by_pid: FxHashMap<u32, ProcessKey>,
}

impl Look {
    fn new() -> Self {
        Self {
            differ: Differ::new(HostId::LOCAL, Arc::from([])),
            snapshot: Snapshot { complete: true, lingering: true, ..Snapshot::default() },
            known: FxHashMap::default(),
            by_pid: FxHashMap::default(),
        }
    }

    /// How many events that gave.
    fn at(&mut self, machine: &Machine) -> usize {
        let Self { differ, snapshot, known, by_pid } = self;
        snapshot.at = Timestamp(snapshot.at.0 + 1_000_000_000);
        snapshot.processes.clear();
        by_pid.clear();
        for row in Processes::new(&machine.list, BASE) {
            let key = ProcessKey { host: HostId::LOCAL, pid: row.pid, started: row.created };
            let process = known.entry(key).or_insert_with(|| {
                let name = utf16(row.name.unwrap_or_default(), MAX_NAME);
                Arc::new(Process::bare(key, name))
            });
            snapshot.processes.push(Arc::clone(process));
            by_pid.insert(row.pid, key);
        }
        let batch = differ.diff_from(snapshot, |intake| {
            for (kind, bytes) in &machine.tables {
                for row in Rows::new(*kind, Detail::Module, bytes) {
                    intake.take(row.socket(by_pid.get(&row.pid).copied()));
                }
            }
            true
        });
        batch.events.len()
    }
}
