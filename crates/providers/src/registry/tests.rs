use waybill_common::config;

use super::*;

#[track_caller]
fn check(keys: &str, expected: Result<(), &str>) {
    let text = format!("profile = 'demo'\n[sources.shop]\n{keys}");
    let config = config::from_toml(&text).unwrap();
    let built = adapter("shop", &config.sources["shop"]).map_err(|refused| refused.to_string());
    match expected {
        Ok(()) => assert_eq!(built.map(|_adapter| ()), Ok(()), "{keys}"),
        Err(message) => assert_eq!(built.err().as_deref(), Some(message), "{keys}"),
    }
}

#[test]
fn every_provider_is_known_by_its_name() {
    for provider in PROVIDERS {
        let text = format!("profile = 'demo'\n[sources.shop]\nprovider = '{provider}'");
        let config = config::from_toml(&text).unwrap();
        let refused = adapter("shop", &config.sources["shop"]).err();
        assert!(!matches!(refused, Some(SetupError::UnknownProvider { .. })), "{provider}");
    }
    let known = PROVIDERS.join(", ");
    check(
        "provider = 'strype'",
        Err(&format!("sources.shop.provider: \"strype\" is not known; known are {known}")),
    );
}

#[test]
fn a_source_has_what_its_provider_needs_and_nothing_that_it_does_not_use() {
    let native = "provider = 'native'\ntokens = ['t']";
    check(&format!("{native}\ndefault_currency = 'EUR'\nbook = 'shop'"), Ok(()));
    check(
        "provider = 'native'",
        Err("sources.shop.tokens must be given, for provider native needs it"),
    );
    for (key, value) in [
        ("secrets", "['s']"),
        ("live", "false"),
        ("order_ref", "'/id'"),
        ("url", "'https://example.com'"),
    ] {
        check(
            &format!("{native}\n{key} = {value}"),
            Err(&format!("sources.shop.{key} must be absent, for provider native does not use it")),
        );
    }
}
