//! What people see of answers: lines, tables and colours.

pub(crate) mod letters;
pub(crate) mod orders;
pub(crate) mod replays;
pub(crate) mod sources;
pub(crate) mod trail;
pub(crate) mod webhooks;

use anstyle::AnsiColor;
use chrono::{DateTime, Utc};
use comfy_table::{Cell, Color};
use serde_json::Value;
use waybill_operate::difference::Changed;
use waybill_operate::reconciliation::Reconciliation;

use crate::output::{Output, table};

/// Senders choose much of what is shown. What moves a cursor, rings a bell or turns the reading direction is shown as U+FFFD.
pub(crate) fn plain(text: &str) -> String {
    let moves =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if moves(c) { '\u{fffd}' } else { c })
        .collect()
}

pub(crate) fn cell(text: &str) -> Cell {
    Cell::new(plain(text))
}

pub(crate) fn maybe(text: Option<&str>) -> Cell {
    cell(text.unwrap_or("–"))
}

/// How a word for a status or verdict is coloured: what went its way, what asks for somebody, and what lies between.
pub(crate) fn color_of(word: &str) -> Option<AnsiColor> {
    match word {
        "paid" | "completed" | "applied" | "normal" | "replayed" | "finished" => {
            Some(AnsiColor::Green)
        }
        "disputed" | "charged_back" | "failed" | "dead" | "conflict" | "anomaly" | "unusable"
        | "missed" => Some(AnsiColor::Red),
        "retrying" | "replaying" | "cancelled" | "partially_paid" | "partially_refunded"
        | "refunded" | "correction" | "overpaid" => Some(AnsiColor::Yellow),
        _ => None,
    }
}

/// A word in its colour.
pub(crate) fn word(text: &str, output: &Output) -> Cell {
    match color_of(text).filter(|_| output.is_coloured()) {
        Some(AnsiColor::Green) => cell(text).fg(Color::Green),
        Some(AnsiColor::Yellow) => cell(text).fg(Color::Yellow),
        Some(_) => cell(text).fg(Color::Red),
        None => cell(text),
    }
}

/// UTC, to the millisecond.
pub(crate) fn at(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// The same of a time that is text.
pub(crate) fn moment(time: &str) -> String {
    time.get(..23)
        .unwrap_or(time)
        .trim_end_matches('Z')
        .replace('T', " ")
}

/// Fields of an order's state that are money.
const AMOUNTS: [&str; 5] = ["total", "authorized", "captured", "refunded", "disputed"];

/// What differs between two states of an order, a line for each field. Amounts are in that currency, or in minor units where
/// it is not known.
pub(crate) fn changes(changed: &Changed, currency: Option<&str>) -> impl Iterator<Item = String> {
    changed.iter().map(move |(field, [was, is])| {
        let told = |value| said(value, currency.filter(|_| AMOUNTS.contains(&field.as_str())));
        plain(&format!("{field}: {} → {}", told(was), told(is)))
    })
}

fn said(value: &Value, currency: Option<&str>) -> String {
    match value {
        Value::Number(minor) if currency.is_some() => minor
            .as_i64()
            .map_or_else(|| minor.to_string(), |minor| orders::in_currency(minor, currency)),
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

pub(crate) fn balances(whole: &Reconciliation, output: &Output) -> String {
    let rows = whole.items.iter().map(|balance| {
        let missing = Cell::new(balance.unaccounted);
        let missing = match balance.unaccounted > 0 && output.is_coloured() {
            true => missing.fg(Color::Red),
            false => missing,
        };
        [
            cell(&moment(&balance.start)),
            cell(&balance.source),
            Cell::new(balance.accepted),
            Cell::new(balance.recovered),
            Cell::new(balance.applied),
            Cell::new(balance.no_change),
            Cell::new(balance.duplicate),
            Cell::new(balance.conflict),
            Cell::new(balance.ignored),
            Cell::new(balance.dead),
            Cell::new(balance.retrying),
            Cell::new(balance.in_flight),
            missing,
            Cell::new(balance.surplus),
        ]
    });
    let heading = [
        "start",
        "source",
        "accepted",
        "recovered",
        "applied",
        "no change",
        "duplicate",
        "conflict",
        "ignored",
        "dead",
        "retrying",
        "in flight",
        "unaccounted",
        "surplus",
    ];
    table(heading, rows)
}

#[cfg(test)]
mod tests;
