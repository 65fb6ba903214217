use lapin::types::FieldArray;
use proptest::prelude::*;

use super::*;

const ALLOWED: [&str; 5] = [ATTEMPT, DEFER, REPLAY, TRACEPARENT, TRACESTATE];
const FORBIDDEN: [&str; 6] =
    ["x-death", "x-first-death-reason", "x-last-death-queue", "x-delivery-count", "CC", "BCC"];

fn value() -> impl Strategy<Value = AMQPValue> {
    prop_oneof![
        any::<bool>().prop_map(AMQPValue::Boolean),
        any::<i64>().prop_map(AMQPValue::LongLongInt),
        any::<i32>().prop_map(AMQPValue::LongInt),
        any::<u16>().prop_map(AMQPValue::ShortUInt),
        any::<f64>().prop_map(AMQPValue::Double),
        ".{0,600}".prop_map(|text| AMQPValue::LongString(text.into())),
        any::<Vec<u8>>().prop_map(|bytes| AMQPValue::LongString(bytes.into())),
        Just(AMQPValue::FieldArray(FieldArray::default())),
        Just(AMQPValue::FieldTable(FieldTable::default())),
        Just(AMQPValue::Void),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(ALLOWED.as_slice()).prop_map(str::to_owned),
        prop::sample::select(FORBIDDEN.as_slice()).prop_map(str::to_owned),
        "[a-zA-Z-]{1,20}",
    ]
}

fn table() -> impl Strategy<Value = FieldTable> {
    prop::collection::vec((name(), value()), 0..20).prop_map(|entries| {
        let mut table = FieldTable::default();
        for (name, value) in entries {
            table.insert(name.as_str().into(), value);
        }
        table
    })
}

fn headers() -> impl Strategy<Value = Headers> {
    let text = || prop::option::of("[ -~]{1,512}");
    (any::<u16>(), any::<u16>(), prop::option::of(any::<u128>()), text(), text()).prop_map(
        |(attempt, defer, replay, traceparent, tracestate)| Headers {
            attempt,
            defer,
            replay: replay.map(Uuid::from_u128),
            traceparent,
            tracestate,
        },
    )
}

proptest! {
    #[test]
    fn whatever_comes_in_only_the_allowed_goes_out(table in table()) {
        let headers = Headers::decode(Some(&table));
        for name in headers.encode().inner().keys() {
            prop_assert!(ALLOWED.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn what_is_written_is_read_again(headers in headers()) {
        prop_assert_eq!(Headers::decode(Some(&headers.encode())), headers);
    }
}

#[test]
fn an_absent_delivery_count_is_the_first_delivery() {
    let mut table = FieldTable::default();
    assert_eq!(delivery_count(None), 0);
    assert_eq!(delivery_count(Some(&table)), 0);
    table.insert("x-delivery-count".into(), AMQPValue::LongLongInt(3));
    assert_eq!(delivery_count(Some(&table)), 3);
}

#[test]
fn numbers_of_any_width_are_understood_and_never_wrap() {
    let read = |value| {
        let mut table = FieldTable::default();
        table.insert(ATTEMPT.into(), value);
        Headers::decode(Some(&table)).attempt
    };
    assert_eq!(read(AMQPValue::ShortShortUInt(7)), 7);
    assert_eq!(read(AMQPValue::LongLongInt(7)), 7);
    assert_eq!(read(AMQPValue::LongInt(-1)), 0);
    assert_eq!(read(AMQPValue::LongUInt(70_000)), u16::MAX);
    assert_eq!(read(AMQPValue::LongString("7".into())), 0);
}
