//! Which keys of a source its provider uses, and what is wrong with those that are set.

use waybill_common::config::{Secret, Source};
use waybill_common::domain::Currency;

/// Why a source cannot be set up. Every message names the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    #[error("sources.{source_name}.provider: {provider:?} is not known; known are {known}")]
    UnknownProvider { source_name: String, provider: String, known: String },
    #[error("sources.{source_name}.{key} must be given, for provider {provider} needs it")]
    Missing { source_name: String, provider: &'static str, key: &'static str },
    #[error("sources.{source_name}.{key} must be absent, for provider {provider} does not use it")]
    Unused { source_name: String, provider: &'static str, key: &'static str },
    #[error("sources.{source_name}.{key} {why}")]
    Wrong { source_name: String, key: &'static str, why: String },
}

/// A configured source as its adapter reads it.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) name: &'a str,
    pub(crate) source: &'a Source,
    pub(crate) provider: &'static str,
}

impl Setup<'_> {
    /// Refuses keys that are set and stand neither here nor among those that every source has.
    pub(crate) fn uses_only(self, keys: &[&str]) -> Result<(), SetupError> {
        let Source { tokens, secrets, live, order_ref, default_currency, .. } = self.source;
        let Source { duplicate_status, auto_capture, url, webhook_id, .. } = self.source;
        let Source { api_key, signature, map, .. } = self.source;
        let set = [
            ("tokens", !tokens.is_empty()),
            ("secrets", !secrets.is_empty()),
            ("live", !live),
            ("order_ref", order_ref.is_some()),
            ("default_currency", default_currency.is_some()),
            ("duplicate_status", duplicate_status.is_some()),
            ("auto_capture", *auto_capture),
            ("url", url.is_some()),
            ("webhook_id", webhook_id.is_some()),
            ("api_key", api_key.is_some()),
            ("signature", signature.is_some()),
            ("map", map.is_some()),
        ];
        match set
            .iter()
            .find(|(key, is_set)| *is_set && !keys.contains(key))
        {
            Some((key, _)) => Err(SetupError::Unused {
                source_name: self.name.to_owned(),
                provider: self.provider,
                key,
            }),
            None => Ok(()),
        }
    }

    /// The secrets (or tokens) of that key, at least one.
    pub(crate) fn some(
        self,
        key: &'static str,
        secrets: &[Secret],
    ) -> Result<Vec<Secret>, SetupError> {
        if secrets.is_empty() { Err(self.missing(key)) } else { Ok(secrets.to_vec()) }
    }

    pub(crate) fn missing(self, key: &'static str) -> SetupError {
        SetupError::Missing { source_name: self.name.to_owned(), provider: self.provider, key }
    }

    pub(crate) fn wrong(self, key: &'static str, why: impl Into<String>) -> SetupError {
        SetupError::Wrong { source_name: self.name.to_owned(), key, why: why.into() }
    }

    /// Whose money the source tells: what is configured, else the one of all payment providers.
    pub(crate) fn book(self) -> String {
        self.book_or("payments")
    }

    /// As [`book`](Self::book), for shops, which see the whole order.
    pub(crate) fn book_or(self, default: &str) -> String {
        self.source
            .book
            .clone()
            .unwrap_or_else(|| default.to_owned())
    }

    /// The currency of payloads that name none.
    pub(crate) fn currency(self) -> Result<Currency, SetupError> {
        let code = self.source.default_currency.as_deref();
        let code = code.ok_or_else(|| self.missing("default_currency"))?;
        Currency::parse(code).map_err(|why| self.wrong("default_currency", why.to_string()))
    }

    /// Where the merchant's order reference stands.
    pub(crate) fn order_ref_or(self, default: &str) -> String {
        self.source
            .order_ref
            .clone()
            .unwrap_or_else(|| default.to_owned())
    }
}
