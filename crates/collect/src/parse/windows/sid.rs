//! Security identifiers: who somebody is to Windows (MS-DTYP section 2.4.2.2).

use super::super::netlink::array;

/// Length of an identifier without its sub-authorities.
const HEAD: usize = 8;
/// More an identifier cannot have.
const MAX_SUB_AUTHORITIES: usize = 15;

/// The identifier of the user to whom a token belongs: `GetTokenInformation(TokenUser)` wrote it
/// into `buffer` (`TOKEN_USER`, and the identifier behind it) when that lay at the address `base`.
pub fn of_token_user(buffer: &[u8], base: u64) -> Option<&[u8]> {
    let address = u64::from_le_bytes(array(buffer, 0)?);
    let start = usize::try_from(address.checked_sub(base)?).ok()?;
    cut(buffer.get(start..)?)
}

/// The identifier that `bytes` begin with.
pub fn cut(bytes: &[u8]) -> Option<&[u8]> {
    let [revision, sub_authorities] = array(bytes, 0)?;
    let sub_authorities = usize::from(sub_authorities);
    if revision != 1 || sub_authorities > MAX_SUB_AUTHORITIES {
        return None;
    }
    bytes.get(..HEAD + 4 * sub_authorities)
}

/// The last number of an identifier: what tells an account from the others of its authority.
pub fn last_sub_authority(sid: &[u8]) -> Option<u32> {
    let (_, sub_authorities) = sid.split_at_checked(HEAD)?;
    sub_authorities.last_chunk().copied().map(u32::from_le_bytes)
}

/// An identifier as people write it: `S-1-5-21-…-1001`.
pub fn text(sid: &[u8]) -> String {
    let Some((head, sub_authorities)) = sid.split_first_chunk::<HEAD>() else {
        return String::new();
    };
    let [revision, _, authority @ ..] = *head;
    let authority = authority.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let (numbers, _) = sub_authorities.as_chunks::<4>();
    let numbers = numbers.iter().map(|number| format!("-{}", u32::from_le_bytes(*number)));
    format!("S-{revision}-{authority}{}", numbers.collect::<String>())
}

/// Reads what [`text`] writes.
pub fn from_text(text: &str) -> Option<Box<[u8]>> {
    let mut words = text.strip_prefix("S-1-")?.split('-');
    let authority: u64 = words.next()?.parse().ok().filter(|number| *number < 1 << 48)?;
    let numbers: Vec<u32> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let count = u8::try_from(numbers.len()).ok()?;
    if usize::from(count) > MAX_SUB_AUTHORITIES {
        return None;
    }
    let mut sid = vec![1, count];
    sid.extend(authority.to_be_bytes().get(2..)?);
    sid.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    Some(sid.into())
}

#[cfg(test)]
mod tests {
    use std::mem::{offset_of, size_of};

    use proptest::prelude::*;
    use windows_sys::Win32::Security::{SID, SID_AND_ATTRIBUTES, TOKEN_USER};

    use super::*;

    const BASE: u64 = 0x7ffe_0000;

    #[test]
    fn the_layouts_are_microsofts() {
        assert_eq!(offset_of!(TOKEN_USER, User) + offset_of!(SID_AND_ATTRIBUTES, Sid), 0);
        assert_eq!(size_of::<TOKEN_USER>(), 16);
        assert_eq!(offset_of!(SID, Revision), 0);
        assert_eq!(offset_of!(SID, SubAuthorityCount), 1);
        assert_eq!(offset_of!(SID, SubAuthority), HEAD);
    }

    /// Hand-made: a token's user with the identifier behind it.
    fn token_user(sub_authorities: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        bytes[..8].copy_from_slice(&(BASE + 16).to_le_bytes());
        bytes.extend([1, sub_authorities.len() as u8, 0, 0, 0, 0, 0, 5]);
        bytes.extend(sub_authorities.iter().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    #[test]
    fn an_account_is_its_last_number() {
        let bytes = token_user(&[21, 1, 2, 3, 1001]);
        let sid = of_token_user(&bytes, BASE).unwrap();
        assert_eq!((sid.len(), last_sub_authority(sid)), (28, Some(1001)));
        let system = token_user(&[18]);
        assert_eq!(of_token_user(&system, BASE).and_then(last_sub_authority), Some(18));
        let nobody = token_user(&[]);
        assert_eq!(of_token_user(&nobody, BASE).and_then(last_sub_authority), None);
    }

    #[test]
    fn an_identifier_is_written_as_people_write_it() {
        let bytes = token_user(&[21, 1, 2, 3, 1001]);
        let sid = of_token_user(&bytes, BASE).unwrap();
        assert_eq!(text(sid), "S-1-5-21-1-2-3-1001");
        assert_eq!(from_text("S-1-5-21-1-2-3-1001").as_deref(), Some(sid));
        for wrong in ["", "alice", "S-1-", "S-2-5-18", "S-1-5-x", "S-1-281474976710656-1", "S-1-5-"]
        {
            assert_eq!(from_text(wrong), None, "{wrong}");
        }
        assert_eq!(from_text(&format!("S-1-5{}", "-1".repeat(16))), None, "too many numbers");
    }

    #[test]
    fn what_is_no_identifier_is_none() {
        let whole = token_user(&[21, 1, 2, 3, 1001]);
        for length in 0..whole.len() {
            assert_eq!(of_token_user(&whole[..length], BASE), None, "{length}");
        }
        assert_eq!(of_token_user(&token_user(&[7; 16]), BASE), None, "too many numbers");
        let mut other = token_user(&[18]);
        other[16] = 2;
        assert_eq!(of_token_user(&other, BASE), None, "another revision");
        assert_eq!(of_token_user(&whole, BASE + 17), None, "outside of the buffer");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), at in 0_u64..130) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_chunk_mut::<8>() {
                *first = (BASE + at).to_le_bytes();
            }
            if let Some(sid) = of_token_user(&bytes, BASE) {
                prop_assert!(sid.len() <= HEAD + 4 * MAX_SUB_AUTHORITIES);
            }
        }
    }
}
