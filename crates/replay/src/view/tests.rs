use chrono::TimeDelta;
use serde_json::json;

use super::*;

fn begun() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().expect("it is a time")
}

/// Ten a second at most; some of a hundred letters are done after so many milliseconds.
fn replay(done: i64, spent_ms: i64) -> Replay {
    Replay {
        id: Uuid::nil(),
        actor: "operator:ada".into(),
        reason: "mended".into(),
        origin: "127.0.0.1".into(),
        filter: json!({}),
        rate: 10,
        state: "running".into(),
        matched: 100,
        counts: Counts { applied: done, ..Counts::default() },
        position: None,
        holder: None,
        lease_until: None,
        created_at: begun(),
        started_at: Some(begun()),
        updated_at: begun() + TimeDelta::milliseconds(spent_ms),
        finished_at: None,
        last_error: None,
    }
}

#[test]
fn the_rest_takes_as_long_as_the_pace_so_far_says() {
    assert_eq!(seconds_left(&replay(20, 4_000)), Some(16));
    assert_eq!(seconds_left(&replay(100, 20_000)), Some(0));
}

#[test]
fn the_rest_is_not_told_to_take_less_than_the_rate_allows() {
    assert_eq!(seconds_left(&replay(0, 0)), Some(10));
    assert_eq!(seconds_left(&replay(1, 0)), Some(10), "9.9 seconds are told as ten");
    assert_eq!(seconds_left(&replay(50, 2_500)), Some(5));
}

#[test]
fn what_has_not_begun_or_has_ended_takes_no_time_that_can_be_told() {
    assert_eq!(seconds_left(&Replay { started_at: None, ..replay(0, 0) }), None);
    assert_eq!(seconds_left(&Replay { state: "cancelled".into(), ..replay(50, 5_000) }), None);
}

#[test]
fn a_clock_that_went_back_or_letters_that_came_since_make_no_nonsense() {
    assert_eq!(seconds_left(&replay(50, -5_000)), Some(5));
    assert_eq!(seconds_left(&replay(101, 20_000)), Some(0));
}

#[test]
fn letters_are_told_by_the_outcome_under_which_they_were_counted() {
    for (times, outcome) in (1..).zip(Outcome::ALL) {
        let mut counts = Counts::default();
        for _ in 0..times {
            counts.add(*outcome);
        }
        let told = ReplayCounts::from(counts);
        for other in Outcome::ALL {
            assert_eq!(told.of(*other), if other == outcome { times } else { 0 }, "{outcome:?}");
        }
    }
}
