//! Schedules and loops, on senders that do nothing.

use super::*;

#[test]
fn an_open_loop_is_evenly_spaced() {
    let schedule = Schedule::lasting(1_000.0, Duration::from_secs(2));
    assert_eq!(schedule.count - schedule.warm_up, 2_000);
    assert_eq!(schedule.due(0), Duration::ZERO);
    assert_eq!(schedule.due(1_500), Duration::from_millis(1_500));
}

#[test]
fn the_shortest_schedule_has_one_request() {
    let schedule = Schedule::lasting(0.4, Duration::from_millis(10));
    assert_eq!((schedule.warm_up, schedule.count), (0, 1));
}

#[test]
fn what_is_late_is_released_at_once() {
    let schedule = Schedule { per_second: 10.0, warm_up: 0, count: 5 };
    let mut released = 0;
    let long_ago = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
    schedule.pace(long_ago, || released += 1);
    assert_eq!(released, 5);
}

/// Hangs on its first request only.
struct Stuck;

impl Sender for Stuck {
    async fn send(&mut self, index: usize) -> Answer {
        if index == 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Answer::Accepted
    }
}

#[tokio::test]
async fn one_that_hangs_makes_those_behind_it_late_too() -> anyhow::Result<()> {
    let schedule = Schedule { per_second: 1_000.0, warm_up: 0, count: 100 };
    let tally = open_loop(vec![Stuck], schedule).await?;
    assert_eq!(tally.accepted, 100);
    // All were due within 100 ms and could only be sent after 200.
    assert!(tally.quantile_ms(0.1) >= 90.0, "{}", tally.quantile_ms(0.1));
    Ok(())
}

#[tokio::test]
async fn what_warms_up_is_counted_and_not_timed() -> anyhow::Result<()> {
    let schedule = Schedule { per_second: 10_000.0, warm_up: 1, count: 2 };
    let senders = vec![Stuck, Stuck];
    let tally = open_loop(senders, schedule).await?;
    assert_eq!(tally.accepted, 2);
    assert!(tally.quantile_ms(1.0) < 100.0, "{}", tally.quantile_ms(1.0));
    Ok(())
}

#[tokio::test]
async fn a_closed_loop_sends_no_more_than_there_is() -> anyhow::Result<()> {
    let until = Until { lasts: Duration::from_secs(60), count: 10, go: None };
    let tally = closed_loop(vec![Stuck, Stuck, Stuck], &until).await?;
    assert_eq!(tally.accepted, 10);
    Ok(())
}

#[test]
fn a_load_that_was_partly_refused_is_no_figure() {
    let mut tally = Tally::new();
    tally.count(Answer::Accepted);
    assert!(tally.ensure_all_accepted().is_ok());
    tally.count(Answer::Refused(503));
    assert!(
        tally
            .ensure_all_accepted()
            .unwrap_err()
            .to_string()
            .contains("503: 1")
    );
}
