use super::{LAST, Timestamp, TimestampError};

#[test]
fn a_time_is_read_with_any_offset_and_cut_to_microseconds() {
    for (text, micros) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t01:00:00.0000019+01:00", 1),
        ("1972-06-30T23:59:60Z", 78_796_800_000_000),
        ("9999-12-31T23:59:59.999999999Z", LAST),
    ] {
        assert_eq!(Timestamp::parse(text), Timestamp::from_micros(micros), "{text}");
    }
}

#[test]
fn a_bound_that_lies_outside_is_the_nearest_time_within() {
    for (text, nearest) in [
        ("0000-01-01T00:00:00Z", 0),
        ("1970-01-01T00:59:59+01:00", 0),
        ("9999-12-31T23:59:59-00:01", LAST),
    ] {
        assert_eq!(Timestamp::parse(text), Err(TimestampError::OutOfRange), "{text}");
        assert_eq!(Timestamp::parse_bound(text), Timestamp::from_micros(nearest), "{text}");
    }
    for text in ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z"] {
        assert_eq!(Timestamp::parse_bound(text), Err(TimestampError::Malformed), "{text}");
        assert_eq!(Timestamp::parse(text), Err(TimestampError::Malformed), "{text}");
    }
}
