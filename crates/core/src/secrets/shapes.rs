//! Secrets that can be told by themselves: credentials in URLs, bearer tokens, well-known keys.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What services give out: GitHub, GitLab, AWS, Slack, Google, Stripe, npm, Hugging Face, PyPI, JWT,
/// and private keys.
static KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b gh[oprsu]_[A-Za-z0-9]{30,}
        | \b github_pat_[A-Za-z0-9_]{22,}
        | \b gl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_\-]{16,}
        | \b (?:AKIA|ASIA)[A-Z0-9]{16}\b
        | \b xox[abeoprs]-[A-Za-z0-9\-]{10,}
        | \b AIza[A-Za-z0-9_\-]{35}
        | \b ya29\.[A-Za-z0-9_\-]{20,}
        | \b [rs]k_(?:live|test)_[A-Za-z0-9]{16,}
        | \b sk-[A-Za-z0-9_\-]{20,}
        | \b npm_[A-Za-z0-9]{30,}
        | \b hf_[A-Za-z0-9]{30,}
        | \b pypi-[A-Za-z0-9_\-]{40,}
        | \b dop_v1_[a-f0-9]{40,}
        | \b eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*
        | -----BEGIN\x20[A-Z0-9\x20]*PRIVATE\x20KEY-----(?s:.*)
        ",
    )
    .ok()
});

/// `Bearer TOKEN`, wherever it stands.
static BEARER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bbearer[ \t]+([A-Za-z0-9._~+/=\-]{6,})").ok());

/// The secrets in `text`.
/// `is_cut`: a limit may have cut the text off.
pub(super) fn find(text: &str, is_cut: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if let Some(keys) = &*KEYS {
        found.extend(keys.find_iter(text).map(|key| key.range()));
    }
    if let Some(bearer) = &*BEARER {
        let tokens = bearer.captures_iter(text).filter_map(|found| found.get(1));
        found.extend(tokens.map(|token| token.range()));
    }
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")) {
        let authority = from + at + 3;
        found.extend(credentials(text, authority, is_cut));
        from = authority;
    }
    found
}

/// The password between `://` and `@`; of a name without a password only one that looks like a
/// token. What follows the colon may be a port; whoever wrote a password with a slash into a URL
/// wrote no port.
fn credentials(text: &str, authority: usize, is_cut: bool) -> Option<Range<usize>> {
    let rest = text.get(authority..)?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'));
    let rest = &rest[..end.unwrap_or(rest.len())];
    let name = rest.find([':', '/', '?', '#', '@']).unwrap_or(rest.len());
    if rest.get(name..)?.starts_with('@') {
        let is_token = name >= 16 && rest[..name].bytes().any(|b| b.is_ascii_digit());
        return is_token.then_some(authority..authority + name);
    }
    if !rest.get(name..)?.starts_with(':') || rest.starts_with('[') {
        return None;
    }
    let secret = name + 1;
    let after = rest.get(secret..)?;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let is_port = matches!(after.as_bytes().get(digits), None | Some(b'/' | b'?' | b'#' | b','));
    if is_port {
        return None;
    }
    // The last `@` of the authority; without one, of all; or the text was cut off before it.
    let of_authority = after.find(['/', '?', '#']).unwrap_or(after.len());
    let length = match after[..of_authority].rfind('@').or_else(|| after.rfind('@')) {
        Some(length) => length,
        None if is_cut && authority + secret + after.len() == text.len() => after.len(),
        None => return None,
    };
    Some(authority + secret..authority + secret + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_are_patterns() {
        assert!(KEYS.is_some() && BEARER.is_some());
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END";
        let found = find(key, false);
        assert_eq!(found.iter().map(|key| key.len()).collect::<Vec<_>>(), [key.len()]);
    }
}
