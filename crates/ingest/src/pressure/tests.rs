use super::*;

const LIMITS: Limits = Limits {
    depth_soft: 100,
    depth_hard: 400,
    age_soft: Duration::from_secs(60),
    age_hard: Duration::from_secs(360),
};

#[track_caller]
fn check(depth: Option<u64>, age_seconds: Option<u64>, expected: Pressure) {
    let seen = Seen { depth, age: age_seconds.map(Duration::from_secs) };
    assert_eq!(LIMITS.pressure(seen), expected, "{seen:?}");
}

#[test]
fn pressure_grows_in_steps_between_the_limits() {
    for (depth, expected) in [
        (0, Pressure::None),
        (100, Pressure::None),
        (101, Pressure::Soft),
        (199, Pressure::Soft),
        (200, Pressure::Firm),
        (299, Pressure::Firm),
        (300, Pressure::Severe),
        (400, Pressure::Severe),
        (401, Pressure::Hard),
        (u64::MAX, Pressure::Hard),
    ] {
        check(Some(depth), None, expected);
    }
    for (age, expected) in [
        (60, Pressure::None),
        (61, Pressure::Soft),
        (160, Pressure::Firm),
        (260, Pressure::Severe),
        (360, Pressure::Severe),
        (361, Pressure::Hard),
    ] {
        check(Some(1), Some(age), expected);
    }
}

#[test]
fn what_is_not_known_is_no_reason_and_the_worse_of_two_counts() {
    check(None, None, Pressure::None);
    check(Some(50), None, Pressure::None);
    check(None, Some(361), Pressure::Hard);
    check(Some(150), Some(300), Pressure::Severe);
    check(Some(350), Some(61), Pressure::Severe);
    check(Some(0), Some(9_999), Pressure::None);
}

#[test]
fn limits_that_are_one_leave_nothing_between() {
    let one = Limits { depth_soft: 5, depth_hard: 1, ..LIMITS };
    let at = |depth| one.pressure(Seen { depth: Some(depth), age: None });
    assert_eq!([at(0), at(1), at(2)], [Pressure::None, Pressure::None, Pressure::Hard]);
}

#[test]
fn who_is_refused_first_is_a_table() {
    // Refused at none, soft, firm, severe, hard.
    for (moves_money, over_share, expected) in [
        (false, true, [false, true, true, true, true]),
        (false, false, [false, false, true, true, true]),
        (true, true, [false, false, false, true, true]),
        (true, false, [false, false, false, false, true]),
    ] {
        for (level, refused) in (0..).zip(expected) {
            let asking = Asking { retries: true, moves_money, over_share };
            let pressure = Pressure::of_level(level);
            assert_eq!(pressure.refuses(asking), refused, "{pressure:?} {asking:?}");
            assert_eq!(pressure.level(), level);
            assert!(!pressure.refuses(Asking { retries: false, ..asking }), "it would be lost");
        }
    }
}

#[test]
fn what_only_retells_or_points_moves_no_money() {
    assert!(moves_money(&Effect::Facts { facts: Vec::new() }));
    for effect in [
        Effect::Control { control: "ping".into() },
        Effect::Ignored { reason: "unknown type".into() },
    ] {
        assert!(!moves_money(&effect));
    }
    assert!(moves_money(&Effect::Unusable { reason: "no id".into() }));
}
