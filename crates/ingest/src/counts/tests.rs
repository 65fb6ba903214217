use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn noon() -> Timestamp {
    at("2026-01-01T12:00:59.999999Z")
}

/// Accepted and recovered of everything that is untold.
fn untold(counts: &Counts) -> (u64, u64) {
    counts
        .untold()
        .iter()
        .fold((0, 0), |(accepted, recovered), count| {
            (accepted + count.accepted, recovered + count.recovered)
        })
}

#[test]
fn what_is_confirmed_and_answered_is_accepted_once() {
    let counts = Arc::new(Counts::default());
    let (answering, confirming) = counts.begin("shop", noon());
    confirming.confirmed(3, 3);
    assert_eq!(untold(&counts), (0, 0), "not decided yet");
    answering.accepted();
    assert_eq!(untold(&counts), (3, 0));
    let told = counts.untold();
    assert_eq!((told[0].source.as_str(), told[0].minute), ("shop", at("2026-01-01T12:00:00Z")));
}

#[test]
fn what_is_confirmed_for_a_sender_who_is_told_otherwise_is_recovered_once() {
    for sender_leaves_first in [true, false] {
        let counts = Arc::new(Counts::default());
        let (answering, confirming) = counts.begin("shop", noon());
        if sender_leaves_first {
            drop(answering);
            confirming.confirmed(2, 2);
        } else {
            confirming.confirmed(2, 2);
            drop(answering);
        }
        assert_eq!(untold(&counts), (0, 2));
    }
}

#[test]
fn of_a_request_that_is_confirmed_in_part_that_part_is_recovered() {
    let counts = Arc::new(Counts::default());
    let (answering, confirming) = counts.begin("shop", noon());
    let key = Arc::clone(confirming.key());
    confirming.confirmed(2, 3);
    drop(answering);
    assert_eq!(untold(&counts), (0, 2));
    counts.recovered(&key, 1);
    assert_eq!(untold(&counts), (0, 3), "the third came late");
}

#[test]
fn what_was_never_confirmed_is_not_counted() {
    let counts = Arc::new(Counts::default());
    let (answering, confirming) = counts.begin("shop", noon());
    confirming.confirmed(0, 1);
    drop(answering);
    let (answering, confirming) = counts.begin("shop", noon());
    drop(confirming);
    drop(answering);
    assert_eq!(counts.untold(), []);
}

fn accept(counts: &Arc<Counts>, source: &str, received_at: Timestamp) {
    let (answering, confirming) = counts.begin(source, received_at);
    confirming.confirmed(1, 1);
    answering.accepted();
}

#[test]
fn a_report_is_cumulative_and_only_what_grew_is_told_again() {
    let counts = Arc::new(Counts::default());
    accept(&counts, "shop", noon());
    accept(&counts, "bank", noon());
    let first = counts.untold();
    accept(&counts, "shop", noon());
    counts.told(&first);
    let second = counts.untold();
    assert_eq!(second.len(), 1);
    assert_eq!((second[0].source.as_str(), second[0].accepted), ("shop", 2));
    counts.told(&second);
    assert_eq!(counts.untold(), []);
    accept(&counts, "shop", noon());
    assert_eq!(untold(&counts), (3, 0), "a minute that was told may still grow");
}

#[test]
fn minutes_are_kept_until_they_are_told_and_can_grow_no_more() {
    let counts = Arc::new(Counts::default());
    accept(&counts, "shop", at("2026-01-01T12:00:00Z"));
    accept(&counts, "shop", at("2026-01-01T12:16:00Z"));
    assert_eq!(counts.untold().len(), 2);
    counts.told(&counts.untold()[1..]);
    assert_eq!(counts.entries().len(), 2, "the first was not told");
    counts.told(&counts.untold());
    assert_eq!(counts.entries().len(), 1);
}

#[test]
fn memory_is_bounded_and_the_oldest_go_first() {
    let counts = Counts::default();
    let minute =
        |nth: usize| Timestamp::from_micros(i64::try_from(nth).unwrap() * MINUTE_MICROS).unwrap();
    for nth in 0..=KEPT_MAX {
        counts.recovered(&Key { minute: minute(nth), source: "shop".into() }, 1);
    }
    assert_eq!(counts.entries().len(), KEPT_MAX);
    assert_eq!(counts.entries().keys().next().unwrap().minute, minute(1));
    assert_eq!(counts.untold().len(), COUNTS_PER_REPORT);
}
