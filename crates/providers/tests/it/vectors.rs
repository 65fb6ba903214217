//! Requests that the providers' own libraries signed: each is believed or refused as they say, and what is believed
//! means what is written here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use waybill_common::domain::Timestamp;
use waybill_providers::Adapter;

use crate::describe;
use crate::support::{request, source};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
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
        if let Some(line) = judge(vector, set_up(&vector.secret).as_ref()) {
            meant += &format!("{} | {line}\n", vector.name);
        }
    }
    assert!(meant == expected, "the events mean something else:\n{meant}");
}

/// What the vector's events mean, one after the other; absent where it was refused.
#[track_caller]
fn judge(vector: &Vector, adapter: &dyn Adapter) -> Option<String> {
    let now = Timestamp::from_seconds(vector.clock).expect("a time");
    let headers: Vec<_> = vector
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into_bytes()))
        .collect();
    let body = BASE64.decode(&vector.body_b64).expect("base64");
    let request = request(&headers, &body);
    let verified = adapter.verify(&request, now);
    assert_eq!(verified.is_ok(), vector.expect == "valid", "{}: {verified:?}", vector.name);
    let events = adapter
        .parse(&request, &verified.ok()?, now)
        .expect("well-formed");
    let lines: Vec<_> = events
        .iter()
        .map(|event| format!("{} | {}", describe::references(event), describe::effect(event)))
        .collect();
    Some(lines.join(" & "))
}

#[test]
fn native_vectors_agree() {
    check(
        include_str!("../vectors/native.json"),
        |secret| {
            source(&format!(
                "provider = 'native'\ntokens = ['another', '{secret}']\ndefault_currency = 'EUR'"
            ))
        },
        include_str!("../vectors/native.txt"),
    );
}

#[test]
fn stripe_vectors_agree() {
    check(
        include_str!("../vectors/stripe.json"),
        |secret| {
            source(&format!(
                "provider = 'stripe'\nsecrets = ['whsec_another', '{secret}']\nlive = false"
            ))
        },
        include_str!("../vectors/stripe.txt"),
    );
}

#[test]
fn shopify_vectors_agree() {
    check(
        include_str!("../vectors/shopify.json"),
        |secret| source(&format!("provider = 'shopify'\nsecrets = ['another', '{secret}']")),
        include_str!("../vectors/shopify.txt"),
    );
}
