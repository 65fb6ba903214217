use super::*;

fn wanted(number: usize) -> Wanted {
    Wanted { source: "paypal".to_owned(), address: format!("CERT-{number}") }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_767_268_800 + seconds).unwrap()
}

fn pem() -> Arc<[u8]> {
    b"pem".as_slice().into()
}

/// What happens to one who asks, in a word.
fn step(shelf: &mut Shelf, number: usize, seconds: i64) -> &'static str {
    match shelf.step(&wanted(number), at(seconds), || true) {
        Step::Learn(_) => "learn",
        Step::Wait(_) => "wait",
        Step::Fetch(..) => "fetch",
        Step::GoWithout => "go without",
    }
}

#[test]
fn whoever_comes_while_a_certificate_is_fetched_waits_for_it() {
    let mut shelf = Shelf::default();
    assert_eq!(step(&mut shelf, 1, 0), "fetch");
    assert_eq!(step(&mut shelf, 1, 1), "wait");
    assert_eq!(step(&mut shelf, 2, 1), "fetch", "another address");
}

#[test]
fn what_was_believed_is_kept_for_a_day_and_then_fetched_without_budget() {
    let mut shelf = Shelf::default();
    shelf.keep(&wanted(1), pem(), at(0));
    assert_eq!(step(&mut shelf, 1, KEPT_FOR_SECONDS - 1), "learn");
    let again = shelf.step(&wanted(1), at(KEPT_FOR_SECONDS), || false);
    assert!(matches!(again, Step::Fetch(..)));
    shelf.refuse(&wanted(1), at(KEPT_FOR_SECONDS));
    assert!(shelf.believed(&wanted(1)).is_some(), "the old one stays known");
}

#[test]
fn after_a_failure_nobody_asks_for_a_minute() {
    let mut shelf = Shelf::default();
    shelf.refuse(&wanted(1), at(0));
    assert_eq!(step(&mut shelf, 1, 0), "go without");
    assert_eq!(step(&mut shelf, 1, REFUSED_FOR_SECONDS - 1), "go without");
    assert_eq!(step(&mut shelf, 1, REFUSED_FOR_SECONDS), "fetch");
}

#[test]
fn without_budget_nothing_is_fetched_or_remembered() {
    let mut shelf = Shelf::default();
    assert!(matches!(shelf.step(&wanted(1), at(0), || false), Step::GoWithout));
    assert!(shelf.0.is_empty());
}

#[test]
fn strangers_addresses_are_bounded_and_push_out_none_that_was_believed() {
    let mut shelf = Shelf::default();
    shelf.keep(&wanted(0), pem(), at(0));
    for number in 1..=2 * ADDRESSES_MAX {
        shelf.refuse(&wanted(number), at(1));
    }
    assert_eq!(shelf.0.len(), ADDRESSES_MAX);
    assert_eq!(step(&mut shelf, 0, 2), "learn");
}
