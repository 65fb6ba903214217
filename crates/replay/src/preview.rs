//! What a replay would do. Nothing is written, and nobody has to wait: see [`foresee`].

use std::collections::BTreeMap;

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::storage::commit::{Foreseen, ForeseenOrder, Pending, Settled, foresee};
use waybill_common::storage::dead_letters::{self, Selection};
use waybill_common::storage::replays::{Counts, Outcome};
use waybill_operate::Refusal;
use waybill_operate::difference::{Changed, changed};

use crate::engine::outcome_of;
use crate::one::refusal;
use crate::reader::{Reader, Unreadable};
use crate::view::ReplayCounts;

/// Letters that a preview looks at.
pub const LETTERS_MAX: usize = 500;
/// Bytes of messages that it looks at; bodies may be large.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages that are read at once.
const PAGE: usize = 25;

/// What a replay of one letter would do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    pub webhook_id: Uuid,
    pub native_type: String,
    /// How it would end: `applied`, `no_change`, `duplicate`, `conflict`, `ignored`, or `dead` again.
    pub verdict: String,
    /// One sentence that names the rule.
    pub rule: String,
    /// The orders that it would change.
    pub effects: Vec<PreviewedOrder>,
}

/// What a replay of many letters would do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayPreview {
    /// Letters that it would be about.
    pub matched: i64,
    /// Letters that were looked at here, the oldest first.
    pub examined: i64,
    /// There are more than were looked at: what follows is not all.
    pub is_sample: bool,
    pub counts: ReplayCounts,
    /// The orders that would change, all letters of each folded together.
    pub orders: Vec<PreviewedOrder>,
    pub letters: Vec<PreviewedLetter>,
}

/// What would become of an order.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PreviewedOrder {
    /// Absent: an order would begin.
    pub order_id: Option<Uuid>,
    pub external_id: Option<String>,
    /// It would become part of another order.
    pub absorbed_into: Option<OrderName>,
    /// Of its amounts, afterwards; absent while nobody has told it.
    pub currency: Option<String>,
    /// By field, `[before, after]`: status, axes, money and flags.
    #[schema(value_type = Object)]
    pub changed: Changed,
}

/// How an order is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderName {
    /// Absent: it would begin.
    pub order_id: Option<Uuid>,
    pub external_id: Option<String>,
}

/// What would become of a letter.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PreviewedLetter {
    pub webhook_id: Uuid,
    /// Absent where nothing can be read from it.
    pub source: Option<String>,
    pub native_type: Option<String>,
    /// `applied`, `no_change`, `duplicate`, `conflict`, `ignored` or `unusable`; `elsewhere` where it is settled.
    pub outcome: String,
    /// One sentence that names the rule.
    pub rule: String,
    /// The order that it would reach, if any.
    pub order: Option<OrderName>,
}

/// Looks at what a replay of one letter would do.
///
/// # Errors
/// `NotFound`, or `Conflict` where it cannot be read.
pub async fn of_one(
    conn: &mut AsyncPgConnection,
    (reader, id): (&Reader, Uuid),
    now: Timestamp,
) -> Result<Preview, Refusal> {
    let message = dead_letters::message(conn, id)
        .await?
        .ok_or(Refusal::NotFound("dead letter"))?;
    let batch = [reader.read(&message).map_err(refusal)?];
    let mut foreseen = foresee(conn, &batch, now).await?;
    let [pending] = batch;
    let Some(settled) = foreseen.settled.pop() else {
        unreachable!("every event of a batch is judged")
    };
    Ok(Preview {
        webhook_id: id,
        native_type: pending.envelope.event.native_type,
        verdict: settled.verdict.to_string(),
        rule: settled.reason,
        effects: Seen::of(&foreseen).orders(),
    })
}

/// Looks at what a replay of these letters would do: at the oldest [`LETTERS_MAX`] of them.
///
/// # Errors
/// As any query.
pub async fn of_many(
    conn: &mut AsyncPgConnection,
    (reader, selection): (&Reader, &Selection),
    now: Timestamp,
) -> Result<ReplayPreview, Refusal> {
    let matched = dead_letters::count_waiting(conn, selection, now).await?;
    let letters = read(conn, reader, selection, now).await?;
    let (mut batch, mut unreadable) = (Vec::new(), Vec::new());
    for (id, read) in letters {
        match read {
            Ok(pending) => batch.push(pending),
            Err(why) => unreadable.push((id, why)),
        }
    }
    let foreseen = foresee(conn, &batch, now).await?;
    let mut counts = Counts::default();
    let seen = Seen::of(&foreseen);
    let settled = foreseen.settled.iter();
    let mut letters: Vec<PreviewedLetter> = settled
        .map(|settled| seen.letter(&batch[settled.index], settled))
        .collect();
    letters.extend(unreadable.iter().map(|(id, why)| lost(*id, *why)));
    letters.sort_unstable_by_key(|letter| letter.webhook_id);
    for outcome in foreseen.settled.iter().map(foreseen_outcome) {
        counts.add(outcome);
    }
    unreadable
        .iter()
        .for_each(|_| counts.add(Outcome::Unusable));
    let examined = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    Ok(ReplayPreview {
        matched,
        examined,
        is_sample: examined < matched,
        counts: counts.into(),
        orders: seen.orders(),
        letters,
    })
}

type Read = (Uuid, Result<Pending, Unreadable>);

async fn read(
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    selection: &Selection,
    now: Timestamp,
) -> Result<Vec<Read>, Refusal> {
    let limit = i64::try_from(LETTERS_MAX).unwrap_or(i64::MAX);
    let ids = dead_letters::waiting(conn, (selection, now), (None, limit)).await?;
    let (mut letters, mut bytes) = (Vec::new(), 0);
    for page in ids.chunks(PAGE) {
        for message in dead_letters::messages(conn, page).await? {
            bytes += message.bytes.len();
            letters.push((message.webhook_id, reader.read(&message)));
        }
        if bytes >= BYTES_MAX {
            break;
        }
    }
    Ok(letters)
}

fn lost(webhook_id: Uuid, why: Unreadable) -> PreviewedLetter {
    PreviewedLetter {
        webhook_id,
        source: None,
        native_type: None,
        outcome: Outcome::Unusable.to_string(),
        rule: why.to_string(),
        order: None,
    }
}

fn foreseen_outcome(settled: &Settled) -> Outcome {
    if settled.redelivered { Outcome::Elsewhere } else { outcome_of(settled.verdict) }
}

/// What is foreseen, with its orders by id.
struct Seen<'a>(BTreeMap<Uuid, &'a ForeseenOrder>);

impl<'a> Seen<'a> {
    fn of(foreseen: &'a Foreseen) -> Self {
        Self(
            foreseen
                .orders
                .iter()
                .map(|order| (order.id, order))
                .collect(),
        )
    }

    /// The orders that would change, those that are there first. One that would begin and be absorbed at once leaves nothing
    /// to see.
    fn orders(&self) -> Vec<PreviewedOrder> {
        let lasting = self
            .0
            .values()
            .filter(|order| !order.begins || order.absorbed_into.is_none());
        let previewed = lasting.map(|order| PreviewedOrder {
            order_id: (!order.begins).then_some(order.id),
            external_id: order.external_id.clone(),
            absorbed_into: order.absorbed_into.map(|id| self.name(id)),
            currency: order
                .after
                .currency
                .map(|currency| currency.code().to_owned()),
            changed: changed(&order.before, &order.after),
        });
        let mut orders: Vec<PreviewedOrder> = previewed
            .filter(|order| order.order_id.is_none() || !order.changed.is_empty())
            .collect();
        // The ids of orders that would begin are of this moment: they give no order.
        orders.sort_by(|one, other| {
            let key =
                |order: &PreviewedOrder| (order.order_id.is_none(), order.external_id.clone());
            key(one).cmp(&key(other))
        });
        orders
    }

    fn letter(&self, pending: &Pending, settled: &Settled) -> PreviewedLetter {
        let event = &pending.envelope.event;
        PreviewedLetter {
            webhook_id: event.webhook_id,
            source: Some(event.source.clone()),
            native_type: Some(event.native_type.clone()),
            outcome: foreseen_outcome(settled).to_string(),
            rule: settled.reason.clone(),
            order: settled.order_id.map(|id| self.name(id)),
        }
    }

    /// The name of an order, or of whoever would have absorbed it.
    fn name(&self, id: Uuid) -> OrderName {
        match self.0.get(&id) {
            Some(ForeseenOrder { absorbed_into: Some(into), .. }) => self.name(*into),
            Some(order) => OrderName {
                order_id: (!order.begins).then_some(order.id),
                external_id: order.external_id.clone(),
            },
            None => OrderName { order_id: Some(id), external_id: None },
        }
    }
}
