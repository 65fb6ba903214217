use actix_web::http::header::{HeaderName, HeaderValue};

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
    let names: Vec<String> = kept(&headers).into_keys().collect();
    assert_eq!(names, ["content-type", "x-shopify-webhook-id"]);
}

#[test]
fn nothing_that_smells_of_a_credential_is_on_the_list() {
    for name in KEPT {
        for smell in ["signature", "hmac", "authorization", "cookie", "token", "secret", "cert"] {
            assert!(!name.contains(smell), "{name}");
        }
    }
}
