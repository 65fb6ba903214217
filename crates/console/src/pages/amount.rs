//! Money for people.

use waybill_common::domain::{Currency, Money};

/// What stands where nothing is known.
const UNKNOWN: &str = "–";

/// An amount of minor units, such as `99.99 USD`. Without a currency there is nothing but zero to tell.
pub(super) fn amount(minor: Option<i64>, currency: Option<&str>) -> String {
    let Some(minor) = minor else { return UNKNOWN.to_owned() };
    let Some(code) = currency else { return minor.to_string() };
    let money = Currency::parse(code).and_then(|currency| Money::from_minor(minor, currency));
    // A currency that a newer worker knows and we do not.
    money
        .map_or_else(|_unknown| format!("{minor} minor units of {code}"), |money| money.to_string())
}

#[cfg(test)]
mod tests;
