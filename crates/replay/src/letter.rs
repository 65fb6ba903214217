//! What both ways of replaying do with a letter that they have taken.

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use waybill_common::domain::{Timestamp, Verdict};
use waybill_common::storage::commit::{Pending, Settled, commit};
use waybill_common::storage::dead_letters::{self, Body, Burial, DeathReason, bury};
use waybill_common::storage::failure::Failure;

/// Whoever began a replay and did not end it within a minute is gone.
const LEASE_MICROS: i64 = 60 * 1_000_000;

/// How a letter that was taken ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By this commit; dead is an end too.
    Settled(Settled),
    /// The log had a final verdict before: there was nothing left to replay.
    Before,
    /// Somebody else who had taken it committed it at the same moment.
    Meanwhile,
    /// Somebody else was at its order at the same moment; nothing was written.
    Missed,
}

/// Whoever took a letter by then and is not done is gone.
pub(crate) fn gone(now: Timestamp) -> Timestamp {
    Timestamp::from_micros_saturating(now.micros() - LEASE_MICROS)
}

/// Commits it, like every other event.
///
/// # Errors
/// As any statement, but what the schema refuses: that is an end, and the letter says so.
pub(crate) async fn settle(
    conn: &mut AsyncPgConnection,
    pending: Pending,
    now: Timestamp,
) -> QueryResult<Ended> {
    let batch = [pending];
    let [pending] = &batch;
    match commit(conn, &batch, now).await {
        Ok(committed) => match committed.settled.into_iter().next() {
            None => Ok(Ended::Missed),
            Some(settled) if settled.redelivered => found_settled(conn, pending).await,
            Some(settled) => Ok(Ended::Settled(settled)),
        },
        Err(error) if Failure::of(&error) == Failure::Data => {
            refuse(conn, pending, (error.to_string(), now)).await
        }
        Err(error) => Err(error),
    }
}

async fn found_settled(conn: &mut AsyncPgConnection, pending: &Pending) -> QueryResult<Ended> {
    let closed = dead_letters::close(conn, pending.envelope.event.webhook_id).await?;
    Ok(if closed { Ended::Before } else { Ended::Meanwhile })
}

/// The database refuses it, today and tomorrow: it is dead again, by what was said this time.
async fn refuse(
    conn: &mut AsyncPgConnection,
    pending: &Pending,
    (error, now): (String, Timestamp),
) -> QueryResult<Ended> {
    let burial = Burial {
        body: Body::Event(pending),
        reason: DeathReason::Refused,
        error,
        attempts: pending.attempts.saturating_add(1),
    };
    if bury(conn, &[burial], now).await?.is_empty() {
        return found_settled(conn, pending).await;
    }
    Ok(Ended::Settled(Settled {
        index: 0,
        verdict: Verdict::Dead,
        reason: "the database refuses it".to_owned(),
        order_id: None,
        redelivered: false,
    }))
}
