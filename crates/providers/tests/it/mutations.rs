//! Signed requests, each changed in one place: nobody signed that.

use waybill_providers::{Adapter, Headers, Message, Request};

use crate::support::{Random, clock, paypal_keys, request, source};

/// One changed request.
struct Changed {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Changed {
    fn of(message: &Message) -> Self {
        let headers = message
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()))
            .collect();
        Self { headers, body: message.body.clone() }
    }

    fn header(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.headers.iter_mut().find(|(other, _)| other == name);
        &mut found.expect("the request has the header").1
    }
}

/// Changes some bytes in one of the ways in which transport or malice could.
pub(crate) fn change(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len());
    match random.below(7) {
        0 | 1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes.truncate(at),
        3 => {
            bytes.remove(at);
        }
        4 => bytes.insert(at, b"0aA,= .\xff\0"[random.below(9)]),
        5 => {
            let other = random.below(bytes.len());
            bytes.swap(at, other);
        }
        _ => bytes[at] = b'0' + u8::try_from(random.below(10)).expect("a digit"),
    }
}

/// Expects that so many changes of `signed` are all refused. `ways` lists the parts that are protected.
#[track_caller]
fn check(
    adapter: &dyn Adapter,
    signed: &[Message],
    changes: usize,
    alter: impl Fn(&mut Changed, &mut Random),
) {
    let mut random = Random(0x5eed);
    let mut refused = 0;
    while refused < changes {
        let message = &signed[random.below(signed.len())];
        let original = Changed::of(message);
        let mut changed = Changed::of(message);
        alter(&mut changed, &mut random);
        if changed.headers == original.headers && changed.body == original.body {
            continue;
        }
        let verified = adapter.verify(&request(&changed.headers, &changed.body), clock());
        let header = changed
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
            .collect::<Vec<_>>();
        assert!(verified.is_err(), "{header:?} {:?}", String::from_utf8_lossy(&changed.body));
        refused += 1;
    }
}

#[test]
fn no_change_of_a_native_token_is_believed() {
    let adapter = source("provider = 'native'\ntokens = ['one-token-of-a-source', 'another']");
    let signed = [adapter.sign(Message::json("{}"), clock())];
    check(adapter.as_ref(), &signed, 20_000, |changed, random| {
        let header = changed.header("authorization");
        let mut token = header.split_off("Bearer ".len());
        change(&mut token, random);
        header.extend(token);
    });
}

/// Providers whose senders only bear a token: in a header, behind a word, or in the address.
const BEARING: [(&str, Option<&str>); 6] = [
    ("provider = 'cloudevents'\ntokens = ['one-token-of-a-source', 'another']", Some("Bearer ")),
    ("provider = 'cloudevents'\ntokens = ['one-token-of-a-source', 'another']", None),
    ("provider = 'mollie-classic'\ntokens = ['one-token-of-a-source', 'another']", None),
    (
        "provider = 'lightspeed-x'\nsecrets = ['secret']\ndefault_currency = 'EUR'\n\
         tokens = ['one-token-of-a-source', 'another']",
        None,
    ),
    ("provider = 'native'\ntokens = ['one-token-of-a-source', 'another']", Some("Bearer ")),
    ("provider = 'native'\ntokens = ['one-token-of-a-source', 'another']", Some("bearer ")),
];

#[test]
fn no_change_of_a_token_is_believed() {
    for (keys, word) in BEARING {
        let adapter = source(keys);
        let believed = |token: &[u8]| match (word, std::str::from_utf8(token)) {
            (Some(word), _) => {
                let value = [word.as_bytes(), token].concat();
                let headers = [("authorization".to_owned(), value)];
                adapter.verify(&request(&headers, b"{}"), clock()).is_ok()
            }
            (None, Ok(token)) => {
                let query = format!("access_token={token}");
                let request = Request { headers: Headers::default(), query: &query, body: b"{}" };
                adapter.verify(&request, clock()).is_ok()
            }
            // No address holds such bytes.
            (None, Err(_)) => false,
        };
        let token = b"one-token-of-a-source".to_vec();
        assert!(believed(&token), "{keys}");
        let mut random = Random(0x70ce);
        for _ in 0..20_000 {
            let mut changed = token.clone();
            change(&mut changed, &mut random);
            // What is behind an ampersand is another field.
            let same = changed == token
                || word.is_none() && changed.starts_with(b"one-token-of-a-source&");
            assert!(same || !believed(&changed), "{:?}", String::from_utf8_lossy(&changed));
        }
    }
}

#[test]
fn no_change_of_a_stripe_request_is_believed() {
    let adapter = source("provider = 'stripe'\nsecrets = ['whsec_one', 'whsec_two']");
    let sign = |body: &str| adapter.sign(Message::json(body), clock());
    let signed =
        [sign(r#"{"id":"evt_1","amount":9999}"#), sign(r#"{"id":"evt_2","amount":1}"#), sign("{}")];
    for message in &signed {
        assert!(adapter.verify(&message.request(), clock()).is_ok());
    }
    let headers: Vec<_> = signed
        .iter()
        .map(|message| message.headers[1].1.clone())
        .collect();
    check(adapter.as_ref(), &signed, 100_000, |changed, random| match random.below(8) {
        0..=2 => change(&mut changed.body, random),
        3..=5 => change(changed.header("stripe-signature"), random),
        6 => {
            // Another request's signature, or one of another scheme.
            let own = String::from_utf8(changed.header("stripe-signature").clone()).unwrap();
            let header = match random.below(3) {
                0 => headers[random.below(headers.len())].clone(),
                1 => own.replace("v1=", "v0="),
                _ => own.to_ascii_uppercase(),
            };
            *changed.header("stripe-signature") = header.into_bytes();
        }
        _ => changed
            .headers
            .push(("stripe-signature".into(), headers[0].clone().into_bytes())),
    });
}

/// Every provider that signs its bodies, and where. Adyen, which signs eight fields, has a test of its own.
const SIGNED: [(&str, &str); 7] = [
    ("provider = 'shopify'\nsecrets = ['one', 'two']", "x-shopify-hmac-sha256"),
    ("provider = 'woocommerce'\nsecrets = ['one', 'two']", "x-wc-webhook-signature"),
    (
        "provider = 'square'\nsecrets = ['one', 'two']\nurl = 'https://example.com/'",
        "x-square-hmacsha256-signature",
    ),
    (
        "provider = 'lightspeed-c'\nsecrets = ['one', 'two']\ndefault_currency = 'EUR'",
        "x-signature",
    ),
    (
        "provider = 'lightspeed-x'\nsecrets = ['one', 'two']\ndefault_currency = 'EUR'",
        "x-signature",
    ),
    ("provider = 'mollie'\nsecrets = ['one', 'two']", "x-mollie-signature"),
    ("provider = 'generic'\nsecrets = ['one', 'two']", "x-hub-signature-256"),
];

#[test]
fn no_change_of_a_signed_body_or_its_signature_is_believed() {
    for (keys, header) in SIGNED {
        let adapter = source(keys);
        let sign = |body: &str| adapter.sign(Message::json(body), clock());
        let signed = [sign(r#"{"id":1,"total":"99.99"}"#), sign("a=b&c=d")];
        let signatures: Vec<_> = signed
            .iter()
            .map(|message| message.headers[1].1.clone())
            .collect();
        check(adapter.as_ref(), &signed, 20_000, |changed, random| match random.below(7) {
            0..=2 => change(&mut changed.body, random),
            3..=4 => {
                // Mollie's prefix may be missing, so only the digits behind it are told to change.
                let value = changed.header(header);
                let mut signature =
                    value.split_off(if value.starts_with(b"sha256=") { 7 } else { 0 });
                change(&mut signature, random);
                value.extend(signature);
            }
            5 => {
                let signature = signatures[random.below(signatures.len())].clone();
                *changed.header(header) = signature.into_bytes();
            }
            _ => changed
                .headers
                .push((header.to_owned(), signatures[0].clone().into_bytes())),
        });
    }
}

/// Changes the body or one of these headers, all of which are signed.
fn alter(changed: &mut Changed, random: &mut Random, headers: &[&str]) {
    match random.below(headers.len() + 1) {
        0 => change(&mut changed.body, random),
        number => change(changed.header(headers[number - 1]), random),
    }
}

#[test]
fn no_change_of_a_standard_webhook_is_believed() {
    for keys in [
        "provider = 'standard'\nsecrets = ['whsec_c2VjcmV0', 'whsec_b3RoZXI=']",
        "provider = 'standard'\nsecrets = ['whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=']",
    ] {
        let adapter = source(keys);
        let sign =
            |id: &str| adapter.sign(Message::json("{\"a\":1}").with("webhook-id", id), clock());
        let signed = [sign("msg_1"), sign("msg_2")];
        check(adapter.as_ref(), &signed, 20_000, |changed, random| {
            alter(changed, random, &["webhook-id", "webhook-timestamp", "webhook-signature"]);
        });
    }
}

#[test]
fn no_change_of_a_paypal_transmission_is_believed() {
    let adapter = source(&paypal_keys());
    let sign = |body: &str| adapter.sign(Message::json(body), clock());
    let signed = [sign("{\"amount\":\"99.99\"}"), sign("{\"amount\":\"0.01\"}")];
    check(adapter.as_ref(), &signed, 20_000, |changed, random| {
        let headers = [
            "paypal-transmission-id",
            "paypal-transmission-time",
            "paypal-transmission-sig",
            "paypal-auth-algo",
        ];
        alter(changed, random, &headers);
    });
}

#[test]
fn no_change_of_what_adyen_signs_is_believed() {
    let adapter = source("provider = 'adyen'\nsecrets = ['00ff', 'ff00']");
    let sign = |psp: &str, success: &str| {
        let item = format!(
            r#"{{"additionalData":{{}},"pspReference":"{psp}","merchantAccountCode":"Shop",
            "merchantReference":"1001","amount":{{"value":9999,"currency":"EUR"}},
            "eventCode":"CAPTURE","success":"{success}"}}"#
        );
        let body = format!(r#"{{"notificationItems":[{{"NotificationRequestItem":{item}}}]}}"#);
        adapter.sign(Message::json(body), clock())
    };
    let signed = [sign("8825408195409505", "true"), sign("8825408195409506", "false")];
    let protected = [
        "88254081954095",
        "Shop",
        "1001",
        "9999",
        "EUR",
        "CAPTURE",
        "hmacSignature\":\"",
        "notificationItems",
    ];
    check(adapter.as_ref(), &signed, 20_000, |changed, random| {
        // One byte of what is signed, or of the signature behind its name.
        let text = String::from_utf8(changed.body.clone()).expect("JSON");
        let word = protected[random.below(protected.len())];
        let at = text.find(word).expect("every body has it");
        let at = if word.starts_with("hmac") {
            at + word.len() + random.below(44)
        } else {
            at + random.below(word.len())
        };
        changed.body[at] = b"0123456789abcdefXYZ"[random.below(19)];
    });
}
