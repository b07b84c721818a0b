//! `/proc/net/sockstat` (`net/ipv4/proc.c`): how many sockets there are.

/// How many TCP connections have outlived their descriptors and wait for the peer. The kernel counts
/// them for all network namespaces together.
pub fn orphans(text: &[u8]) -> Option<u64> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.find_map(|line| line.strip_prefix(b"TCP:"))?;
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.find(|word| *word == b"orphan")?;
    std::str::from_utf8(words.next()?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orphans_are_counted_among_tcp() {
        let text = b"sockets: used 10\nTCP: inuse 1 orphan 7 tw 0 alloc 1 mem 424\nUDP: inuse 0\n";
        assert_eq!(orphans(text), Some(7));
        for length in 0..text.len() {
            let _ = orphans(&text[..length]);
        }
        assert_eq!(orphans(b"UDP: orphan 3\n"), None);
        assert_eq!(orphans(b"TCP: orphan many\n"), None);
        assert_eq!(orphans(b""), None);
    }
}
