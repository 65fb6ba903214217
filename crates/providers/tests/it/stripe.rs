//! What each of Stripe's events means.

use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_common::domain::{Origin, Precision, Timestamp, Trust};
use waybill_providers::{Message, ParseError, Parsed, SignatureError, Verified};

use crate::describe;
use crate::support::{CLOCK, clock, source, with};

const KEYS: &str = "provider = 'stripe'\nsecrets = ['whsec_1', 'whsec_2', 'whsec_3']";

fn parse_as(keys: &str, body: &Value) -> Parsed {
    let message = Message::json(body.to_string());
    let verified = Verified::by(Trust::Full, Some(0));
    let events = source(keys).parse(&message.request(), &verified, clock());
    let [event] = <[Parsed; 1]>::try_from(events.expect("well-formed")).expect("one event");
    event
}

fn event(native_type: &str, object: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "created": CLOCK, "livemode": true,
        "type": native_type, "data": { "object": object },
    })
}

fn intent(more: &Value) -> Value {
    let intent = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 9999, "amount_capturable": 0,
        "amount_received": 0, "currency": "usd", "latest_charge": null,
        "metadata": { "order_id": "1001" },
    });
    with(intent, more)
}

fn charge(more: &Value) -> Value {
    let charge = json!({
        "id": "ch_1", "object": "charge", "amount": 9999, "amount_captured": 0,
        "amount_refunded": 0, "captured": false, "currency": "usd", "payment_intent": "pi_1",
        "status": "succeeded", "metadata": {},
    });
    with(charge, more)
}

fn under_payment(object: &str, status: &str) -> Value {
    json!({
        "id": format!("{object}_1"), "object": object, "amount": 2500, "currency": "usd",
        "charge": "ch_1", "payment_intent": "pi_1", "status": status, "metadata": {},
    })
}

fn session(payment_status: &str) -> Value {
    json!({
        "id": "cs_1", "object": "checkout.session", "amount_total": 9999, "currency": "usd",
        "mode": "payment", "payment_intent": "pi_1", "payment_status": payment_status,
        "client_reference_id": "1001",
    })
}

#[track_caller]
fn check(native_type: &str, object: &Value, expected: &str) {
    let event = parse_as(KEYS, &event(native_type, object));
    assert_eq!(describe::effect(&event), expected, "{native_type}");
}

#[test]
fn an_intent_goes_from_its_first_try_to_its_capture() {
    let attempt = "by stripe::pi_1#attempt of stripe::pi_1 at 1767268800000000";
    let check = |action: &str, more: Value, says: &str| {
        check(&format!("payment_intent.{action}"), &intent(&more), says)
    };
    check("created", json!({}), "place succeeded by stripe::pi_1");
    check("requires_action", json!({}), &format!("capture requested {attempt}"));
    check("processing", json!({}), &format!("capture pending {attempt}"));
    check("partially_funded", json!({}), &format!("capture pending {attempt}"));
    check(
        "payment_failed",
        json!({ "last_payment_error": { "code": "card_declined" } }),
        &format!("capture failed {attempt} for card_declined"),
    );
    check(
        "amount_capturable_updated",
        json!({ "amount_capturable": 9999 }),
        "authorize succeeded 99.99 USD in all by stripe::pi_1",
    );
    check(
        "amount_capturable_updated",
        json!({}),
        "ignored: nothing can be captured any more, which says nothing new",
    );
    check(
        "succeeded",
        json!({ "amount_received": 9999 }),
        "capture succeeded 99.99 USD in all by stripe::pi_1",
    );
    check(
        "canceled",
        json!({ "cancellation_reason": "abandoned" }),
        "void succeeded by stripe::pi_1 for abandoned",
    );
    check("blinked", json!({}), "ignored: payment_intent.blinked says nothing about an order");
}

#[test]
fn a_charge_tells_the_money_of_its_intent() {
    let attempt = "by stripe::pi_1#attempt of stripe::pi_1 at 1767268800000000";
    let check = |action: &str, more: Value, says: &str| {
        check(&format!("charge.{action}"), &charge(&more), says);
    };
    let captured = json!({ "captured": true, "amount_captured": 9999 });
    let refunded = with(captured.clone(), &json!({ "amount_refunded": 2500 }));
    let capture = "capture succeeded 99.99 USD in all by stripe::pi_1";
    let refund = "refund succeeded 25.00 USD in all by stripe::ch_1 of stripe::pi_1";
    check("succeeded", json!({}), "authorize succeeded 99.99 USD in all by stripe::pi_1");
    check("succeeded", captured.clone(), capture);
    check("captured", captured.clone(), capture);
    check("captured", json!({ "amount_captured": null }), capture);
    check("pending", json!({}), &format!("capture pending {attempt}"));
    check(
        "failed",
        json!({ "failure_code": "expired_card" }),
        &format!("capture failed {attempt} for expired_card"),
    );
    check("expired", json!({}), "expire succeeded by stripe::ch_1 of stripe::pi_1");
    check("refunded", refunded.clone(), refund);
    check("updated", captured, capture);
    check("updated", refunded, &format!("{capture}; {refund}"));
    check("updated", json!({}), "ignored: charge.updated says nothing about an order");
    check(
        "captured",
        json!({ "payment_intent": null, "amount_captured": 9999 }),
        "capture succeeded 99.99 USD in all by stripe::ch_1",
    );
}

#[test]
fn a_refund_is_what_its_status_says_whatever_carries_it() {
    for (status, outcome) in [
        ("requires_action", "requested"),
        ("pending", "pending"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ] {
        for native_type in
            ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"]
        {
            check(
                native_type,
                &under_payment("refund", status),
                &format!("refund {outcome} 25.00 USD by stripe::refund_1 of stripe::pi_1"),
            );
        }
    }
    check(
        "refund.created",
        &under_payment("refund", "lost in the post"),
        "unusable: the refund's status is not known",
    );
}

#[test]
fn a_dispute_is_what_its_status_says_whatever_happened_to_the_funds() {
    for (status, outcome) in [
        ("warning_needs_response", "requested"),
        ("warning_under_review", "requested"),
        ("warning_closed", "won"),
        ("needs_response", "pending"),
        ("under_review", "pending"),
        ("won", "won"),
        ("lost", "lost"),
        ("prevented", "won"),
        ("appeal_under_review", "pending"),
        ("appeal_won", "won"),
        ("appeal_lost", "lost"),
    ] {
        for action in ["created", "updated", "funds_withdrawn", "funds_reinstated", "closed"] {
            check(
                &format!("charge.dispute.{action}"),
                &under_payment("dispute", status),
                &format!(
                    "dispute {outcome} 25.00 USD by stripe::dispute_1 of stripe::pi_1 \
                     at 1767268800000000"
                ),
            );
        }
    }
    check(
        "charge.dispute.created",
        &under_payment("dispute", "?"),
        "unusable: the dispute's status is not known",
    );
}

#[test]
fn a_completed_session_is_not_yet_a_paid_one() {
    let attempt = "by stripe::pi_1#attempt of stripe::pi_1 at 1767268800000000";
    let paid = "capture succeeded 99.99 USD in all by stripe::pi_1";
    check("checkout.session.completed", &session("paid"), paid);
    check("checkout.session.completed", &session("unpaid"), &format!("capture pending {attempt}"));
    check(
        "checkout.session.completed",
        &session("no_payment_required"),
        "place succeeded by stripe::cs_1 of stripe::pi_1",
    );
    check("checkout.session.async_payment_succeeded", &session("paid"), paid);
    check(
        "checkout.session.async_payment_failed",
        &session("unpaid"),
        &format!("capture failed {attempt}"),
    );
    check(
        "checkout.session.expired",
        &session("unpaid"),
        "expire succeeded by stripe::cs_1 of stripe::pi_1",
    );
    check(
        "checkout.session.completed",
        &with(session("no_payment_required"), &json!({ "mode": "setup" })),
        "ignored: a session that only keeps a payment method says nothing about an order",
    );
}

#[test]
fn other_objects_are_none_of_our_business() {
    for kind in ["customer", "invoice", "payout", "payment_method"] {
        let object = json!({ "id": "x_1", "object": kind });
        check(
            &format!("{kind}.updated"),
            &object,
            &format!("ignored: {kind}.updated says nothing about an order"),
        );
    }
}

#[test]
fn events_of_the_other_mode_are_ignored() {
    let live = event("payment_intent.created", &intent(&json!({})));
    let test = with(live.clone(), &json!({ "livemode": false }));
    let effect = |keys: &str, body: &Value| describe::effect(&parse_as(keys, body));
    let test_keys = format!("{KEYS}\nlive = false");
    assert!(effect(KEYS, &live).starts_with("place"));
    assert!(effect(&test_keys, &test).starts_with("place"));
    assert_eq!(
        effect(KEYS, &test),
        "ignored: a test event, and this source takes live events only"
    );
    assert_eq!(
        effect(&test_keys, &live),
        "ignored: a live event, and this source takes test events only"
    );
}

#[test]
fn the_merchants_order_is_where_the_source_says() {
    let references = |keys: &str, native_type: &str, object: Value| {
        describe::references(&parse_as(keys, &event(native_type, &object)))
    };
    let elsewhere = format!("{KEYS}\norder_ref = '/client_reference_id'");
    let created = "payment_intent.created";
    let completed = "checkout.session.completed";
    assert_eq!(
        references(KEYS, created, intent(&json!({ "latest_charge": "ch_1" }))),
        "order:1001 stripe.payment_intent::pi_1 stripe.charge::ch_1"
    );
    assert_eq!(
        references(&elsewhere, completed, session("paid")),
        "order:1001 stripe.payment_intent::pi_1 stripe.checkout_session::cs_1"
    );
    // Which field it is never depends on the event.
    assert_eq!(
        references(KEYS, completed, session("paid")),
        "stripe.payment_intent::pi_1 stripe.checkout_session::cs_1"
    );
    assert_eq!(
        references(KEYS, "refund.created", under_payment("refund", "pending")),
        "stripe.payment_intent::pi_1 stripe.charge::ch_1"
    );
    assert_eq!(
        references(KEYS, "charge.failed", charge(&json!({ "payment_intent": { "id": "pi_9" } }))),
        "stripe.payment_intent::pi_9 stripe.charge::ch_1"
    );
    let unfit = intent(&json!({ "metadata": { "order_id": "a\u{0}b" } }));
    check(created, &unfit, "unusable: /metadata/order_id is no name of an order");
}

#[test]
fn a_connected_account_has_its_own_ids() {
    let body = with(
        event("charge.refunded", &charge(&json!({ "amount_refunded": 100 }))),
        &json!({ "account": "acct_7" }),
    );
    let event = parse_as(KEYS, &body);
    assert_eq!(event.account.as_deref(), Some("acct_7"));
    assert_eq!(
        describe::references(&event),
        "stripe.payment_intent:acct_7:pi_1 stripe.charge:acct_7:ch_1"
    );
    assert_eq!(
        describe::effect(&event),
        "refund succeeded 1.00 USD in all by stripe:acct_7:ch_1 of stripe:acct_7:pi_1"
    );
}

#[test]
fn amounts_are_in_the_currencys_own_minor_units() {
    for (amount, currency, expected) in [
        (9999, "usd", "99.99 USD"),
        (5000, "jpy", "5000 JPY"),
        (5000, "krw", "5000 KRW"),
        (1230, "kwd", "1.230 KWD"),
        (500, "isk", "5 ISK"),
        (500, "ugx", "5 UGX"),
        (7, "mga", "7.00 MGA"),
        (100, "huf", "1.00 HUF"),
    ] {
        let object = intent(&json!({ "amount_received": amount, "currency": currency }));
        check(
            "payment_intent.succeeded",
            &object,
            &format!("capture succeeded {expected} in all by stripe::pi_1"),
        );
    }
    let refused = |amount: Value, currency: Value, why: &str| {
        let object = intent(&json!({ "amount_received": amount, "currency": currency }));
        check("payment_intent.succeeded", &object, &format!("unusable: {why}"));
    };
    refused(json!(550), json!("isk"), "an amount is no whole number of minor units of ISK");
    refused(json!(-1), json!("usd"), "an amount is negative");
    refused(json!(1), json!("xau"), "the currency is not one of ISO 4217");
    refused(json!(1), json!(null), "the object has no currency");
    refused(json!(9.5), json!("usd"), "amount_received is no integer amount");
    refused(json!("9"), json!("usd"), "amount_received is no integer amount");
    refused(
        json!(9_007_199_254_740_992_i64),
        json!("usd"),
        "an amount is larger than can be kept exactly",
    );
    refused(json!(i64::MAX), json!("mga"), "an amount is no whole number of minor units of MGA");
}

#[test]
fn an_event_has_its_key_its_time_and_the_hash_of_what_it_means() {
    let body = event("payment_intent.created", &intent(&json!({})));
    let told = parse_as(KEYS, &body);
    assert_eq!(told.dedup_key.as_deref(), Some("evt_1"));
    assert_eq!(told.native_type, "payment_intent.created");
    assert_eq!(told.trust, Trust::Full);
    assert_eq!(
        (told.occurred_at.at.seconds(), told.occurred_at.precision, told.occurred_at.origin),
        (CLOCK, Precision::S, Origin::Event)
    );
    // Stripe counts its own attempts in the event: that is not what is meant.
    let again = parse_as(KEYS, &with(body.clone(), &json!({ "pending_webhooks": 0 })));
    assert_eq!(again.body_sha256, told.body_sha256);
    let other = event("payment_intent.created", &intent(&json!({ "amount": 1 })));
    assert_ne!(parse_as(KEYS, &other).body_sha256, told.body_sha256);
}

#[test]
fn thin_events_ask_for_a_look_at_the_payment() {
    let thin = |kind: &str| {
        json!({
            "id": "evt_1", "object": "v2.core.event", "type": "v1.payment_intent.succeeded",
            "livemode": true, "created": "2026-01-01T12:00:00.123Z", "context": "acct_7",
            "related_object": { "id": "pi_1", "type": kind, "url": "/v1/x" },
        })
    };
    let hint = parse_as(KEYS, &thin("payment_intent"));
    assert_eq!(describe::effect(&hint), "hint stripe:acct_7:pi_1 at 2026-01-01T12:00:00.123000Z");
    assert_eq!(describe::references(&hint), "stripe.payment_intent:acct_7:pi_1");
    assert_eq!(hint.dedup_key, None);
    let meter = parse_as(KEYS, &thin("billing.meter"));
    assert_eq!(
        describe::effect(&meter),
        "ignored: a thin event about an object that is no payment"
    );
    assert_eq!(meter.dedup_key.as_deref(), Some("evt_1"));
}

#[test]
fn what_cannot_be_understood_is_kept_for_people() {
    let good = event("payment_intent.created", &intent(&json!({})));
    for (change, why) in [
        (json!({ "id": null }), "the event has no id"),
        (json!({ "id": "evt\r\n1" }), "the event has no id"),
        (json!({ "created": "now" }), "the event does not tell when it happened"),
        (json!({ "created": -1 }), "the event does not tell when it happened"),
        (json!({ "livemode": null }), "the event does not tell whether it is live"),
        (json!({ "data": {} }), "the event carries no object"),
        (json!({ "data": { "object": { "object": "charge" } } }), "the object has no id"),
    ] {
        let body = with(with(good.clone(), &json!({ "type": "charge.captured" })), &change);
        assert_eq!(describe::effect(&parse_as(KEYS, &body)), format!("unusable: {why}"));
    }
    let message = Message::json("{\"id\":1,\"id\":2}");
    let refused =
        source(KEYS).parse(&message.request(), &Verified::by(Trust::Full, Some(0)), clock());
    assert!(matches!(refused, Err(ParseError::Malformed(_))), "{refused:?}");
}

/// Verifies a header for the body `{}`.
fn verify(header: &str) -> Result<Option<usize>, SignatureError> {
    let message = Message::json("{}").with("stripe-signature", header);
    source(KEYS)
        .verify(&message.request(), clock())
        .map(|verified| verified.secret)
}

fn signature_of(keys: &str, seconds: i64) -> String {
    let at = Timestamp::from_seconds(seconds).expect("a time");
    let signed = source(keys).sign(Message::json("{}"), at);
    let header = &signed.headers[1].1;
    header
        .split_once("v1=")
        .map(|(_, hex)| hex.to_owned())
        .expect("a signature")
}

#[test]
fn every_signature_is_tried_with_every_secret_within_bounds() {
    let good = signature_of("provider = 'stripe'\nsecrets = ['whsec_3']", CLOCK);
    let bad = "0".repeat(64);
    let header = |signatures: &[&str]| {
        let list: Vec<_> = signatures.iter().map(|hex| format!("v1={hex}")).collect();
        format!("t={CLOCK},{}", list.join(","))
    };
    assert_eq!(verify(&header(&[&good])), Ok(Some(2)));
    assert_eq!(verify(&header(&[&bad, &bad, &bad, &bad, &good])), Ok(Some(2)));
    assert_eq!(
        verify(&header(&[&bad, &bad, &bad, &bad, &bad, &good])),
        Err(SignatureError::Malformed)
    );
    assert_eq!(verify(&header(&[&bad])), Err(SignatureError::Mismatch));
    assert_eq!(verify(&format!("t={CLOCK},v0={good}")), Err(SignatureError::Malformed));
    assert_eq!(verify(&format!("t={CLOCK},v1={good},v0=x,v2=y")), Ok(Some(2)));
    for malformed in [
        "",
        "t=",
        "v1=00",
        &format!("t={CLOCK}"),
        &format!("t={CLOCK},v1"),
        &format!("t=+{CLOCK},v1={good}"),
        &format!("t=-{CLOCK},v1={good}"),
        &format!("t={CLOCK}000000,v1={good}"),
        &format!("t=99999999999999999999,v1={good}"),
        &format!("t={CLOCK},t={CLOCK},v1={good}"),
        &format!("t={CLOCK}; v1={good}"),
        &header(&[good.as_str(); 10_000]),
    ] {
        assert_eq!(verify(malformed), Err(SignatureError::Malformed), "{malformed}");
    }
    for mismatch in [
        format!("t={CLOCK},v1={}", good.to_ascii_uppercase()),
        format!("t={CLOCK},v1= {good}"),
        format!("t=0{CLOCK},v1={good}"),
    ] {
        assert_eq!(verify(&mismatch), Err(SignatureError::Mismatch), "{mismatch}");
    }
}

#[test]
fn a_signature_lives_five_minutes_and_may_come_from_the_future() {
    let keys = "provider = 'stripe'\nsecrets = ['whsec_1']";
    let at = |seconds: i64| verify(&format!("t={seconds},v1={}", signature_of(keys, seconds)));
    assert_eq!(at(CLOCK - 300), Ok(Some(0)));
    assert_eq!(at(CLOCK - 301), Err(SignatureError::TooOld));
    assert_eq!(at(CLOCK + 100_000), Ok(Some(0)));
    assert_eq!(
        source(KEYS).verify(&Message::json("{}").request(), clock()),
        Err(SignatureError::Missing)
    );
}

proptest! {
    #[test]
    fn any_bytes_give_an_event_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let message = Message::json(body);
        let verified = Verified::by(Trust::Full, Some(0));
        let _never_panics = source(KEYS).parse(&message.request(), &verified, clock());
    }

    #[test]
    fn any_header_is_believed_or_not(header in "(t|v1|v0)?=?[0-9a-f,=tv -]{0,80}") {
        prop_assert!(verify(&header).is_err());
    }

    #[test]
    fn any_object_gives_an_event(
        kind in "payment_intent|charge|refund|dispute|checkout.session|[a-z]{0,5}",
        action in "created|succeeded|captured|refunded|updated|canceled|completed|expired",
        key in "id|amount|amount_received|currency|status|payment_intent|metadata|payment_status",
        value in prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(json!({ "id": [] })),
        ],
    ) {
        let object = with(intent(&json!({ "object": kind })), &json!({ (key): value }));
        let told = parse_as(KEYS, &event(&format!("{kind}.{action}"), &object));
        prop_assert!(!describe::effect(&told).contains(['\0', '\n', '\r']));
    }
}
