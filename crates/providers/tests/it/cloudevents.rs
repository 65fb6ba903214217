//! `CloudEvents` in each of its modes.

use serde_json::{Value, json};
use waybill_common::domain::Trust;
use waybill_providers::{Message, ParseError, Parsed, Request, SignatureError, Verified};

use crate::describe;
use crate::support::{clock, source};

const KEYS: &str = "provider = 'cloudevents'\ntokens = ['token']";

fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": "order.paid",
        "time": "2026-01-01T12:00:00Z",
        "data": { "order_id": "1001", "payment_id": "P1", "amount": "99.99", "currency": "USD" },
    })
}

fn parse(message: &Message) -> Result<Vec<Parsed>, ParseError> {
    let verified = Verified::by(Trust::Bearer, Some(0));
    source(KEYS).parse(&message.request(), &verified, clock())
}

fn of_type(media_type: &str, body: &Value) -> Message {
    Message {
        headers: vec![("content-type", media_type.to_owned())],
        body: body.to_string().into_bytes(),
    }
}

fn binary(headers: &[(&'static str, &str)]) -> Message {
    let message = Message::json(event("1")["data"].to_string());
    headers
        .iter()
        .fold(message, |message, (name, value)| message.with(name, *value))
}

const REQUIRED: [(&str, &str); 4] =
    [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/shop"), ("ce-type", "order.paid")];

#[test]
fn every_mode_tells_the_same() {
    let expected = "capture succeeded 99.99 USD by cloudevents:source:P1 of cloudevents:source";
    let mut headers = REQUIRED.to_vec();
    headers.push(("ce-time", "2026-01-01T12:00:00Z"));
    let mut base64 = event("1");
    let data = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        base64["data"].to_string(),
    );
    base64["data_base64"] = json!(data);
    base64["data"] = json!(null);
    for message in [
        binary(&headers),
        of_type("application/cloudevents+json; charset=utf-8", &event("1")),
        of_type("Application/CloudEvents+JSON", &base64),
        of_type("application/cloudevents-batch+json", &json!([event("1")])),
    ] {
        let events = parse(&message).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].dedup_key.as_deref(), Some("/shop 1"));
        assert_eq!(describe::effect(&events[0]), format!("{expected} at 1767268800000000"));
    }
}

#[test]
fn a_batch_may_be_empty_and_each_of_its_events_can_be_parsed_again() {
    let batch = |body: &Value| of_type("application/cloudevents-batch+json", body);
    assert_eq!(parse(&batch(&json!([]))).unwrap(), []);
    let events = parse(&batch(&json!([event("1"), event("2")]))).unwrap();
    assert_eq!(events.len(), 2);
    for event in events {
        let body = serde_json::from_slice(event.body.as_ref().unwrap()).unwrap();
        let again = parse(&batch(&body)).unwrap();
        assert_eq!((&again[0].effect, &again[0].dedup_key), (&event.effect, &event.dedup_key));
    }
    assert!(parse(&batch(&event("1"))).is_err());
}

#[test]
fn what_is_no_cloudevent_is_malformed() {
    for missing in REQUIRED {
        let headers: Vec<_> = REQUIRED
            .into_iter()
            .filter(|header| *header != missing)
            .collect();
        assert!(parse(&binary(&headers)).is_err(), "{missing:?}");
    }
    for (name, value) in [
        ("ce-specversion", "0.3"),
        ("ce-id", ""),
        ("ce-source", "%C0%A0"),
        ("ce-type", "%0"),
        ("ce-id", "%00"),
    ] {
        let headers: Vec<_> = REQUIRED
            .iter()
            .map(|(other, good)| (*other, if *other == name { value } else { *good }))
            .collect();
        assert!(parse(&binary(&headers)).is_err(), "{name} {value}");
    }
    let mut headers = REQUIRED.to_vec();
    headers.push(("ce-datacontenttype", "application/json"));
    assert!(parse(&binary(&headers)).is_err());
}

#[test]
fn headers_are_decoded_once() {
    let headers: Vec<_> = REQUIRED
        .iter()
        .map(|(name, good)| (*name, if *name == "ce-id" { "\"a%20%2520b\"" } else { *good }))
        .collect();
    let events = parse(&binary(&headers)).unwrap();
    assert_eq!(events[0].dedup_key.as_deref(), Some("/shop a %20b"));
}

#[test]
fn the_token_is_taken_from_header_or_query() {
    let verify = |message: &Message, query: &str| {
        let request = Request { query, ..message.request() };
        source(KEYS)
            .verify(&request, clock())
            .map(|verified| verified.token)
    };
    let bare = Message::json("{}");
    let bearing = bare.clone().with("authorization", "Bearer token");
    assert_eq!(verify(&bearing, ""), Ok(Some(0)));
    assert_eq!(verify(&bare, "access_token=token"), Ok(Some(0)));
    assert_eq!(verify(&bare, "access_token=nope"), Err(SignatureError::Mismatch));
    assert_eq!(verify(&bare, ""), Err(SignatureError::Missing));
}

#[test]
fn a_handshake_grants_the_origin_that_asks() {
    let adapter = source(KEYS);
    let asks = Message::default().with("webhook-request-origin", "shop.example.com");
    let granted = adapter.handshake("OPTIONS", &asks.request()).unwrap();
    assert_eq!(
        granted.headers,
        [("allow", "POST".to_owned()), ("webhook-allowed-origin", "shop.example.com".to_owned())]
    );
    assert_eq!(adapter.handshake("GET", &asks.request()), None);
    assert_eq!(adapter.handshake("OPTIONS", &Message::default().request()), None);
    assert_eq!(
        source("provider = 'stripe'\nsecrets = ['s']").handshake("OPTIONS", &asks.request()),
        None
    );
}
