//! Every format that is parsed, guided by which code an input reaches. The first byte of an input
//! says which format the rest is.
#![no_main]

mod requests;
mod stored;

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../crates/collect/tests/hostile/formats/mod.rs"]
mod formats;

use formats::Format;

/// Names a folder, into which sound inputs and stored ones are written to begin with.
const SEEDS: &str = "PROCNET_SEEDS";
/// Names a folder of inputs, which are stored instead of fuzzing.
const STORE: &str = "PROCNET_STORE";
/// Asks for the names of the formats, a line each, instead of fuzzing.
const NAMES: &str = "PROCNET_NAMES";
/// Names the number of the one format that is fuzzed.
const ONLY: &str = "PROCNET_ONLY";

fn known() -> &'static [Format] {
    static FORMATS: OnceLock<Vec<Format>> = OnceLock::new();
    FORMATS.get_or_init(|| {
        let mut all = formats::all();
        all.push(requests::queries());
        all
    })
}

/// The one format that is fuzzed; all are where none is named.
fn only() -> Option<u8> {
    static ASKED: OnceLock<Option<u8>> = OnceLock::new();
    *ASKED.get_or_init(|| std::env::var(ONLY).ok().and_then(|number| number.parse().ok()))
}

fn begin() {
    if std::env::var_os(NAMES).is_some() {
        known().iter().for_each(|format| println!("{}", format.name));
        std::process::exit(0);
    }
    if let Some(folder) = std::env::var_os(STORE) {
        stored::store(Path::new(&folder), known());
        std::process::exit(0);
    }
    if let Some(folder) = std::env::var_os(SEEDS) {
        write_seeds(Path::new(&folder));
    }
}

fn write_seeds(folder: &Path) {
    for (index, format) in known().iter().enumerate() {
        let stored = stored::inputs(format);
        for (number, seed) in format.seeds.iter().chain(&stored).enumerate() {
            let input = [&[index as u8], seed.as_slice()].concat();
            let path = folder.join(format!("seed-{index}-{number}"));
            if let Err(error) = std::fs::write(&path, input) {
                panic!("{}: can't write {}: {error}", format.name, path.display());
            }
        }
    }
}

fuzz_target!(init: begin(), |input: &[u8]| -> Corpus {
    let Some((first, bytes)) = input.split_first() else { return Corpus::Reject };
    if only().is_some_and(|only| only != *first) {
        return Corpus::Reject;
    }
    let Some(format) = known().get(usize::from(*first)) else { return Corpus::Reject };
    (format.read)(bytes);
    Corpus::Keep
});
