//! An operator has seen what raises a flag: what stands now raises it no more, whatever comes after does.

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::json;
use uuid::Uuid;

use super::{Action, NotDone, Refusal, hold, write};
use crate::domain::audit::Acknowledged;
use crate::domain::{Flag, Timestamp};
use crate::storage::operator_actions::By;

/// What was acknowledged, by which row of the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Of the operator's action.
    pub id: Uuid,
    /// The row of the order's trail.
    pub seq: i64,
    /// Every cause that raised the flag and that nobody had acknowledged (docs/RULES.md, "Acknowledgements").
    pub causes: Vec<String>,
    /// What the order still raises.
    pub flags: Vec<Flag>,
}

/// Acknowledges a flag of an order.
///
/// # Errors
/// `Refused` where the order lives no more or does not raise the flag; else as any statement.
pub async fn acknowledge(
    conn: &mut AsyncPgConnection,
    (order, flag): (Uuid, Flag),
    by: By<'_>,
    now: Timestamp,
) -> Result<Acknowledgement, NotDone> {
    let action = Action::new("acknowledge", by, now);
    conn.transaction(async |conn| {
        let mut ledger = hold(conn, order).await?;
        let before = ledger.facts.derive().flags;
        let causes = ledger.facts.open_causes(flag);
        if causes.is_empty() {
            return Err(Refusal::NotRaised.into());
        }
        let seen = Acknowledged { flag, causes };
        let correlation_id = action.id.to_string();
        let row = ledger.acknowledge(&action.entry(&correlation_id), seen.clone(), by);
        let seq = row.record.seq;
        write(conn, &[&ledger], &[row], now).await?;
        let flags = ledger.facts.derive().flags;
        let change = (
            json!({ "flags": before }),
            json!({ "flags": flags, "flag": flag, "causes": seen.causes, "seq": seq }),
        );
        action.record(conn, order, change).await?;
        let causes = seen.causes.into_iter().collect();
        Ok(Acknowledgement { id: action.id, seq, causes, flags })
    })
    .await
}
