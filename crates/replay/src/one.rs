//! Replaying one letter, on its own.

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::storage::dead_letters;
use waybill_common::storage::operator_actions::{self, By, NewAction};
use waybill_operate::{Refusal, parameter};

use crate::letter::{self, Ended};
use crate::reader::{Reader, Unreadable};

/// Why it is replayed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// For the record, 1 to 500 characters
    #[schema(schema_with = parameter::reason)]
    pub reason: String,
}

/// How it ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayResult {
    pub webhook_id: Uuid,
    pub verdict: String,
    /// One sentence that names the rule.
    pub rule: String,
    pub order_id: Option<Uuid>,
}

/// Replays a letter. The action is on record before anything happens.
///
/// # Errors
/// `NotFound`; `Conflict` where it cannot be read, or somebody else is at it, or has been.
pub async fn replay(
    conn: &mut AsyncPgConnection,
    (reader, id): (&Reader, Uuid),
    by: By<'_>,
    now: Timestamp,
) -> Result<ReplayResult, Refusal> {
    let message = dead_letters::message(conn, id)
        .await?
        .ok_or(Refusal::NotFound("dead letter"))?;
    let pending = reader.read(&message).map_err(refusal)?;
    if !dead_letters::begin_replay(conn, id, (now, letter::gone(now))).await? {
        return Err(Refusal::Conflict("it has been replayed, or somebody is replaying it"));
    }
    let action = NewAction {
        actor: by.actor,
        action: "replay",
        reason: by.reason.as_str(),
        origin: by.origin,
        subject: &format!("webhook:{id}"),
        before: None,
        after: Some(json!({ "native_type": pending.envelope.event.native_type })),
    };
    operator_actions::record(conn, &action, now).await?;
    match letter::settle(conn, pending, now).await {
        Ok(Ended::Settled(settled)) => Ok(ReplayResult {
            webhook_id: id,
            verdict: settled.verdict.to_string(),
            rule: settled.reason,
            order_id: settled.order_id,
        }),
        Ok(Ended::Before | Ended::Meanwhile) => {
            Err(Refusal::Conflict("it has been settled already"))
        }
        Ok(Ended::Missed) => {
            dead_letters::give_back(conn, id, None).await?;
            Err(Refusal::Conflict("somebody else was at its order at the same moment: try again"))
        }
        Err(error) => {
            dead_letters::give_back(conn, id, None).await?;
            Err(error.into())
        }
    }
}

pub(crate) fn refusal(unreadable: Unreadable) -> Refusal {
    Refusal::Conflict(unreadable.as_str())
}
