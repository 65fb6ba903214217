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
    let counting = counts.begin("shop", noon());
    counting.confirmed();
    counting.confirmed();
    assert_eq!(untold(&counts), (0, 0), "not decided yet");
    counting.accepted();
    assert_eq!(untold(&counts), (2, 0));
    let told = counts.untold();
    assert_eq!((told[0].source.as_str(), told[0].minute), ("shop", at("2026-01-01T12:00:00Z")));
}

#[test]
fn what_is_confirmed_for_a_sender_who_is_told_otherwise_is_recovered_once() {
    let counts = Arc::new(Counts::default());
    let counting = counts.begin("shop", noon());
    counting.confirmed();
    let (late, never) = (counting.recovered(), counting.recovered());
    drop(counting);
    assert_eq!(untold(&counts), (0, 1));
    late();
    assert_eq!(untold(&counts), (0, 2), "the second came late");
    drop(never);
    assert_eq!(untold(&counts), (0, 2), "the third was never confirmed");
}

#[test]
fn what_was_never_confirmed_is_not_counted() {
    let counts = Arc::new(Counts::default());
    drop(counts.begin("shop", noon()));
    assert_eq!(counts.untold(), []);
}

fn accept(counts: &Arc<Counts>, source: &str, received_at: Timestamp) {
    let counting = counts.begin(source, received_at);
    counting.confirmed();
    counting.accepted();
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
    let counts = Arc::new(Counts::default());
    let minute =
        |nth: usize| Timestamp::from_micros(i64::try_from(nth).unwrap() * MINUTE_MICROS).unwrap();
    for nth in 0..=KEPT_MAX {
        accept(&counts, "shop", minute(nth));
    }
    assert_eq!(counts.entries().len(), KEPT_MAX);
    assert_eq!(counts.entries().keys().next().unwrap().minute, minute(1));
    assert_eq!(counts.untold().len(), COUNTS_PER_REPORT);
}
