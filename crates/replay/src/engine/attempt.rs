//! One letter of a replay: tried until it is done, a few times.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use anyhow::Context as _;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt as _;
use uuid::Uuid;
use waybill_common::backoff::FullJitter;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::dead_letters::{self, Turn};
use waybill_common::storage::failure::Failure;
use waybill_common::storage::replays::{self, Outcome};

use super::{Engine, outcome_of, waited};
use crate::letter::{self, Ended};

/// Tries of one letter before it is missed.
const TRIES_MAX: u32 = 5;
const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(2);
const BROKE_DOWN: &str = "this program broke down on it, which is a fault of ours";

/// How one letter ended for this holder.
#[derive(Debug)]
pub(super) enum Step {
    Done {
        outcome: Outcome,
        error: Option<String>,
    },
    /// The replay was cancelled, or somebody else goes on with it.
    NotOurs,
    /// The program stops.
    Stopped,
}

/// How one try ended.
enum Try {
    Done(Outcome),
    /// Nothing can be read from the letter.
    Unreadable(String),
    NotOurs,
    /// Somebody else is at it, or something else that may pass.
    Busy(&'static str),
}

impl Engine {
    /// # Errors
    /// Where the database is away: the letter is as it was, or is found as it was left.
    pub(super) async fn letter(
        &self,
        turn: Turn,
        id: Uuid,
        stop: &Shutdown,
    ) -> anyhow::Result<Step> {
        let mut waits = FullJitter::new(WAIT_MIN, WAIT_MAX);
        for tries in 1.. {
            let mut conn = self.connection().await?;
            // As with what cannot be read: a panic here is one letter's. Its transaction goes with the connection, which the
            // pool throws away.
            let attempt = AssertUnwindSafe(self.attempt(&mut conn, turn, id)).catch_unwind();
            let attempted = attempt.await.unwrap_or(Ok(Try::Busy(BROKE_DOWN)));
            drop(conn);
            let failed = match attempted {
                Ok(Try::Done(outcome)) => return Ok(Step::Done { outcome, error: None }),
                Ok(Try::Unreadable(error)) => {
                    return Ok(Step::Done { outcome: Outcome::Unusable, error: Some(error) });
                }
                Ok(Try::NotOurs) => return Ok(Step::NotOurs),
                Ok(Try::Busy(why)) => why.to_owned(),
                Err(error) if Failure::of(&error) == Failure::Unavailable => {
                    return Err(error).context("the database went away");
                }
                Err(error) => error.to_string(),
            };
            // Taken or not: nobody has to wait for this one meanwhile.
            let mut conn = self.connection().await?;
            dead_letters::give_back(&mut conn, id, Some(turn.replay)).await?;
            drop(conn);
            let error = Some(format!("webhook {id}: {failed}"));
            if tries == TRIES_MAX {
                return Ok(Step::Done { outcome: Outcome::Missed, error });
            }
            if !self.note(turn, None, error.as_deref()).await? {
                return Ok(Step::NotOurs);
            }
            if !waited(waits.next_wait(), stop).await {
                return Ok(Step::Stopped);
            }
        }
        unreachable!("the last try is an end")
    }

    async fn attempt(
        &self,
        conn: &mut AsyncPgConnection,
        turn: Turn,
        id: Uuid,
    ) -> QueryResult<Try> {
        let Some(message) = dead_letters::message(conn, id).await? else {
            return Ok(Try::Done(Outcome::Elsewhere));
        };
        let pending = match self.reader.read(&message) {
            Ok(pending) => pending,
            Err(why) => return Ok(Try::Unreadable(format!("webhook {id}: {why}"))),
        };
        let now = self.clock.now();
        if !dead_letters::begin_one_of_many(conn, id, turn, (now, letter::gone(now))).await? {
            return look(conn, turn, id).await;
        }
        match letter::settle(conn, pending, now).await? {
            Ended::Settled(settled) => Ok(Try::Done(outcome_of(settled.verdict))),
            Ended::Before => Ok(Try::Done(Outcome::Elsewhere)),
            Ended::Meanwhile => look(conn, turn, id).await,
            Ended::Missed => Ok(Try::Busy("somebody else was at its order")),
        }
    }
}

/// Why a letter could not be taken.
async fn look(conn: &mut AsyncPgConnection, turn: Turn, id: Uuid) -> QueryResult<Try> {
    let standing = dead_letters::standing(conn, id).await?;
    let Some(standing) = standing else { return Ok(Try::Done(Outcome::Elsewhere)) };
    if standing.replay_state == "replayed" {
        // A former holder of this replay committed it and did not live to count it.
        let own = standing
            .verdict
            .filter(|_| standing.replay_id == Some(turn.replay));
        return Ok(Try::Done(own.map_or(Outcome::Elsewhere, outcome_of)));
    }
    let replay = replays::find(conn, turn.replay).await?;
    let ours =
        replay.is_some_and(|replay| replay.is_running() && replay.holder == Some(turn.holder));
    Ok(if ours { Try::Busy("somebody else is replaying it") } else { Try::NotOurs })
}
