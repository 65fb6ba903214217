//! Senders that Waybill does not know: where things stand is configured.

use serde_json::json;
use waybill_common::config;
use waybill_providers::{Message, adapter};

use crate::support::{clock, meaning, source};

const KEYS: &str = "provider = 'generic'\nsecrets = ['secret']";

#[test]
fn pointers_and_statuses_are_configured() {
    let keys = format!(
        "{KEYS}\norder_ref = '/ref'\ndefault_currency = 'JPY'\n\
         signature = {{ header = 'x-sign', algorithm = 'sha512', encoding = 'base64', prefix = '' }}\n\
         map = {{ type = '/what', operations = ['/a', '/b'], amount = '/sum', minor = true, \
         time = '/when', statuses = {{ money_in = 'paid', 'x.y' = 'cancelled' }} }}"
    );
    let body = json!({
        "ref": "No. 7", "what": "money_in", "b": 12, "sum": 500, "when": "2026-01-01T12:00:00Z",
    });
    assert_eq!(
        meaning(&keys, &Message::json(body.to_string())),
        "order:No. 7 generic.operation:source:12 | capture succeeded 500 JPY \
         by generic:source:12 of generic:source at 1767268800000000"
    );
    let adapter = source(&keys);
    let signed = adapter.sign(Message::json("{}"), clock());
    assert_eq!(signed.headers[1].0, "x-sign");
    assert!(adapter.verify(&signed.request(), clock()).is_ok());
}

#[test]
fn a_type_whose_last_word_is_a_status_needs_no_entry() {
    let told = |kind: &str| {
        let body =
            json!({ "action": kind, "order": { "id": 1, "total": "9.5", "currency": "EUR" } });
        meaning(KEYS, &Message::json(body.to_string()))
    };
    assert!(told("paid").contains("capture succeeded 9.50 EUR"));
    assert!(told("com.example.order.refunded").contains("refund succeeded 9.50 EUR"));
    assert_eq!(told("opened"), " | ignored: opened is no status that this source maps");
}

#[test]
fn what_is_missing_is_said() {
    let told = |body: serde_json::Value| meaning(KEYS, &Message::json(body.to_string()));
    assert_eq!(told(json!({})), " | unusable: the event does not tell what happened");
    assert_eq!(told(json!({ "action": "paid" })), " | unusable: the event names no order");
    assert_eq!(
        told(json!({ "action": "paid", "order": { "id": 1, "total": "9.5" } })),
        " | unusable: the currency is missing"
    );
    assert_eq!(
        told(
            json!({ "action": "paid", "order": { "id": 1, "total": "9.555", "currency": "EUR" } })
        ),
        " | unusable: an amount must be a decimal number with at most 2 digits for EUR"
    );
}

#[test]
fn a_status_that_is_none_is_refused_at_start() {
    let text =
        format!("profile = 'demo'\n[sources.a]\n{KEYS}\nmap = {{ statuses = {{ x = 'given' }} }}");
    let config = config::from_toml(&text).unwrap();
    let refused = adapter("a", &config.sources["a"])
        .err()
        .unwrap()
        .to_string();
    assert!(refused.starts_with("sources.a.map.statuses must name one of placed"), "{refused}");
}
