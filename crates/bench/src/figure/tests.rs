//! The arithmetic that a reader of the table relies on.

use super::*;

fn sample(value: f64, before_ms: f64, after_ms: f64) -> Sample {
    Sample { value, disk: Disk::of(before_ms, after_ms) }
}

#[track_caller]
fn check(expected: f64, actual: f64) {
    assert!((expected - actual).abs() < 1e-6, "{expected} and {actual}");
}

#[test]
fn a_median_is_not_moved_by_one_bad_run() {
    assert_eq!(median([]), None);
    check(3.0, median([100.0, 1.0, 3.0]).unwrap());
    check(2.5, median([4.0, 1.0, 2.0, 3.0]).unwrap());
}

#[test]
fn two_equal_steps_in_series_halve_the_rate() {
    check(50.0, in_series(100.0, 100.0));
    check(19_240.0, in_series(74_000.0, 26_000.0).round());
    check(0.0, in_series(0.0, 100.0));
}

#[test]
fn the_steady_rate_ignores_a_slow_start_and_a_slow_end() {
    // Ten events every millisecond, but for a first and a last batch that are a second away.
    let mut commits = vec![(0, 10)];
    commits.extend((0..100).map(|nth| (1_000_000 + nth * 1_000, 10)));
    commits.push((3_000_000, 10));
    check(10_000.0, steady_rate(&commits));
}

#[test]
fn a_run_without_a_middle_still_has_a_rate() {
    check(0.0, steady_rate(&[]));
    check(0.0, steady_rate(&[(5, 100)]));
    check(100.0, steady_rate(&[(0, 50), (1_000_000, 100)]));
}

#[test]
fn a_ratio_is_taken_pair_by_pair_and_only_where_the_disk_was_steady() {
    let row = Row::plain("x", "/s", Series(vec![sample(80.0, 0.1, 0.1), sample(10.0, 0.1, 4.0)]))
        .beside(Series(vec![sample(100.0, 0.1, 0.15), sample(100.0, 0.1, 0.1)]))
        .target(Target::RatioAtLeast(0.75));
    check(0.8, row.ratio().unwrap());
    assert_eq!((row.unsteady(), row.is_met()), (1, Some(true)));
}

#[test]
fn a_disk_that_was_never_steady_still_gives_a_ratio_and_says_so() {
    let row = Row::plain("x", "/s", Series(vec![sample(50.0, 0.1, 4.0)]))
        .beside(Series(vec![sample(100.0, 0.1, 0.1)]))
        .target(Target::RatioAtLeast(0.75));
    check(0.5, row.ratio().unwrap());
    assert_eq!((row.unsteady(), row.is_met()), (1, Some(false)));
}

#[test]
fn what_should_be_small_is_met_when_it_is() {
    let row = |value| {
        Row::plain("x", "ms", Series(vec![sample(value, 0.1, 0.1)]))
            .target(Target::ValueAtMost(50.0))
    };
    assert_eq!(row(49.0).is_met(), Some(true));
    assert_eq!(row(51.0).is_met(), Some(false));
}

#[test]
fn probes_of_a_steady_disk_differ_by_less_than_twice() {
    assert!(Disk::of(0.10, 0.19).is_steady());
    assert!(!Disk::of(4.0, 0.10).is_steady());
    assert!(!Disk::of(0.10, 0.12).and(Disk::of(0.25, 0.12)).is_steady());
}
