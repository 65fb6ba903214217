//! The id token: whether it is the provider's, for us, for this sign-in, and of now.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use waybill_common::config::Oidc;
use waybill_common::domain::Timestamp;

use super::{Denied, Provider};

/// No longer names than accounts can have.
const NAME_BYTES_MAX: usize = 100;

/// What is believed of a token.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) roles: Vec<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Told {
    iss: String,
    sub: String,
    aud: OneOrMore,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(all) => all,
        }
    }
}

pub(super) async fn verify(
    token: &str,
    provider: &Provider,
    (nonce, now): (&str, Timestamp),
) -> Result<Claims, Denied> {
    let (message, signature) = token
        .rsplit_once('.')
        .ok_or(Denied::Token("it has no signature"))?;
    let (header, payload) = message
        .split_once('.')
        .ok_or(Denied::Token("it has no header"))?;
    let header: Header = decoded(header)?;
    if header.crit.is_some() {
        return Err(Denied::Token("it demands what is not understood here"));
    }
    let signature = bytes(signature)?;
    let is_signed = |alg: &str, kid: Option<&str>, keys: &[super::jwks::Key]| {
        let mut known = keys.iter().filter(|key| key.is_called(kid));
        known.any(|key| key.has_signed(alg, message.as_bytes(), &signature))
    };
    let (alg, kid) = (header.alg.as_str(), header.kid.as_deref());
    let keys = provider.keys(now, kid).await?;
    if !is_signed(alg, kid, &keys) {
        return Err(Denied::Token("no key of the provider has signed it"));
    }
    let told: Told = decoded(payload)?;
    hold(&told, &provider.config, (nonce, now.seconds()))?;
    claims(told.sub, &decoded(payload)?, &provider.config)
}

fn hold(told: &Told, config: &Oidc, (nonce, now): (&str, i64)) -> Result<(), Denied> {
    let leeway = i64::from(config.leeway_seconds);
    let audience = told.aud.all();
    let is_ours = |name: &String| *name == config.client_id;
    let holds = [
        (told.iss == config.issuer, "it is of another issuer"),
        (audience.iter().any(is_ours), "it is for somebody else"),
        (told.azp.as_ref().map_or(audience.len() == 1, is_ours), "it was given to somebody else"),
        (now < told.exp.saturating_add(leeway), "it is expired"),
        (told.iat.saturating_sub(leeway) <= now, "it is of the future"),
        (
            told.nbf
                .is_none_or(|from| from.saturating_sub(leeway) <= now),
            "it is of the future",
        ),
        (
            told.nonce
                .as_ref()
                .is_some_and(|told| told.as_bytes().ct_eq(nonce.as_bytes()).into()),
            "it is of another sign-in",
        ),
        (!told.sub.is_empty() && told.sub.len() <= 255, "it names nobody"),
    ];
    match holds.iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(Denied::Token(why)),
        None => Ok(()),
    }
}

fn claims(subject: String, all: &Value, config: &Oidc) -> Result<Claims, Denied> {
    let name = all[&config.name_claim].as_str().unwrap_or(&subject);
    let name = name.trim().to_lowercase();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Denied::Token("the name that it gives cannot be a name here"));
    }
    let roles = match &all[&config.roles_claim] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    Ok(Claims { subject, name, roles })
}

fn decoded<T: DeserializeOwned>(part: &str) -> Result<T, Denied> {
    serde_json::from_slice(&bytes(part)?).map_err(|_other| Denied::Token("it is not understood"))
}

fn bytes(part: &str) -> Result<Vec<u8>, Denied> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_other| Denied::Token("it is not understood"))
}
