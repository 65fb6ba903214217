//! Bodies that no provider sends: whatever comes, an adapter gives events or an error, and nothing that a database or
//! a log could stumble over.

use serde_json::{Value, json};
use waybill_common::domain::{Effect, Trust};
use waybill_providers::{Adapter, Message, PROVIDERS, Parsed, Verified, scenarios};

use crate::lives::{order, set_up};
use crate::support::{Random, clock};

/// Longer than anything that adapters may take over from a body.
const TEXT_CHARS_MAX: usize = 1_200;

/// Values that could do harm in a place where another one was expected.
fn nasty(random: &mut Random) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\r\nb"),
        json!("\u{1b}[31m\u{202e}😀"),
        json!("'; DROP TABLE orders"),
        json!("x".repeat(10_240)),
        json!(-1),
        json!(0),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(0.1),
        json!(1e300),
        json!("1e400"),
        json!("99.999"),
        json!("-0.01"),
        json!("9".repeat(400)),
        json!([]),
        json!({}),
        json!([{ "id": null }]),
        json!("9999-12-31T23:59:60Z"),
        json!("0000-01-01T00:00:00Z"),
    ];
    let at = random.below(values.len());
    values[at].clone()
}

/// Replaces one value somewhere in the document, or takes it away.
fn corrupt(value: &mut Value, random: &mut Random) {
    let inner: Option<&mut Value> = match value {
        Value::Object(members) if !members.is_empty() => {
            let at = random.below(members.len());
            members.values_mut().nth(at)
        }
        Value::Array(items) if !items.is_empty() => {
            let at = random.below(items.len());
            items.get_mut(at)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    };
    match inner {
        Some(inner) if random.below(4) != 0 => corrupt(inner, random),
        Some(inner) => *inner = nasty(random),
        None => *value = nasty(random),
    }
}

fn parse(adapter: &dyn Adapter, message: &Message) -> Vec<Parsed> {
    let verified = Verified::by(Trust::BodyOnly, Some(0));
    adapter
        .parse(&message.request(), &verified, clock())
        .unwrap_or_default()
}

/// Everything in an event that is stored as text or written to a log.
fn texts(event: &Parsed) -> Vec<String> {
    let mut texts = vec![event.native_type.clone()];
    texts.extend(event.account.clone());
    texts.extend(event.dedup_key.clone());
    texts.extend(event.correlation_id.clone());
    texts.extend(
        event
            .order_refs
            .iter()
            .map(|reference| reference.name.clone()),
    );
    match &event.effect {
        Effect::Facts { facts } | Effect::Snapshot { facts, .. } => {
            for fact in facts {
                texts.push(fact.op_ref.clone());
                texts.extend(fact.group.clone());
                texts.extend(fact.reason.clone());
            }
        }
        Effect::Hint { hint } => texts.push(hint.object.clone()),
        Effect::Control { control: reason }
        | Effect::Ignored { reason }
        | Effect::Unusable { reason } => texts.push(reason.clone()),
    }
    texts
}

#[track_caller]
fn check(provider: &str, adapter: &dyn Adapter, message: &Message) {
    for event in parse(adapter, message) {
        for text in texts(&event) {
            let harmless = !text.chars().any(char::is_control);
            assert!(harmless && text.chars().count() <= TEXT_CHARS_MAX, "{provider}: {text:?}");
        }
        let merchants = event
            .order_refs
            .iter()
            .filter(|reference| reference.merchant);
        assert!(merchants.count() <= 1, "{provider}: {event:?}");
    }
}

/// The document in a body, and how to put another one in its place.
fn document(message: &Message) -> (Value, impl Fn(&Value) -> Vec<u8>) {
    let text = String::from_utf8_lossy(&message.body).into_owned();
    let form = text
        .split_once("payload=")
        .map(|(before, _)| before.to_owned());
    let read =
        serde_json::from_str(&text).unwrap_or_else(|_form| json!({ "id": "S1", "version": 1 }));
    let write = move |value: &Value| match &form {
        Some(before) => {
            let encoded: String = value
                .to_string()
                .bytes()
                .map(|byte| format!("%{byte:02x}"))
                .collect();
            format!("{before}payload={encoded}&type=sale.update").into_bytes()
        }
        None => value.to_string().into_bytes(),
    };
    (read, write)
}

#[test]
fn corrupted_documents_leave_nothing_harmful() {
    let mut random = Random(0xbad);
    for provider in PROVIDERS {
        let adapter = set_up(provider);
        for scenario in scenarios(provider) {
            for message in (scenario.messages)(&order(7)) {
                let (read, write) = document(&message);
                for _ in 0..100 {
                    let mut value = read.clone();
                    for _ in 0..=random.below(3) {
                        corrupt(&mut value, &mut random);
                    }
                    let corrupted = Message { body: write(&value), ..message.clone() };
                    check(provider, adapter.as_ref(), &corrupted);
                }
            }
        }
    }
}

#[test]
fn corrupted_bytes_and_headers_never_panic() {
    let mut random = Random(0xb17e5);
    for provider in PROVIDERS {
        let adapter = set_up(provider);
        let mut messages: Vec<_> = scenarios(provider)
            .iter()
            .flat_map(|scenario| (scenario.messages)(&order(7)))
            .collect();
        messages.push(Message::json(Vec::new()));
        for message in messages {
            for _ in 0..50 {
                let mut corrupted = message.clone();
                for _ in 0..=random.below(3) {
                    if !corrupted.body.is_empty() {
                        let at = random.below(corrupted.body.len());
                        corrupted.body[at] = random.next().to_le_bytes()[0];
                    }
                }
                for (_, value) in &mut corrupted.headers {
                    if random.below(4) == 0 {
                        *value = "\u{0}\r\n%C0%A0\"".repeat(random.below(3));
                    }
                }
                check(provider, adapter.as_ref(), &corrupted);
                let _never_panics = adapter.verify(&corrupted.request(), clock());
                let _never_panics = adapter.wants(&corrupted.request(), clock());
            }
        }
    }
}
