//! Configured sources, and a source of randomness that says its seed.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use waybill_common::config;
use waybill_common::domain::{Timestamp, Trust};
use waybill_providers::{Adapter, Headers, Message, Parsed, Request, Verified, adapter};

use crate::describe;

/// The time of the vectors.
pub(crate) const CLOCK: i64 = 1_767_268_800;

pub(crate) fn clock() -> Timestamp {
    Timestamp::from_seconds(CLOCK).expect("a time of this century")
}

/// A source named `source` with these keys.
#[track_caller]
pub(crate) fn source(keys: &str) -> Box<dyn Adapter> {
    let config = config::from_toml(&format!("profile = 'demo'\n[sources.source]\n{keys}"))
        .expect("the keys are well-formed");
    adapter("source", &config.sources["source"]).expect("the provider takes the keys")
}

/// A request with text headers.
pub(crate) fn request<'a>(headers: &'a [(String, Vec<u8>)], body: &'a [u8]) -> Request<'a> {
    let headers: Headers<'_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    Request { headers, query: "", body }
}

/// A small generator (SplitMix64): the same seed gives the same run on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize fits");
        usize::try_from(self.next() % bound).expect("it is less than a usize")
    }
}

/// Keys of a `PayPal` source that can sign: an RSA key made for this run stands in the certificate's place.
pub(crate) fn paypal_keys() -> String {
    static PEM: LazyLock<String> = LazyLock::new(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("its encoding");
        let base64 = BASE64.encode(der.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
    });
    format!("provider = 'paypal'\nwebhook_id = 'WH-1'\nsecrets = ['''{}''']", *PEM)
}

/// What a request means, taken for authentic: `references | effect` of its one event.
#[track_caller]
pub(crate) fn meaning(keys: &str, message: &Message) -> String {
    let verified = Verified::by(Trust::Full, Some(0));
    let events = source(keys).parse(&message.request(), &verified, clock());
    let [event] = <[Parsed; 1]>::try_from(events.expect("well-formed")).expect("one event");
    format!("{} | {}", describe::references(&event), describe::effect(&event))
}

/// A JSON object with some members changed.
pub(crate) fn with(mut object: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        object[key] = value.clone();
    }
    object
}
