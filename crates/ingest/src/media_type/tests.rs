use super::*;

#[track_caller]
fn check(given: Option<&str>, expected: bool) {
    let value = given.map(|text| HeaderValue::from_str(text).unwrap());
    assert_eq!(is_one_of(&["application/json"], value.as_ref()), expected, "{given:?}");
}

#[test]
fn json_is_json_however_it_is_written() {
    check(Some("application/json"), true);
    check(Some("Application/JSON; charset=UTF-8"), true);
    check(Some("application/json;charset=\"utf-8\""), true);
    check(Some("application/json; profile=x"), true);
    check(None, true);
}

#[test]
fn what_a_source_does_not_read_is_refused() {
    check(Some("text/plain"), false);
    check(Some("application/json; charset=utf-16"), false);
    check(Some("multipart/form-data; boundary=x"), false);
    check(Some("application/jsonp"), false);
    check(Some(""), false);
}
