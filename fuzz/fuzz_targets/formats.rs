//! Every format that is parsed, guided by which code an input reaches. The first byte of an input
//! says which format the rest is.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/collect/tests/hostile/formats/mod.rs"]
mod formats;

use formats::Format;

/// Names a folder, into which sound inputs are written to begin with.
const SEEDS: &str = "PROCNET_SEEDS";

fn known() -> &'static [Format] {
    static FORMATS: OnceLock<Vec<Format>> = OnceLock::new();
    FORMATS.get_or_init(formats::all)
}

fn write_seeds() {
    let Some(folder) = std::env::var_os(SEEDS) else { return };
    for (index, format) in known().iter().enumerate() {
        for (number, seed) in format.seeds.iter().enumerate() {
            let input = [&[index as u8], seed.as_slice()].concat();
            let path = Path::new(&folder).join(format!("seed-{index}-{number}"));
            if let Err(error) = std::fs::write(&path, input) {
                panic!("{}: can't write {}: {error}", format.name, path.display());
            }
        }
    }
}

fuzz_target!(init: write_seeds(), |input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    if let Some(format) = known().get(usize::from(*first)) {
        (format.read)(bytes);
    }
});
