//! Checking passwords without letting that be a way to wear us out or to learn who exists.

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;
use waybill_common::access::PasswordHash;

use crate::problem::Problem;

/// Each check costs 19 MiB and a core for some tens of milliseconds.
const AT_ONCE: usize = 2;

/// What a name that nobody has is checked against, so that it takes as long.
static NOBODY: LazyLock<PasswordHash> =
    LazyLock::new(|| PasswordHash::of("nobody has this password").expect("it is long enough"));

/// Checks few passwords at once.
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Passwords {
    /// Whether it is that person's password. Without a hash the answer is no, and as slow.
    pub(super) async fn matches(
        &self,
        hash: Option<PasswordHash>,
        password: String,
    ) -> Result<bool, Problem> {
        let _turn = self
            .0
            .acquire()
            .await
            .map_err(|error| Problem::Internal(error.into()))?;
        let check = move || match hash {
            Some(hash) => hash.matches(&password),
            None => {
                // Not a short cut: the time must not tell.
                let _checked = NOBODY.matches(&password);
                false
            }
        };
        tokio::task::spawn_blocking(check)
            .await
            .map_err(|error| Problem::Internal(error.into()))
    }
}
