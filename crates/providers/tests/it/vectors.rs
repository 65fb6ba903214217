//! Requests that the providers' own libraries signed: each is believed or refused as they say, and what is believed
//! means what is written here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use waybill_common::domain::{Timestamp, Trust};
use waybill_providers::{Adapter, Parsed};

use crate::describe;
use crate::mutations::change;
use crate::support::{Random, request, source};

/// How often the body of each vector that is believed is changed. With those of all files more than 100,000.
const CHANGES: u32 = 2_000;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: Option<String>,
    /// Of an asymmetric scheme.
    public_key: Option<String>,
    root_pem: Option<String>,
    cert_pem: Option<String>,
    /// Where it is no POST.
    method: String,
    clock: i64,
    headers: BTreeMap<String, String>,
    body_b64: String,
    expect: String,
}

/// Checks all vectors of a file. `set_up` makes the source from a vector's secret; `expected` tells in one line of
/// every vector that is valid what it means: name | references | effect.
#[track_caller]
fn check(file: &str, set_up: impl Fn(&str) -> Box<dyn Adapter>, expected: &str) {
    let file: File = serde_json::from_str(file).expect("a vector file");
    let mut meant = String::new();
    for vector in &file.vectors {
        if let Some(line) = judge(vector, set_up(vector.key()).as_ref()) {
            meant += &format!("{} | {line}\n", vector.name);
        }
    }
    assert!(meant == expected, "the events mean something else:\n{meant}");
}

impl Vector {
    fn key(&self) -> &str {
        self.secret
            .as_deref()
            .or(self.public_key.as_deref())
            .or(self.root_pem.as_deref())
            .unwrap_or("none")
    }

    /// The headers, and the token that no vector has, for it is no part of its scheme.
    fn headers(&self, adapter: &dyn Adapter) -> Vec<(String, Vec<u8>)> {
        let token = (adapter.provider() == "cloudevents")
            .then(|| ("authorization".to_owned(), b"Bearer token".to_vec()));
        self.headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into_bytes()))
            .chain(token)
            .collect()
    }
}

/// What the vector's events mean, one after the other; absent where it was refused.
#[track_caller]
fn judge(vector: &Vector, adapter: &dyn Adapter) -> Option<String> {
    let now = Timestamp::from_seconds(vector.clock).expect("a time");
    let headers = vector.headers(adapter);
    let body = BASE64.decode(&vector.body_b64).expect("base64");
    let request = request(&headers, &body);
    if vector.method != "POST" {
        let answer = adapter.handshake(&vector.method, &request)?;
        return Some(format!("{} {:?}", answer.status, answer.headers));
    }
    if let (Some(address), Some(pem)) = (adapter.wants(&request, now), &vector.cert_pem) {
        adapter
            .learn(&address, pem.as_bytes(), now)
            .expect("a certificate under the root");
    }
    let verified = adapter.verify(&request, now);
    let parsed = verified
        .clone()
        .map(|verified| adapter.parse(&request, &verified, now));
    if let Ok(verified) = &verified
        && matches!(verified.trust, Trust::Checksum | Trust::BodyOnly | Trust::Full)
    {
        check_changes(vector, adapter, (&headers, &body), now);
    }
    match vector.expect.as_str() {
        "valid" => assert!(verified.is_ok(), "{}: {verified:?}", vector.name),
        "invalid" => assert!(!matches!(parsed, Ok(Ok(_))), "{}", vector.name),
        // What is not signed at all is only believed where it can do no harm.
        _ => {}
    }
    match parsed.ok()? {
        Ok(events) if events.is_empty() => Some("no event".to_owned()),
        Ok(events) => Some(events.iter().map(line).collect::<Vec<_>>().join(" & ")),
        Err(refused) => Some(format!("refused: {refused}")),
    }
}

/// Expects that the vector's body is believed only as it is, and only under the signature that it has.
#[track_caller]
fn check_changes(
    vector: &Vector,
    adapter: &dyn Adapter,
    (headers, body): (&[(String, Vec<u8>)], &[u8]),
    now: Timestamp,
) {
    let mut random = Random(0xb0d7);
    for _ in 0..CHANGES {
        let mut changed = body.to_vec();
        if changed.is_empty() {
            changed.push(b' ');
        } else {
            change(&mut changed, &mut random);
        }
        let believed = adapter.verify(&request(headers, &changed), now).is_ok();
        assert!(changed == body || !believed, "{}: {changed:?}", vector.name);
    }
}

fn line(event: &Parsed) -> String {
    format!("{} | {}", describe::references(event), describe::effect(event))
}

macro_rules! vectors {
    ($($test:ident: $file:literal, $keys:expr;)*) => {$(
        #[test]
        fn $test() {
            check(
                include_str!(concat!("../vectors/", $file, ".json")),
                |secret| source(&format!("provider = '{}'\n{}", $file, $keys.replace("SECRET", secret))),
                include_str!(concat!("../vectors/", $file, ".txt")),
            );
        }
    )*};
}

vectors! {
    native_vectors_agree: "native", "tokens = ['another', 'SECRET']\ndefault_currency = 'EUR'";
    stripe_vectors_agree: "stripe", "secrets = ['whsec_another', 'SECRET']\nlive = false";
    shopify_vectors_agree: "shopify", "secrets = ['another', 'SECRET']";
    adyen_vectors_agree: "adyen", "secrets = ['00ff', 'SECRET']\nlive = false";
    woocommerce_vectors_agree: "woocommerce", "secrets = ['another', 'SECRET']";
    square_vectors_agree: "square", "secrets = ['another', 'SECRET']\nurl = 'https://hooks.example.test/in/square'";
    lightspeed_c_vectors_agree: "lightspeed-c", "secrets = ['another', 'SECRET']\ndefault_currency = 'EUR'";
    lightspeed_x_vectors_agree: "lightspeed-x", "secrets = ['another', 'SECRET']\ndefault_currency = 'USD'";
    standard_vectors_agree: "standard", "secrets = ['whsec_YW5vdGhlcg==', 'SECRET']";
    generic_vectors_agree: "generic", "secrets = ['another', \"SECRET\"]";
    cloudevents_vectors_agree: "cloudevents", "tokens = ['token']";
    paypal_vectors_agree: "paypal", "secrets = ['''SECRET''']\nwebhook_id = '1JE4291016473214C'";
    mollie_vectors_agree: "mollie", "secrets = ['another', 'SECRET']\nlive = false";
}
