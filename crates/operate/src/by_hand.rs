//! What operators do to orders by hand: acknowledging flags, undoing wrong links. Each is an action on record and a row of the
//! order's trail.

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waybill_common::domain::{Flag, OrderState, Timestamp};
use waybill_common::storage::commit::by_hand::{self, NotDone, Unlinking};

use crate::difference::{Changed, changed};
use crate::orders::one;
use crate::parameter;
use crate::refusal::Refusal;
use crate::who::Who;

/// Why an operator does it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeRequest {
    /// For the record, 1 to 500 characters
    #[schema(schema_with = parameter::reason)]
    pub reason: String,
}

/// A flag that was acknowledged.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AcknowledgedView {
    pub order_id: Uuid,
    /// The operator's action.
    pub action_id: Uuid,
    /// The row of the order's trail.
    pub seq: i64,
    /// What raised the flag; whatever else raises it will be told.
    pub causes: Vec<String>,
    /// The flags that are still raised.
    pub flags: Vec<String>,
}

/// Which link is undone, and why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlinkRequest {
    /// A name of the order that the merchant did not give, such as `stripe.payment_intent:acct_1:pi_1`
    pub name: String,
    /// For the record, 1 to 500 characters
    #[schema(schema_with = parameter::reason)]
    pub reason: String,
    /// Only say what it would do
    #[serde(default)]
    pub dry_run: bool,
}

/// A link that was undone, or what undoing it would do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UnlinkedView {
    pub order_id: Uuid,
    /// The operator's action; absent where nothing was done.
    pub action_id: Option<Uuid>,
    /// The row of the order's trail; absent where nothing was done.
    pub seq: Option<i64>,
    /// The order that began with what left; absent where nothing was done.
    pub other_id: Option<Uuid>,
    /// The names that leave together.
    pub names: Vec<String>,
    /// The rows of the trail that count for the other order from now on.
    pub rows: Vec<i64>,
    /// Of the order's amounts; absent where none is known.
    pub currency: Option<String>,
    /// By field of the order's state, `[before, after]`.
    #[schema(value_type = Object)]
    pub changed: Changed,
    /// The state of the other order.
    #[schema(value_type = Object)]
    pub other: OrderState,
}

/// Acknowledges a flag of an order.
///
/// # Errors
/// `Invalid` where flag or reason make no sense; `NotFound`; `Conflict` where the order does not raise it.
pub async fn acknowledge(
    conn: &mut AsyncPgConnection,
    (called, flag): (&str, &str),
    (asked, who): (&AcknowledgeRequest, Who<'_>),
    now: Timestamp,
) -> Result<AcknowledgedView, Refusal> {
    let flag: Flag = flag.parse().map_err(|_unknown| {
        let known: Vec<&str> = Flag::ALL.iter().map(|flag| flag.as_str()).collect();
        Refusal::invalid("flag", format!("must be one of {}", known.join(", ")))
    })?;
    let by = who.says(&asked.reason)?;
    let order_id = one(conn, called).await?.id;
    let done = by_hand::acknowledge(conn, (order_id, flag), by, now)
        .await
        .map_err(refused)?;
    Ok(AcknowledgedView {
        order_id,
        action_id: done.id,
        seq: done.seq,
        causes: done.causes,
        flags: done.flags.iter().map(ToString::to_string).collect(),
    })
}

/// Undoes a link of an order, or says what that would do.
///
/// # Errors
/// `Invalid` where the reason makes no sense; `NotFound`; `Conflict` where there is nothing to undo.
pub async fn unlink(
    conn: &mut AsyncPgConnection,
    called: &str,
    (asked, who): (&UnlinkRequest, Who<'_>),
    now: Timestamp,
) -> Result<UnlinkedView, Refusal> {
    let by = who.says(&asked.reason)?;
    let order_id = one(conn, called).await?.id;
    let link = (order_id, asked.name.as_str());
    if asked.dry_run {
        let what = by_hand::preview(conn, link).await.map_err(refused)?;
        return Ok(view(order_id, (None, None, None), what));
    }
    let done = by_hand::unlink(conn, link, by, now)
        .await
        .map_err(refused)?;
    let did = (Some(done.id), Some(done.seq), Some(done.other_id));
    Ok(view(order_id, did, done.what))
}

fn view(
    order_id: Uuid,
    (action_id, seq, other_id): (Option<Uuid>, Option<i64>, Option<Uuid>),
    what: Unlinking,
) -> UnlinkedView {
    let currency = what.before.currency.or(what.after.currency);
    UnlinkedView {
        order_id,
        action_id,
        seq,
        other_id,
        names: what.names,
        rows: what.rows,
        currency: currency.map(|currency| currency.code().to_owned()),
        changed: changed(&what.before, &what.after),
        other: what.other,
    }
}

fn refused(refused: NotDone) -> Refusal {
    match refused {
        NotDone::Refused(by_hand::Refusal::Gone) => Refusal::NotFound("order"),
        NotDone::Refused(by_hand::Refusal::NoSuchName) => Refusal::NotFound("link"),
        NotDone::Refused(why) => Refusal::Conflict(why.as_str()),
        NotDone::Failed(error) => Refusal::Database(error),
    }
}
