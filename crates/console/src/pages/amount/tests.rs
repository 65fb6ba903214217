use super::amount;

#[test]
fn money_is_told_with_the_digits_of_its_currency() {
    assert_eq!(amount(Some(99_99), Some("USD")), "99.99 USD");
    assert_eq!(amount(Some(500), Some("JPY")), "500 JPY");
    assert_eq!(amount(Some(-1_234), Some("KWD")), "-1.234 KWD");
}

#[test]
fn what_is_not_known_is_not_made_up() {
    assert_eq!(amount(None, Some("USD")), "–");
    assert_eq!(amount(Some(0), None), "0");
    assert_eq!(amount(Some(5), Some("XYZ")), "5 minor units of XYZ");
}
