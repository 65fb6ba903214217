//! A request as it came from the socket, without any HTTP library's types.

/// A header of a request to be sent.
pub type Header = (&'static str, String);

/// One received request. Nothing in it is interpreted yet.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub headers: Headers<'a>,
    /// The raw query, without `?`.
    pub query: &'a str,
    pub body: &'a [u8],
}

/// Received headers, names in lower case.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a>(Vec<(&'a str, &'a [u8])>);

/// How often a header stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    Absent,
    Once(&'a str),
    /// Twice, or not text: never believed, for another reader could take another one.
    Ambiguous,
}

impl<'a> Headers<'a> {
    /// The one header of that name (lower case).
    #[must_use]
    pub fn get(&self, name: &str) -> Found<'a> {
        let mut values = self
            .0
            .iter()
            .filter(|(other, _)| *other == name)
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Found::Absent,
            (Some(value), None) => std::str::from_utf8(value).map_or(Found::Ambiguous, Found::Once),
            (Some(_), Some(_)) => Found::Ambiguous,
        }
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}
