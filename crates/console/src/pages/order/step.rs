//! One row of a trail for people: the event, what it did, by which rule, and the proof of it.

use uuid::Uuid;
use waybill_common::config::Console;
use waybill_common::domain::audit::{Kind, Record, Row, TrailEffect};

use crate::api::explain::Step;
use crate::pages::badge::{Badge, words};
use crate::pages::changes::{Change, changes};
use crate::pages::moment::Moment;
use crate::pages::trace::Trace;

pub(in crate::pages) struct StepView {
    pub(super) seq: i64,
    /// What it was: the provider's own name of the event, or what happened between two orders.
    pub(super) title: String,
    pub(super) source: String,
    /// Absent where an operator caused it.
    pub(super) webhook_id: Option<Uuid>,
    pub(super) verdict: Badge,
    pub(super) label: Option<Badge>,
    pub(super) late: bool,
    pub(super) changes: Vec<Change>,
    pub(super) rule: String,
    pub(super) happened: Moment,
    pub(super) recorded: Moment,
    /// The order that it was joined with.
    pub(super) other: Option<Uuid>,
    pub(super) trace: Option<Trace>,
    pub(super) dedup_key: String,
    pub(super) trust: String,
    pub(super) body_sha256: String,
    pub(super) hash: String,
    pub(super) prev_hash: String,
}

/// The steps of a trail, in its order.
pub(super) fn views(rows: &[Row], steps: Vec<Step>, console: &Console) -> Vec<StepView> {
    let mut currency = None;
    rows.iter()
        .zip(steps)
        .map(|(row, step)| view(row, step, &mut currency, console))
        .collect()
}

fn view(row: &Row, step: Step, currency: &mut Option<String>, console: &Console) -> StepView {
    let record = &row.record;
    let (title, other) = title(record);
    StepView {
        seq: step.seq,
        title,
        webhook_id: caused_by_webhook(record.kind).then_some(step.webhook_id),
        verdict: Badge::verdict(Some(&step.verdict)),
        label: step.label.as_deref().map(Badge::label),
        late: step.late,
        changes: changes(&step.changed, currency),
        happened: record.occurred_at.to_datetime().into(),
        recorded: record.recorded_at.to_datetime().into(),
        other,
        trace: step.trace_id.map(|id| Trace::new(id, console)),
        dedup_key: record.dedup_key.clone(),
        trust: record.trust.to_string(),
        body_sha256: step.body_sha256,
        hash: hex::encode(row.hash),
        prev_hash: hex::encode(row.prev_hash),
        source: step.source,
        rule: step.rule,
    }
}

fn title(record: &Record) -> (String, Option<Uuid>) {
    match TrailEffect::read(record.kind, &record.effect) {
        Ok(TrailEffect::Absorb(absorb)) => ("took another order in".into(), Some(absorb.order_id)),
        Ok(TrailEffect::Absorbed(absorbed)) => {
            ("became part of another order".into(), Some(absorbed.into))
        }
        Ok(TrailEffect::Acknowledged(seen)) => {
            (format!("{} acknowledged", words(seen.flag.as_str())), None)
        }
        Ok(TrailEffect::Part(part)) => ("a link was undone".into(), Some(part.order_id)),
        Ok(TrailEffect::Parted(parted)) => {
            ("began as part of another order".into(), Some(parted.order_id))
        }
        Ok(TrailEffect::Event(_)) | Err(_) => (record.native_type.clone(), None),
    }
}

/// Other rows are caused by an operator's action, whose id they have in its place.
fn caused_by_webhook(kind: Kind) -> bool {
    match kind {
        Kind::Event | Kind::Absorb | Kind::Absorbed => true,
        Kind::Acknowledge | Kind::Part | Kind::Parted => false,
    }
}
