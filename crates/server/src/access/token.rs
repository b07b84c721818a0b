//! The token, and the sessions of browsers that showed it.

use std::fmt;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// 256 bits: nobody guesses them.
const LENGTH: usize = 32;
/// How long a browser that showed the token is let in without it.
pub(crate) const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);
/// What sessions are signed for, so that no signature made for something else is one.
const PURPOSE: &[u8] = b"procnet session";
/// Length of a session's end in hexadecimal.
const END_LENGTH: usize = 16;

/// What lets everybody in who has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; LENGTH]);

impl Token {
    /// A new one, of random bits from the system.
    pub fn generate() -> std::io::Result<Self> {
        let mut bits = [0; LENGTH];
        getrandom::fill(&mut bits)?;
        Ok(Self(bits))
    }

    /// Reads what [`Token::text`] writes.
    pub fn from_text(text: &str) -> Option<Self> {
        from_hexadecimal(text.trim()).map(Self)
    }

    /// The token for its file and for people: 64 hexadecimal digits.
    pub fn text(&self) -> String {
        hexadecimal(&self.0)
    }

    /// True if `shown` is this token. How long that takes tells nothing about either.
    pub(crate) fn is(&self, shown: &str) -> bool {
        self.text().as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// What a browser that showed the token gets to show from now on, to the server on that port:
    /// when it ends, signed with the token. A browser shows it to every server of this machine's
    /// name, so it is not the token itself.
    pub(crate) fn session(&self, port: u16, now: SystemTime) -> String {
        let end = seconds(now).saturating_add(SESSION.as_secs());
        format!("{end:016x}{}", hexadecimal(&self.signature(port, end)))
    }

    /// True for what [`Token::session`] made for that port, until it ends.
    pub(crate) fn is_session(&self, shown: &str, port: u16, now: SystemTime) -> bool {
        let Some((end, signature)) = shown.split_at_checked(END_LENGTH) else { return false };
        let end = if end.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            u64::from_str_radix(end, 16).unwrap_or_default()
        } else {
            0
        };
        let Some(signature) = from_hexadecimal(signature) else { return false };
        bool::from(self.signature(port, end).ct_eq(&signature)) && seconds(now) < end
    }

    fn signature(&self, port: u16, end: u64) -> [u8; LENGTH] {
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; LENGTH] };
        mac.update(PURPOSE);
        mac.update(&port.to_be_bytes());
        mac.update(&end.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Token {
    /// It is in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Option<[u8; LENGTH]> {
    if text.len() != 2 * LENGTH || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, at) in bytes.iter_mut().zip((0..text.len()).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_each_survives_its_file() {
        let [one, other] = [(); 2].map(|()| Token::generate().unwrap());
        assert_ne!(one, other);
        let text = one.text();
        assert_eq!(text.len(), 64);
        assert_eq!(Token::from_text(&format!("{text}\n")), Some(one.clone()));
        assert!(one.is(&text) && !one.is(&other.text()) && !one.is("") && !one.is(&text[1..]));
        assert!(!format!("{one:?}").contains(&text[..4]));
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = "0f".repeat(32);
        assert!(Token::from_text(&good).is_some());
        for bad in ["", "0f", &"0g".repeat(32), &"+f".repeat(32), &"é".repeat(32), &good[2..]] {
            assert_eq!(Token::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_session_is_for_one_port_and_one_token_and_ends() {
        let token = Token::generate().unwrap();
        let now = SystemTime::now();
        let session = token.session(8765, now);
        assert!(!session.contains(&token.text()));
        let last = now + SESSION - Duration::from_secs(2);
        assert!(token.is_session(&session, 8765, now) && token.is_session(&session, 8765, last));
        assert!(!token.is_session(&session, 8765, now + SESSION + Duration::from_secs(1)));
        assert!(!token.is_session(&session, 8766, now));
        assert!(!Token::generate().unwrap().is_session(&session, 8765, now));
    }

    #[test]
    fn a_session_with_another_end_or_signature_is_none() {
        let token = Token::generate().unwrap();
        let now = SystemTime::now();
        let session = token.session(8765, now);
        for at in 0..session.len() {
            let mut other = session.clone();
            let digit = if &other[at..=at] == "0" { "1" } else { "0" };
            other.replace_range(at..=at, digit);
            assert!(!token.is_session(&other, 8765, now), "{at}");
        }
        for bad in ["", "0", &session[..16], &session[1..], "+", &"é".repeat(40)] {
            assert!(!token.is_session(bad, 8765, now), "{bad}");
        }
    }
}
