use waybill_common::config::{self, Source};
use waybill_common::domain::Trust;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second).unwrap()
}

fn source(keys: &str) -> Source {
    let text = format!("profile = 'demo'\n[sources.a]\nprovider = 'adyen'\n{keys}");
    config::from_toml(&text)
        .unwrap()
        .sources
        .remove("a")
        .unwrap()
}

fn uses(keys: &str) -> SecretUses {
    SecretUses::of(&source(keys), None, at(100))
}

fn by(secret: Option<usize>, token: Option<usize>) -> Verified {
    Verified { token, ..Verified::by(Trust::Fields, secret) }
}

/// Kind, position, since when, how often, when last.
type Shown = (&'static str, u16, i64, u64, Option<i64>);

fn shown(uses: &[SecretUse]) -> Vec<Shown> {
    uses.iter()
        .map(|told| {
            let last = told.last_used_at.map(Timestamp::seconds);
            (told.kind.as_str(), told.position, told.since.seconds(), told.used, last)
        })
        .collect()
}

#[test]
fn secrets_and_tokens_are_counted_by_their_places() {
    let uses = uses("secrets = ['00', '11']\ntokens = ['t:1']");
    uses.count(&by(Some(1), Some(0)), at(105));
    uses.count(&by(Some(1), None), at(107));
    uses.count(&by(Some(1), None), at(106));
    // An adapter that knows more secrets than are configured.
    uses.count(&by(Some(9), None), at(108));
    let told = uses.untold("a", at(110));
    assert_eq!(
        shown(&told),
        [
            ("secret", 0, 100, 0, None),
            ("secret", 1, 100, 3, Some(107)),
            ("token", 0, 100, 1, Some(105)),
        ]
    );
    assert!(
        told.iter()
            .all(|told| told.source == "a" && told.told_at == at(110))
    );
}

#[test]
fn what_was_told_is_told_again_when_it_has_changed_and_once_a_minute() {
    let uses = uses("secrets = ['00', '11']");
    let first = uses.untold("a", at(100));
    assert_eq!(shown(&first).len(), 2, "unused ones are told of, too");
    uses.told("b", &first);
    assert_eq!(uses.untold("a", at(101)).len(), 2, "that was another source");
    uses.told("a", &first);
    assert_eq!(uses.untold("a", at(101)), []);
    uses.count(&by(Some(1), None), at(102));
    let second = uses.untold("a", at(103));
    assert_eq!(shown(&second), [("secret", 1, 100, 1, Some(102))]);
    uses.count(&by(Some(1), None), at(103));
    uses.told("a", &second);
    assert_eq!(shown(&uses.untold("a", at(104))), [("secret", 1, 100, 2, Some(103))]);
    uses.told("a", &uses.untold("a", at(104)));
    assert_eq!(uses.untold("a", at(159)), []);
    assert_eq!(uses.untold("a", at(160)).len(), 1, "the first, a minute after it was told");
    assert_eq!(uses.untold("a", at(164)).len(), 2);
}

#[test]
fn a_secret_that_stays_keeps_what_it_verified_wherever_it_stands_then() {
    let before = uses("secrets = ['00', '11']");
    before.count(&by(Some(0), None), at(101));
    before.count(&by(Some(1), None), at(102));
    let after = SecretUses::of(&source("secrets = ['11', '22']"), Some(&before), at(200));
    // A request that began with the configuration before.
    before.count(&by(Some(1), None), at(201));
    assert_eq!(
        shown(&after.untold("a", at(205))),
        [("secret", 0, 100, 2, Some(201)), ("secret", 1, 200, 0, None)]
    );
}

#[test]
fn a_report_about_a_secret_that_was_replaced_says_nothing_of_the_new_one() {
    let before = uses("secrets = ['00']");
    let told = before.untold("a", at(101));
    let after = SecretUses::of(&source("secrets = ['22']"), Some(&before), at(102));
    after.told("a", &told);
    assert_eq!(shown(&after.untold("a", at(103))), [("secret", 0, 102, 0, None)]);
}
