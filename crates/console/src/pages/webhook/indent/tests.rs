use super::json;

#[test]
fn json_is_told_line_by_line_and_its_tokens_stay_as_they_were() {
    let sent =
        r#"{"a":12345678901234567890.10,"b":[1 , 2],"c":{ },"d":"x,{\"y\":[]}","e":[],"f":null}"#;
    let told = "{\n  \"a\": 12345678901234567890.10,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {},\n  \
                \"d\": \"x,{\\\"y\\\":[]}\",\n  \"e\": [],\n  \"f\": null\n}";
    assert_eq!(json(sent).as_deref(), Some(told));
    assert_eq!(json("\"a\\\\\"").as_deref(), Some("\"a\\\\\""));
}

#[test]
fn what_is_no_json_is_left_alone() {
    for sent in ["", "a=1&b=2", "{\"a\":1", "{}{}"] {
        assert_eq!(json(sent), None, "{sent}");
    }
}
