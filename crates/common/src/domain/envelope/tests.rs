use super::*;
use crate::domain::{Fact, Mode, Operation, Origin, Outcome, Precision};

fn envelope(body: &[u8]) -> Envelope {
    let at = Timestamp::parse("2026-01-01T12:00:00.123456Z").unwrap();
    Envelope {
        event: CanonicalEvent {
            webhook_id: Uuid::from_u128(7),
            source: "payments".into(),
            provider: "native".into(),
            account: None,
            dedup_key: "e:1".into(),
            body_sha256: [7; 32],
            native_type: "paid".into(),
            occurred_at: OccurredAt { at, precision: Precision::Us, origin: Origin::Event },
            trust: Trust::Bearer,
            order_refs: vec![Reference::order("A-1")],
            effect: Effect::Facts {
                facts: vec![Fact {
                    book: "payments".into(),
                    op: Operation::Capture,
                    op_ref: "native:payments:T-1".into(),
                    group: None,
                    outcome: Outcome::Succeeded,
                    amount: None,
                    mode: Mode::Delta,
                    partial: false,
                    first: 0,
                    reason: None,
                }],
            },
        },
        received_at: at,
        correlation_id: "c-1".into(),
        body: body.to_vec(),
        headers: BTreeMap::from([("content-type".into(), "application/json".into())]),
    }
}

#[test]
fn a_message_is_read_as_it_was_written() {
    for body in [b"{\"a\": \"\xc3\xa9\\u0000\"}".as_slice(), b"\xff\xfe\x00"] {
        let envelope = envelope(body);
        assert_eq!(Envelope::decode(&envelope.encode()).unwrap(), envelope);
    }
}

#[test]
fn unknown_fields_are_ignored() {
    let mut json: serde_json::Value = serde_json::from_slice(&envelope(b"{}").encode()).unwrap();
    json["later"] = true.into();
    assert!(Envelope::decode(json.to_string().as_bytes()).is_ok());
}

#[test]
fn a_newer_message_is_told_from_a_malformed_one() {
    assert!(matches!(
        Envelope::decode(br#"{"v":2,"shape":"other"}"#),
        Err(EnvelopeError::UnknownVersion(2))
    ));
    assert!(matches!(Envelope::decode(br#"{"v":1}"#), Err(EnvelopeError::Malformed(_))));
    assert!(matches!(Envelope::decode(b"\xff"), Err(EnvelopeError::Malformed(_))));
}
