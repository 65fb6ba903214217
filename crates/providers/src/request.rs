//! A request as it came from the socket, without any HTTP library's types.

/// A header to be sent.
pub type Header = (&'static str, String);

/// A request to be sent. Some providers sign in the body, some tell what matters in headers: both belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Names in lower case.
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl Message {
    /// A JSON body with its content type.
    #[must_use]
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self { headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
    }

    /// The message with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The message as its receiver sees it.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        Request { headers, query: "", body: &self.body }
    }
}

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

impl<'a> Found<'a> {
    /// The value, where it is the only one.
    #[must_use]
    pub fn once(self) -> Option<&'a str> {
        if let Self::Once(value) = self { Some(value) } else { None }
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}
