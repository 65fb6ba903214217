//! One configured sender of webhooks.

use serde::{Deserialize, Serialize};

use super::Secret;

/// `[sources.<name>]`. Which keys a provider uses is told by its adapter; the others must be absent.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The kind of sender, such as `stripe`.
    pub provider: String,
    /// Sources that share orders share a namespace; absent: the source's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Bearer tokens; native and CloudEvents. Adyen: `user:password` of its basic authentication. At most 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Secret>,
    /// Signing secrets; every active one is tried. At most 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Whether live events count (test-mode events are then ignored), or the other way round.
    #[serde(default = "yes")]
    pub live: bool,
    /// JSON pointer in the provider's object to the merchant's order reference, where the provider has a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_ref: Option<String>,
    /// Native: the currency where `metadata.currency` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_currency: Option<String>,
    /// Native: the answer to a repeat, 409 or 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_status: Option<u16>,
    /// Adyen: whether payments are captured with their authorisation, without a word of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_capture: bool,
    /// Whose money it tells (DOMAIN.md, section 2); absent: the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book: Option<String>,
    /// The public URL, where the provider signs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

impl Source {
    /// A source of that provider with nothing else set.
    #[must_use]
    pub fn new(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            namespace: None,
            tokens: Vec::new(),
            secrets: Vec::new(),
            live: yes(),
            order_ref: None,
            default_currency: None,
            duplicate_status: None,
            auto_capture: false,
            book: None,
            url: None,
            rate_limit: None,
        }
    }
}

/// How many requests a source may make, counted after verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    pub requests: u32,
    pub window_seconds: u32,
    #[serde(default)]
    pub per: RateLimitPer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitPer {
    /// Each client address has its own budget.
    #[default]
    Ip,
    /// All requests of the source share one.
    Source,
}

fn yes() -> bool {
    true
}
