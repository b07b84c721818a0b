//! Inputs that fuzzing came by, kept in the repository: a file per format, in which each input stands
//! after its length, four bytes with the least significant first.

use std::path::{Path, PathBuf};

use crate::formats::Format;

/// Longer inputs are not kept.
const LONGEST: usize = 4 * 1024;
/// What a format may take in all: the short ones are kept.
const MOST: usize = 48 * 1024;

/// `Linux: socket dumps` is kept as `linux-socket-dumps`.
fn path(format: &Format) -> PathBuf {
    let words = format.name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> =
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stored").join(words.join("-"))
}

/// Those that are kept of a format.
pub(crate) fn inputs(format: &Format) -> Vec<Vec<u8>> {
    // There need not be any.
    let kept = std::fs::read(path(format)).unwrap_or_default();
    let mut rest = kept.as_slice();
    let mut inputs = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((input, after)) = after.split_at_checked(length) else { break };
        inputs.push(input.to_vec());
        rest = after;
    }
    inputs
}

/// Keeps the inputs of a folder, whose first bytes say of which format they are.
pub(crate) fn store(folder: &Path, formats: &[Format]) {
    let mut all: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| std::fs::read(entry.expect("an entry").path()).expect("an input can be read"))
        .filter(|input| (2..=LONGEST).contains(&input.len()))
        .collect();
    all.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    for (index, format) in formats.iter().enumerate() {
        let mut kept = Vec::new();
        let own = all.iter().filter(|input| usize::from(input[0]) == index);
        for input in own.map(|input| &input[1..]).filter(|input| {
            let sound = |seed: &Vec<u8>| seed.as_slice() == *input;
            !format.seeds.iter().any(sound)
        }) {
            if kept.len() + 4 + input.len() > MOST {
                break;
            }
            kept.extend((input.len() as u32).to_le_bytes());
            kept.extend(input);
        }
        let path = path(format);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        std::fs::write(&path, kept).expect("what is kept can be written");
    }
}
