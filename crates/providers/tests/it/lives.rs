//! The scenarios: whole lives of an order, signed and understood.

use std::collections::BTreeSet;

use waybill_common::domain::{Currency, Effect, Money};
use waybill_providers::{Adapter, Order, PROVIDERS, Parsed, Scenario, scenarios};

use crate::support::{clock, source};

fn dollars(cents: i64) -> Money {
    let currency = Currency::parse("USD").expect("a currency");
    Money::from_minor(cents, currency).expect("not too much")
}

fn order(seed: u64) -> Order {
    Order {
        id: (1_000 + seed).to_string(),
        seed,
        total: dollars(99_99),
        now: clock(),
        live: true,
        named_throughout: false,
    }
}

/// A source of that provider with whatever it needs.
fn set_up(provider: &str) -> Box<dyn Adapter> {
    let keys = match provider {
        "native" => "tokens = ['token']",
        "adyen" => "secrets = ['00ff']\ntokens = ['user:password']",
        "square" => "secrets = ['secret']\nurl = 'https://example.com/square'",
        "lightspeed-c" | "lightspeed-x" => "secrets = ['secret']\ndefault_currency = 'USD'",
        "mollie-classic" => "",
        _ => "secrets = ['whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=']",
    };
    source(&format!("provider = '{provider}'\n{keys}"))
}

/// Signs, verifies and parses the messages of a life.
fn live(adapter: &dyn Adapter, scenario: &Scenario, order: &Order) -> Vec<Parsed> {
    (scenario.messages)(order)
        .into_iter()
        .flat_map(|message| {
            let signed = adapter.sign(message, clock());
            let request = signed.request();
            let verified = adapter.verify(&request, clock()).expect("just signed");
            adapter
                .parse(&request, &verified, clock())
                .expect("well-formed")
        })
        .collect()
}

fn all() -> impl Iterator<Item = (&'static str, &'static Scenario)> {
    PROVIDERS.into_iter().flat_map(|provider| {
        scenarios(provider)
            .iter()
            .map(move |scenario| (provider, scenario))
    })
}

#[test]
fn every_message_of_a_life_says_something_about_the_order() {
    for (provider, scenario) in all() {
        let events = live(set_up(provider).as_ref(), scenario, &order(7));
        assert!(events.len() >= 2, "{provider} {}", scenario.name);
        for event in &events {
            let says_something =
                matches!(event.effect, Effect::Facts { .. } | Effect::Snapshot { .. });
            assert!(says_something, "{provider} {}: {event:?}", scenario.name);
            assert!(!event.order_refs.is_empty(), "{provider} {}: {event:?}", scenario.name);
        }
    }
}

#[test]
fn every_event_has_its_own_key_and_orders_share_none() {
    for (provider, scenario) in all() {
        let adapter = set_up(provider);
        let mut keys = BTreeSet::new();
        for seed in 0..20 {
            for event in live(adapter.as_ref(), scenario, &order(seed)) {
                assert!(keys.insert(event.dedup_key), "{provider} {}", scenario.name);
            }
        }
    }
}

#[test]
fn a_life_can_be_told_again_in_the_same_words() {
    for (_, scenario) in all() {
        assert_eq!((scenario.messages)(&order(3)), (scenario.messages)(&order(3)));
    }
}

#[test]
fn a_life_names_the_merchants_order_throughout_where_that_is_asked_for() {
    for (provider, scenario) in all() {
        let order = Order { named_throughout: true, ..order(7) };
        for event in live(set_up(provider).as_ref(), scenario, &order) {
            assert_eq!(
                event.order_refs[0].external_id(),
                Some("1007"),
                "{provider} {}",
                scenario.name
            );
        }
    }
}

#[test]
fn names_of_scenarios_are_unique() {
    for provider in PROVIDERS {
        let names: BTreeSet<_> = scenarios(provider)
            .iter()
            .map(|scenario| scenario.name)
            .collect();
        assert_eq!(names.len(), scenarios(provider).len(), "{provider}");
    }
}
