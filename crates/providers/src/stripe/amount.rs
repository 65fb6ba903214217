//! Stripe's integer amounts, in the minor units of ISO 4217.

use waybill_common::domain::{Currency, Money};

use crate::meaning::Without;
use crate::minor;

/// Currencies whose amounts Stripe counts in whole units. ISK and UGX are not among them although they have no minor
/// unit: for compatibility Stripe still counts them in hundredths that are always 00.
const WHOLE_UNITS: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
const THOUSANDTHS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// The amount in the currency's own minor units.
pub(super) fn money(amount: i64, code: &str) -> Result<Money, Without> {
    minor::money(amount, code, places)
}

/// How many decimal places Stripe counts in.
fn places(currency: Currency) -> u8 {
    match currency.code() {
        code if WHOLE_UNITS.contains(&code) => 0,
        code if THOUSANDTHS.contains(&code) => 3,
        _ => 2,
    }
}
