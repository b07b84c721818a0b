//! Icons of programs that were made by hand, and the one of this program.

use super::made::{bitmap, icon as pictures, png, program};
use super::*;

/// The icon that this program brings along, as `crates/procnet/build.rs` puts it there.
const OWN: &[u8] = include_bytes!("../../../../../procnet/windows/procnet.ico");

/// The pictures of a file of icons.
fn own_pictures() -> Vec<(u8, Vec<u8>)> {
    let count = usize::from(OWN[4]);
    let entry = |index: usize| {
        let entry = &OWN[6 + 16 * index..][..16];
        let [length, at] = [8, 12]
            .map(|field| u32::from_le_bytes(entry[field..field + 4].try_into().unwrap()) as usize);
        (entry[0], OWN[at..at + length].to_vec())
    };
    (0..count).map(entry).collect()
}

fn shown(wanted: &[(u8, Vec<u8>)]) -> Option<Picture> {
    let files = [true, false].map(|wide| program(wide, &pictures(wanted)));
    let [wide, narrow] = files.each_ref().map(|file| icon(file.as_slice()));
    assert_eq!(wide, narrow);
    wide
}

#[test]
fn of_all_pictures_the_one_that_fits_a_map() {
    let all = own_pictures();
    let picture = shown(&all).unwrap();
    assert_eq!(picture.media_type, "image/x-icon");
    // A header with one entry: 48 dots a side, 32 bits each, and the picture behind it.
    assert_eq!(picture.bytes[..8], [0, 0, 1, 0, 1, 0, 48, 48]);
    assert_eq!(picture.bytes[12..14], [32, 0]);
    let (_, expected) = all.iter().find(|(side, _)| *side == 48).unwrap();
    assert_eq!(picture.bytes[14..18], (expected.len() as u32).to_le_bytes());
    assert_eq!(picture.bytes[18..22], 22_u32.to_le_bytes());
    assert_eq!(&picture.bytes[22..], expected);
}

#[test]
fn without_one_of_that_size_the_next_larger_else_the_largest() {
    let side = |wanted: &[u8]| {
        let pictures: Vec<_> = wanted.iter().map(|side| (*side, bitmap(*side))).collect();
        shown(&pictures).unwrap().bytes[6]
    };
    assert_eq!(side(&[16, 128, 64, 32]), 64);
    assert_eq!(side(&[16, 24, 32, 20]), 32);
}

#[test]
fn a_compressed_picture_is_a_file_already() {
    let picture = shown(&[(16, bitmap(16)), (0, png(256))]).unwrap();
    assert_eq!((picture.media_type, picture.bytes), ("image/png", png(256)));
}

#[test]
fn what_makes_no_sense_gives_way_to_what_does() {
    let mut long = bitmap(48);
    long.resize(MAX_ICON_BYTES, 0);
    let mut broad = bitmap(48);
    broad[6] = 1;
    let mut headless = bitmap(48);
    headless[0] = 12;
    for nonsense in [png(257), png(0), png(u32::MAX), long, broad, headless, vec![], vec![40]] {
        let picture = shown(&[(48, nonsense.clone()), (32, bitmap(32))]).unwrap();
        assert_eq!(picture.bytes[6], 32);
        assert_eq!(shown(&[(48, nonsense)]), None);
    }
}

#[test]
fn what_is_no_program_or_has_no_icon_has_none() {
    let version = (16, 1, vec![0; 100]);
    let bare = program(true, &[version]);
    for file in [&b"\x7fELF"[..], b"MZ", b"", &[0; 4096], &bare] {
        assert_eq!(icon(file), None);
    }
    assert_eq!(shown(&[]), None);
}

#[test]
fn cut_off_anywhere_it_has_none() {
    let file = program(true, &pictures(&[(16, bitmap(16))]));
    assert!(icon(file.as_slice()).is_some());
    for length in 0..file.len() {
        // The group is the last of the file.
        assert_eq!(icon(&file[..length]), None, "{length}");
    }
}

#[test]
fn a_tree_that_leads_back_into_itself_ends() {
    let mut file = program(true, &pictures(&[(16, bitmap(16))]));
    // The second entry of the root, of the groups, leads to the root.
    file[0x200 + 28..][..4].copy_from_slice(&(1_u32 << 31).to_le_bytes());
    assert_eq!(icon(file.as_slice()), None);
}

/// Counts what is read.
struct Counted<'a>(&'a [u8], &'a mut usize);

impl Pieces for Counted<'_> {
    fn read(&mut self, at: u64, to: &mut [u8]) -> bool {
        *self.1 += to.len();
        self.0.read(at, to)
    }
}

#[test]
fn little_is_read_whatever_is_claimed() {
    let (mut read, mut hostile_read) = (0, 0);
    let file = program(true, &pictures(&own_pictures()));
    assert!(icon(Counted(&file, &mut read)).is_some());
    assert!(read < 16 << 10, "{read}");

    // Each directory claims as many entries as it can, and there they are.
    let mut hostile = program(true, &pictures(&[(16, bitmap(16))]));
    hostile.resize(4 << 20, 0xff);
    for at in (0x200..0x300).step_by(8) {
        hostile[at + 4..at + 8].fill(0xff);
    }
    icon(Counted(&hostile, &mut hostile_read));
    assert!(hostile_read <= 1 << 20, "{hostile_read}");
}
