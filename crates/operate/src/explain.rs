//! Why is this order in this state?

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waybill_common::domain::Facts;
use waybill_common::domain::audit::{Fault, Row, states_of_trail};
use waybill_common::storage::order_events;

use crate::difference::{Changed, changed};
use crate::orders::one;
use crate::refusal::Refusal;

/// The order's way to its state.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    pub order_id: Uuid,
    pub status: String,
    /// In the order in which they were committed.
    pub steps: Vec<Step>,
}

/// One event, and what it did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Step {
    pub seq: i64,
    /// `event`, `absorb`, `absorbed`, `acknowledge`, `part` or `parted`.
    pub kind: String,
    pub webhook_id: Uuid,
    pub source: String,
    pub native_type: String,
    pub verdict: String,
    /// The rule that decided, in one sentence.
    pub rule: String,
    /// `normal`, `correction` or `anomaly`; absent where the status stayed.
    pub label: Option<String>,
    pub from_status: Option<String>,
    pub to_status: String,
    /// What differs from the state before it, by field: `[before, after]`. Status, axes, money and flags.
    #[schema(value_type = Object)]
    pub changed: Changed,
    pub occurred_at: String,
    pub recorded_at: String,
    /// Whether something that happened later had been recorded before it.
    pub late: bool,
    pub trace_id: Option<String>,
    /// SHA-256 of what the webhook means, in hexadecimal digits.
    pub body_sha256: String,
}

/// Explains an order's state: each event in order, the rule that decided, and what it changed.
///
/// # Errors
/// As [`one`]; `Unreadable` where the trail is none.
pub async fn explain(conn: &mut AsyncPgConnection, called: &str) -> Result<Explanation, Refusal> {
    let order = one(conn, called).await?;
    let rows = order_events::trail(conn, order.id).await?;
    let steps = steps(&rows).map_err(|fault| Refusal::Unreadable(fault.to_string()))?;
    Ok(Explanation { order_id: order.id, status: order.summary.status, steps })
}

/// What each row of a trail did, in the order of the trail.
///
/// # Errors
/// The first row whose effect cannot be read.
pub fn steps(rows: &[Row]) -> Result<Vec<Step>, Fault> {
    let states = states_of_trail(rows.iter().map(|row| &row.record))?;
    let beginning = Facts::default().derive();
    let earlier = std::iter::once(&beginning).chain(&states);
    let mut latest = None;
    let mut steps = Vec::with_capacity(rows.len());
    for (row, (before, after)) in rows.iter().zip(earlier.zip(&states)) {
        let late = latest.is_some_and(|latest| row.record.occurred_at < latest);
        latest = latest.max(Some(row.record.occurred_at));
        steps.push(step(row, changed(before, after), late));
    }
    Ok(steps)
}

fn step(row: &Row, changed: Changed, late: bool) -> Step {
    let record = &row.record;
    Step {
        seq: record.seq,
        kind: record.kind.to_string(),
        webhook_id: record.webhook_id,
        source: record.source.clone(),
        native_type: record.native_type.clone(),
        verdict: record.verdict.to_string(),
        rule: record.reason.clone(),
        label: record.label.map(|label| label.to_string()),
        from_status: record.from_status.map(|status| status.to_string()),
        to_status: record.to_status.to_string(),
        changed,
        occurred_at: record.occurred_at.to_string(),
        recorded_at: record.recorded_at.to_string(),
        late,
        trace_id: record.trace_id.clone(),
        body_sha256: hex::encode(record.body_sha256),
    }
}
