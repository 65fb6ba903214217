use super::left;

#[test]
fn what_is_left_is_told_as_exactly_as_it_is_known() {
    for (seconds, told) in [
        (0, "about 0 s left"),
        (59, "about 59 s left"),
        (60, "about 1 min left"),
        (3_599, "about 59 min left"),
        (3_600, "about 1 h 0 min left"),
        (90_061, "about 25 h 1 min left"),
    ] {
        assert_eq!(left(seconds), told);
    }
}
