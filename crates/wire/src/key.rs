//! The text form of a process's identity: `PID-START`, and `PID-START@HOST` for other machines.

use procnet_core::{HostId, ProcessKey};

/// The text form of `key`.
pub fn format_process_key(key: ProcessKey) -> String {
    let ProcessKey { host, pid, started } = key;
    if host == HostId::LOCAL {
        format!("{pid}-{started}")
    } else {
        format!("{pid}-{started}@{}", host.0)
    }
}

/// The key that `text` spells, if it is one.
pub fn parse_process_key(text: &str) -> Option<ProcessKey> {
    let (rest, host) = match text.split_once('@') {
        Some((rest, host)) => (rest, HostId(number(host)?)),
        None => (text, HostId::LOCAL),
    };
    let (pid, started) = rest.split_once('-')?;
    Some(ProcessKey { host, pid: number(pid)?, started: number(started)? })
}

/// Digits alone: `parse` would also take a plus sign.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_round_trip() {
        for key in [
            ProcessKey { host: HostId::LOCAL, pid: 1, started: 0 },
            ProcessKey { host: HostId(7), pid: u32::MAX, started: u64::MAX },
        ] {
            assert_eq!(parse_process_key(&format_process_key(key)), Some(key));
        }
        let text = format_process_key(ProcessKey { host: HostId::LOCAL, pid: 812, started: 9 });
        assert_eq!(text, "812-9");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in
            ["", "1", "-", "1-", "-1", "+1-2", "1-2@", "4294967296-1", "1-2-3", "a-b", "1 -2"]
        {
            assert_eq!(parse_process_key(text), None, "{text}");
        }
    }
}
