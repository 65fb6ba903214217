use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, code: &str, expected: Option<i64>) {
    let currency = Currency::parse(code).unwrap();
    assert_eq!(
        Money::from_decimal(text, currency).ok().map(Money::minor),
        expected,
        "{text} {code}"
    );
}

#[test]
fn decimal_text_becomes_minor_units_of_its_currency() {
    check("99.99", "USD", Some(9999));
    check("99.9", "usd", Some(9990));
    check("25.0", "EUR", Some(2500));
    check("500", "JPY", Some(500));
    check("500.00", "JPY", Some(500));
    check("1.234", "KWD", Some(1234));
    check("-0.05", "USD", Some(-5));
    check("007.10", "USD", Some(710));
}

#[test]
fn what_is_not_exact_is_refused_and_never_rounded() {
    for text in [
        "99.999", "1e2", "1E400", "NaN", "ten", "", ".", "1.", ".5", "+1", "1,5", "--1", "1.-5",
        " 1", "٣",
    ] {
        check(text, "USD", None);
    }
    check("0.1", "JPY", None);
}

#[test]
fn amounts_end_at_what_json_keeps_exactly() {
    check("90071992547409.91", "USD", Some(INTEGER_MAX));
    check("90071992547409.92", "USD", None);
    check(&"9".repeat(400), "USD", None);
}

#[test]
fn only_currencies_with_minor_units_are_known() {
    for code in ["XXX", "XAU", "ÚSD", "US", "", "DOLLAR", "US\0"] {
        assert_eq!(Currency::parse(code), Err(MoneyError::UnknownCurrency), "{code}");
    }
}

#[test]
fn people_read_amounts_in_their_currency() {
    let show = |minor, code| {
        Money::from_minor(minor, Currency::parse(code).unwrap())
            .unwrap()
            .to_string()
    };
    assert_eq!(show(9999, "USD"), "99.99 USD");
    assert_eq!(show(-5, "USD"), "-0.05 USD");
    assert_eq!(show(500, "JPY"), "500 JPY");
}

proptest! {
    #[test]
    fn money_survives_its_text_and_its_json(minor in -INTEGER_MAX..=INTEGER_MAX, code in "USD|JPY|KWD|CLF") {
        let money = Money::from_minor(minor, Currency::parse(&code).unwrap()).unwrap();
        let text = money.to_string();
        let (number, _) = text.split_once(' ').unwrap();
        prop_assert_eq!(Money::from_decimal(number, money.currency()), Ok(money));
        let json = serde_json::to_string(&money).unwrap();
        prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
    }

    #[test]
    fn any_text_is_money_or_an_error(text in ".*") {
        let _never_panics = Money::from_decimal(&text, Currency::parse("USD").unwrap());
    }
}
