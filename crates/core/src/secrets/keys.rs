//! Names of which a value is a secret.

use super::Mask;

/// Whatever ends so, whatever stands before it: `PGPASSWORD`, `client_secret`, `authToken`.
const ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "accountkey",
    "secretkey",
    "sharedkey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "authkey",
    "masterkey",
    "sessionkey",
    "presharedkey",
    "licensekey",
];
/// Short words that must stand alone: `DB_PASS`, `--pwd`, but not `--bypass`.
const WORDS: &[&str] = &["pass", "pwd", "pw", "psk", "jwt"];
/// Headers that are secrets but for the scheme before them.
const HEADERS: &[&str] = &["authorization", "cookie", "set-cookie", "proxy-authorization"];

/// What a name's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A secret.
    Secret,
    /// Perhaps the path of a file with a secret: `--private-key /etc/key.pem`.
    SecretOrPath,
    /// A header: all that follows, but for the scheme.
    Header,
}

/// How options begin that speak of a secret and take none: `--no-password`.
const VERBS: &[&str] = &[
    "no-",
    "without-",
    "ask-",
    "prompt-",
    "skip-",
    "show-",
    "reset-",
    "generate-",
    "require-",
    "use-",
];

/// True for an option whose next argument is no value of it.
pub(super) fn takes_no_value(option: &str) -> bool {
    let name = option.trim_start_matches('-');
    VERBS.iter().any(|verb| name.starts_with(verb))
}

/// What `name` names; `None` if no secret.
pub(super) fn key(name: &str, more: &[Mask]) -> Option<Key> {
    let name = name.trim_start_matches(['-', '/']);
    // A name is short; what is long is something else.
    if name.is_empty() || name.len() > 128 {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if HEADERS.contains(&lower.as_str()) {
        return Some(Key::Header);
    }
    let own = |mask: &Mask| match mask {
        Mask::Key(key) => lower.ends_with(&**key) && !key.is_empty(),
        Mask::Pattern { .. } => false,
    };
    if more.iter().any(own) {
        return Some(Key::Secret);
    }
    let bare: String = lower.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
    if let Some(ending) = ENDINGS.iter().find(|ending| bare.ends_with(**ending)) {
        let may_be_a_path = ending.ends_with("key") || ending.starts_with("credential");
        return Some(if may_be_a_path { Key::SecretOrPath } else { Key::Secret });
    }
    let is_word = |word: &&str| {
        let Some(before) = lower.strip_suffix(*word) else { return false };
        let own = name.get(before.len()..).unwrap_or_default();
        // `dbPass`: a word of its own by its capital.
        before.is_empty()
            || before.ends_with(|c: char| !c.is_ascii_alphabetic())
            || own.starts_with(|c: char| c.is_ascii_uppercase())
                && name
                    .as_bytes()
                    .get(before.len().wrapping_sub(1))
                    .is_some_and(u8::is_ascii_lowercase)
    };
    if WORDS.iter().any(is_word) || name.ends_with("_AUTH") {
        return Some(Key::Secret);
    }
    None
}

/// What is no secret though a secret could stand there: `--password=false`, `--max-token=4096`.
pub(super) fn is_harmless(name: &str, key: Key, value: &str) -> bool {
    let plain = ["true", "false", "yes", "no", "on", "off", "null", "none", "prompt", "stdin"];
    if value.is_empty() || plain.iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return true;
    }
    let is_token = || name.to_ascii_lowercase().ends_with("token");
    if value.len() < 6 && value.bytes().all(|b| b.is_ascii_digit()) && is_token() {
        return true;
    }
    // `docker build --secret id=…,src=…`
    if value.starts_with("id=") || value.starts_with("type=") {
        return true;
    }
    key == Key::SecretOrPath && is_path(value)
}

fn is_path(value: &str) -> bool {
    let bytes = value.as_bytes();
    ["/", "./", "../", "~/", "file:"].iter().any(|begin| value.starts_with(begin))
        || bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1..3) == Some(b":\\")
}
