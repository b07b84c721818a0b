//! UTF-16 from outside: unpaired surrogates, control characters, any length.

use std::sync::Arc;

use procnet_core::text::sanitized;

/// Text in UTF-16 of at most `limit` bytes in UTF-8; what is no text becomes visible, as in
/// [`sanitized`]. An odd last byte is no character.
pub fn utf16(bytes: &[u8], limit: usize) -> Arc<str> {
    sanitized(decoded(bytes, limit).as_bytes(), limit)
}

/// The same up to the first NUL, where there is one.
pub fn utf16_until_nul(bytes: &[u8], limit: usize) -> Arc<str> {
    utf16(until_nul(bytes), limit)
}

/// The units before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    let (units, _) = bytes.as_chunks::<2>();
    let end = units.iter().position(|unit| *unit == [0, 0]).unwrap_or(units.len());
    bytes.get(..end * 2).unwrap_or_default()
}

/// At most the first `limit` units, with U+FFFD for an unpaired surrogate.
pub(super) fn decoded(bytes: &[u8], limit: usize) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().take(limit).map(|&unit| u16::from_le_bytes(unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
pub(crate) fn encoded(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_script() {
        for name in ["chrome.exe", "Дом.exe", "数据库.exe", "🦀.exe", ""] {
            assert_eq!(&*utf16(&encoded(name), 100), name);
        }
    }

    #[test]
    fn hostile_text_is_bounded_and_visible() {
        assert_eq!(&*utf16(&[0x00, 0xd8, b'a', 0], 100), "\u{fffd}a");
        assert_eq!(&*utf16(&encoded("a\u{202e}gpj\n"), 100), "a\u{fffd}gpj\u{fffd}");
        assert_eq!(&*utf16(&[b'a', 0, b'b'], 100), "a");
        assert!(utf16(&encoded(&"数".repeat(5000)), 100).len() <= 100);
        assert_eq!(&*utf16_until_nul(&encoded("ab\0cd"), 100), "ab");
        assert_eq!(&*utf16_until_nul(&encoded("abcd"), 100), "abcd");
    }
}
