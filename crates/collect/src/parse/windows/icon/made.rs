//! Programs' files made by hand, with nothing in them but resources.

/// Where the section is to lie in memory, and where it lies in the file.
const ADDRESS: u32 = 0x1000;
const PLACE: u32 = 0x200;
const DIRECTORY: u32 = 1 << 31;

/// A resource: its type, its number, what it holds.
pub(crate) type Resource = (u16, u16, Vec<u8>);

/// A 64-bit program, or a 32-bit one, with these resources, which are sorted by type.
pub(crate) fn program(wide: bool, resources: &[Resource]) -> Vec<u8> {
    let section = section(resources);
    let (optional, magic, directories) =
        if wide { (240_u16, 0x20b_u16, 112) } else { (224, 0x10b, 96) };
    let mut file = vec![0; PLACE as usize];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"MZ");
    put(60, &64_u32.to_le_bytes());
    put(64, b"PE\0\0");
    put(64 + 6, &1_u16.to_le_bytes());
    put(64 + 20, &optional.to_le_bytes());
    put(88, &magic.to_le_bytes());
    put(88 + directories - 4, &16_u32.to_le_bytes());
    put(88 + directories + 16, &ADDRESS.to_le_bytes());
    let header = 88 + usize::from(optional);
    put(header, b".rsrc");
    for (at, value) in [(8, section.len() as u32), (12, ADDRESS), (16, section.len() as u32)] {
        put(header + at, &value.to_le_bytes());
    }
    put(header + 20, &PLACE.to_le_bytes());
    file.extend(section);
    file
}

/// The tree: a directory of types, one of numbers for each, one of languages for each number.
fn section(resources: &[Resource]) -> Vec<u8> {
    let mut types: Vec<u16> = resources.iter().map(|(kind, ..)| *kind).collect();
    types.dedup();
    let length = |entries: usize| 16 + 8 * entries as u32;
    let of = |kind: u16| resources.iter().filter(move |(other, ..)| *other == kind);
    let numbers = length(types.len());
    let languages = numbers + types.iter().map(|kind| length(of(*kind).count())).sum::<u32>();
    let leaves = languages + length(1) * resources.len() as u32;
    let mut content = leaves + 16 * resources.len() as u32;

    let mut bytes = Vec::new();
    let mut at = numbers;
    let mut entries = Vec::new();
    for kind in &types {
        entries.push((*kind, at | DIRECTORY));
        at += length(of(*kind).count());
    }
    directory(&mut bytes, &entries);
    let mut at = languages;
    for kind in &types {
        let entry = |(_, number, _): &Resource| {
            let to = at | DIRECTORY;
            at += length(1);
            (*number, to)
        };
        let entries: Vec<_> = of(*kind).map(entry).collect();
        directory(&mut bytes, &entries);
    }
    for index in 0..resources.len() as u32 {
        directory(&mut bytes, &[(1033, leaves + 16 * index)]);
    }
    for (.., held) in resources {
        for value in [ADDRESS + content, held.len() as u32, 0, 0] {
            bytes.extend(value.to_le_bytes());
        }
        content += held.len() as u32;
    }
    for (.., held) in resources {
        bytes.extend(held);
    }
    bytes
}

fn directory(bytes: &mut Vec<u8>, entries: &[(u16, u32)]) {
    bytes.extend([0; 14]);
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (called, to) in entries {
        bytes.extend(u32::from(*called).to_le_bytes());
        bytes.extend(to.to_le_bytes());
    }
}

/// The resources of an icon with these pictures: their sides and what they hold.
pub(crate) fn icon(pictures: &[(u8, Vec<u8>)]) -> Vec<Resource> {
    let mut group = vec![0, 0, 1, 0, pictures.len() as u8, 0];
    let mut resources = Vec::new();
    for (number, (side, held)) in (1_u16..).zip(pictures) {
        group.extend([*side, *side, 0, 0, 1, 0, 32, 0]);
        group.extend((held.len() as u32).to_le_bytes());
        group.extend(number.to_le_bytes());
        resources.push((3, number, held.clone()));
    }
    resources.push((14, 1, group));
    resources
}

/// A picture without compression, of so many dots a side.
pub(crate) fn bitmap(side: u8) -> Vec<u8> {
    let dots = usize::from(side);
    let mut bytes = vec![0; 40 + 4 * dots * dots + dots.div_ceil(32) * 4 * dots];
    bytes[0] = 40;
    bytes[4] = side;
    bytes[8..10].copy_from_slice(&(2 * u16::from(side)).to_le_bytes());
    bytes[12] = 1;
    bytes[14] = 32;
    bytes
}

/// The beginning of a compressed picture that claims so many dots a side.
pub(crate) fn png(side: u32) -> Vec<u8> {
    let side = side.to_be_bytes();
    [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &side, &side, &[8, 6, 0, 0, 0], &[0; 32]].concat()
}
