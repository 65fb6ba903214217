use proptest::prelude::*;

use super::*;

#[test]
fn a_field_is_read_once_or_not_at_all() {
    let read = |body: &str| field(body.as_bytes(), "id");
    assert_eq!(read("id=tr_1"), Some("tr_1".into()));
    assert_eq!(read("a=b&id=%7B%22x%22%3A+1%7D&c"), Some("{\"x\": 1}".into()));
    assert_eq!(read("%69d=1"), Some("1".into()));
    assert_eq!(read("id="), Some(String::new()));
    assert_eq!(read("id"), Some(String::new()));
    for none in ["", "ID=1", "id=1&id=1", "id=1&%69d=2", "id=%", "id=%4", "id=%zz", "id=%ff"] {
        assert_eq!(read(none), None, "{none}");
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_read_back(text in ".{0,60}") {
        let body = format!("x=1&id={}&y=2", encode(&text));
        prop_assert_eq!(field(body.as_bytes(), "id"), Some(text));
    }

    #[test]
    fn any_bytes_are_read_or_not(body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _never_panics = field(&body, "id");
    }
}
