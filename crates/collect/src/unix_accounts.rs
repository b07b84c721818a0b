//! Users of systems that know them by numbers: Linux and macOS.

use std::io;
use std::sync::Arc;

use nix::unistd::{Uid, User, geteuid};
use procnet_core::text::{MAX_NAME, sanitized};

use crate::callers::{Account, NamedAccount};

/// The user whom this program runs as.
pub fn own_account() -> io::Result<NamedAccount> {
    Ok(named(geteuid()))
}

/// The user who ran sudo, if this program runs as root by it.
pub fn invoking_account() -> Option<NamedAccount> {
    if !geteuid().is_root() {
        return None;
    }
    let uid = Uid::from_raw(std::env::var("SUDO_UID").ok()?.parse().ok()?);
    (!uid.is_root()).then(|| named(uid))
}

/// The user of that name or number; an error if nobody is called so.
pub fn account_named(name: &str) -> io::Result<NamedAccount> {
    if let Ok(uid) = name.parse() {
        return Ok(named(Uid::from_raw(uid)));
    }
    let user = User::from_name(name)?.ok_or(io::ErrorKind::NotFound)?;
    Ok(NamedAccount { account: Account::Uid(user.uid.as_raw()), name: Some(text(&user.name)) })
}

fn named(uid: Uid) -> NamedAccount {
    let user = User::from_uid(uid).ok().flatten();
    NamedAccount { account: Account::Uid(uid.as_raw()), name: user.map(|user| text(&user.name)) }
}

fn text(name: &str) -> Arc<str> {
    sanitized(name.as_bytes(), MAX_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names_or_numbers() {
        let root = account_named("root").unwrap();
        assert_eq!((root.account.clone(), root.to_string()), (Account::Uid(0), "root".to_owned()));
        assert_eq!(account_named("0").unwrap(), root);
        assert_eq!(account_named("4000000").unwrap().to_string(), "uid 4000000");
        assert!(account_named("no such user").is_err());
    }
}
