//! Integer amounts as providers count them, in the minor units of ISO 4217.

use waybill_common::domain::{Currency, Money};

use crate::meaning::{Without, unusable};

/// The amount in the currency's own minor units: the provider's count where both agree, rescaled where they do not.
/// `places` tells how many decimal places the provider counts in.
pub(crate) fn money(amount: i64, code: &str, places: fn(Currency) -> u8) -> Result<Money, Without> {
    if amount < 0 {
        return unusable("an amount is negative");
    }
    let currency = currency(code)?;
    let scaled = rescale(amount, places(currency), currency.exponent());
    match scaled.map(|minor| Money::from_minor(minor, currency)) {
        Some(Ok(money)) => Ok(money),
        Some(Err(_)) => unusable("an amount is larger than can be kept exactly"),
        None => unusable(format!("an amount is no whole number of minor units of {currency}")),
    }
}

/// A decimal amount that is not negative.
pub(crate) fn decimal(digits: Option<&str>, code: Option<&str>) -> Result<Money, Without> {
    let Some(digits) = digits else { return unusable("an amount is missing") };
    let Some(code) = code else { return unusable("the currency is missing") };
    match Money::from_decimal(digits, currency(code)?) {
        Ok(money) if money.minor() >= 0 => Ok(money),
        Ok(_) => unusable("an amount is negative"),
        Err(why) => unusable(format!("an amount {why}")),
    }
}

fn currency(code: &str) -> Result<Currency, Without> {
    Currency::parse(code).or_else(|_unknown| unusable("the currency is not one of ISO 4217"))
}

/// Absent where it would have to be rounded or does not fit.
fn rescale(amount: i64, from: u8, to: u8) -> Option<i64> {
    let factor = 10_i64.pow(u32::from(from.abs_diff(to)));
    if to >= from {
        amount.checked_mul(factor)
    } else {
        (amount % factor == 0).then_some(amount / factor)
    }
}

/// A running sum of one currency.
pub(crate) fn sum(so_far: Option<Money>, more: Money) -> Result<Money, Without> {
    let Some(so_far) = so_far else { return Ok(more) };
    if so_far.currency() != more.currency() {
        return unusable("amounts of one object are in several currencies");
    }
    so_far
        .minor()
        .checked_add(more.minor())
        .and_then(|minor| Money::from_minor(minor, more.currency()).ok())
        .map_or_else(|| unusable("an amount is larger than can be kept exactly"), Ok)
}
