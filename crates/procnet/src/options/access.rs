//! Who may ask, and how that is protected on the way.

use std::path::PathBuf;

use clap::Args;

use super::values::{host_name, page_address};

/// Who may ask, and how that is protected on the way.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AccessOptions {
    /// A user of this machine who may open the page too (repeatable)
    ///
    /// By name or number, on Windows also by security identifier. Root, whoever runs procnet, and
    /// whoever ran sudo for that, may anyway; on Windows administrators. The system is asked who is
    /// at the other end of each connection within this machine; everybody else needs the token.
    #[arg(long, value_name = "USER", help_heading = "Who may ask")]
    pub(crate) allow_user: Vec<String>,
    /// The file with the token, which lets in everybody who has it
    ///
    /// It is made if it is not there, and nobody else may read it. By default `token` in
    /// $STATE_DIRECTORY, else in /var/lib/procnet for root, $XDG_STATE_HOME/procnet
    /// (~/.local/state/procnet) for others, %LOCALAPPDATA%\procnet on Windows. `procnet token` prints
    /// the address to open with it.
    #[arg(long, value_name = "FILE", help_heading = "Who may ask")]
    pub(crate) token_file: Option<PathBuf>,
    /// The certificate for TLS (PEM, with those of its issuers), and serve by TLS only
    ///
    /// TLS is needed to listen beyond loopback (--bind). It is read once, at the start.
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Who may ask")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Who may ask")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve by TLS only, with a certificate that procnet makes for itself
    ///
    /// Browsers warn of it: compare the fingerprint that procnet prints with the one that they show.
    /// It is kept beside the token.
    #[arg(long, conflicts_with = "tls_cert", help_heading = "Who may ask")]
    pub(crate) tls_self_signed: bool,
    /// The host name by which a proxy on this machine, which does TLS, asks for the page
    ///
    /// Everybody needs the token then: the proxy is at the other end of every connection.
    #[arg(long, value_name = "NAME", value_parser = host_name, help_heading = "Who may ask")]
    pub(crate) behind_proxy: Option<String>,
}

/// How the token is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct TokenOptions {
    /// Where the page is
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8765/",
        value_parser = page_address
    )]
    pub(crate) address: String,
    /// The file with the token, if `procnet serve` was given one
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print the token alone, for `Authorization: Bearer`
    #[arg(long, conflicts_with = "address")]
    pub(crate) bare: bool,
}
