use actix_web::http::header::{HeaderName, HeaderValue};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use waybill_common::config;
use waybill_common::domain::{Timestamp, Trust};
use waybill_providers::{Headers, Parsed, Request, Verified, adapter};

use super::*;

#[test]
fn what_tells_the_event_is_kept_and_no_credential_is() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-shopify-webhook-id", "b1"),
        ("authorization", "Bearer secret"),
        ("cookie", "secret"),
        ("stripe-signature", "t=1,v1=secret"),
        ("x-shopify-hmac-sha256", "secret"),
        ("webhook-signature", "v1,secret"),
        ("x-wc-webhook-signature", "secret"),
        ("user-agent", "secret, but too long to be true"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let long = "x".repeat(VALUE_BYTES_MAX + 1);
    headers.insert(HeaderName::from_static("user-agent"), HeaderValue::from_str(&long).unwrap());
    let names: Vec<String> = kept(&headers, &[]).into_keys().collect();
    assert_eq!(names, ["content-type", "x-shopify-webhook-id"]);
}

#[derive(serde::Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    secret: Option<String>,
    public_key: Option<String>,
    method: String,
    clock: i64,
    headers: BTreeMap<String, String>,
    body_b64: String,
}

/// Every provider that has recorded requests, with its source's keys.
const SOURCES: [(&str, &str, &str); 13] = [
    ("native", VECTORS[0], "tokens = ['SECRET']\ndefault_currency = 'EUR'"),
    ("stripe", VECTORS[1], "secrets = ['SECRET']\nlive = false"),
    ("shopify", VECTORS[2], "secrets = ['SECRET']"),
    ("adyen", VECTORS[3], "secrets = ['SECRET']\nlive = false"),
    ("woocommerce", VECTORS[4], "secrets = ['SECRET']"),
    ("square", VECTORS[5], "secrets = ['SECRET']\nurl = 'https://hooks.example.test/in/square'"),
    ("lightspeed-c", VECTORS[6], "secrets = ['SECRET']\ndefault_currency = 'EUR'"),
    ("lightspeed-x", VECTORS[7], "secrets = ['SECRET']\ndefault_currency = 'USD'"),
    ("standard", VECTORS[8], "secrets = ['SECRET']"),
    ("generic", VECTORS[9], "secrets = [\"SECRET\"]"),
    ("cloudevents", VECTORS[10], "tokens = ['token']"),
    ("mollie", VECTORS[11], "secrets = ['SECRET']\nlive = false"),
    (
        "generic",
        VECTORS[12],
        "secrets = [\"SECRET\"]\nsignature = { id_header = 'x-own-id', type_header = 'x-own-type' }",
    ),
];

macro_rules! vectors {
    ($($file:literal),*) => {
        [$(include_str!(concat!("../../../providers/tests/vectors/", $file, ".json"))),*]
    };
}

const VECTORS: [&str; 13] = vectors![
    "native",
    "stripe",
    "shopify",
    "adyen",
    "woocommerce",
    "square",
    "lightspeed-c",
    "lightspeed-x",
    "standard",
    "generic",
    "cloudevents",
    "mollie",
    "generic"
];

#[test]
fn what_is_kept_is_enough_to_parse_every_event_again() {
    let mut compared = BTreeMap::new();
    for (provider, vectors, keys) in SOURCES {
        let file: File = serde_json::from_str(vectors).unwrap();
        for vector in &file.vectors {
            let events = parsed_twice(provider, keys, vector);
            *compared.entry(provider).or_insert(0) += events;
        }
    }
    assert_eq!(compared.len(), 12);
    assert!(compared.values().all(|events| *events > 0), "{compared:?}");
}

/// Parses a recorded request as it was received and as it is stored. Returns how many events it has.
fn parsed_twice(provider: &str, keys: &str, vector: &Vector) -> usize {
    let secret = vector.secret.as_deref().or(vector.public_key.as_deref());
    let keys = keys.replace("SECRET", secret.unwrap_or("none"));
    let text = format!("profile = 'demo'\n[sources.a]\nprovider = '{provider}'\n{keys}");
    let config = config::from_toml(&text).unwrap();
    let adapter = adapter("a", &config.sources["a"]).unwrap();
    let own = [("x-own-id", "id-7"), ("x-own-type", "order.updated")];
    let mut headers = HeaderMap::new();
    for (name, value) in vector
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(own)
    {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let body = BASE64.decode(&vector.body_b64).unwrap();
    let now = Timestamp::from_seconds(vector.clock).unwrap();
    let parse = |headers: Headers<'_>, body: &[u8]| {
        let verified = Verified::by(Trust::Full, Some(0));
        adapter.parse(&Request { headers, query: "", body }, &verified, now)
    };
    let received = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let Ok(events) = parse(received, &body) else { return 0 };
    if vector.method != "POST" {
        return 0;
    }
    let stored = kept(&headers, &adapter.keeps());
    for event in &events {
        let headers = stored
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let body = event.body.as_deref().unwrap_or(&body);
        let again = parse(headers, body).unwrap();
        let [again] = <[Parsed; 1]>::try_from(again).expect("one event");
        let bare = |event: &Parsed| Parsed { body: None, ..event.clone() };
        assert_eq!(bare(&again), bare(event), "{provider} {}", vector.name);
    }
    events.len()
}

#[test]
fn nothing_that_smells_of_a_credential_is_on_the_list() {
    for name in KEPT {
        for smell in ["signature", "hmac", "authorization", "cookie", "token", "secret", "cert"] {
            assert!(!name.contains(smell), "{name}");
        }
    }
}
