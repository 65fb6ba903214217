use uuid::Uuid;

use super::Cursor;
use crate::refusal::Refusal;

#[test]
fn a_cursor_survives_being_written_and_read() {
    for cursor in [Cursor::After(Uuid::now_v7()), Cursor::Before(Uuid::nil())] {
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
    }
}

#[test]
fn anything_else_is_refused() {
    for text in ["", "YQ", "!", "x".repeat(100).as_str(), "YmFkYmFkYmFkYmFkYmFkYmFk"] {
        assert!(matches!(Cursor::parse(text), Err(Refusal::Invalid(_))), "{text}");
    }
}
