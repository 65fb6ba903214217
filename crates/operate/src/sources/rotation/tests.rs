use super::super::SecretUsage;
use super::*;

const NOW: &str = "2026-11-24T12:00:00Z";
const LONG_AGO: &str = "2026-10-01T00:00:00Z";
const DAYS_AGO: &str = "2026-11-21T12:00:00Z";
const HOURS_AGO: &str = "2026-11-24T09:00:00Z";

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    Timestamp::parse(text).unwrap().to_datetime()
}

/// Tried, and last used then by replicas that run.
fn used(last: Option<&str>) -> SecretView {
    let usage = SecretUsage {
        since: at(LONG_AGO),
        used: last.map_or(0, |_| 1),
        last_used_at: last.map(at),
    };
    SecretView { active: true, usage: Some(usage), ..SecretView::default() }
}

fn before(last: &str, secret: SecretView) -> SecretView {
    SecretView { used_before_at: Some(at(last)), ..secret }
}

#[track_caller]
fn check<const N: usize>(secrets: [SecretView; N], standings: [Standing; N], words: &str) {
    let stood = stand(secrets.to_vec(), now());
    let seen: Vec<Standing> = stood.iter().map(|secret| secret.standing).collect();
    assert_eq!(seen, standings);
    assert_eq!(in_words(&stood, &[]), words);
    assert_eq!(in_words(&[], &stood), words.replace("secret ", "token "));
}

use Standing::{Over, Replaced, ToCome, Unknown, Unused, Used};

#[test]
fn an_old_secret_can_go_when_it_was_not_used_for_a_day_and_the_new_one_was() {
    let new = used(Some(HOURS_AGO));
    let words = "secret 1 is not used any more: it can go";
    check([used(Some(DAYS_AGO)), new.clone()], [Replaced, Used], words);
    let words = "several are in use";
    check([used(Some(NOW)), new.clone()], [Used, Used], words);
    check([used(Some(HOURS_AGO)), used(Some(NOW))], [Used, Used], words);
    check([used(Some(DAYS_AGO)), used(Some(LONG_AGO))], [Used, Replaced], {
        "secret 2 is not used any more: it can go"
    });
    // Nothing came at all, so it may still be the one that is signed with.
    check([used(Some(DAYS_AGO))], [Used], "one is in use");
}

#[test]
fn what_replicas_that_are_gone_verified_speaks_for_an_old_secret_and_not_for_a_new_one() {
    let new = used(Some(NOW));
    let gone_lately = before(HOURS_AGO, used(None));
    check([gone_lately, new.clone()], [Used, Used], "several are in use");
    let gone_long = before(DAYS_AGO, used(None));
    let words = "secret 1 is not used any more: it can go";
    check([gone_long, new], [Replaced, Used], words);
    // The new one's place was used before, not the new one.
    let place_used = before(NOW, used(None));
    check([used(Some(DAYS_AGO)), place_used], [Used, Used], "several are in use");
}

#[test]
fn a_new_secret_that_nobody_uses_is_waited_for() {
    let words = "secret 2 has not been used yet";
    check([used(Some(NOW)), used(None)], [Used, Unused], words);
    check([used(None), used(None)], [Unused, Unused], "several are in use");
    check([used(None)], [Unused], "one is in use");
}

#[test]
fn without_a_word_from_ingest_times_are_what_is_known() {
    let active = SecretView { active: true, ..SecretView::default() };
    let ends = SecretView { not_after: Some(NOW.into()), ..active.clone() };
    let to_come =
        SecretView { not_before: Some("2027-01-01T00:00:00Z".into()), ..SecretView::default() };
    let over = SecretView { not_after: Some(LONG_AGO.into()), ..SecretView::default() };
    check([], [], "no secret: everything is refused");
    check([over.clone()], [Over], "none is in use: everything is refused");
    check([active.clone()], [Unknown], "one is in use");
    check([ends.clone()], [Unknown], "the only one ends, and no other follows");
    check([ends.clone(), to_come.clone()], [Unknown, ToCome], "another one follows");
    check([active.clone(), to_come], [Unknown, ToCome], "another one follows");
    check([ends, active.clone()], [Unknown, Unknown], "several are in use while one ends");
    check([over, before(HOURS_AGO, active)], [Over, Unknown], "one is in use");
}
