use super::*;

#[test]
fn a_position_is_read_as_it_was_written() {
    let position = Position { stamp: 17, n: 4 };
    assert_eq!(position.to_string(), "17-4");
    assert_eq!("17-4".parse(), Ok(position));
    assert_eq!(Position::START.to_string().parse(), Ok(Position::START));
    let end = Position { stamp: 17, n: N_BEYOND };
    assert_eq!(end.to_string().parse(), Ok(end));
    assert!(Position { stamp: 2, n: 9 } < Position { stamp: 10, n: 1 });
}

#[test]
fn what_is_no_position_is_refused() {
    let long = "1000000000000000000-1";
    for text in
        ["", "-", "1", "1-", "-1", "1-2-3", "+1-2", "a-1", long, "9223372036854775808-1", "1- 2"]
    {
        assert_eq!(text.parse::<Position>(), Err(PositionError), "{text}");
    }
}
