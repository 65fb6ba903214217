//! Secrets that never show: given as text, or as a file.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::domain::Timestamp;

/// What is printed in a secret's place.
const REDACTED: &str = "redacted";

/// Text that `Debug` and `Serialize` never show; of a URL only the password is hidden.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct SecretText(SecretString);

impl SecretText {
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// What may be shown: of the URL of a server all but its password, of anything else nothing.
    #[must_use]
    pub fn redacted(&self) -> String {
        match Url::parse(self.expose()) {
            Ok(mut url) if url.has_host() => {
                if url.password().is_some() {
                    url.set_password(Some(REDACTED))
                        .expect("a URL with a host can have a password");
                }
                url.into()
            }
            Ok(_) | Err(_) if self.is_empty() => String::new(),
            Ok(_) | Err(_) => REDACTED.to_owned(),
        }
    }
}

impl Default for SecretText {
    fn default() -> Self {
        Self::from("")
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(SecretString::from(text))
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

/// A signing secret or token of a source: bare text, or a table with a file or a time of validity.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Secret {
    Text(SecretText),
    Table(Box<SecretTable>),
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretTable {
    pub value: Option<SecretText>,
    /// Read at start, and again when it changes; the last line end is not part of the secret.
    pub file: Option<PathBuf>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
}

impl Secret {
    /// The secret itself; empty while a `file` is still unread.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text.expose(),
            Self::Table(table) => table.value.as_ref().map_or("", SecretText::expose),
        }
    }

    /// Where it was read from, if it was.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Text(_) => None,
            Self::Table(table) => table.file.as_deref(),
        }
    }

    /// Whether it may be used at that time; both ends belong to the interval.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Table(table) => {
                table.not_before.is_none_or(|start| start <= now)
                    && table.not_after.is_none_or(|end| now <= end)
            }
        }
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}
