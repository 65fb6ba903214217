use super::*;
use crate::domain::sample::{event, fact, snapshot};
use crate::domain::{Operation, Outcome};

#[test]
fn a_reason_says_what_was_learnt_and_where_the_order_went() {
    let told =
        event("1", 1, fact(Operation::Capture, "stripe:acct:pi_1", Outcome::Succeeded).usd(9_999));
    assert_eq!(
        applied(&Told::from(&told), Some(Status::Processing), Status::Paid),
        "the join learnt: capture stripe:acct:pi_1 succeeded, 99.99 USD; the order goes from processing to paid"
    );
    assert_eq!(
        applied(&Told::from(&told.clone().sent_by(ADMIN)), None, Status::Paid),
        "admin: the join learnt: capture stripe:acct:pi_1 succeeded, 99.99 USD; the order begins as paid"
    );
    assert_eq!(
        no_change(&Told::from(&told)),
        "the join already knew as much, or something that takes precedence over: \
         capture stripe:acct:pi_1 succeeded, 99.99 USD"
    );
}

#[test]
fn a_reason_stays_short_whatever_was_told() {
    let long = "x".repeat(10_000);
    let facts = vec![fact(Operation::Close, &long, Outcome::Succeeded); 50];
    let told = event("1", 1, Effect::Snapshot { snapshot: snapshot(&long, 1), facts });
    let reason = applied(&Told::from(&told), Some(Status::Paid), Status::Paid);
    assert!(reason.len() < 600, "{reason}");
    assert!(reason.contains("and 47 more; the order stays paid"), "{reason}");
    assert!(claimed_reference(&"é".repeat(200), "B").contains("the first stands"));
}
