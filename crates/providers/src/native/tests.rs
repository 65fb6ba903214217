use proptest::prelude::*;
use serde_json::json;
use waybill_common::config;

use super::*;
use crate::adapter;

const NOW: i64 = 1_767_268_800;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).unwrap()
}

fn source(name: &str) -> Box<dyn Adapter> {
    let text = format!(
        "profile = 'demo'\n[sources.{name}]\nprovider = 'native'\n\
         tokens = ['first', 'second']\ndefault_currency = 'USD'"
    );
    let config = config::from_toml(&text).unwrap();
    adapter(name, &config.sources[name]).unwrap()
}

fn webhook() -> serde_json::Value {
    json!({
        "order_uuid": "550e8400-e29b-41d4-a716-446655440000",
        "txn_id": "TXN_1",
        "status": "paid",
        "amount": 99.99,
        "timestamp": "2026-01-01T11:59:30Z",
    })
}

fn with(field: &str, value: serde_json::Value) -> Vec<u8> {
    let mut webhook = webhook();
    webhook[field] = value;
    serde_json::to_vec(&webhook).unwrap()
}

fn parse_at(name: &str, body: &[u8]) -> Result<Parsed, ParseError> {
    let message = Message::json(body);
    let verified = Verified::by(Trust::Bearer, Some(0));
    source(name)
        .parse(&message.request(), &verified, now())
        .map(|mut events| {
            assert_eq!(events.len(), 1);
            events.remove(0)
        })
}

fn parse(body: &[u8]) -> Result<Parsed, ParseError> {
    parse_at("payments", body)
}

fn facts(event: &Parsed) -> &[Fact] {
    let Effect::Facts { facts } = &event.effect else { panic!("{event:?}") };
    facts
}

/// Expects exactly one field to be wrong, and what its sender is told.
#[track_caller]
fn check_invalid(body: &[u8], field: &str, told: &str) {
    match parse(body) {
        Err(ParseError::Invalid(errors)) => {
            let messages = errors.get(field).unwrap_or_else(|| panic!("{errors:?}"));
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(messages[0].contains(told), "{messages:?}");
            assert!(!messages[0].contains(['\n', '\r', '\0']), "{messages:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_malformed(body: &[u8], told: &str) {
    match parse(body) {
        Err(ParseError::Malformed(message)) => assert!(message.contains(told), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_status_has_its_facts() {
    use waybill_common::domain::Operation::*;
    use waybill_common::domain::Outcome::*;
    let expected: [(&str, &[_]); 24] = [
        ("placed", &[(Place, Succeeded)]),
        ("created", &[(Place, Succeeded)]),
        ("pending", &[(Capture, Pending)]),
        ("processing", &[(Capture, Pending)]),
        ("requires_action", &[(Capture, Requested)]),
        ("authorized", &[(Authorize, Succeeded)]),
        ("paid", &[(Capture, Succeeded)]),
        ("success", &[(Capture, Succeeded)]),
        ("completed", &[(Capture, Succeeded), (Close, Succeeded)]),
        ("partially_paid", &[(Capture, Succeeded)]),
        ("failed", &[(Capture, Failed)]),
        ("declined", &[(Capture, Failed)]),
        ("cancelled", &[(Void, Succeeded), (Cancel, Succeeded)]),
        ("voided", &[(Void, Succeeded), (Cancel, Succeeded)]),
        ("expired", &[(Expire, Succeeded)]),
        ("refunded", &[(Refund, Succeeded)]),
        ("partially_refunded", &[(Refund, Succeeded)]),
        ("refund_failed", &[(Refund, Failed)]),
        ("disputed", &[(Dispute, Pending)]),
        ("charged_back", &[(Dispute, Lost)]),
        ("dispute_won", &[(Dispute, Won)]),
        ("shipped", &[(Fulfil, Succeeded)]),
        ("delivered", &[(Deliver, Succeeded)]),
        ("returned", &[(Return, Succeeded)]),
    ];
    for (status, says) in expected {
        let event = parse(&with("status", json!(status))).unwrap();
        let told: Vec<_> = facts(&event)
            .iter()
            .map(|fact| (fact.op, fact.outcome))
            .collect();
        assert_eq!(told, says, "{status}");
        for fact in facts(&event) {
            assert_eq!(fact.partial, status == "partially_paid");
            assert_eq!(fact.op_ref, "native:payments:TXN_1");
            assert_eq!(fact.group.is_none(), status == "expired", "{status}");
            assert_eq!(fact.first, 1_767_268_770_000_000);
            assert_eq!(fact.amount.unwrap().to_string(), "99.99 USD");
        }
    }
    check_invalid(&with("status", json!("Paid")), "status", "must be one of placed, created");
}

#[test]
fn a_webhook_names_its_order_and_its_transaction() {
    let event = parse(&with("order_uuid", json!("550E8400-E29B-41D4-A716-446655440000"))).unwrap();
    let order = Reference::order("550e8400-e29b-41d4-a716-446655440000");
    let txn = Reference::foreign("native", "txn", "payments", "TXN_1");
    assert_eq!(txn.name, "native.txn:payments:TXN_1");
    assert_eq!(event.order_refs, [order, txn]);
    assert_eq!(event.native_type, "paid");
    assert_eq!(event.trust, Trust::Bearer);
    let lower = parse(&serde_json::to_vec(&webhook()).unwrap()).unwrap();
    assert_eq!(event.body_sha256, lower.body_sha256);
}

#[test]
fn the_key_is_the_senders_or_the_statement_itself() {
    let key = |body: &[u8]| parse(body).unwrap().dedup_key.unwrap();
    assert_eq!(key(&with("event_id", json!("evt_1"))), "e:evt_1");
    assert_eq!(
        key(&with("timestamp", json!("2026-01-01T13:59:30.5+02:00"))),
        "t:TXN_1:paid:2026-01-01T11:59:30.500000Z"
    );
    // An absent field and null say the same.
    assert_eq!(key(&with("event_id", json!(null))), "t:TXN_1:paid:2026-01-01T11:59:30.000000Z");
}

#[test]
fn the_hash_is_of_what_is_meant() {
    let hash = |body: &[u8]| parse(body).unwrap().body_sha256;
    let expected = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(
        r#"["550e8400-e29b-41d4-a716-446655440000","TXN_1","paid",9999,"USD"]"#,
    ));
    assert_eq!(hash(&with("amount", json!("99.990"))), *expected);
    assert_eq!(hash(&with("metadata", json!({"currency": "usd", "more": [1]}))), *expected);
    assert_ne!(hash(&with("amount", json!(99.98))), *expected);
    assert_ne!(hash(&with("metadata", json!({"currency": "EUR"}))), *expected);
}

#[test]
fn an_operator_acts_in_the_scope_that_he_names() {
    let body = with("webhook_source", json!("payments"));
    let correction = parse_at("admin", &body).unwrap();
    let original = parse(&body).unwrap();
    assert_eq!(facts(&correction)[0].op_ref, facts(&original)[0].op_ref);
    assert_eq!(correction.order_refs, original.order_refs);
    let own = parse_at("admin", &with("status", json!("paid"))).unwrap();
    assert_eq!(facts(&own)[0].op_ref, "native:admin:TXN_1");
    // Others cannot choose whose transactions they speak of.
    assert_eq!(facts(&parse_at("shop", &body).unwrap())[0].op_ref, "native:shop:TXN_1");
}

#[test]
fn money_is_exact() {
    let minor = |amount: &str| {
        let body = String::from_utf8(with("amount", json!(0)))
            .unwrap()
            .replace("\"amount\":0", &format!("\"amount\":{amount}"));
        parse(body.as_bytes()).map(|event| facts(&event)[0].amount.unwrap().minor())
    };
    assert_eq!(minor("99.99"), Ok(9999));
    assert_eq!(minor("\"99.9\""), Ok(9990));
    assert_eq!(minor("0.10"), Ok(10));
    assert_eq!(minor("25.0"), Ok(2500));
    // No float has this value.
    assert_eq!(minor("90071992547409.91"), Ok(9_007_199_254_740_991));
    assert_eq!(minor("-0"), Ok(0));
    let nines = "9".repeat(400);
    for refused in [
        "99.999", "1e2", "1e400", "1e-400", "-1", "\"ten\"", "\"NaN\"", "\"\"", "true", "[]",
        &nines,
    ] {
        assert!(matches!(minor(refused), Err(ParseError::Invalid(_))), "{refused}");
    }
    check_invalid(
        &with("amount", json!(99.999)),
        "amount",
        "must be a decimal number with at most 2 digits for USD",
    );
    check_invalid(&with("amount", json!("-0.01")), "amount", "must not be negative");
}

#[test]
fn times_outside_the_window_are_refused() {
    let time = |text: &str| with("timestamp", json!(text));
    for good in ["2000-01-01T00:00:00Z", "2026-01-01T12:10:00Z", "2026-01-01T14:10:00+02:00"] {
        assert!(parse(&time(good)).is_ok(), "{good}");
    }
    check_invalid(&time("1999-12-31T23:59:59.999999Z"), "timestamp", "before the year 2000");
    check_invalid(&time("2026-01-01T12:10:00.000001Z"), "timestamp", "ten minutes ahead");
    check_invalid(&time("9999-12-31T23:59:60Z"), "timestamp", "must lie in the years");
    for bad in ["0000-01-01T00:00:00Z", "2026-01-01T12:00:00", "2026-01-01", "now", ""] {
        check_invalid(&time(bad), "timestamp", "must");
    }
    check_invalid(&with("timestamp", json!(NOW)), "timestamp", "must be text");
}

#[test]
fn ids_that_could_do_harm_are_refused_in_one_line() {
    let long = "x".repeat(10_240);
    for id in [
        "",
        " ",
        "a\0b",
        "a\r\nb",
        "😀",
        "'; DROP TABLE orders",
        "\u{202e}x",
        "\u{1b}[31m",
        &long,
        "${jndi:ldap://x}",
        "a/b",
    ] {
        for field in ["order_uuid", "txn_id", "event_id", "webhook_source", "correlation_id"] {
            check_invalid(&with(field, json!(id)), field, "must be 1 to 128 letters");
        }
    }
    for id in ["1001", "A.b:c-d_e", &"x".repeat(128)] {
        assert!(parse(&with("order_uuid", json!(id))).is_ok());
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    match parse(br#"{"amount": -1, "metadata": {"currency": "XXX"}, "timestamp": 5}"#) {
        Err(ParseError::Invalid(errors)) => assert_eq!(
            errors.keys().collect::<Vec<_>>(),
            ["metadata.currency", "order_uuid", "status", "timestamp", "txn_id"]
        ),
        other => panic!("{other:?}"),
    }
    check_invalid(&with("metadata", json!("USD")), "metadata", "must be an object");
    check_invalid(&with("metadata", json!({"currency": 1})), "metadata.currency", "must be text");
}

#[test]
fn without_a_default_the_currency_is_required() {
    let config =
        config::from_toml("profile = 'demo'\n[sources.a]\nprovider = 'native'\ntokens = ['t']");
    let adapter = adapter("a", &config.unwrap().sources["a"]).unwrap();
    let message = Message::json(serde_json::to_vec(&webhook()).unwrap());
    let refused = adapter.parse(&message.request(), &Verified::by(Trust::Bearer, None), now());
    let expected = [("metadata.currency".to_owned(), vec!["is required".to_owned()])];
    assert_eq!(refused, Err(ParseError::Invalid(expected.into())));
}

#[test]
fn what_is_no_json_object_is_malformed() {
    check_malformed(b"", "one JSON document");
    check_malformed(b"[]", "must be a JSON object");
    check_malformed(b"null", "must be a JSON object");
    check_malformed(br#"{"txn_id":"a","txn_\u0069d":"b"}"#, "twice");
}

fn verify(authorization: &[&str]) -> Result<Verified, SignatureError> {
    let headers = authorization
        .iter()
        .map(|value| ("authorization", value.as_bytes()))
        .collect();
    source("payments").verify(&Request { headers, query: "", body: b"" }, now())
}

#[test]
fn any_active_token_is_believed_and_counted() {
    assert_eq!(verify(&["Bearer first"]).unwrap().token, Some(0));
    assert_eq!(verify(&["bearer second"]).unwrap().token, Some(1));
    assert_eq!(verify(&[]), Err(SignatureError::Missing));
    for malformed in ["first", "Basic first", "", "Bearer"] {
        assert_eq!(verify(&[malformed]), Err(SignatureError::Malformed), "{malformed}");
    }
    assert_eq!(verify(&["Bearer first", "Bearer first"]), Err(SignatureError::Malformed));
    for wrong in ["Bearer ", "Bearer  first", "Bearer first ", "Bearer firs", "Bearer FIRST"] {
        assert_eq!(verify(&[wrong]), Err(SignatureError::Mismatch), "{wrong}");
    }
}

#[test]
fn a_token_counts_only_within_its_time() {
    let config = config::from_toml(
        "profile = 'demo'\n[sources.a]\nprovider = 'native'\n\
         tokens = [{ value = 'old', not_after = '2026-01-01T11:00:00Z' }, 'new']",
    );
    let adapter = adapter("a", &config.unwrap().sources["a"]).unwrap();
    let signed = adapter.sign(Message::json("{}"), now());
    assert_eq!(adapter.verify(&signed.request(), now()).unwrap().token, Some(1));
    let stale = Message::json("{}").with("authorization", "Bearer old");
    assert_eq!(adapter.verify(&stale.request(), now()), Err(SignatureError::Mismatch));
    let before = Timestamp::parse("2026-01-01T11:00:00Z").unwrap();
    assert_eq!(adapter.verify(&stale.request(), before).unwrap().token, Some(0));
}

#[test]
fn answers_are_those_of_the_contract_to_the_letter() {
    let event = parse(&serde_json::to_vec(&webhook()).unwrap()).unwrap();
    let receipt = Receipt {
        webhook_id: Uuid::nil(),
        events: std::slice::from_ref(&event),
        processing_ms: 1.234,
    };
    let accepted = source("payments").accepted(&receipt);
    assert_eq!((accepted.status, accepted.content_type), (202, "application/json"));
    assert_eq!(
        accepted.body,
        r#"{"message":"Webhook received and queued for processing","webhook_log_id":"00000000-0000-0000-0000-000000000000","txn_id":"TXN_1","status":"queued","processing_time_ms":1.23}"#
    );
    let repeated = source("payments").repeated(&event);
    assert_eq!(repeated.status, 409);
    assert_eq!(
        repeated.body,
        r#"{"message":"Duplicate webhook detected","status":"ignored","txn_id":"TXN_1"}"#
    );
}

proptest! {
    #[test]
    fn any_bytes_give_an_event_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _never_panics = parse(&body);
    }

    #[test]
    fn any_fields_give_an_event_or_an_error(
        field in "order_uuid|txn_id|status|amount|timestamp|event_id|metadata|correlation_id",
        text in ".{0,40}",
        number in any::<f64>(),
        kind in 0..3,
    ) {
        let value = match kind { 0 => json!(text), 1 => json!(number), _ => json!([text, number]) };
        let _never_panics = parse(&with(&field, value));
    }
}
