use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use waybill_common::config::Console;

use super::Origin;

#[track_caller]
fn check(public_url: Option<&str>, headers: &[(&str, &str)], expected: bool) {
    let console = Console { public_url: public_url.map(str::to_owned), ..Console::default() };
    let map: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    assert_eq!(Origin::new(&console).unwrap().is_ours(&map), expected, "{headers:?}");
}

const PUBLIC: Option<&str> = Some("https://waybill.example.com");

#[test]
fn our_own_pages_are_believed() {
    check(
        PUBLIC,
        &[("origin", "https://waybill.example.com"), ("sec-fetch-site", "same-origin")],
        true,
    );
    check(None, &[("origin", "http://localhost:8080"), ("host", "localhost:8080")], true);
}

#[test]
fn other_sites_are_not() {
    check(PUBLIC, &[("origin", "https://evil.example.com")], false);
    check(PUBLIC, &[("origin", "http://waybill.example.com")], false);
    check(PUBLIC, &[("origin", "null")], false);
    check(PUBLIC, &[("sec-fetch-site", "cross-site")], false);
    check(PUBLIC, &[("sec-fetch-site", "same-site")], false);
    check(None, &[("origin", "http://localhost:8081"), ("host", "localhost:8080")], false);
    check(None, &[("origin", "http://localhost:8080")], false);
}

#[test]
fn whoever_is_no_browser_says_nothing() {
    check(PUBLIC, &[], true);
}

#[test]
fn pages_have_addresses() {
    let console = Console { public_url: PUBLIC.map(str::to_owned), ..Console::default() };
    let page = Origin::new(&console).unwrap().page("/sign-in/abc");
    assert_eq!(page.as_str(), "https://waybill.example.com/sign-in/abc");
}
