//! Resources in a program's file: icons, versions, …; a tree of three levels, by type, by name or
//! number, by language. Read piece by piece, for programs are large, and no more than a budget.
//! Layouts by Microsoft's "PE Format".

use super::super::netlink::array;

/// Most bytes that are read of one file altogether.
const BUDGET: usize = 1 << 20;
/// Most entries of one level that are read.
const MAX_ENTRIES: usize = 4096;
/// Most sections; Windows loads no program with more.
const MAX_SECTIONS: u16 = 96;
/// Furthest place of the header that follows the one of DOS.
const MAX_HEADER_OFFSET: u32 = 1 << 20;

const DOS_HEADER: usize = 64;
const FILE_HEADER: usize = 24;
const SECTION_HEADER: usize = 40;
/// Of the optional header of 64-bit programs, up to the entry of the resources.
const OPTIONAL_HEADER: usize = 136;
const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
const DIRECTORY_HEADER: u64 = 16;
const DIRECTORY_ENTRY: usize = 8;
const DATA_ENTRY: usize = 16;
/// What an entry points to is a directory; what it is called by is a text.
const HIGH_BIT: u32 = 1 << 31;

/// A file that is read piece by piece.
pub trait Pieces {
    /// Fills `to` with what lies there; false if the file ends before, or cannot be read.
    fn read(&mut self, at: u64, to: &mut [u8]) -> bool;
}

impl Pieces for &[u8] {
    fn read(&mut self, at: u64, to: &mut [u8]) -> bool {
        let piece = usize::try_from(at).ok().and_then(|at| self.get(at..)?.get(..to.len()));
        piece.map(|piece| to.copy_from_slice(piece)).is_some()
    }
}

/// The resources of a program's file.
#[derive(Debug)]
pub struct Resources<P> {
    file: P,
    budget: usize,
    sections: Vec<Section>,
    /// Where the tree begins in the file.
    root: u64,
}

#[derive(Clone, Copy, Debug)]
struct Section {
    address: u32,
    length: u32,
    place: u32,
}

/// A branch of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch(u32);

impl<P: Pieces> Resources<P> {
    /// `None` if it is no program for Windows, or one without resources.
    pub fn of(file: P) -> Option<Self> {
        let mut resources = Self { file, budget: BUDGET, sections: Vec::new(), root: 0 };
        let dos = resources.piece(0, DOS_HEADER)?;
        let header = u32::from_le_bytes(array(&dos, 60)?);
        if !dos.starts_with(b"MZ") || header > MAX_HEADER_OFFSET {
            return None;
        }
        let header = u64::from(header);
        let file = resources.piece(header, FILE_HEADER)?;
        if !file.starts_with(b"PE\0\0") {
            return None;
        }
        let sections = u16::from_le_bytes(array(&file, 6)?).min(MAX_SECTIONS);
        let optional = u16::from_le_bytes(array(&file, 20)?);
        let begin = header + FILE_HEADER as u64;
        let root = resources.resource_directory(begin, usize::from(optional))?;
        let headers =
            resources.piece(begin + u64::from(optional), usize::from(sections) * SECTION_HEADER)?;
        let (headers, _) = headers.as_chunks::<SECTION_HEADER>();
        resources.sections = headers.iter().filter_map(|header| Section::of(header)).collect();
        resources.root = resources.place(root, 0)?;
        Some(resources)
    }

    /// The address of the tree, by the optional header.
    fn resource_directory(&mut self, at: u64, length: usize) -> Option<u32> {
        let optional = self.piece(at, length.min(OPTIONAL_HEADER))?;
        let directories = match u16::from_le_bytes(array(&optional, 0)?) {
            PE32 => 96,
            PE32_PLUS => 112,
            _ => return None,
        };
        let count = u32::from_le_bytes(array(&optional, directories - 4)?);
        let address = u32::from_le_bytes(array(&optional, directories + 16)?);
        (count > 2 && address != 0).then_some(address)
    }

    /// The names of all resources of that type, in the order that the file has them in.
    pub fn of_type(&mut self, kind: u16) -> Option<Vec<Branch>> {
        let of_type = self.entry(0, u32::from(kind))?;
        Some(self.entries(of_type)?.into_iter().filter_map(|(_, child)| branch(child)).collect())
    }

    /// The resource of that type and number.
    pub fn numbered(&mut self, kind: u16, number: u16) -> Option<Branch> {
        let of_type = self.entry(0, u32::from(kind))?;
        self.entry(of_type, u32::from(number)).map(Branch)
    }

    /// What a resource holds in its first language, if that is no more than `longest`.
    pub fn content(&mut self, resource: Branch, longest: usize) -> Option<Vec<u8>> {
        let (_, leaf) = self.entries(resource.0)?.into_iter().find(|(_, to)| to & HIGH_BIT == 0)?;
        let data = self.piece(self.root.checked_add(u64::from(leaf))?, DATA_ENTRY)?;
        let address = u32::from_le_bytes(array(&data, 0)?);
        let length = u32::from_le_bytes(array(&data, 4)?);
        let at = self.place(address, length)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= longest)?;
        self.piece(at, length)
    }

    /// The directory that the entry of that number in the directory at that offset leads to.
    fn entry(&mut self, directory: u32, number: u32) -> Option<u32> {
        let entries = self.entries(directory)?;
        let (_, child) = entries.into_iter().find(|(called, _)| *called == number)?;
        branch(child).map(|branch| branch.0)
    }

    /// What the entries of a directory are called, and what they lead to.
    fn entries(&mut self, directory: u32) -> Option<Vec<(u32, u32)>> {
        let at = self.root.checked_add(u64::from(directory))?;
        let header = self.piece(at, DIRECTORY_HEADER as usize)?;
        let named = u16::from_le_bytes(array(&header, 12)?);
        let numbered = u16::from_le_bytes(array(&header, 14)?);
        let count = (usize::from(named) + usize::from(numbered)).min(MAX_ENTRIES);
        let entries = self.piece(at + DIRECTORY_HEADER, count * DIRECTORY_ENTRY)?;
        let (entries, _) = entries.as_chunks::<DIRECTORY_ENTRY>();
        let halves = |entry: &[u8; DIRECTORY_ENTRY]| {
            let entry = u64::from_le_bytes(*entry);
            ((entry & u64::from(u32::MAX)) as u32, (entry >> 32) as u32)
        };
        Some(entries.iter().map(halves).collect())
    }

    /// Where in the file lies what is to lie at that address in memory.
    fn place(&self, address: u32, length: u32) -> Option<u64> {
        self.sections.iter().find_map(|section| {
            let into = address.checked_sub(section.address)?;
            let inside = into < section.length && length <= section.length - into;
            inside.then(|| u64::from(section.place) + u64::from(into))
        })
    }

    fn piece(&mut self, at: u64, length: usize) -> Option<Vec<u8>> {
        self.budget = self.budget.checked_sub(length)?;
        let mut piece = vec![0; length];
        self.file.read(at, &mut piece).then_some(piece)
    }
}

impl Section {
    fn of(header: &[u8]) -> Option<Self> {
        Some(Self {
            address: u32::from_le_bytes(array(header, 12)?),
            length: u32::from_le_bytes(array(header, 16)?),
            place: u32::from_le_bytes(array(header, 20)?),
        })
    }
}

/// What an entry leads to, if that is a directory.
fn branch(child: u32) -> Option<Branch> {
    (child & HIGH_BIT != 0).then_some(Branch(child & !HIGH_BIT))
}
