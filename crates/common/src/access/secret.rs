//! Random secrets that are kept as hashes: tokens, session ids, sign-in links.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Random bytes in a secret.
const BYTES: usize = 32;

/// 256 random bits as text. Shown once, kept as a hash: with so many bits nothing can be guessed, so that one round of
/// SHA-256 protects it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new one. `prefix` lets people and secret scanners see what it is.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        let random: [u8; BYTES] = rand::random();
        Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// One that somebody presents.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it, and looked up by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(redacted)")
    }
}
