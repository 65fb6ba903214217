//! JSON as strangers send it: read strictly, with every number kept as it was written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use waybill_common::domain::jcs;

use crate::meaning::is_id;

const DEPTH_MAX: usize = 32;
const NODES_MAX: usize = 10_000;
const TEXT_BYTES_MAX: usize = 65_536;
/// Enough of a key to find it, too little to fill a log.
const KEY_CHARS_SHOWN: usize = 64;

/// One JSON value. Numbers are the sender's text, so that neither ids beyond 2^53 nor money lose a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(String),
    List(Vec<Json<'a>>),
    Object(BTreeMap<String, Json<'a>>),
}

/// Why a body is refused. One line, fit for its sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("the body must be UTF-8")]
    NotUtf8,
    #[error("the body must be one JSON document: line {line}, column {column} cannot be read")]
    NotJson { line: usize, column: usize },
    #[error("the body must hold Unicode text only")]
    NotUnicode,
    #[error("the body must not name {0:?} twice in one object")]
    DuplicateKey(String),
    #[error("the body must not be nested deeper than {DEPTH_MAX}")]
    TooDeep,
    #[error("the body must not hold more than {NODES_MAX} values")]
    TooMany,
    #[error("the body must not hold text longer than {TEXT_BYTES_MAX} bytes")]
    TextTooLong,
}

/// Reads one document. Refuses what two readers could understand differently (duplicate keys in any spelling, other
/// encodings, anything behind the end) and what only costs (depth, number of values, long text).
pub(crate) fn parse(body: &[u8]) -> Result<Json<'_>, JsonError> {
    let text = std::str::from_utf8(body).map_err(|_where| JsonError::NotUtf8)?;
    // Checks the whole syntax without recursion, so nothing below meets depth or garbage that it cannot bear.
    let raw: &RawValue = serde_json::from_str(text)
        .map_err(|refused| JsonError::NotJson { line: refused.line(), column: refused.column() })?;
    Reader { nodes: 0 }.value(raw, 1)
}

struct Reader {
    nodes: usize,
}

impl Reader {
    fn value<'a>(&mut self, raw: &'a RawValue, depth: usize) -> Result<Json<'a>, JsonError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(JsonError::TooMany);
        }
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth > DEPTH_MAX => Err(JsonError::TooDeep),
            Some(b'{') => self.object(text, depth),
            Some(b'[') => read::<Vec<&RawValue>>(text)?
                .into_iter()
                .map(|item| self.value(item, depth + 1))
                .collect::<Result<_, _>>()
                .map(Json::List),
            Some(b'"') => short(read(text)?).map(Json::Text),
            Some(b't') => Ok(Json::Bool(true)),
            Some(b'f') => Ok(Json::Bool(false)),
            Some(b'n') => Ok(Json::Null),
            Some(_) | None => Ok(Json::Number(text)),
        }
    }

    fn object<'a>(&mut self, text: &'a str, depth: usize) -> Result<Json<'a>, JsonError> {
        let mut members = BTreeMap::new();
        for (key, raw) in read::<Members<'a>>(text)?.0 {
            let value = self.value(raw, depth + 1)?;
            if members.contains_key(&key) {
                return Err(JsonError::DuplicateKey(key.chars().take(KEY_CHARS_SHOWN).collect()));
            }
            members.insert(short(key)?, value);
        }
        Ok(Json::Object(members))
    }
}

/// Reads a part whose syntax is known to be right: what is left to refuse is half of a surrogate pair.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|_surrogate| JsonError::NotUnicode)
}

fn short(text: String) -> Result<String, JsonError> {
    if text.len() > TEXT_BYTES_MAX { Err(JsonError::TextTooLong) } else { Ok(text) }
}

/// The members of an object in their order, repeats included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

impl<'a> Json<'a> {
    /// The member of that name; null where there is none, or where this is no object.
    pub(crate) fn at(&self, key: &str) -> &Self {
        self.object()
            .and_then(|members| members.get(key))
            .unwrap_or(&Json::Null)
    }

    /// The value that a JSON pointer (RFC 6901) names; null where there is none.
    pub(crate) fn pointer(&self, pointer: &str) -> &Self {
        pointer.split('/').skip(1).fold(self, |value, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match value {
                Json::List(items) => token
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .unwrap_or(&Json::Null),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                    value.at(&token)
                }
            }
        })
    }

    pub(crate) fn object(&self) -> Option<&BTreeMap<String, Json<'a>>> {
        if let Json::Object(members) = self { Some(members) } else { None }
    }

    /// The items of a list; none where this is no list.
    pub(crate) fn items(&self) -> &[Self] {
        if let Json::List(items) = self { items } else { &[] }
    }

    /// An id, told as a number of any size or as text.
    pub(crate) fn id(&self) -> Option<&str> {
        self.decimal().filter(|id| is_id(id))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        if let Json::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// An integer without fraction or exponent.
    pub(crate) fn integer(&self) -> Option<i64> {
        if let Json::Number(digits) = self { digits.parse().ok() } else { None }
    }

    /// The digits of a number or the text of a string: money comes as either.
    pub(crate) fn decimal(&self) -> Option<&str> {
        match self {
            Json::Number(digits) => Some(digits),
            Json::Text(text) => Some(text),
            Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }
}

/// For canonical JSON only, whose numbers are IEEE doubles by definition (RFC 8785).
impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(truth) => serializer.serialize_bool(*truth),
            Json::Number(digits) => match digits.parse::<i64>() {
                Ok(integer) => serializer.serialize_i64(integer),
                Err(_) => match digits.parse::<f64>() {
                    Ok(number) if number.is_finite() => serializer.serialize_f64(number),
                    Ok(_) | Err(_) => Err(serde::ser::Error::custom("the number is too large")),
                },
            },
            Json::Text(text) => serializer.serialize_str(text),
            Json::List(items) => items.serialize(serializer),
            Json::Object(members) => jcs::members(members.iter(), serializer),
        }
    }
}

#[cfg(test)]
mod tests;
