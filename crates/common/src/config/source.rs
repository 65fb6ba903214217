//! One configured sender of webhooks.

use std::collections::BTreeMap;

use ipnet::IpNet;
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
    /// Signing secrets; every active one is tried. `PayPal`: root certificates in PEM. At most 3.
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
    /// `PayPal`: the id that it gave the webhook, which it signs too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// Stripe, Mollie: the key of the provider's API, for asking about what a webhook only names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
    /// Generic: where and how the sender signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Standard, generic and CloudEvents: where things stand in the payload, where they do not stand where these
    /// senders usually put them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<Map>,
    /// Networks that its requests may come from; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_from: Vec<IpNet>,
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
            webhook_id: None,
            api_key: None,
            signature: None,
            map: None,
            allow_from: Vec::new(),
            rate_limit: None,
        }
    }

    /// Everything of it that is secret.
    pub fn keys(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().chain(&self.tokens).chain(&self.api_key)
    }

    pub(super) fn keys_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let Self { secrets, tokens, api_key, .. } = self;
        secrets.iter_mut().chain(tokens).chain(api_key)
    }
}

/// An HMAC over the body, in a header. The default is GitHub's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signature {
    /// Names of headers are in lower case.
    pub header: String,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    /// What stands before the signature.
    pub prefix: String,
    /// The header with the delivery's own id.
    pub id_header: String,
    /// The header with the event's type; `ping` there is no event.
    pub type_header: String,
    /// Whether the sender sends again what was not accepted.
    pub retries: bool,
}

impl Default for Signature {
    fn default() -> Self {
        Self {
            header: "x-hub-signature-256".to_owned(),
            algorithm: Algorithm::default(),
            encoding: Encoding::default(),
            prefix: "sha256=".to_owned(),
            id_header: "x-github-delivery".to_owned(),
            type_header: "x-github-event".to_owned(),
            retries: false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    #[default]
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    Hex,
    Base64,
}

/// JSON pointers into a payload, and what its types mean. The order's own pointer is [`Source::order_ref`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Map {
    /// What happened: a type of `statuses`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The id of the payment, refund or parcel; the first that is there counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Whether an amount that is a whole number counts minor units. Text is always decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<bool>,
    /// Types and the statuses of the native format that they mean. A type whose last word is a status needs no entry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, String>,
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
