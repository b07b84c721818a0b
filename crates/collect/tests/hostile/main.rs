//! Hostile input: every format that is parsed, cut off at every place and mutated a hundred
//! thousand times. No parser panics, and none tells more than its input has room for.
//!
//! `PROCNET_MUTATIONS=1000000 cargo test -p procnet-collect --test hostile -- --nocapture` mutates
//! each format a million times, and prints how often.

mod formats;
mod mutation;

use std::time::Instant;

use formats::Format;
use mutation::Mutations;

/// How often each format is mutated if nothing else is asked for.
const MUTATIONS: u64 = 100_000;
/// Asks for another number.
const VARIABLE: &str = "PROCNET_MUTATIONS";

/// Says which input it was, should the test panic.
struct Input<'a> {
    name: &'a str,
    bytes: Vec<u8>,
}

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {:02x?}", self.name, self.bytes);
        }
    }
}

fn mutations() -> u64 {
    let asked = std::env::var(VARIABLE).ok();
    asked.map_or(MUTATIONS, |number| number.parse().expect("PROCNET_MUTATIONS is a number"))
}

impl Format {
    /// Cuts and mutates it.
    pub(crate) fn check(&self) {
        self.check_fewer(1);
    }

    /// The same, mutated so many times less often.
    pub(crate) fn check_fewer(&self, times: u64) {
        let Self { name, seeds, read } = self;
        let mut input = Input { name, bytes: Vec::new() };
        for seed in seeds {
            assert!(read(seed) > 0, "{name}: a sound input tells something");
            for length in 0..seed.len() {
                input.bytes.clear();
                input.bytes.extend_from_slice(&seed[..length]);
                read(&input.bytes);
            }
        }
        let number = (mutations() / times).max(1);
        let mut told = 0_u64;
        let mut mutations = Mutations::new(0x0070_726f_636e_6574);
        let begin = Instant::now();
        for _ in 0..number {
            mutations.mutate(seeds, &mut input.bytes);
            told += u64::from(read(&input.bytes) > 0);
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "{name}: {number} mutations in {seconds:.1} s, {told} of them still tell something"
        );
        // Mutations that are all refused at the door would show nothing about what is behind it.
        assert!(told * 50 > number, "{name}: only {told} of {number} get anywhere");
    }
}
