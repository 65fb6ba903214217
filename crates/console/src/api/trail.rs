//! An order's audit trail: its rows, and whether they hold.

use actix_web::web::{Data, Json, Path, Query};
use diesel::result::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::domain::audit::{Row, verify_trail};
use waybill_common::storage::order_events;

use super::orders::one;
use crate::app::App;
use crate::page;
use crate::problem::{Problem, ProblemBody};

/// A row of the trail. `record` is exactly what is hashed (docs/AUDIT.md).
#[derive(Debug, Serialize, ToSchema)]
pub struct TrailRow {
    #[schema(value_type = Object)]
    pub record: Value,
    pub prev_hash: String,
    pub hash: String,
}

impl TrailRow {
    pub(super) fn of(row: &Row) -> Result<Self, Problem> {
        Ok(Self {
            record: serde_json::to_value(&row.record)
                .map_err(|error| Problem::Internal(error.into()))?,
            prev_hash: hex::encode(row.prev_hash),
            hash: hex::encode(row.hash),
        })
    }
}

/// Rows of a trail, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trail {
    pub order_id: Uuid,
    pub items: Vec<TrailRow>,
    /// The `after` of the next part; absent: this is the end.
    pub next: Option<String>,
}

/// Which part of the trail.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TrailPart {
    /// Rows beyond this one
    pub after: Option<i64>,
    /// 1 to 200, 50 by default
    pub limit: Option<i64>,
}

/// Whether everything holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verified {
    pub order_id: Uuid,
    pub holds: bool,
    pub events: usize,
    /// What does not hold, in the order of the trail.
    pub faults: Vec<String>,
}

/// Shows an order's audit trail, the oldest row first.
#[utoipa::path(get, path = "/api/v1/orders/{order}/events", tag = "orders",
    params(("order" = String, Path, description = "An id of ours or the merchant's"), TrailPart),
    responses((status = 200, description = "Rows of the trail", body = Trail),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn events(
    called: Path<String>,
    part: Query<TrailPart>,
    app: Data<App>,
) -> Result<Json<Trail>, Problem> {
    let limit = page::limit(part.limit)?;
    let after = part.after.unwrap_or_default();
    let mut conn = app.read().await?;
    let order = one(&mut conn, &called).await?;
    let mut rows = order_events::trail_after(&mut conn, order.id, (after, limit + 1)).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let last = rows.last().map(|row| row.record.seq.to_string());
    Ok(Json(Trail {
        order_id: order.id,
        items: rows.iter().map(TrailRow::of).collect::<Result<_, _>>()?,
        next: last.filter(|_| more),
    }))
}

/// Reads an order's whole trail again: hashes, sequence, continuity, and whether the stored state is its fold. Writes
/// nothing.
#[utoipa::path(post, path = "/api/v1/orders/{order}/verify", tag = "orders",
    params(("order" = String, Path, description = "An id of ours or the merchant's")),
    responses((status = 200, description = "Whether it holds", body = Verified),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Several are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn verify(called: Path<String>, app: Data<App>) -> Result<Json<Verified>, Problem> {
    let mut conn = app.read().await?;
    // One snapshot: a commit in between would look like a fault.
    let verified = conn
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |conn| {
            let order = one(conn, &called).await?;
            let rows = match order_events::trail(conn, order.id).await {
                Ok(rows) => rows,
                Err(Error::DeserializationError(error)) => {
                    return Ok(unreadable(order.id, &error));
                }
                Err(error) => return Err(error.into()),
            };
            let faults: Vec<String> = match order.stored() {
                Ok(stored) => verify_trail(&rows, &stored)
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                Err(error) => vec![format!("the order cannot be read: {error}")],
            };
            Ok::<_, Problem>(Verified {
                order_id: order.id,
                holds: faults.is_empty(),
                events: rows.len(),
                faults,
            })
        })
        .await?;
    Ok(Json(verified))
}

fn unreadable(order_id: Uuid, error: &dyn std::fmt::Display) -> Verified {
    let faults = vec![format!("a row cannot be read: {error}")];
    Verified { order_id, holds: false, events: 0, faults }
}
