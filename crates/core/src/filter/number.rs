//! Numbers with units and ranges: `80`, `8000-8999`, `1.5M`, `10KiB`, `20ms`.

use super::field::Unit;

/// From, to: both included.
pub(super) type NumberRange = (u64, u64);

/// Multipliers by suffix, lower case. Bytes may carry a trailing `b`.
const COUNT_UNITS: &[(&str, f64)] = &[("", 1.0), ("k", 1e3), ("m", 1e6), ("g", 1e9), ("t", 1e12)];
const BYTE_UNITS: &[(&str, f64)] = &[
    ("", 1.0),
    ("k", 1e3),
    ("m", 1e6),
    ("g", 1e9),
    ("t", 1e12),
    ("ki", 1_024.0),
    ("mi", 1_048_576.0),
    ("gi", 1_073_741_824.0),
    ("ti", 1_099_511_627_776.0),
];
/// To microseconds.
const TIME_UNITS: &[(&str, f64)] =
    &[("", 1e3), ("us", 1.0), ("µs", 1.0), ("μs", 1.0), ("ms", 1e3), ("s", 1e6)];

impl Unit {
    /// What is expected, for an error.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Count => "a number such as 10 or 2k",
            Self::Bytes => "a number of bytes such as 500, 10k, 1.5M or 4KiB",
            Self::Time => "a time such as 300us, 20ms or 1.5s",
            Self::Port => "a port from 0 to 65535, or a range such as 8000-8999",
        }
    }
}

/// A number in the unit's base: things, bytes, microseconds.
pub(super) fn number(text: &str, unit: Unit) -> Option<u64> {
    if unit == Unit::Port {
        let port = text.parse::<u16>().ok()?;
        return text.bytes().all(|b| b.is_ascii_digit()).then(|| u64::from(port));
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let suffix = suffix.to_lowercase();
    let units = match unit {
        Unit::Count | Unit::Port => COUNT_UNITS,
        Unit::Bytes => BYTE_UNITS,
        Unit::Time => TIME_UNITS,
    };
    let suffix = match unit {
        Unit::Bytes => suffix.strip_suffix('b').unwrap_or(&suffix),
        _ => &suffix,
    };
    let &(_, factor) = units.iter().find(|(name, _)| *name == suffix)?;
    if factor == 1.0 && !digits.contains('.') {
        return digits.parse().ok();
    }
    let value = digits.parse::<f64>().ok()? * factor;
    // A float converts to an integer by saturation: 1e30 bytes is more than anything.
    value.is_finite().then_some(value.round() as u64)
}

/// A number, or two with a dash between them.
pub(super) fn range(text: &str, unit: Unit) -> Option<NumberRange> {
    if let Some(value) = number(text, unit) {
        return Some((value, value));
    }
    let (from, to) = text.split_once('-')?;
    let (from, to) = (number(from, unit)?, number(to, unit)?);
    Some((from.min(to), from.max(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_units() {
        for (text, unit, expected) in [
            ("80", Unit::Port, Some((80, 80))),
            ("8000-8999", Unit::Port, Some((8000, 8999))),
            ("8999-8000", Unit::Port, Some((8000, 8999))),
            ("65536", Unit::Port, None),
            ("+80", Unit::Port, None),
            ("1k", Unit::Port, None),
            ("12", Unit::Count, Some((12, 12))),
            ("2k", Unit::Count, Some((2000, 2000))),
            ("18446744073709551615", Unit::Count, Some((u64::MAX, u64::MAX))),
            ("18446744073709551616", Unit::Count, None),
            ("1e5", Unit::Count, None),
            ("", Unit::Count, None),
            (".5", Unit::Bytes, None),
            ("1.2.3", Unit::Bytes, None),
            ("1M", Unit::Bytes, Some((1_000_000, 1_000_000))),
            ("1MB", Unit::Bytes, Some((1_000_000, 1_000_000))),
            ("1.5KiB", Unit::Bytes, Some((1536, 1536))),
            ("1ki-1mi", Unit::Bytes, Some((1024, 1_048_576))),
            ("1x", Unit::Bytes, None),
            ("20", Unit::Time, Some((20_000, 20_000))),
            ("20ms", Unit::Time, Some((20_000, 20_000))),
            ("300us", Unit::Time, Some((300, 300))),
            ("300µs", Unit::Time, Some((300, 300))),
            ("1.5s", Unit::Time, Some((1_500_000, 1_500_000))),
            ("1h", Unit::Time, None),
            ("-5", Unit::Time, None),
        ] {
            assert_eq!(range(text, unit), expected, "{text}");
        }
    }
}
