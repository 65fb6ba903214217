//! Who acts, why, and from where: what every action on record says.

/// As it was said, with the spaces around it.
pub const REASON_CHARS_MAX: usize = 500;

/// Why somebody does it, in his own words: 1 to 500 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a>(&'a str);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 500 characters")]
pub struct ReasonError;

impl<'a> Reason<'a> {
    /// Without the spaces around it.
    ///
    /// # Errors
    /// Where nothing is said, or too much, or U+0000.
    pub fn parse(text: &'a str) -> Result<Self, ReasonError> {
        let is_short = text.chars().count() <= REASON_CHARS_MAX;
        let text = text.trim();
        let is_one = is_short && !text.is_empty() && !text.contains('\0');
        is_one.then_some(Self(text)).ok_or(ReasonError)
    }

    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

/// Who does it, why, and from where.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// As operator actions name who acted.
    pub actor: &'a str,
    pub reason: Reason<'a>,
    pub origin: &'a str,
}
