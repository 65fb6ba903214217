//! The provider's public keys. RS256 and ES256, which every provider has; nothing else is believed, `none` least of all.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

/// A set of keys, as the provider publishes it; what is not understood is passed over.
#[derive(Deserialize)]
pub(super) struct Published {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// One key that can check signatures.
#[derive(Clone)]
pub(super) struct Key {
    kid: Option<String>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

impl Published {
    pub(super) fn keys(self) -> Vec<Key> {
        self.keys
            .into_iter()
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
            .filter_map(Jwk::key)
            .collect()
    }
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let is_for = |alg: &str| self.alg.as_deref().is_none_or(|told| told == alg);
        if self
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return None;
        }
        let kind = match self.kty.as_str() {
            "RSA" if is_for("RS256") => Kind::Rsa { n: bytes(self.n)?, e: bytes(self.e)? },
            "EC" if is_for("ES256") && self.crv.as_deref() == Some("P-256") => {
                let (x, y) = (bytes(self.x)?, bytes(self.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Kind::P256([&[4], &x[..], &y[..]].concat())
            }
            _ => return None,
        };
        Some(Key { kid: self.kid, kind })
    }
}

impl Key {
    /// Whether the token may be by this key: by its name, where the token names one.
    pub(super) fn is_called(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| self.kid.as_deref() == Some(kid))
    }

    /// The algorithm is the key's: what the token says must only agree with it.
    pub(super) fn has_signed(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        match (&self.kind, alg) {
            (Kind::Rsa { n, e }, "RS256") => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Kind::P256(point), "ES256") => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
            (Kind::Rsa { .. } | Kind::P256(_), _) => false,
        }
    }
}

fn bytes(text: Option<String>) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text?).ok()
}

#[cfg(test)]
mod tests;
