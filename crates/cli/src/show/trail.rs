//! Audit trails, for people.

use serde::Deserialize as _;
use waybill_common::domain::audit::Record;
use waybill_operate::explain::{Explanation, Step};
use waybill_operate::trail::{Trail, TrailRow, Verified};

use super::{cell, moment, plain, word};
use crate::output::{Output, table};

/// When each event happened beside when it was recorded, so that a bad order is seen at a glance.
pub(crate) fn rows(trail: &Trail, output: &Output) -> String {
    let heading =
        ["seq", "occurred", "recorded", "source", "type", "verdict", "status", "reason", "hash"];
    table(heading, trail.items.iter().map(|item| row(item, output)))
}

fn row(item: &TrailRow, output: &Output) -> [comfy_table::Cell; 9] {
    let hash = item.hash.get(..12).unwrap_or(&item.hash);
    let Ok(record) = Record::deserialize(&item.record) else {
        // A newer Waybill's; its JSON form says all of it.
        let nothing = || cell("?");
        return [
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            cell("a row that this program does not know: see --json"),
            cell(hash),
        ];
    };
    let from = record.from_status.map_or("–", |status| status.as_str());
    let label = record
        .label
        .map_or(String::new(), |label| format!(" ({})", label.as_str()));
    [
        cell(&record.seq.to_string()),
        cell(&moment(&record.occurred_at.to_string())),
        cell(&moment(&record.recorded_at.to_string())),
        cell(&record.source),
        cell(&record.native_type),
        word(record.verdict.as_str(), output),
        cell(&format!("{from} → {}{label}", record.to_status)),
        cell(&record.reason),
        cell(hash),
    ]
}

pub(crate) fn explanation(explained: &Explanation, output: &Output) -> String {
    let heading =
        ["seq", "occurred", "late", "source", "type", "verdict", "status", "rule", "changed"];
    let mut currency = None;
    let rows = explained.steps.iter().map(|step| {
        let from = step.from_status.as_deref().unwrap_or("–");
        [
            cell(&step.seq.to_string()),
            cell(&moment(&step.occurred_at)),
            cell(if step.late { "late" } else { "" }),
            cell(&step.source),
            cell(&step.native_type),
            word(&step.verdict, output),
            cell(&format!("{from} → {}", step.to_status)),
            cell(&step.rule),
            cell(&changes(step, &mut currency)),
        ]
    });
    let status = output.paint(&explained.status, super::color_of(&explained.status));
    format!("order {} is {status}\n{}", explained.order_id, table(heading, rows))
}

/// Field by field, amounts in the order's currency, which is the one before the step and then the one after it. The status has
/// a column of its own, and the currency stands with the amounts.
pub(super) fn changes(step: &Step, currency: &mut Option<String>) -> String {
    let was = currency.take();
    *currency = match step.changed.get("currency") {
        Some([_, now]) => now.as_str().map(str::to_owned),
        None => was.clone(),
    };
    let known = currency.as_deref().or(was.as_deref());
    let mut changed = step.changed.clone();
    changed.remove("status");
    if known.is_some() {
        changed.remove("currency");
    }
    super::changes(&changed, known)
        .collect::<Vec<_>>()
        .join(", ")
}

pub(crate) fn verified(verified: &Verified) -> String {
    let Verified { order_id, events, .. } = verified;
    if verified.holds {
        return format!(
            "{order_id}: {events} events, the chain holds, the state is the fold of its trail"
        );
    }
    let faults = verified
        .faults
        .iter()
        .map(|fault| format!("\n{}", plain(fault)));
    format!("{order_id}: {events} events, and it does not hold{}", faults.collect::<String>())
}
