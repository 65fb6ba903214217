//! An order's audit trail: its rows, and whether they hold.

use diesel::result::Error;
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::domain::audit::{Row, verify_trail};
use waybill_common::storage::order_events;
use waybill_common::storage::orders::Order;

use crate::orders::one;
use crate::page;
use crate::parameter;
use crate::refusal::Refusal;

/// A row of the trail. `record` is exactly what is hashed (docs/AUDIT.md).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TrailRow {
    #[schema(value_type = Object)]
    pub record: Value,
    pub prev_hash: String,
    pub hash: String,
}

impl TrailRow {
    pub(crate) fn of(row: &Row) -> Result<Self, Refusal> {
        Ok(Self {
            record: serde_json::to_value(&row.record)
                .map_err(|error| Refusal::Unreadable(error.to_string()))?,
            prev_hash: hex::encode(row.prev_hash),
            hash: hex::encode(row.hash),
        })
    }
}

/// Rows of a trail, the oldest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Trail {
    pub order_id: Uuid,
    pub items: Vec<TrailRow>,
    /// The `after` of the next part; absent: this is the end.
    pub next: Option<String>,
}

/// Which part of the trail.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TrailPart {
    /// Rows beyond this one
    #[param(value_type = Option<parameter::Seq>, inline)]
    pub after: Option<i64>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
}

/// Whether everything holds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Verified {
    pub order_id: Uuid,
    pub holds: bool,
    pub events: usize,
    /// What does not hold, in the order of the trail.
    pub faults: Vec<String>,
}

/// Rows of an order's trail, the oldest first.
///
/// # Errors
/// As [`one`]; `Invalid` where the part makes no sense.
pub async fn events(
    conn: &mut AsyncPgConnection,
    called: &str,
    part: &TrailPart,
) -> Result<Trail, Refusal> {
    let limit = page::limit(part.limit)?;
    let after = part.after.unwrap_or_default();
    if after < 0 {
        return Err(Refusal::invalid("after", "must be 0 or more"));
    }
    let order = one(conn, called).await?;
    let mut rows = order_events::trail_after(conn, order.id, (after, limit + 1)).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let last = rows.last().map(|row| row.record.seq.to_string());
    Ok(Trail {
        order_id: order.id,
        items: rows.iter().map(TrailRow::of).collect::<Result<_, _>>()?,
        next: last.filter(|_| more),
    })
}

/// Reads an order's whole trail again: hashes, sequence, continuity, and whether the stored state is its fold.
///
/// # Errors
/// As [`one`].
pub async fn verify(conn: &mut AsyncPgConnection, called: &str) -> Result<Verified, Refusal> {
    Ok(snapshot(conn, called).await?.verified())
}

/// An order and its whole trail, of one moment.
pub struct Snapshot {
    pub order: Order,
    /// The oldest first; or why a row cannot be read.
    pub rows: Result<Vec<Row>, String>,
}

/// Reads an order with its trail. Of one moment: a commit in between would look like a fault.
///
/// # Errors
/// As [`one`].
pub async fn snapshot(conn: &mut AsyncPgConnection, called: &str) -> Result<Snapshot, Refusal> {
    conn.build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |conn| {
            let order = one(conn, called).await?;
            let rows = match order_events::trail(conn, order.id).await {
                Ok(rows) => Ok(rows),
                Err(Error::DeserializationError(error)) => {
                    Err(format!("a row cannot be read: {error}"))
                }
                Err(error) => return Err(error.into()),
            };
            Ok::<_, Refusal>(Snapshot { order, rows })
        })
        .await
}

impl Snapshot {
    /// Whether it holds: hashes, sequence, continuity, and whether the stored state is the trail's fold.
    #[must_use]
    pub fn verified(&self) -> Verified {
        let faults = match (&self.rows, self.order.stored()) {
            (Err(unreadable), _) => vec![unreadable.clone()],
            (Ok(_), Err(error)) => vec![format!("the order cannot be read: {error}")],
            (Ok(rows), Ok(stored)) => verify_trail(rows, &stored)
                .iter()
                .map(ToString::to_string)
                .collect(),
        };
        Verified {
            order_id: self.order.id,
            holds: faults.is_empty(),
            events: self.rows.as_ref().map_or(0, Vec::len),
            faults,
        }
    }
}
