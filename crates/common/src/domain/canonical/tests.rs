use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn names_are_sorted_by_utf_16_and_nothing_is_escaped_that_need_not_be() {
    let value = json!({"\u{fb33}": 1, "\u{1f600}": [true, null], "a": "é\n\u{7f}", "A": -5});
    let expected = "{\"A\":-5,\"a\":\"é\\n\u{7f}\",\"\u{1f600}\":[true,null],\"\u{fb33}\":1}";
    assert_eq!(String::from_utf8(to_vec(&value).unwrap()).unwrap(), expected);
}

#[test]
fn what_cannot_be_kept_exactly_has_no_form() {
    let max = INTEGER_MAX;
    assert_eq!(to_vec(&max).unwrap(), b"9007199254740991");
    for value in [json!(max + 1), json!(-max - 1), json!(u64::MAX), json!(0.5), json!(1.0)] {
        assert_eq!(to_vec(&json!({"a": [value]})), Err(CanonicalError::Number));
    }
    assert_eq!(to_vec(&json!({"a": "\0"})), Err(CanonicalError::Nul));
    assert_eq!(to_vec(&json!({"\0": 1})), Err(CanonicalError::Nul));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
        "[^\0]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[^\0]{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What reads back as it was written cannot share its bytes with anything else.
    #[test]
    fn the_form_is_injective(value in values()) {
        let bytes = to_vec(&value).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }
}
