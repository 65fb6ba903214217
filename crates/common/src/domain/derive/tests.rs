use crate::domain::sample::{deliveries, fold};
use crate::domain::{CanonicalEvent, OrderState};

mod acknowledgements;
mod axes;
mod flags;
mod money;
mod payment;
mod scenarios;

/// Folds the events in every order, each also with one repeated at every later place, and expects one state.
#[track_caller]
fn settle(life: &[CanonicalEvent]) -> OrderState {
    let expected = fold(life).derive();
    for delivery in deliveries(&life.iter().collect::<Vec<_>>()) {
        let state = fold(delivery.iter().copied()).derive();
        let keys: Vec<&str> = delivery
            .iter()
            .map(|event| event.dedup_key.as_str())
            .collect();
        assert_eq!(state, expected, "arrived as {keys:?}");
    }
    expected
}
