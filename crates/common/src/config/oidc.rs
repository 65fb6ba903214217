//! Signing in at an identity provider.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::SecretText;
use crate::access::Role;

/// The provider, what the console is to it, and what its claims are worth here.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// As the provider's discovery document and tokens name it, to the letter.
    pub issuer: String,
    pub client_id: String,
    /// Absent: a public client, which PKCE alone protects.
    #[serde(default)]
    pub client_secret: SecretText,
    /// What the button says.
    #[serde(default = "label")]
    pub label: String,
    /// Asked for besides `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim that names a person here.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// The claim, text or list of texts, that `roles` is about.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// What a value of that claim is worth; of several the greatest counts. Whoever has none of them may not in.
    pub roles: BTreeMap<String, Role>,
    /// Values of that claim that allow to look at raw bodies.
    #[serde(default)]
    pub payload_read: Vec<String>,
    /// For one question to the provider.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How far the provider's clock may be from ours.
    #[serde(default = "leeway_seconds")]
    pub leeway_seconds: u32,
}

fn label() -> String {
    "Sign in with single sign-on".into()
}

fn scopes() -> Vec<String> {
    vec!["profile".into()]
}

fn name_claim() -> String {
    "preferred_username".into()
}

fn roles_claim() -> String {
    "groups".into()
}

fn timeout_ms() -> u64 {
    3_000
}

fn leeway_seconds() -> u32 {
    60
}

impl Oidc {
    /// What is wrong with it, if anything; a sentence after the key.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let issuer = Url::parse(&self.issuer).ok();
        if !issuer.is_some_and(|url| {
            is_encrypted(&url) && url.query().is_none() && url.fragment().is_none()
        }) {
            return Some("issuer must be an https URL without query (http on this machine only)");
        }
        if self.client_id.is_empty() {
            return Some("client_id must be given");
        }
        if self.roles.is_empty() {
            return Some("roles must give a role to at least one value: nobody could sign in");
        }
        if self.leeway_seconds > 300 || !(100..=30_000).contains(&self.timeout_ms) {
            return Some("leeway_seconds must be at most 300, timeout_ms 100 to 30000");
        }
        None
    }
}

/// Nobody on the way can read or change what is said there.
#[must_use]
pub fn is_encrypted(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}
