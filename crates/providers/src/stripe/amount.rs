//! Stripe's integer amounts, in the minor units of ISO 4217.

use waybill_common::domain::{Currency, Money};

use crate::meaning::{Without, unusable};

/// Currencies whose amounts Stripe counts in whole units. ISK and UGX are not among them although they have no minor
/// unit: for compatibility Stripe still counts them in hundredths that are always 00.
const WHOLE_UNITS: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// The amount in the currency's own minor units: Stripe's count where both agree, rescaled where they do not.
pub(super) fn money(amount: i64, code: &str) -> Result<Money, Without> {
    if amount < 0 {
        return unusable("an amount is negative");
    }
    let Ok(currency) = Currency::parse(code) else {
        return unusable("the currency is not one of ISO 4217");
    };
    let scaled = rescale(amount, places(currency), currency.exponent());
    match scaled.map(|minor| Money::from_minor(minor, currency)) {
        Some(Ok(money)) => Ok(money),
        Some(Err(_)) => unusable("an amount is larger than can be kept exactly"),
        None => unusable(format!("an amount is no whole number of minor units of {currency}")),
    }
}

/// How many decimal places Stripe counts in.
fn places(currency: Currency) -> u8 {
    match currency.code() {
        code if WHOLE_UNITS.contains(&code) => 0,
        code if THOUSANDTHS.contains(&code) => 3,
        _ => 2,
    }
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
