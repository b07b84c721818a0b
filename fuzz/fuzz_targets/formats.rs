//! Every format that is parsed, guided by which code an input reaches. The first byte of an input
//! says which format the rest is.
#![no_main]

mod stored;

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/collect/tests/hostile/formats/mod.rs"]
mod formats;

use formats::Format;

/// Names a folder, into which sound inputs and stored ones are written to begin with.
const SEEDS: &str = "PROCNET_SEEDS";
/// Names a folder of inputs, which are stored instead of fuzzing.
const STORE: &str = "PROCNET_STORE";

fn known() -> &'static [Format] {
    static FORMATS: OnceLock<Vec<Format>> = OnceLock::new();
    FORMATS.get_or_init(formats::all)
}

fn begin() {
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

fuzz_target!(init: begin(), |input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    if let Some(format) = known().get(usize::from(*first)) {
        (format.read)(bytes);
    }
});
