//! The names of systemd's units (systemd.unit(5)).

use std::borrow::Cow;

/// The kinds of units that processes live in.
const SUFFIXES: [&[u8]; 5] = [b".service", b".scope", b".socket", b".mount", b".swap"];

/// True for the name of a unit that is no slice.
pub(super) fn is_unit(name: &[u8]) -> bool {
    SUFFIXES.iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
}

/// The uid of `user@UID.service`: a user's own manager, with units of its own.
pub(super) fn user_manager(name: &[u8]) -> Option<u32> {
    let digits = name.strip_prefix(b"user@")?.strip_suffix(b".service")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `\x2d` and its like as the bytes that they stand for.
pub(super) fn unescaped(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.windows(2).any(|pair| pair == b"\\x") {
        return Cow::Borrowed(name);
    }
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match rest {
            [b'\\', b'x', high, low, ..] => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match (escaped, rest.get(4..)) {
            (Some((high, low)), Some(after)) => {
                plain.push(high << 4 | low);
                rest = after;
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    Cow::Owned(plain)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The id of the desktop application that a unit stands for:
/// `app[-LAUNCHER]-ID-RANDOM.scope` and `app[-LAUNCHER]-ID[@RANDOM].service`, where a dash in the
/// id is escaped (systemd.io/DESKTOP_ENVIRONMENTS), and `snap.NAME.APP-UUID.scope`.
pub(super) fn application(name: &[u8]) -> Option<Vec<u8>> {
    if let Some(stem) = name.strip_suffix(b".scope") {
        if let Some(snap) = stem.strip_prefix(b"snap.") {
            let id = snap.split(|&byte| byte == b'.').next()?;
            return filled(id);
        }
        let mut parts = stem.strip_prefix(b"app-")?.rsplit(|&byte| byte == b'-');
        let _random = parts.next()?;
        return filled(parts.next()?);
    }
    let stem = name.strip_suffix(b".service")?.strip_prefix(b"app-")?;
    let stem = stem.split(|&byte| byte == b'@').next()?;
    filled(stem.rsplit(|&byte| byte == b'-').next()?)
}

fn filled(id: &[u8]) -> Option<Vec<u8>> {
    (!id.is_empty()).then(|| unescaped(id).into_owned())
}
