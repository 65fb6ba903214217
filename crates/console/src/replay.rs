//! Replaying dead letters: the stored raw body is parsed again with today's adapter, and its event goes through the same
//! commit as every other one.
//!
//! **What is guaranteed.** A replay works on the webhook's own row and claims its key, so that it is counted once, whoever
//! replays it and however often: a conditional update decides who acts, and if two acted all the same, the commit finds the
//! second one settled. Nothing of the broker's message is used but what the sender sent.
//!
//! **What if it dies.** Before the commit nothing has happened, and after [`LEASE_MICROS`] the letter can be replayed again.
//! After it the letter is marked by the commit itself.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Effect, Facts, Timestamp, Told};
use waybill_common::storage::Connection;
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters;
use waybill_common::storage::operator_actions::{self, NewAction};
use waybill_common::storage::orders::{self, Order};
use waybill_providers::{Parsed, adapter, again};

use crate::app::App;
use crate::difference::{Changed, changed};
use crate::problem::Problem;

/// Whoever began a replay and did not end it within a minute is gone.
const LEASE_MICROS: i64 = 60 * 1_000_000;

/// A letter as today's adapter understands it.
pub struct Reading {
    pub pending: Pending,
    /// Why it still cannot be used, where it cannot.
    pub unusable: Option<String>,
}

/// What a replay would do to an order.
#[derive(Debug, PartialEq)]
pub struct Effects {
    /// Absent: an order would begin.
    pub order: Option<Uuid>,
    pub external_id: Option<String>,
    /// By field of the order's state, before and after.
    pub changed: Changed,
}

/// How a replay ended.
pub struct Replayed {
    pub verdict: &'static str,
    pub reason: String,
    pub order_id: Option<Uuid>,
}

/// Who asks, why, and from where.
pub struct Asked<'a> {
    pub actor: String,
    pub reason: &'a str,
    pub origin: String,
}

/// Reads a dead letter again.
///
/// # Errors
/// `NotFound`, or `Conflict` where the message is none of ours or its source is not configured any more.
pub async fn read(app: &App, conn: &mut Connection, id: Uuid) -> Result<Reading, Problem> {
    let message = dead_letters::message(conn, id)
        .await?
        .ok_or(Problem::NotFound("dead letter"))?;
    let envelope = Envelope::decode(&message).map_err(|_undecodable| {
        Problem::Conflict("the message is none of ours: nothing can be read from it")
    })?;
    let source = app
        .config
        .sources
        .get(&envelope.event.source)
        .ok_or(Problem::Conflict("its source is not configured any more"))?;
    let parser =
        adapter(&envelope.event.source, source).map_err(|error| Problem::Internal(error.into()))?;
    let parsed = again::parse(parser.as_ref(), &envelope);
    Ok(reading(app, envelope, parsed, parser.provider()))
}

fn reading(app: &App, mut envelope: Envelope, parsed: Option<Parsed>, provider: &str) -> Reading {
    if let Some(parsed) = parsed {
        let (id, source) = (envelope.event.webhook_id, envelope.event.source.clone());
        envelope.event = parsed.received(id, &source, provider);
    }
    let unusable = match &envelope.event.effect {
        Effect::Unusable { reason } => Some(reason.clone()),
        Effect::Facts { .. }
        | Effect::Snapshot { .. }
        | Effect::Hint { .. }
        | Effect::Control { .. }
        | Effect::Ignored { .. } => None,
    };
    let namespace = app.config.namespace_of(&envelope.event.source).to_owned();
    let pending = Pending { envelope, namespace, attempts: 0, replayed: true, trace_id: None };
    Reading { pending, unusable }
}

/// What a replay would change, without writing anything.
///
/// # Errors
/// As any query.
pub async fn effects(conn: &mut Connection, reading: &Reading) -> Result<Vec<Effects>, Problem> {
    if reading.unusable.is_some() {
        return Ok(Vec::new());
    }
    let mut found: BTreeMap<Uuid, Order> = BTreeMap::new();
    for reference in &reading.pending.envelope.event.order_refs {
        for order in orders::find(conn, &reference.name).await? {
            if order.namespace == reading.pending.namespace && order.absorbed_into.is_none() {
                found.insert(order.id, order);
            }
        }
    }
    let told = Facts::of(&Told::from(&reading.pending.envelope.event));
    if found.is_empty() {
        let changed = changed(&Facts::default().derive(), &told.derive());
        return Ok(vec![Effects { order: None, external_id: None, changed }]);
    }
    let effect = |order: Order| {
        let mut facts = order.stored()?.facts;
        let before = facts.derive();
        facts.join(told.clone());
        let changed = changed(&before, &facts.derive());
        Ok(Effects { order: Some(order.id), external_id: order.summary.external_id, changed })
    };
    found.into_values().map(effect).collect()
}

/// Replays one dead letter. The action is on record before anything happens.
///
/// # Errors
/// As [`read`]; `Conflict` where somebody else is at it, or has been.
pub async fn replay(app: &App, id: Uuid, asked: &Asked<'_>) -> Result<Replayed, Problem> {
    let mut conn = app.write().await?;
    let reading = read(app, &mut conn, id).await?;
    let now = app.clock.now();
    let gone = Timestamp::from_micros_saturating(now.micros() - LEASE_MICROS);
    if !dead_letters::begin_replay(&mut conn, id, (now, gone)).await? {
        return Err(Problem::Conflict("it has been replayed, or somebody is replaying it"));
    }
    let action = NewAction {
        actor: &asked.actor,
        action: "replay",
        reason: asked.reason,
        origin: &asked.origin,
        subject: &format!("webhook:{id}"),
        before: None,
        after: Some(json!({ "native_type": reading.pending.envelope.event.native_type })),
    };
    operator_actions::record(&mut conn, &action, now).await?;
    let committed = commit(&mut conn, &[reading.pending], now).await;
    match committed.map(|committed| committed.settled.into_iter().next()) {
        Ok(Some(settled)) if !settled.redelivered => Ok(Replayed {
            verdict: settled.verdict.as_str(),
            reason: settled.reason,
            order_id: settled.order_id,
        }),
        Ok(Some(_)) => Err(Problem::Conflict("it has been settled already")),
        Ok(None) => {
            dead_letters::give_back(&mut conn, id).await?;
            Err(Problem::Conflict("somebody else was at its order at the same moment: try again"))
        }
        Err(error) => {
            dead_letters::give_back(&mut conn, id).await?;
            Err(error.into())
        }
    }
}
