use anyhow::anyhow;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn breaker() -> Breaker {
    Breaker::new(&config::Worker::default())
}

#[test]
fn an_outage_that_comes_back_pauses_longer_up_to_the_most() {
    let mut pacing = Pacing::new(15 * SECOND, 300 * SECOND);
    let mut now = Instant::now();
    let pauses: Vec<u64> = (0..7)
        .map(|_| {
            let open_for = pacing.tripped(now);
            now += open_for;
            pacing.closed(now);
            now += SECOND;
            open_for.as_secs()
        })
        .collect();
    assert_eq!(pauses, [15, 30, 60, 120, 240, 300, 300]);
}

#[test]
fn after_a_calm_time_the_next_outage_pauses_shortly_again() {
    let mut pacing = Pacing::new(15 * SECOND, 300 * SECOND);
    let mut now = Instant::now();
    for _ in 0..3 {
        now += pacing.tripped(now);
        pacing.closed(now);
    }
    assert_eq!(pacing.open_for, 60 * SECOND);
    assert_eq!(pacing.tripped(now + 60 * SECOND), 15 * SECOND);
}

#[test]
fn many_lanes_that_notice_one_outage_open_it_once() {
    let breaker = breaker();
    let now = Instant::now();
    for late in 0..10 {
        breaker.trip(&anyhow!("gone"), now + late * SECOND);
    }
    assert_eq!(*breaker.watch().borrow(), State::Open { until: now + 15 * SECOND });
}

#[test]
fn a_failed_probe_keeps_it_open_and_a_good_one_closes_it() {
    let breaker = breaker();
    let now = Instant::now();
    breaker.trip(&anyhow!("gone"), now);
    breaker.still_away(now + 15 * SECOND);
    assert_eq!(*breaker.watch().borrow(), State::Open { until: now + 30 * SECOND });
    breaker.close(now + 30 * SECOND);
    assert!(!breaker.is_open());
}

#[tokio::test]
async fn who_waits_for_it_to_open_is_told() {
    let breaker = breaker();
    breaker.trip(&anyhow!("gone"), Instant::now());
    breaker.opened().await;
    assert!(breaker.is_open());
}
