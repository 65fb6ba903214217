//! Where a page of a list begins: opaque to callers, a key to us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::refusal::Refusal;

/// A place in a list that is ordered by id, the newest first, and which way to go from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// What is older.
    After(Uuid),
    /// What is newer.
    Before(Uuid),
}

impl Cursor {
    /// # Errors
    /// `Invalid` where it is none of ours.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let parse = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (way, id) = bytes.split_first()?;
            let id = Uuid::from_slice(id).ok()?;
            match way {
                b'a' => Some(Self::After(id)),
                b'b' => Some(Self::Before(id)),
                _ => None,
            }
        };
        parse().ok_or_else(|| Refusal::invalid("cursor", "must be one that an answer gave"))
    }

    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::After(id) | Self::Before(id) => id,
        }
    }

    #[must_use]
    pub fn is_backward(self) -> bool {
        matches!(self, Self::Before(_))
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let way = if self.is_backward() { b'b' } else { b'a' };
        let mut bytes = vec![way];
        bytes.extend(self.id().as_bytes());
        out.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests;
