//! Keys that sign what leaves the house: Ed25519, so that whoever has the public key can check it and nobody else can make it.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use sha2::{Digest as _, Sha256};

/// RFC 8410: what stands before the 32 bytes of every Ed25519 public key.
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "must be an Ed25519 private key as PKCS#8 in PEM, as `waybill export-key new` makes it"
    )]
    Private,
    #[error("must be an Ed25519 public key in PEM, as `waybill export-key public` prints it")]
    Public,
}

/// Signs. It cannot be printed.
pub struct SigningKey(Ed25519KeyPair);

/// Checks signatures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl SigningKey {
    /// A new one.
    ///
    /// # Panics
    /// Where the system has no randomness to give.
    #[must_use]
    pub fn generate() -> Self {
        Self(Ed25519KeyPair::generate().expect("the system gives randomness"))
    }

    /// # Errors
    /// `Private` where the text is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_no_pem| KeyError::Private)?;
        // Of version 1, as OpenSSL writes it, the public key is computed.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map(Self)
            .map_err(|_no_key| KeyError::Private)
    }

    /// What [`from_pem`](Self::from_pem) reads: a secret.
    ///
    /// # Panics
    /// Never: such a key has that form.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.0.as_der().expect("a key pair has a form");
        pem("PRIVATE KEY", der.as_ref())
    }

    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// # Panics
    /// Never: such a key has 32 bytes.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref().try_into();
        PublicKey(bytes.expect("an Ed25519 public key has 32 bytes"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.public().id())
    }
}

impl PublicKey {
    /// # Errors
    /// `Public` where the text is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes())
            .map_err(|_no_pem| KeyError::Public)?;
        let bytes = der.as_ref().strip_prefix(&SPKI_PREFIX);
        Self::from_bytes(bytes.unwrap_or_default())
    }

    /// # Errors
    /// `Public` unless there are 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_other_length| KeyError::Public)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tells keys apart: the first 8 bytes of the SHA-256 of the public key, in hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.0)[..8])
    }

    #[must_use]
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &[&SPKI_PREFIX[..], &self.0].concat())
    }

    /// Whether the owner of the private key signed this.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({})", self.id())
    }
}

/// Both forms are shorter than a line of PEM may be twice.
fn pem(what: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64);
    let lines = lines.map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    format!("-----BEGIN {what}-----\n{}-----END {what}-----\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests;
