//! Users by their security identifiers: asked for once each.
#![allow(unsafe_code, reason = "accounts are told by a foreign function")]

use std::io;
use std::ptr::null;
use std::sync::Arc;

use procnet_core::User;
use procnet_core::text::{MAX_NAME, truncated};
use rustc_hash::FxHashMap;
use windows_sys::Win32::Security::{LookupAccountNameW, LookupAccountSidW, SidTypeWellKnownGroup};

use super::status::agreed;
use crate::callers::{Account as Identity, NamedAccount};
use crate::parse::windows::sid::{cut, last_sub_authority};
use crate::parse::windows::text::utf16;

/// Most users that are remembered; there is a way to make any number of them.
const MAX_KNOWN: usize = 4096;
/// Longest name of an account or of its domain, in UTF-16 units: more than Windows allows.
const MAX_UNITS: usize = 512;
/// Longest identifier in words of 32 bits.
const MAX_SID_WORDS: usize = 17;

/// The users that were asked for.
#[derive(Debug)]
pub(super) struct Accounts {
    /// This machine's name, which goes without saying before the name of an account.
    machine: Option<Arc<str>>,
    known: FxHashMap<Box<[u8]>, User>,
}

impl Accounts {
    pub(super) fn new(machine: Option<Arc<str>>) -> Self {
        Self { machine, known: FxHashMap::default() }
    }

    /// The user who has that identifier. One that is of a domain is called `DOMAIN\name`.
    pub(super) fn of(&mut self, sid: &[u8]) -> Option<User> {
        if let Some(user) = self.known.get(sid) {
            return Some(user.clone());
        }
        let name = lookup(sid).map(|account| self.named(account));
        let user = User { id: last_sub_authority(sid)?, name };
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(Box::from(sid), user.clone());
        Some(user)
    }

    fn named(&self, account: Account) -> Arc<str> {
        let own = |machine: &Arc<str>| machine.eq_ignore_ascii_case(&account.domain);
        if account.of_every_machine
            || account.domain.is_empty()
            || self.machine.as_ref().is_some_and(own)
        {
            return account.name;
        }
        let whole = format!("{}\\{}", account.domain, account.name);
        Arc::from(truncated(&whole, MAX_NAME))
    }
}

struct Account {
    name: Arc<str>,
    domain: Arc<str>,
    /// `SYSTEM` and its like: their domain says nothing.
    of_every_machine: bool,
}

/// Asks who that is. A machine of a domain may have to ask the domain.
fn lookup(sid: &[u8]) -> Option<Account> {
    let mut words = [0_u32; MAX_SID_WORDS];
    let (chunks, rest) = sid.as_chunks::<4>();
    if chunks.len() > MAX_SID_WORDS || !rest.is_empty() {
        return None;
    }
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_ne_bytes(*chunk);
    }
    let (mut name, mut domain) = ([0_u16; MAX_UNITS], [0_u16; MAX_UNITS]);
    let (mut name_units, mut domain_units) = (MAX_UNITS as u32, MAX_UNITS as u32);
    let mut kind = 0;
    // SAFETY: `words` is an aligned identifier with as many sub-authorities as it says, for the
    // parser cut it to that length, and behind them zeros; both names may be written to, no
    // further than their lengths say; the lengths and the kind may be written to.
    let found = unsafe {
        LookupAccountSidW(
            null(),
            words.as_mut_ptr().cast(),
            name.as_mut_ptr(),
            &raw mut name_units,
            domain.as_mut_ptr(),
            &raw mut domain_units,
            &raw mut kind,
        )
    };
    (found != 0).then(|| Account {
        name: text(&name, name_units),
        domain: text(&domain, domain_units),
        of_every_machine: kind == SidTypeWellKnownGroup,
    })
}

/// The user with that identifier, and what it is called.
pub(super) fn named(sid: &[u8]) -> NamedAccount {
    let accounts = Accounts::new(super::host::machine_name());
    let name = lookup(sid).map(|account| accounts.named(account));
    NamedAccount { account: Identity::Sid(sid.into()), name }
}

/// The user of that name: `name`, or `DOMAIN\name`.
pub(super) fn find(name: &str) -> io::Result<NamedAccount> {
    let name: Vec<u16> = name.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect();
    let mut sid = [0_u32; MAX_SID_WORDS];
    let mut domain = [0_u16; MAX_UNITS];
    let (mut sid_bytes, mut domain_units) = (size_of_val(&sid) as u32, MAX_UNITS as u32);
    let mut kind = 0;
    // SAFETY: `name` ends with a NUL; `sid`, which is aligned for one, and `domain` may be written
    // to, no further than their lengths say; the lengths and the kind may be written to.
    agreed(unsafe {
        LookupAccountNameW(
            null(),
            name.as_ptr(),
            sid.as_mut_ptr().cast(),
            &raw mut sid_bytes,
            domain.as_mut_ptr(),
            &raw mut domain_units,
            &raw mut kind,
        )
    })?;
    let bytes: Vec<u8> = sid.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let sid = cut(&bytes).ok_or(io::ErrorKind::InvalidData)?;
    Ok(named(sid))
}

fn text(units: &[u16], length: u32) -> Arc<str> {
    let units = units.get(..length as usize).unwrap_or(units);
    let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    utf16(&bytes, MAX_NAME)
}
