//! What the orders and sales of both Lightspeeds mean.

use serde_json::{Value, json};
use waybill_providers::{Message, ParseError, Request, SignatureError, Verified};

use crate::support::{clock, meaning, source, with};

const C: &str = "provider = 'lightspeed-c'\nsecrets = ['secret']\ndefault_currency = 'EUR'";
const X: &str = "provider = 'lightspeed-x'\nsecrets = ['secret']\ndefault_currency = 'USD'";

#[test]
fn an_order_has_three_statuses() {
    for (status, payment, shipment, says) in [
        ("new", "not_paid", "not_shipped", "unpaid total 99.99 EUR"),
        ("processing", "partially_paid", "not_shipped", "partially_paid total 99.99 EUR"),
        ("processing", "paid", "partially_shipped", "paid partial total 99.99 EUR"),
        ("completed", "paid", "shipped", "closed paid fulfilled total 99.99 EUR"),
        ("completed_picked_up", "paid", "not_shipped", "closed paid total 99.99 EUR"),
        ("cancelled", "cancelled", "cancelled", "cancelled voided total 99.99 EUR"),
        ("on_hold", "a new word", "a new word", "total 99.99 EUR"),
    ] {
        let body = json!({ "order": {
            "id": 315, "number": "ORD1", "updatedAt": "2026-01-01T13:00:00+01:00",
            "status": status, "paymentStatus": payment, "shipmentStatus": shipment,
            "priceIncl": "99.99",
        }});
        let object = "lightspeed-c.order:source:315";
        assert_eq!(
            meaning(C, &Message::json(body.to_string())),
            format!(
                "order:315 {object} | {object} at 1767268800000000 {says} in book lightspeed-c"
            )
        );
        let keys = format!("{C}\norder_ref = '/number'");
        assert!(meaning(&keys, &Message::json(body.to_string())).starts_with("order:ORD1 "));
    }
    assert_eq!(
        meaning(C, &Message::json("{\"product\":{}}")),
        " | ignored: the body holds no order"
    );
}

fn sale(more: &Value) -> Message {
    let sale = json!({
        "id": "S1", "status": "CLOSED", "version": 7, "updated_at": "2026-01-01 12:00:00",
        "totals": { "total_price": 86.95, "total_tax": 13.04 },
        "register_sale_payments": [{ "amount": 49.99 }, { "amount": 50 }],
    });
    let payload = with(sale, more).to_string();
    form(&format!("type=sale.update&domain_prefix=shop&payload={}", encoded(&payload)))
}

fn form(body: &str) -> Message {
    Message {
        headers: vec![("content-type", "application/x-www-form-urlencoded".into())],
        body: body.into(),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[test]
fn a_sale_is_what_its_status_says() {
    let object = "lightspeed-x.sale:shop:S1";
    for (status, says) in [
        ("SAVED", "unpaid total 99.99 USD"),
        ("CLOSED", "closed paid total 99.99 USD captured 99.99 USD"),
        ("ONACCOUNT_CLOSED", "closed paid total 99.99 USD captured 99.99 USD"),
        ("LAYBY_CLOSED", "closed paid total 99.99 USD captured 99.99 USD"),
        ("ONACCOUNT", "partially_paid total 99.99 USD captured 99.99 USD"),
        ("LAYBY", "partially_paid total 99.99 USD captured 99.99 USD"),
        ("AWAITING_DISPATCH", "paid total 99.99 USD captured 99.99 USD"),
        ("DISPATCHED_CLOSED", "closed paid fulfilled total 99.99 USD captured 99.99 USD"),
        ("VOIDED", "cancelled voided total 99.99 USD captured 0.00 USD"),
    ] {
        assert_eq!(
            meaning(X, &sale(&json!({ "status": status }))),
            format!("order:S1 {object} | {object} at 7 {says} in book lightspeed-x")
        );
    }
    let unpaid = json!({ "status": "ONACCOUNT", "register_sale_payments": [] });
    assert!(
        meaning(X, &sale(&unpaid)).ends_with("authorized total 99.99 USD in book lightspeed-x")
    );
    assert_eq!(
        meaning(X, &sale(&json!({ "status": "PARKED" }))),
        " | unusable: the sale's status is not known"
    );
}

#[test]
fn a_return_refunds_the_sale_that_it_names() {
    let back = json!({
        "id": "S2", "return_for": "S1",
        "totals": { "total_price": -10, "total_tax": -2.5 },
        "register_sale_payments": [{ "amount": -12.5 }],
    });
    assert_eq!(
        meaning(X, &sale(&back)),
        "lightspeed-x.sale:shop:S1 | refund succeeded 12.50 USD by lightspeed-x:shop:S2 alone at 7 \
         in book lightspeed-x"
    );
    let of_nothing = with(back, &json!({ "return_for": null }));
    assert_eq!(
        meaning(X, &sale(&of_nothing)),
        " | ignored: a return that names no sale says nothing about an order"
    );
}

#[test]
fn other_forms_are_ignored_or_refused() {
    assert_eq!(
        meaning(X, &form("type=product.update&payload=%7B%7D")),
        " | ignored: product.update says nothing about an order"
    );
    let verified = Verified::by(waybill_common::domain::Trust::BodyOnly, None);
    for body in ["", "payload=%7B%7D&payload=%7B%7D", "payload=nope", "payload=%ff"] {
        let refused = source(X).parse(&form(body).request(), &verified, clock());
        assert!(matches!(refused, Err(ParseError::Malformed(_))), "{body}");
    }
}

#[test]
fn the_signature_is_read_in_either_encoding_and_must_name_its_algorithm() {
    let signed = source(X).sign(form("payload=%7B%7D"), clock());
    let header = signed.headers[1].1.clone();
    let hex = header
        .strip_prefix("signature=")
        .and_then(|rest| rest.strip_suffix(",algorithm=HMAC-SHA256"))
        .unwrap();
    let mac = hex::decode(hex).unwrap();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, mac);
    let verify = |value: &str| {
        let message = form("payload=%7B%7D").with("x-signature", value);
        source(X)
            .verify(&message.request(), clock())
            .map(|verified| verified.secret)
    };
    assert_eq!(verify(&header), Ok(Some(0)));
    assert_eq!(verify(&format!("signature={base64},algorithm=HMAC-SHA256")), Ok(Some(0)));
    for malformed in [
        format!("signature={hex}"),
        format!("signature={hex},algorithm=HMAC-MD5"),
        format!("signature={hex},signature={hex},algorithm=HMAC-SHA256"),
        hex.to_owned(),
    ] {
        assert_eq!(verify(&malformed), Err(SignatureError::Malformed), "{malformed}");
    }
}

#[test]
fn an_unsigned_webhook_needs_the_token_in_its_url() {
    let adapter = source(&format!("{X}\ntokens = ['token']"));
    let verify = |query: &str| {
        let headers = [].into_iter().collect();
        adapter
            .verify(&Request { headers, query, body: b"payload=%7B%7D" }, clock())
            .map(|verified| (verified.trust, verified.secret, verified.token))
    };
    let bearer = waybill_common::domain::Trust::Bearer;
    assert_eq!(verify("access_token=token"), Ok((bearer, None, Some(0))));
    assert_eq!(verify("access_token=nope"), Err(SignatureError::Mismatch));
    assert_eq!(verify(""), Err(SignatureError::Missing));
    assert_eq!(verify("access_token=token&access_token=token"), Err(SignatureError::Missing));
}
