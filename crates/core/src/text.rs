//! Bounds for text that comes from outside: process names and command lines are hostile.

use std::borrow::Cow;
use std::sync::Arc;

/// Longest name, path or user name that is kept, in bytes.
pub const MAX_NAME: usize = 1024;
/// Most arguments of a command line that are kept.
pub const MAX_ARGUMENTS: usize = 256;
/// Longest command line that is kept, in bytes over all arguments.
pub const MAX_COMMAND_LINE: usize = 8192;

/// `bytes` as text of at most `limit` bytes: invalid UTF-8 becomes U+FFFD, control and
/// direction-changing characters become a visible replacement, so that no name can rewrite a
/// terminal or mirror a label.
pub fn sanitized(bytes: &[u8], limit: usize) -> Arc<str> {
    // Three bytes of output (U+FFFD) is the most that one byte of input can become.
    let text = String::from_utf8_lossy(bytes.get(..limit).unwrap_or(bytes));
    Arc::from(truncated(&visible(&text), limit))
}

/// `text` with a visible replacement in the place of control and direction-changing characters.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        Cow::Owned(text.chars().map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The longest prefix of `text` that has at most `limit` bytes and ends on a character.
pub fn truncated(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Controls, line and paragraph separators, what changes the direction of text, and the two of the
/// noncharacters that XML forbids.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_bounded_and_visible() {
        assert_eq!(&*sanitized(b"ok", 10), "ok");
        assert_eq!(&*sanitized(b"a\x1b[31mb\nc", 100), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(&*sanitized("\u{202e}gpj.exe".as_bytes(), 100), "\u{fffd}gpj.exe");
        assert_eq!(visible("a\u{2028}b\u{ffff}\u{61c}"), "a\u{fffd}b\u{fffd}\u{fffd}");
        assert!(sanitized(&[0xff; 5000], 100).len() <= 100);
        assert_eq!(truncated("aä", 2), "a");
    }
}
