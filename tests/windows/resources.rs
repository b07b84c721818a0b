//! What is in the program's file for Windows to read: version, icon, and what it asks of Windows.

use object::LittleEndian as LE;
use object::read::pe::{PeFile64, ResourceDirectoryEntryData, ResourceDirectoryTable};

use crate::machine::named;

/// Kinds of resources, as Windows numbers them.
pub(crate) const ICON: u16 = 3;
const ICONS: u16 = 14;
const VERSION: u16 = 16;
const MANIFEST: u16 = 24;

/// All resources of that kind.
pub(crate) fn resources(program: &[u8], kind: u16) -> Vec<Vec<u8>> {
    let file = PeFile64::parse(program).expect("a program for a 64-bit Windows");
    let sections = file.section_table();
    let directory = file.data_directories().resource_directory(program, &sections);
    let directory = directory.expect("resources can be read").expect("it has resources");
    let root = directory.root().expect("they have a root");
    let mut found = Vec::new();
    let mut open: Vec<ResourceDirectoryTable<'_>> = root
        .entries
        .iter()
        .filter(|entry| entry.name_or_id().id() == Some(kind))
        .filter_map(|entry| entry.data(directory).expect("a kind of resource").table())
        .collect();
    while let Some(table) = open.pop() {
        for entry in table.entries {
            match entry.data(directory).expect("a resource") {
                ResourceDirectoryEntryData::Table(table) => open.push(table),
                ResourceDirectoryEntryData::Data(data) => {
                    let (at, size) = (data.offset_to_data.get(LE), data.size.get(LE) as usize);
                    let bytes = sections.pe_data_at(program, at).expect("it lies in the file");
                    found.push(bytes[..size].to_vec());
                }
            }
        }
    }
    found
}

fn only(mut found: Vec<Vec<u8>>) -> Vec<u8> {
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn the_program_says_what_it_is() {
    let program = std::fs::read(named("PROCNET_WINDOWS_PROGRAM")).expect("the program");

    let version = only(resources(&program, VERSION));
    let units: Vec<u16> = version.chunks(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    let text = String::from_utf16_lossy(&units);
    for (name, value) in [
        ("ProductName", "Procnet Live"),
        ("ProductVersion", env!("CARGO_PKG_VERSION")),
        ("FileVersion", env!("CARGO_PKG_VERSION")),
        ("OriginalFilename", "procnet.exe"),
    ] {
        let (_, after) = text.split_once(name).unwrap_or_else(|| panic!("no {name} in {text}"));
        let told = after.trim_start_matches('\0').split('\0').next();
        assert_eq!(told, Some(value), "{name}");
    }

    let manifest = String::from_utf8(only(resources(&program, MANIFEST))).expect("XML");
    assert!(manifest.contains(r#"level="asInvoker""#), "{manifest}");
    assert!(manifest.contains(">true</longPathAware>"), "{manifest}");

    let icons = only(resources(&program, ICONS));
    let listed = usize::from(u16::from_le_bytes([icons[4], icons[5]]));
    let images = resources(&program, ICON);
    assert_eq!(listed, images.len());
    let sizes: Vec<u8> = icons[6..].chunks(14).map(|entry| entry[0]).collect();
    assert_eq!(sizes, [16, 20, 24, 32, 40, 48, 64, 0], "0 is 256");
    assert!(images.iter().any(|image| image.starts_with(b"\x89PNG")));
}
