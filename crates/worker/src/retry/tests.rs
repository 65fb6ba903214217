use super::*;

#[test]
fn every_delay_is_used_once_and_then_the_event_is_dead() {
    let delays = [5, 10, 21_600];
    let steps: Vec<Step> = (0..5).map(|failed| next_step(&delays, failed)).collect();
    assert_eq!(
        steps,
        [
            Step::Retry { delay_ms: 5_000, attempt: 1 },
            Step::Retry { delay_ms: 10_000, attempt: 2 },
            Step::Retry { delay_ms: 21_600_000, attempt: 3 },
            Step::Exhausted,
            Step::Exhausted,
        ]
    );
}
