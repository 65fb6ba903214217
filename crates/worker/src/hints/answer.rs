//! One question to a provider, and its answer as an event.

use std::time::Duration;

use anyhow::Context as _;
use waybill_common::broker::{Headers, Route};
use waybill_common::domain::counts::Count;
use waybill_common::domain::envelope::Envelope;
use waybill_common::domain::{Hint, Timestamp};
use waybill_common::fetch::{Fetched, Fetcher, Question as Asked};
use waybill_common::id;
use waybill_common::storage::accepted_counts;
use waybill_common::storage::fetches::Unanswered;
use waybill_providers::{Parsed, Question, again};

use super::sources::{Source, Sources};
use crate::engine::Engine;
use crate::health::one_line;

/// A payment with its charge has a few KiB.
const BYTES_MAX: usize = 256 * 1024;

/// What came of one attempt.
pub(super) enum Ending {
    /// Confirmed by the broker.
    Published,
    /// Another attempt may do better; not before `wait`, if the provider asks for that.
    Again { error: String, wait: Option<Duration> },
    /// No attempt will.
    Never(String),
}

impl Ending {
    /// The label of the metric.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Again { .. } => "failed",
            Self::Never(_) => "refused",
        }
    }
}

/// Asks whoever may know the object, one after the other, until one does.
pub(super) async fn ask(
    engine: &Engine,
    fetcher: &Fetcher,
    sources: &Sources,
    hint: &Unanswered,
) -> Ending {
    let mut ending = Ending::Never("there is nobody to ask".to_owned());
    for (source, question) in sources.who_know(&hint.namespace, &hint.object) {
        let before = engine.clock.now();
        ending = match fetch(fetcher, source, &question).await {
            Ok(answer) if answer.status == 200 => {
                return publish(engine, source, hint, (&answer.body, before)).await;
            }
            Ok(answer) => refused(&answer),
            Err(error) => Ending::Again { error: one_line(&error), wait: None },
        };
        // An outage says nothing about who knows the object.
        if matches!(ending, Ending::Again { .. }) {
            return ending;
        }
    }
    ending
}

async fn fetch(fetcher: &Fetcher, source: &Source, question: &Question) -> anyhow::Result<Fetched> {
    let asked = Asked {
        address: &question.address,
        token: Some(source.api_key.expose()),
        headers: &question.headers,
        bytes_max: BYTES_MAX,
    };
    Ok(fetcher.get(asked).await?)
}

fn refused(answer: &Fetched) -> Ending {
    let error = format!("the provider answered {}", answer.status);
    match answer.status {
        // There is, or will be, no such object.
        404 | 410 => Ending::Never(error),
        _ => Ending::Again { error, wait: answer.retry_after },
    }
}

async fn publish(
    engine: &Engine,
    source: &Source,
    hint: &Unanswered,
    (body, before): (&[u8], Timestamp),
) -> Ending {
    let at = Timestamp::from_micros_saturating(hint.hint_at);
    let told = Hint { object: hint.object.clone(), at };
    let published = match source.adapter.answered(&told, body, before) {
        Ok(parsed) => publish_event(engine, envelope(engine, source, &told, (parsed, body))).await,
        Err(error) => Err(error.into()),
    };
    match published {
        Ok(()) => Ending::Published,
        Err(error) => Ending::Again { error: one_line(&error), wait: None },
    }
}

fn envelope(
    engine: &Engine,
    source: &Source,
    hint: &Hint,
    (parsed, body): (Parsed, &[u8]),
) -> Envelope {
    let received_at = engine.clock.now();
    let webhook_id = id::at(received_at);
    Envelope {
        event: parsed.received(webhook_id, &source.name, source.adapter.provider()),
        received_at,
        correlation_id: webhook_id.to_string(),
        body: body.to_vec(),
        headers: [again::kept(hint)].into(),
    }
}

async fn publish_event(engine: &Engine, envelope: Envelope) -> anyhow::Result<()> {
    let shards = usize::from(engine.config.broker.shards);
    let shard = u16::try_from(envelope.event.part_of(shards))
        .expect("it is less than the number of shards");
    let id = envelope.event.webhook_id;
    engine
        .publisher
        .publish(Route::Work { shard }, id, &Headers::default(), envelope.encode())
        .await
        .context("could not publish the answer")?;
    if let Err(error) = count(engine, &envelope).await {
        tracing::warn!(error = one_line(&error), "an answer is not counted as accepted");
    }
    Ok(())
}

/// Ingest did not accept it, but it must be accounted for like what ingest did.
async fn count(engine: &Engine, envelope: &Envelope) -> anyhow::Result<()> {
    let count = Count {
        source: envelope.event.source.clone(),
        minute: envelope.received_at,
        accepted: 1,
        recovered: 0,
    };
    let replica = format!("fetch:{}", envelope.event.webhook_id);
    let mut conn = engine.pool.get().await?;
    accepted_counts::report(&mut conn, &replica, &[count]).await?;
    Ok(())
}
