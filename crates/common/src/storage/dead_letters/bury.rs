//! Burying an event: its row in the log becomes dead and its message is kept, in one transaction.

use std::collections::{BTreeMap, HashSet};

use diesel::QueryResult;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{DeadRow, DeathReason};
use crate::domain::envelope::Envelope;
use crate::domain::{
    CanonicalEvent, Effect, OccurredAt, Origin, Precision, Timestamp, Trust, Verdict,
};
use crate::storage::commit::Pending;
use crate::storage::schema::dead_letters;
use crate::storage::webhooks::{self, Ended, LogRow};

/// The source of messages that are none of ours.
pub const UNDECODABLE_SOURCE: &str = "unknown";

/// What is buried.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    Event(&'a Pending),
    /// A message that could not be read.
    Undecodable(&'a [u8]),
}

/// One burial.
#[derive(Clone, Debug)]
pub struct Burial<'a> {
    pub body: Body<'a>,
    pub reason: DeathReason,
    /// The chain of causes, for operators.
    pub error: String,
    /// Tries that failed, the last included.
    pub attempts: u16,
}

/// The id of a message that has none: a uuid v8 of its hash, so that it is buried once however often it comes.
#[must_use]
pub fn undecodable_id(message: &[u8]) -> Uuid {
    let hash = Sha256::digest(message);
    Uuid::new_v8(std::array::from_fn(|index| hash[index]))
}

/// Buries events. Returns the ids of those that are dead now; the others have a final verdict already, and stay.
///
/// # Errors
/// As any statement; nothing is half buried.
pub async fn bury(
    conn: &mut AsyncPgConnection,
    burials: &[Burial<'_>],
    now: Timestamp,
) -> QueryResult<HashSet<Uuid>> {
    // Two burials of one webhook in one batch would meet in one statement.
    let mut seen = HashSet::new();
    let first = burials.iter().filter(|burial| seen.insert(burial.id()));
    let first: Vec<&Burial<'_>> = first.collect();
    conn.build_transaction()
        .read_committed()
        .run(async |conn| bury_in(conn, &first, now).await)
        .await
}

async fn bury_in(
    conn: &mut AsyncPgConnection,
    burials: &[&Burial<'_>],
    now: Timestamp,
) -> QueryResult<HashSet<Uuid>> {
    let known = buried(conn, burials).await?;
    let envelopes: Vec<_> = burials
        .iter()
        .filter(|burial| !(burial.is_undecodable() && known.contains(&burial.id())))
        .map(|burial| (*burial, burial.envelope(now)))
        .collect();
    let log: Vec<LogRow<'_>> = envelopes
        .iter()
        .map(|(burial, envelope)| log_row(burial, envelope, now))
        .collect();
    let replayed: Vec<Uuid> = burials
        .iter()
        .filter(|burial| burial.is_replayed())
        .map(|burial| burial.id())
        .collect();
    let written = webhooks::write(conn, &log, &replayed).await?;
    let dead: Vec<DeadRow<'_>> = envelopes
        .iter()
        .filter(|(burial, _)| written.contains(&burial.id()))
        .map(|(burial, envelope)| dead_row(burial, envelope, now))
        .collect();
    if !dead.is_empty() {
        super::write(conn, &dead).await?;
    }
    Ok(written)
}

/// Which of them have a dead letter. An undecodable message has no time of its own, so only its letter can tell that it
/// came before.
async fn buried(
    conn: &mut AsyncPgConnection,
    burials: &[&Burial<'_>],
) -> QueryResult<HashSet<Uuid>> {
    let undecodable = burials.iter().filter(|burial| burial.is_undecodable());
    let ids: Vec<Uuid> = undecodable.map(|burial| burial.id()).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let known: Vec<Uuid> = dead_letters::table
        .filter(dead_letters::webhook_id.eq_any(ids))
        .select(dead_letters::webhook_id)
        .load(conn)
        .await?;
    Ok(known.into_iter().collect())
}

fn log_row<'a>(burial: &'a Burial<'_>, envelope: &'a Envelope, now: Timestamp) -> LogRow<'a> {
    let trace_id = match burial.body {
        Body::Event(pending) => pending.trace_id.as_deref(),
        Body::Undecodable(_) => None,
    };
    LogRow {
        envelope,
        trace_id,
        attempts: burial.attempts,
        ended: Ended::Final {
            verdict: Verdict::Dead,
            reason: sentence(burial.reason).to_owned(),
            order_id: None,
            error: Some(burial.error.clone()),
            at: now,
        },
    }
}

fn dead_row<'a>(burial: &'a Burial<'_>, envelope: &'a Envelope, now: Timestamp) -> DeadRow<'a> {
    let message = match burial.body {
        Body::Event(pending) => pending.envelope.encode().into(),
        Body::Undecodable(message) => message.into(),
    };
    DeadRow {
        webhook_id: burial.id(),
        received_at: envelope.received_at,
        source: &envelope.event.source,
        reason: burial.reason,
        error: burial.error.clone(),
        attempts: burial.attempts,
        at: now,
        message,
    }
}

fn sentence(reason: DeathReason) -> &'static str {
    match reason {
        DeathReason::Unusable => "authentic, but it cannot be understood",
        DeathReason::Undecodable => "the message is none of ours",
        DeathReason::Exhausted => "every retry failed",
        DeathReason::Refused => "the database refuses it",
        DeathReason::Crashed => "workers died with it in their hands",
    }
}

impl Burial<'_> {
    fn id(&self) -> Uuid {
        match self.body {
            Body::Event(pending) => pending.envelope.event.webhook_id,
            Body::Undecodable(message) => undecodable_id(message),
        }
    }

    fn is_replayed(&self) -> bool {
        matches!(self.body, Body::Event(Pending { replayed: true, .. }))
    }

    fn is_undecodable(&self) -> bool {
        matches!(self.body, Body::Undecodable(_))
    }

    /// The event's envelope, or one that says of a message what can be said.
    fn envelope(&self, now: Timestamp) -> Envelope {
        match self.body {
            Body::Event(pending) => pending.envelope.clone(),
            Body::Undecodable(message) => undecodable(message, now),
        }
    }
}

fn undecodable(message: &[u8], now: Timestamp) -> Envelope {
    let hash = Sha256::digest(message);
    Envelope {
        event: CanonicalEvent {
            webhook_id: undecodable_id(message),
            source: UNDECODABLE_SOURCE.to_owned(),
            provider: UNDECODABLE_SOURCE.to_owned(),
            account: None,
            dedup_key: hex::encode(hash),
            body_sha256: hash.into(),
            native_type: String::new(),
            occurred_at: OccurredAt { at: now, precision: Precision::Us, origin: Origin::Received },
            trust: Trust::Unsigned,
            order_refs: Vec::new(),
            effect: Effect::Unusable { reason: sentence(DeathReason::Undecodable).to_owned() },
        },
        received_at: now,
        correlation_id: String::new(),
        body: message.to_vec(),
        headers: BTreeMap::new(),
    }
}
