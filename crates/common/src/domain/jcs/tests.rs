use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn text(value: &Value) -> String {
    String::from_utf8(to_vec(&InOrder(value)).unwrap()).unwrap()
}

/// RFC 8785, section 3.2.2 and 3.2.3.
#[test]
fn the_examples_of_the_rfc_have_their_canonical_form() {
    let value: Value = serde_json::from_str(
        r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]}"#,
    )
    .unwrap();
    let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(text(&value), expected);
    let value = json!({
        "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7
    });
    let expected =
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(text(&value), expected);
}

#[test]
fn integers_are_doubles_too() {
    let value = json!([u64::MAX, i64::MIN, i64::MAX, 1_u64 << 53, -0.0]);
    assert_eq!(
        text(&value),
        "[18446744073709552000,-9223372036854776000,9223372036854776000,9007199254740992,0]"
    );
}

#[test]
fn what_has_no_json_form_has_no_canonical_one() {
    let pair = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(to_vec(&pair).is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_has_the_form_that_a_general_canonicalizer_gives_it(value in values()) {
        prop_assert_eq!(text(&value), serde_json_canonicalizer::to_string(&value).unwrap());
    }
}
