//! The attributes of one event, wherever they stand.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::json::{self, Json};
use crate::meaning::{Without, unusable};
use crate::{Found, ParseError, Request};

const VALUE_CHARS_MAX: usize = 512;

pub(super) struct Attributes<'a> {
    id: String,
    source: String,
    pub(super) kind: String,
    pub(super) time: Option<String>,
    data: &'a Json<'a>,
    data_base64: Option<&'a str>,
}

/// The payload: as it stands in the event, or decoded.
pub(super) enum Data<'a> {
    Read(&'a Json<'a>),
    Decoded(Vec<u8>),
}

impl Data<'_> {
    pub(super) fn json(&self) -> Result<Cow<'_, Json<'_>>, Without> {
        match self {
            Self::Read(json) => Ok(Cow::Borrowed(json)),
            Self::Decoded(bytes) => match json::parse(bytes) {
                Ok(json) => Ok(Cow::Owned(json)),
                Err(why) => unusable(format!("the data cannot be read: {why}")),
            },
        }
    }
}

impl<'a> Attributes<'a> {
    /// All of it stands in one JSON object.
    pub(super) fn of_structured(event: &'a Json<'a>) -> Result<Self, ParseError> {
        let told = |name: &str| event.at(name).text().map(str::to_owned);
        Self::checked(told, event.at("data"), event.at("data_base64").text())
    }

    /// The attributes stand in headers, the body is the data.
    pub(super) fn of_binary(request: &Request<'_>, body: &'a Json<'a>) -> Result<Self, ParseError> {
        if request.headers.get("ce-datacontenttype") != Found::Absent {
            return Err(malformed("ce-datacontenttype must not be a header"));
        }
        let told = |name: &str| {
            let value = request.headers.get(&format!("ce-{name}")).once()?;
            decode(value)
        };
        Self::checked(told, body, None)
    }

    fn checked(
        told: impl Fn(&str) -> Option<String>,
        data: &'a Json<'a>,
        data_base64: Option<&'a str>,
    ) -> Result<Self, ParseError> {
        let required = |name: &str| {
            told(name)
                .filter(|value| fits(value))
                .ok_or_else(|| malformed(&format!("the event must have the attribute {name}")))
        };
        if required("specversion")? != "1.0" {
            return Err(malformed("the event's specversion must be 1.0"));
        }
        Ok(Self {
            id: required("id")?,
            source: required("source")?,
            kind: required("type")?,
            time: told("time"),
            data,
            data_base64,
        })
    }

    /// Source and id together name the event. A source is a URI reference, in which no space can stand.
    pub(super) fn key(&self) -> String {
        format!("{} {}", self.source, self.id)
    }

    pub(super) fn data(&self) -> Result<Data<'a>, ParseError> {
        match self.data_base64 {
            None => Ok(Data::Read(self.data)),
            Some(text) => BASE64
                .decode(text)
                .map(Data::Decoded)
                .map_err(|_wrong| malformed("data_base64 must be base64")),
        }
    }
}

fn malformed(sentence: &str) -> ParseError {
    ParseError::Malformed(sentence.to_owned())
}

fn fits(value: &str) -> bool {
    !value.is_empty()
        && value.chars().count() <= VALUE_CHARS_MAX
        && !value.chars().any(char::is_control)
}

/// A header's value: out of its quotes, then one round of percent-decoding, which must give UTF-8 (the binding's
/// section 3.1.3.2; two official libraries are laxer).
fn decode(value: &str) -> Option<String> {
    let bare = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .map_or(Cow::Borrowed(value), |quoted| Cow::Owned(quoted.replace('\\', "")));
    let mut decoded = Vec::with_capacity(bare.len());
    let mut bytes = bare.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            decoded.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}
