//! TLS: what encrypts connections from other machines.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, crypto::ring};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// Most certificates of one chain: others have three or four.
const MAX_CHAIN: usize = 32;

/// Why there can be no TLS with what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// There is no certificate in the text, or one that is none.
    #[error("there is no certificate in it: it must be PEM, with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// There is no key in the text, or one that is none.
    #[error("there is no private key in it: it must be PEM, such as -----BEGIN PRIVATE KEY-----")]
    NoKey,
    /// The two are of no use together.
    #[error("certificate and key can't be used: {0}")]
    Unusable(#[source] rustls::Error),
    /// None could be made.
    #[error("can't make a certificate: {0}")]
    Unmade(#[source] rcgen::Error),
}

/// A certificate and its key, ready to be used.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    fingerprint: String,
}

impl Tls {
    /// Reads a chain of certificates, the own one first, and its key, both PEM.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
            .take(MAX_CHAIN)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate)?;
        let own = chain.first().ok_or(TlsError::NoCertificate)?;
        let fingerprint = fingerprint(own);
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Unusable)?;
        // What is served is HTTP/1.1; who wants something else is told so at once.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), fingerprint })
    }

    /// Makes a key and a certificate for those names and addresses that nobody but itself vouches
    /// for: one PEM text with both.
    pub fn self_signed(names: Vec<String>) -> Result<String, TlsError> {
        let mut wanted = CertificateParams::new(names).map_err(TlsError::Unmade)?;
        wanted.distinguished_name.push(DnType::CommonName, "Procnet Live");
        let key = KeyPair::generate().map_err(TlsError::Unmade)?;
        let certificate = wanted.self_signed(&key).map_err(TlsError::Unmade)?;
        Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
    }

    /// The certificate's SHA-256, as browsers show it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

fn fingerprint(certificate: &[u8]) -> String {
    let pairs: Vec<String> =
        Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_used_and_has_a_fingerprint() {
        let names = || vec!["localhost".to_owned(), "192.0.2.7".to_owned()];
        let [one, other] = [(); 2].map(|()| Tls::self_signed(names()).unwrap());
        let [one, other] = [one, other].map(|pem| Tls::from_pem(pem.as_bytes(), pem.as_bytes()));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.fingerprint().len(), 32 * 3 - 1);
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert!(!format!("{one:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_of_no_use_is_told_apart() {
        let [one, other] = [(); 2].map(|()| Tls::self_signed(vec!["localhost".into()]).unwrap());
        let refused = |certificate: &str, key: &str| {
            Tls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err().to_string()
        };
        assert!(refused("", &one).contains("no certificate"));
        assert!(refused("-----BEGIN CERTIFICATE-----\nAAAA", &one).contains("no certificate"));
        assert!(refused(&one, "").contains("no private key"));
        assert!(refused(&one, &other).contains("can't be used"), "another certificate's key");
    }
}
