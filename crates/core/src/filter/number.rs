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
            Self::When => {
                "a point in time such as 2026-11-23T15:00:00Z, with its zone, or milliseconds \
                 since 1970"
            }
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
    if unit == Unit::When {
        return match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse().ok(),
            false => rfc3339(text),
        };
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let suffix = suffix.to_lowercase();
    let units = match unit {
        Unit::Count | Unit::Port | Unit::When => COUNT_UNITS,
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
    // The dashes of a date are no range's.
    let (from, to) = text.split_once('-').filter(|_| unit != Unit::When)?;
    let (from, to) = (number(from, unit)?, number(to, unit)?);
    Some((from.min(to), from.max(to)))
}

/// Milliseconds since 1970 of a time in RFC 3339, section 5.6, not before 1970: the zone must be
/// told, for nobody here knows where the reader's clock hangs.
fn rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't'])?;
    let mut date = date.split('-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let (time, zone) = time.split_at(time.rfind(['+', '-'])?);
            let (sign, zone) = zone.split_at_checked(1)?;
            let (hours, minutes) = zone.split_once(':')?;
            let (hours, minutes) = (digits(hours)?, digits(minutes)?);
            let offset = hours * 60 + minutes;
            let sound = hours < 24 && minutes < 60;
            (time, sound.then_some(if sign == "-" { -offset } else { offset })?)
        }
    };
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (digits(time.next()?)?, digits(time.next()?)?);
    let seconds = time.next()?;
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (second, fraction) = (digits(second)?, fraction.get(..fraction.len().min(3))?);
    digits(fraction)?;
    let millis = format!("{fraction:0<3}").parse::<i64>().ok()?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month - 1).ok()?)?;
    let sound = date.next().is_none()
        && (1970..=9999).contains(&year)
        && (1..=length).contains(&day)
        // 60: a leap second.
        && hour < 24 && minute < 60 && second <= 60;
    let earlier: i64 = lengths.get(..usize::try_from(month - 1).ok()?)?.iter().sum();
    let before = year - 1;
    let leap_days =
        (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let days = (year - 1970) * 365 + leap_days + earlier + day - 1;
    let minutes = days * 1440 + hour * 60 + minute - offset;
    let millis = (minutes * 60 + second) * 1000 + millis;
    sound.then(|| u64::try_from(millis).ok()).flatten()
}

/// A number of up to nine digits and nothing else.
fn digits(text: &str) -> Option<i64> {
    let sound = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| text.parse().ok()).flatten()
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
            ("1970-01-01T00:00:00Z", Unit::When, Some((0, 0))),
            ("1970-01-01T00:00:00.5z", Unit::When, Some((500, 500))),
            ("2026-11-23T15:00:00Z", Unit::When, Some((1_795_446_000_000, 1_795_446_000_000))),
            ("2026-11-23T16:30:00+01:30", Unit::When, Some((1_795_446_000_000, 1_795_446_000_000))),
            (
                "2026-11-23T08:00:00.0009-07:00",
                Unit::When,
                Some((1_795_446_000_000, 1_795_446_000_000)),
            ),
            ("2024-02-29T12:00:00Z", Unit::When, Some((1_709_208_000_000, 1_709_208_000_000))),
            ("2000-03-01T00:00:00Z", Unit::When, Some((951_868_800_000, 951_868_800_000))),
            ("1795446000000", Unit::When, Some((1_795_446_000_000, 1_795_446_000_000))),
            ("2026-02-29T00:00:00Z", Unit::When, None),
            ("2026-13-01T00:00:00Z", Unit::When, None),
            ("2026-00-01T00:00:00Z", Unit::When, None),
            ("2026-11-23T15:00:00", Unit::When, None),
            ("2026-11-23", Unit::When, None),
            ("2026-11-23-01T15:00:00Z", Unit::When, None),
            ("15:00", Unit::When, None),
            ("1969-12-31T23:59:59Z", Unit::When, None),
            ("2026-11-23T24:00:00Z", Unit::When, None),
            ("2026-11-23T15:00:00+99:00", Unit::When, None),
            ("2026-11-23T15:00:00é", Unit::When, None),
        ] {
            assert_eq!(range(text, unit), expected, "{text}");
        }
    }
}
