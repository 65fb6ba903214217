use proptest::prelude::*;

use super::*;

#[track_caller]
fn check_refused(body: impl AsRef<[u8]>, expected: &str) {
    let message = parse(body.as_ref())
        .expect_err("must be refused")
        .to_string();
    assert!(message.contains(expected), "{message}");
    assert!(!message.contains(['\n', '\r', '\0']) && message.len() < 200, "{message}");
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn every_kind_of_value_is_read_and_numbers_keep_their_digits() {
    let body =
        br#"{"a": null, "b": true, "c": [1.10, -0, 1e400], "d": {"e": "\u00e9\n"}, "f": false}"#;
    let json = parse(body).unwrap();
    assert_eq!(json.at("a"), &Json::Null);
    assert_eq!(json.at("b"), &Json::Bool(true));
    assert_eq!(json.at("f"), &Json::Bool(false));
    let numbers = ["1.10", "-0", "1e400"].map(Json::Number).to_vec();
    assert_eq!(json.at("c"), &Json::List(numbers));
    assert_eq!(json.at("d").at("e").text(), Some("é\n"));
    assert_eq!(json.at("absent"), &Json::Null);
    assert_eq!(json.at("b").at("no object"), &Json::Null);
}

#[test]
fn what_is_not_one_json_document_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "{}{}",
        "{} x",
        "\u{feff}{}",
        "nul",
        "{'a':1}",
        "{\"a\":01}",
        "[1,]",
        "{a:1}",
        "NaN",
        "+1",
        ".5",
        "1.",
        "\"\t\"",
        "\"\\x\"",
        "// c\n{}",
        "{\"a\"}",
        "\0",
        "{\"a\":1}\0",
    ] {
        check_refused(body, "must be one JSON document");
    }
    check_refused(b"\"\xff\"", "must be UTF-8");
    check_refused([0xff, 0xfe, b'{', 0, b'}', 0], "must be UTF-8");
    for half in [r#""\ud800""#, r#"{"a":"\udc00x"}"#, r#"{"\ud800":1}"#] {
        check_refused(half, "Unicode text only");
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_at_every_level_and_in_every_spelling() {
    for body in [
        r#"{"amount":1,"amount":1}"#,
        r#"{"amount":1,"\u0061mount":2}"#,
        r#"{"a":{"amount":1,"b":2,"amount":3}}"#,
        r#"[[{"amount":1,"am\u006Funt":2}]]"#,
    ] {
        check_refused(body, "must not name \"amount\" twice");
    }
    check_refused(r#"{"a\r\n\u0000":1,"a\r\n\u0000":1}"#, "twice");
    check_refused(format!("{{\"{0}\":1,\"{0}\":1}}", "k".repeat(9_000)), "twice");
    // Another case is another key, and a key may stand again in another object.
    assert!(parse(br#"{"a":{"b":1},"A":{"b":1},"c":[{"b":1},{"b":1}]}"#).is_ok());
}

#[test]
fn nesting_ends_at_32_and_never_at_the_stack() {
    assert!(parse(nested(32).as_bytes()).is_ok());
    assert!(parse(format!("{}1{}", "{\"a\":".repeat(32), "}".repeat(32)).as_bytes()).is_ok());
    for depth in [33, 127, 128, 129, 100_000] {
        check_refused(nested(depth), "nested deeper than 32");
        let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        check_refused(objects, "nested deeper than 32");
    }
    check_refused("[".repeat(100_000), "must be one JSON document");
}

#[test]
fn the_number_of_values_and_the_length_of_text_are_bounded() {
    let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
    assert!(parse(list(9_999).as_bytes()).is_ok());
    check_refused(list(10_000), "more than 10000 values");
    let members = (0..1_000_000)
        .map(|key| format!("\"{key}\":0"))
        .collect::<Vec<_>>()
        .join(",");
    check_refused(format!("{{{members}}}"), "more than 10000 values");
    let text = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes));
    assert!(parse(text(65_536).as_bytes()).is_ok());
    check_refused(text(65_537), "longer than 65536 bytes");
    check_refused(format!("{{\"{}\":1}}", "x".repeat(65_537)), "longer than 65536 bytes");
}

#[test]
fn names_that_mean_something_elsewhere_mean_nothing_here() {
    let json = parse(br#"{"__proto__":{"a":1},"constructor":2,"":3}"#).unwrap();
    assert!(json.at("a").is_null());
    assert_eq!(json.at(""), &Json::Number("3"));
}

#[test]
fn canonical_form_is_that_of_rfc_8785() {
    let json = parse(br#"{"b": [1.0, 1e2, -0, 0.1], "a": "\u20ac", "c": null}"#).unwrap();
    let canonical = jcs::to_vec(&json).unwrap();
    assert_eq!(canonical, r#"{"a":"€","b":[1,100,0,0.1],"c":null}"#.as_bytes());
    let beyond = parse(b"[1e400]").unwrap();
    assert!(jcs::to_vec(&beyond).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _never_panics = parse(&body);
    }

    #[test]
    fn what_other_readers_accept_is_read_alike(text in r#"[\[\]{}:,"a-c0-9\\ue. -]{0,60}"#) {
        let theirs: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        match parse(text.as_bytes()) {
            Ok(ours) => prop_assert_eq!(serde_json::to_value(&ours).ok(), theirs),
            Err(JsonError::DuplicateKey(_) | JsonError::TooDeep) => {}
            Err(_) => prop_assert!(theirs.is_none(), "{}", text),
        }
    }
}
