//! Whoever asks for something that goes on record.

use waybill_common::storage::operator_actions::{By, Reason};

use crate::refusal::Refusal;

/// Who asks, and from where; why is in what is asked.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// As operator actions name who acted.
    pub actor: &'a str,
    pub origin: &'a str,
}

impl<'a> Who<'a> {
    /// With the reason that was given.
    ///
    /// # Errors
    /// `Invalid` where it says nothing, or too much.
    pub fn says(self, reason: &'a str) -> Result<By<'a>, Refusal> {
        Ok(By { actor: self.actor, reason: self::reason(reason)?, origin: self.origin })
    }
}

/// A reason that was given.
///
/// # Errors
/// `Invalid` where it says nothing, or too much.
pub fn reason(text: &str) -> Result<Reason<'_>, Refusal> {
    Reason::parse(text).map_err(|error| Refusal::invalid("reason", error.to_string()))
}
