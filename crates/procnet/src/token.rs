//! The token's file, and `procnet token`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use procnet_server::Token;

use crate::options::TokenOptions;
use crate::private::{self, Kept};
use crate::usage::UsageError;

/// What it is called in its folder.
const NAME: &str = "token";

/// Prints the address that lets in whoever opens it.
pub(crate) fn run(options: &TokenOptions) -> Result<()> {
    let path = path(options.token_file.as_deref()).map_err(UsageError)?;
    let text = private::load(&path).map_err(UsageError)?.ok_or_else(|| {
        UsageError(format!(
            "there is no token in {}: `procnet serve` makes one when it starts; run this as the \
             same user, with the same --token-file",
            path.display()
        ))
    })?;
    let token = read(&text, &path).map_err(UsageError)?;
    let told = if options.bare {
        format!("{}\n", token.text())
    } else {
        format!("{}\n", address(&options.address, &token))
    };
    match std::io::stdout().write_all(told.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("can't write to stdout"),
    }
}

/// The page's address with the token.
pub(crate) fn address(page: &str, token: &Token) -> String {
    format!("{page}?token={}", token.text())
}

/// The token's file.
pub(crate) fn path(given: Option<&Path>) -> Result<PathBuf, String> {
    match given {
        Some(path) => Ok(path.to_owned()),
        None => private::folder().map(|folder| folder.join(NAME)).ok_or_else(|| {
            "there is no folder for the token of this user: name a file with --token-file"
                .to_owned()
        }),
    }
}

/// The token in the file, which is made if it is not there; and whether it was.
pub(crate) fn load_or_make(path: &Path) -> Result<(Token, bool), String> {
    let make = || {
        let token = Token::generate().map_err(|error| format!("can't make a token: {error}"))?;
        Ok(format!("{}\n", token.text()))
    };
    let Kept { text, is_new } = private::load_or_make(path, make)?;
    Ok((read(&text, path)?, is_new))
}

fn read(text: &str, path: &Path) -> Result<Token, String> {
    Token::from_text(text).ok_or_else(|| {
        format!(
            "{} holds no token, which is 64 hexadecimal digits: delete it, and start again",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_and_another_file_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let (token, is_new) = load_or_make(&path).unwrap();
        assert!(is_new);
        assert_eq!(load_or_make(&path).unwrap(), (token.clone(), false));
        let url = address("http://127.0.0.1:1/", &token);
        assert_eq!(url, format!("http://127.0.0.1:1/?token={}", token.text()));
        std::fs::remove_file(&path).unwrap();
        private::load_or_make(&path, || Ok("password".into())).unwrap();
        assert!(load_or_make(&path).unwrap_err().contains("64 hexadecimal digits"));
    }
}
