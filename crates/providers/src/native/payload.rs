//! The fields of a native webhook, checked one by one so that its sender hears of all that is wrong at once.

use std::collections::BTreeMap;

use waybill_common::domain::{Currency, Money, OccurredAt, Origin, Timestamp};

use crate::json::Json;
use crate::meaning::is_id;
use crate::statement;
use crate::time::precision;

/// 2000-01-01T00:00:00Z. Older and far future times would decide precedence for ever.
const EARLIEST_SECONDS: i64 = 946_684_800;
const AHEAD_MAX_MICROS: i64 = 10 * 60 * 1_000_000;

/// A native webhook whose every field is good.
pub(super) struct Payload {
    pub(super) order: String,
    pub(super) txn: String,
    pub(super) status: &'static str,
    pub(super) amount: Money,
    pub(super) occurred_at: OccurredAt,
    pub(super) event_id: Option<String>,
    pub(super) webhook_source: Option<String>,
    pub(super) correlation_id: Option<String>,
}

/// What is wrong, by field.
pub(super) type Errors = BTreeMap<String, Vec<String>>;

/// Reads the fields of an object.
pub(super) fn read(
    body: &Json<'_>,
    default_currency: Option<Currency>,
    now: Timestamp,
) -> Result<Payload, Errors> {
    let mut form = Form { body, errors: Errors::new() };
    let order = form.required("order_uuid", id);
    let txn = form.required("txn_id", id);
    let status = form.required("status", status_name);
    let currency = form.currency(default_currency);
    let amount = form.amount(currency);
    let occurred_at = form.required("timestamp", |value| time(value, now));
    let event_id = form.optional("event_id", id);
    let webhook_source = form.optional("webhook_source", id);
    let correlation_id = form.optional("correlation_id", id);
    match (order, txn, status, amount, occurred_at) {
        (Some(order), Some(txn), Some(status), Some(amount), Some(occurred_at))
            if form.errors.is_empty() =>
        {
            Ok(Payload {
                order,
                txn,
                status,
                amount,
                occurred_at,
                event_id,
                webhook_source,
                correlation_id,
            })
        }
        _ => Err(form.errors),
    }
}

struct Form<'a> {
    body: &'a Json<'a>,
    errors: Errors,
}

impl Form<'_> {
    fn required<T>(
        &mut self,
        field: &str,
        read: impl Fn(&Json<'_>) -> Result<T, String>,
    ) -> Option<T> {
        if self.body.at(field).is_null() {
            self.wrong(field, "is required".into());
        }
        self.optional(field, read)
    }

    /// Absent and null say the same: nothing.
    fn optional<T>(
        &mut self,
        field: &str,
        read: impl Fn(&Json<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.body.at(field);
        if value.is_null() {
            return None;
        }
        read(value).map_err(|why| self.wrong(field, why)).ok()
    }

    fn currency(&mut self, default: Option<Currency>) -> Option<Currency> {
        const FIELD: &str = "metadata.currency";
        let metadata = self.body.at("metadata");
        if !metadata.is_null() && metadata.object().is_none() {
            self.wrong("metadata", "must be an object".into());
            return None;
        }
        let code = metadata.at("currency");
        if code.is_null() {
            if default.is_none() {
                self.wrong(FIELD, "is required".into());
            }
            return default;
        }
        text(code)
            .and_then(|code| Currency::parse(code).map_err(|why| why.to_string()))
            .map_err(|why| self.wrong(FIELD, why))
            .ok()
    }

    /// Digits can only be counted where the currency is known.
    fn amount(&mut self, currency: Option<Currency>) -> Option<Money> {
        self.required("amount", |value| {
            let digits = value.decimal().ok_or("must be a decimal number")?;
            let Some(currency) = currency else { return Ok(None) };
            let money = Money::from_decimal(digits, currency).map_err(|why| why.to_string())?;
            if money.minor() < 0 { Err("must not be negative".into()) } else { Ok(Some(money)) }
        })
        .flatten()
    }

    fn wrong(&mut self, field: &str, why: String) {
        self.errors.entry(field.to_owned()).or_default().push(why);
    }
}

fn text<'a>(value: &'a Json<'_>) -> Result<&'a str, String> {
    value.text().ok_or_else(|| "must be text".to_owned())
}

fn id(value: &Json<'_>) -> Result<String, String> {
    let text = text(value)?;
    is_id(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "must be 1 to 128 letters, digits or any of _ . : -".to_owned())
}

fn status_name(value: &Json<'_>) -> Result<&'static str, String> {
    let text = text(value)?;
    statement::name(text).ok_or_else(|| format!("must be one of {}", statement::names()))
}

fn time(value: &Json<'_>, now: Timestamp) -> Result<OccurredAt, String> {
    let text = text(value)?;
    let at = Timestamp::parse(text).map_err(|why| why.to_string())?;
    if at.seconds() < EARLIEST_SECONDS {
        return Err("must not be before the year 2000".into());
    }
    if at.micros() > now.micros().saturating_add(AHEAD_MAX_MICROS) {
        return Err("must not be more than ten minutes ahead of the clock".into());
    }
    Ok(OccurredAt { at, precision: precision(text), origin: Origin::Event })
}
