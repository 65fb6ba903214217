//! Passwords of local operators, kept as argon2id.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc};
use argon2::{Algorithm, Argon2, Params, Version};

/// The shortest password that is taken (NIST SP 800-63B, revision 4: 15 where it is the only factor).
pub const PASSWORD_CHARS_MIN: usize = 15;
/// Long enough for any passphrase; a longer one only costs time.
const PASSWORD_BYTES_MAX: usize = 1_024;
/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("must have at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    #[error("must have at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
}

/// A PHC string: algorithm, cost, salt and hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Hashes a new password with a new salt. Takes tens of milliseconds and 19 MiB: not on a runtime's thread.
    ///
    /// # Errors
    /// Where it is too short or too long.
    ///
    /// # Panics
    /// Never: the cost is constant and valid.
    pub fn of(password: &str) -> Result<Self, PasswordError> {
        if password.chars().count() < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        let hash = hasher()
            .hash_password(password.as_bytes())
            .expect("the cost is valid and the operating system has randomness");
        Ok(Self(hash.to_string()))
    }

    /// One as it is kept.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// Whether it is the hash of that password. Takes as long as [`of`](Self::of).
    #[must_use]
    pub fn matches(&self, password: &str) -> bool {
        password.len() <= PASSWORD_BYTES_MAX
            && phc::PasswordHash::new(&self.0)
                .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PasswordHash(redacted)")
    }
}

fn hasher() -> Argon2<'static> {
    let cost = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the cost is valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
}
