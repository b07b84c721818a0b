//! Who may ask: what the options say of it, and what this machine can tell.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use procnet_collect::callers::{Account, NamedAccount};
use procnet_collect::{Callers, account_named, invoking_account, own_account};
use procnet_server::{Access, Standing, Tls, Token, WhoAsks};

use crate::logging::say;
use crate::options::ServeOptions;
use crate::usage::UsageError;
use crate::{private, token};

/// What a certificate that was made here is called in its folder, with its key.
const SELF_SIGNED: &str = "self-signed.pem";
/// The longest file of certificates.
const MAX_PEM: u64 = 1 << 20;

/// What protects the page.
#[derive(Debug)]
pub(crate) struct Protection {
    pub(crate) access: Access,
    pub(crate) tls: Option<Tls>,
    /// Nobody is let in without the token.
    token_only: bool,
    token_is_new: bool,
    self_signed: bool,
}

impl Protection {
    /// Finds out what the options ask for, and makes what is missing.
    pub(crate) fn new(options: &ServeOptions) -> Result<Self, UsageError> {
        let wanted = &options.access;
        let encrypted = wanted.tls_cert.is_some() || wanted.tls_self_signed;
        let beyond = !options.bind.is_loopback();
        if beyond && !encrypted {
            return Err(UsageError(format!(
                "--bind {}: beyond loopback the page is served by TLS only: add --tls-cert FILE and \
                 --tls-key FILE, or --tls-self-signed; or leave --bind out, and put a proxy on this \
                 machine before it (--behind-proxy NAME)",
                options.bind
            )));
        }
        let token_only = beyond || wanted.behind_proxy.is_some();
        let tls = tls(options)?;
        let served = served(&wanted.allow_user)?;
        let who_asks = if token_only { None } else { who_asks(&served) };
        let must = token_only || who_asks.is_none() || wanted.token_file.is_some();
        let (token, token_is_new) = match load_token(wanted.token_file.as_deref()) {
            Ok((token, is_new)) => (Some(token), is_new),
            Err(why) if must => return Err(UsageError(format!("no token: {why}"))),
            Err(why) => {
                tracing::debug!(
                    "there is no token, so nobody but {} is served: {why}",
                    names(&served)
                );
                (None, false)
            }
        };
        let access = Access {
            advice: advice(who_asks.is_some().then_some(served.as_slice()), token.is_some()),
            secure: encrypted || wanted.behind_proxy.is_some(),
            who_asks,
            token,
        };
        let self_signed = wanted.tls_self_signed;
        Ok(Self { access, tls, token_only, token_is_new, self_signed })
    }

    /// How the page's address begins.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Tells people what they need. The token itself is for a terminal only: elsewhere what is told
    /// is kept in logs.
    pub(crate) fn tell(&self, url: &str) {
        if let Some(tls) = self.tls.as_ref().filter(|_| self.self_signed) {
            say(format_args!("the certificate's SHA-256 fingerprint is {}", tls.fingerprint()));
        }
        let Some(token) = self.access.token.as_ref() else { return };
        if !self.token_only && self.access.who_asks.is_some() {
            return;
        }
        if self.token_is_new && std::io::stderr().is_terminal() {
            say(format_args!("open {}", token::address(url, token)));
        } else {
            say(format_args!(
                "everybody needs the token: `procnet token --address {url}` prints the address to \
                 open"
            ));
        }
    }
}

fn load_token(given: Option<&Path>) -> Result<(Token, bool), String> {
    token::load_or_make(&token::path(given)?)
}

/// Who is served without the token, root and administrators aside.
fn served(allowed: &[String]) -> Result<Vec<NamedAccount>, UsageError> {
    let mut served: Vec<NamedAccount> =
        own_account().into_iter().chain(invoking_account()).collect();
    for name in allowed {
        let account = account_named(name).map_err(|error| {
            UsageError(format!("--allow-user {name}: there is no such user here ({error})"))
        })?;
        served.push(account);
    }
    Ok(served)
}

/// What asks the system who is at the other end of a connection. `None` if it can't be asked.
fn who_asks(served: &[NamedAccount]) -> Option<Arc<WhoAsks>> {
    if served.is_empty() {
        return None;
    }
    let callers = match Callers::new() {
        Ok(callers) => Mutex::new(callers),
        Err(error) => {
            tracing::warn!("the system can't be asked who opens the page: {error}");
            return None;
        }
    };
    let accounts: Vec<Account> = served.iter().map(|one| one.account.clone()).collect();
    Some(Arc::new(move |local: SocketAddr, peer: SocketAddr| {
        let caller = callers.lock().unwrap_or_else(PoisonError::into_inner).of(local, peer);
        match caller {
            Ok(caller) if caller.privileged || accounts.contains(&caller.account) => {
                Standing::Trusted
            }
            Ok(caller) => Standing::Stranger(caller.account.to_string()),
            Err(unknown) => Standing::Unknown(unknown.to_string()),
        }
    }))
}

/// What whoever is refused can do.
fn advice(served: Option<&[NamedAccount]>, has_token: bool) -> String {
    let by_token = "open the address that `procnet token` prints to who runs procnet, or send the \
                    token as Authorization: Bearer TOKEN";
    match (served, has_token) {
        (Some(served), true) => {
            format!("It serves {} without a token; anybody else: {by_token}.", names(served))
        }
        (Some(served), false) => format!(
            "It serves {} only; to let in others, start it with --allow-user NAME, or with \
             --token-file FILE",
            names(served)
        ),
        (None, _) => format!("Everybody needs the token: {by_token}."),
    }
}

fn names(served: &[NamedAccount]) -> String {
    let mut names: Vec<String> = Vec::new();
    let numbered = served.iter().any(|one| matches!(one.account, Account::Uid(_)));
    let anyway = if numbered { "root" } else { "administrators" };
    for name in served.iter().map(ToString::to_string).chain([anyway.to_owned()]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn tls(options: &ServeOptions) -> Result<Option<Tls>, UsageError> {
    let wanted = &options.access;
    if let (Some(certificate), Some(key)) = (&wanted.tls_cert, &wanted.tls_key) {
        let tls =
            Tls::from_pem(&read_pem("--tls-cert", certificate)?, &read_pem("--tls-key", key)?);
        return tls.map(Some).map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            UsageError(format!("--tls-cert {certificate} --tls-key {key}: {error}"))
        });
    }
    if !wanted.tls_self_signed {
        return Ok(None);
    }
    let failed = |why: String| UsageError(format!("--tls-self-signed: {why}"));
    let beside = token::path(wanted.token_file.as_deref()).map_err(failed)?;
    let path = beside.with_file_name(SELF_SIGNED);
    let make = || Tls::self_signed(own_names(options)).map_err(|error| error.to_string());
    let kept = private::load_or_make(&path, make).map_err(failed)?;
    let text = kept.text.as_bytes();
    Tls::from_pem(text, text)
        .map(Some)
        .map_err(|error| failed(format!("{}: {error}", path.display())))
}

fn read_pem(option: &str, path: &Path) -> Result<Vec<u8>, UsageError> {
    let failed = |why: &str| UsageError(format!("{option} {}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| failed(&error.to_string()))?;
    if !length.is_file() || length.len() > MAX_PEM {
        return Err(failed("it is no file with a certificate or a key"));
    }
    std::fs::read(path).map_err(|error| failed(&error.to_string()))
}

/// By which names this machine may be called.
fn own_names(options: &ServeOptions) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !options.bind.is_unspecified() && !options.bind.is_loopback() {
        names.push(options.bind.to_string());
    }
    names.extend(options.allow_host.iter().cloned());
    names
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::Options;

    fn protection(line: &str) -> Result<Protection, String> {
        let options = Options::try_parse_from(line.split(' ')).unwrap();
        Protection::new(&options.serve).map_err(|error| error.to_string())
    }

    #[test]
    fn beyond_loopback_there_is_tls_and_everybody_needs_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        let refused = protection("procnet --bind 0.0.0.0").unwrap_err();
        assert!(refused.contains("TLS") && refused.contains("--behind-proxy"), "{refused}");
        let proxy = protection("procnet --bind 0.0.0.0 --behind-proxy map.example").unwrap_err();
        assert!(proxy.contains("TLS"), "{proxy}");
        for line in ["--bind 0.0.0.0 --tls-self-signed", "--behind-proxy map.example"] {
            let line = format!("procnet --token-file {} {line}", token.display());
            let made = protection(&line).unwrap();
            assert!(made.token_only && made.access.who_asks.is_none(), "{line}");
            assert!(made.access.secure && made.access.token.is_some(), "{line}");
        }
        let first = protection(&format!(
            "procnet --token-file {} --bind ::1 --tls-self-signed",
            token.display()
        ));
        let first = first.unwrap();
        assert_eq!((first.scheme(), first.token_is_new), ("https", false));
        assert!(folder.path().join(SELF_SIGNED).exists());
    }

    #[test]
    fn a_token_file_that_is_named_must_be_of_use() {
        let folder = tempfile::tempdir().unwrap();
        let refused =
            protection(&format!("procnet --token-file {}", folder.path().display())).unwrap_err();
        assert!(refused.contains("it is no file"), "{refused}");
    }

    #[test]
    fn files_that_are_no_certificates_are_told_by_name() {
        for (line, named) in [
            ("procnet --tls-cert /nowhere --tls-key /nowhere", "--tls-cert /nowhere"),
            ("procnet --allow-user no:such:user", "--allow-user no:such:user"),
        ] {
            let refused = protection(line).unwrap_err();
            assert!(refused.contains(named), "{refused}");
        }
    }

    #[test]
    fn advice_names_who_is_served_once_each() {
        let alice = NamedAccount { account: Account::Uid(1), name: Some("alice".into()) };
        let text = advice(Some(&[alice.clone(), alice]), true);
        assert!(text.contains("It serves alice, root without a token"), "{text}");
        assert!(!advice(None, true).contains("alice"));
    }
}
