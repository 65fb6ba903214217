//! Every change of an order's status or money, in commit order, for shops to follow.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::storage::order_changes::{Change, Position, PositionError, changes_after, end};

use crate::page;
use crate::parameter;
use crate::refusal::Refusal;

/// One change. Status and money are those after it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeView {
    /// Where it stands among all changes: the `after` to go on from.
    pub position: String,
    pub order_id: Uuid,
    pub namespace: String,
    pub external_id: Option<String>,
    /// The row of the order's audit trail.
    pub seq: String,
    /// `event`, `absorb`, `absorbed`, `part` or `parted`.
    pub kind: String,
    pub webhook_id: Uuid,
    pub source: String,
    pub native_type: String,
    pub label: Option<String>,
    pub from_status: Option<String>,
    pub to_status: String,
    pub currency: Option<String>,
    pub exponent: Option<i16>,
    pub total: Option<i64>,
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: i64,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        Self {
            position: change.position.to_string(),
            order_id: change.order_id,
            namespace: change.namespace,
            external_id: change.external_id,
            seq: change.seq.to_string(),
            kind: change.kind,
            webhook_id: change.webhook_id,
            source: change.source,
            native_type: change.native_type,
            label: change.label,
            from_status: change.from_status,
            to_status: change.to_status,
            currency: change.currency,
            exponent: change.exponent,
            total: change.total,
            authorized: change.authorized,
            captured: change.captured,
            refunded: change.refunded,
            disputed: change.disputed,
            occurred_at: change.occurred_at,
            recorded_at: change.recorded_at,
        }
    }
}

/// Changes, the oldest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    pub items: Vec<ChangeView>,
    /// The `after` of the next question; without new changes the one that was asked with.
    pub next: String,
}

/// Where to go on.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChangesAfter {
    /// The position of the last change that was seen, or `end` for what comes from now on; absent: from the beginning
    #[param(value_type = Option<parameter::Position>, inline)]
    pub after: Option<String>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
}

/// What changed after a position, in commit order, without gaps and without repeats.
///
/// # Errors
/// `Invalid` where position or limit make no sense.
pub async fn after(conn: &mut AsyncPgConnection, asked: &ChangesAfter) -> Result<Changes, Refusal> {
    let limit = page::limit(asked.limit)?;
    let after = position(conn, asked.after.as_deref()).await?;
    let found = changes_after(conn, after, limit).await?;
    let next = found.last().map_or(after, |change| change.position);
    let items = found.into_iter().map(ChangeView::from).collect();
    Ok(Changes { items, next: next.to_string() })
}

/// A position that was given, the one behind all that is there, or the beginning.
///
/// # Errors
/// `Invalid` where it is none.
pub async fn position(
    conn: &mut AsyncPgConnection,
    text: Option<&str>,
) -> Result<Position, Refusal> {
    match text {
        None => Ok(Position::START),
        Some("end") => Ok(end(conn).await?),
        Some(text) => text
            .parse()
            .map_err(|error: PositionError| Refusal::invalid("after", error.to_string())),
    }
}
