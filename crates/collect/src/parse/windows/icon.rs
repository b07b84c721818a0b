//! The icon in a program's file: of all its pictures the one that fits a map best, as a file of its
//! own that a browser shows.

use super::super::netlink::array;
use super::resources::{Branch, Pieces, Resources};

/// Longest icon that is taken.
pub const MAX_ICON_BYTES: usize = 64 << 10;
/// Most pictures of one icon that are looked at, and most that are tried.
const MAX_PICTURES: usize = 64;
const MAX_TRIES: usize = 8;
/// What is drawn on a map that is zoomed in, or on a fine screen, has about as many dots a side.
const WANTED: u16 = 48;
/// Longest side of a picture: a few bytes may claim millions.
const MAX_SIDE: u32 = 256;

const RT_ICON: u16 = 3;
const RT_GROUP_ICON: u16 = 14;
const GROUP_HEADER: usize = 6;
const GROUP_ENTRY: usize = 14;
/// Before the picture in a file with one: its header, and one entry.
const FILE_HEADER: usize = 22;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `image/png` or `image/x-icon`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// One picture of an icon, as the icon's group tells it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Dots a side, and bits of each.
    side: u16,
    bits: u16,
    number: u16,
}

/// The icon that Windows shows for that program: the first that its file has. `None` if it has none
/// that can be shown.
pub fn icon(file: impl Pieces) -> Option<Picture> {
    let mut resources = Resources::of(file)?;
    let first: Branch = *resources.of_type(RT_GROUP_ICON)?.first()?;
    let group = resources.content(first, GROUP_HEADER + MAX_PICTURES * GROUP_ENTRY)?;
    let mut entries = entries(&group);
    entries.sort_by_key(|entry| entry.rank());
    entries.iter().take(MAX_TRIES).find_map(|entry| {
        let picture = resources.numbered(RT_ICON, entry.number)?;
        let content = resources.content(picture, MAX_ICON_BYTES - FILE_HEADER)?;
        entry.shown(content)
    })
}

fn entries(group: &[u8]) -> Vec<Entry> {
    let pictures = group.get(GROUP_HEADER..).unwrap_or_default();
    let (pictures, _) = pictures.as_chunks::<GROUP_ENTRY>();
    pictures.iter().filter_map(|entry| Entry::of(entry)).collect()
}

impl Entry {
    fn of(entry: &[u8]) -> Option<Self> {
        let [width, height] = array(entry, 0)?;
        // 0 stands for 256.
        let side = |side: u8| if side == 0 { 256 } else { u16::from(side) };
        Some(Self {
            side: side(width).max(side(height)),
            bits: u16::from_le_bytes(array(entry, 6)?),
            number: u16::from_le_bytes(array(entry, 12)?),
        })
    }

    /// The smallest that is large enough comes first, else the largest; of one size the one with the
    /// most colours.
    fn rank(self) -> (bool, u16, u16) {
        let small = self.side < WANTED;
        (small, if small { u16::MAX - self.side } else { self.side }, u16::MAX - self.bits)
    }

    /// The picture as a file, if its own header makes sense.
    fn shown(self, content: Vec<u8>) -> Option<Picture> {
        if content.starts_with(PNG) {
            let sides = [16, 20].map(|at| array(&content, at).map(u32::from_be_bytes));
            let sound = array(&content, 12)? == *b"IHDR" && sides.into_iter().all(is_side);
            return sound.then_some(Picture { media_type: "image/png", bytes: content });
        }
        let header = u32::from_le_bytes(array(&content, 0)?);
        let width = u32::from_le_bytes(array(&content, 4)?);
        // The colours above, and the mask below.
        let height = u32::from_le_bytes(array(&content, 8)?) / 2;
        if !(40..=124).contains(&header) || !is_side(Some(width)) || !is_side(Some(height)) {
            return None;
        }
        let bits: [u8; 2] = array(&content, 14)?;
        let length = u32::try_from(content.len()).ok()?;
        // 256 is written as 0.
        let sides = [width as u8, height as u8];
        let mut bytes = Vec::with_capacity(FILE_HEADER + content.len());
        bytes.extend([0, 0, 1, 0, 1, 0]);
        bytes.extend(sides);
        bytes.extend([0, 0, 1, 0]);
        bytes.extend(bits);
        bytes.extend(length.to_le_bytes());
        bytes.extend((FILE_HEADER as u32).to_le_bytes());
        bytes.extend(content);
        Some(Picture { media_type: "image/x-icon", bytes })
    }
}

fn is_side(side: Option<u32>) -> bool {
    side.is_some_and(|side| (1..=MAX_SIDE).contains(&side))
}

#[cfg(test)]
mod made;
#[cfg(test)]
mod tests;
