//! How things go: rates, latencies, what waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Json};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;
use waybill_common::domain::Timestamp;
use waybill_common::storage::{Connection, recent};
use waybill_operate::sources::{self, SourceView};

use super::live;
use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;

const SPAN_SECONDS: u32 = 60;
const LOOK_EVERY: Duration = Duration::from_secs(2);
const MINUTE_MICROS: i64 = 60_000_000;

/// The last minute, and what waits now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    pub at: DateTime<Utc>,
    pub span_seconds: u32,
    /// Webhooks received within the span and committed (or waiting for a retry) by now.
    pub received: i64,
    pub per_second: f64,
    /// Accepted (answered 202, or confirmed later) per second, over this minute and the one before, as far as ingest has
    /// reported; absent: it never reported anything.
    pub accepted_per_second: Option<f64>,
    /// Of those received within the span, how many per second have ended.
    pub committed_per_second: f64,
    /// Of those received within the span, how many per second are dead or wait for a retry.
    pub failing_per_second: f64,
    /// By verdict; `retrying` for those without.
    pub verdicts: BTreeMap<String, i64>,
    /// From receipt to commit.
    pub latency_p50_ms: Option<f64>,
    pub latency_p99_ms: Option<f64>,
    /// Messages that are ready for workers; absent: the broker is out of this console's reach, and no worker ever told.
    pub queue_depth: Option<u64>,
    /// How long the oldest message in a worker's hand has been on its way; absent: no worker tells.
    pub oldest_age_ms: Option<u64>,
    /// When that was so. Where the broker is out of this console's reach, workers tell it every two seconds: what is much
    /// older is no longer so.
    pub queues_seen_at: Option<DateTime<Utc>>,
    /// Events of the hour before `accounted_until` that were accepted and are nowhere; absent: it could not be counted.
    pub unaccounted: Option<i64>,
    /// What is younger may still be on its way.
    pub accounted_until: DateTime<Utc>,
    pub retrying: i64,
    /// When the retry that waits longest is, or was, due.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// Dead letters that nobody has replayed.
    pub dead_letters: i64,
    pub sources: Vec<SourceStats>,
}

/// One source within the span.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceStats {
    pub source: String,
    pub received: i64,
    pub dead: i64,
    /// Of what came before the span only the minute is known; absent: nothing ever came.
    pub last_received_at: Option<DateTime<Utc>>,
    /// How far a change of its secrets has come, in a few words; absent: it is not configured.
    pub rotation: Option<String>,
    /// When one of its secrets last verified a request, as far as ingest has reported.
    pub last_verified_at: Option<DateTime<Utc>>,
}

/// What the stream told last: one look for however many follow.
#[derive(Default)]
pub struct Latest(Mutex<Option<(Instant, Bytes)>>);

/// Tells how the last minute went and what waits.
#[utoipa::path(get, path = "/api/v1/stats", tag = "stats",
    responses((status = 200, description = "The last minute", body = Stats)))]
pub async fn show(app: Data<App>) -> Result<Json<Stats>, Problem> {
    look(&app).await.map(Json)
}

/// Tells it again every two seconds, as server-sent events named `stats`.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stats",
    responses((status = 200, description = "Events without end", content_type = "text/event-stream", body = String)))]
pub async fn stream(caller: Caller, app: Data<App>) -> HttpResponse {
    let looks = stream::unfold((app.clone(), true), |(app, first)| async move {
        if !first {
            sleep(LOOK_EVERY).await;
        }
        let told = app.latest.told(&app).await;
        Some((told, (app, false)))
    });
    live::answer(&app, caller, looks)
}

impl Latest {
    async fn told(&self, app: &App) -> Bytes {
        let mut last = self.0.lock().await;
        if let Some((at, told)) = &*last
            && at.elapsed() < LOOK_EVERY / 2
        {
            return told.clone();
        }
        let told = match look(app).await {
            Ok(stats) => live::event(None, "stats", &stats),
            Err(problem) => {
                tracing::warn!(error = problem.log_line(), "could not tell how things go");
                live::event(None, "problem", &problem.body())
            }
        };
        *last = Some((Instant::now(), told.clone()));
        told
    }
}

/// The same for pages.
///
/// # Errors
/// As any query.
pub async fn look(app: &App) -> Result<Stats, Problem> {
    let now = app.clock.now();
    let from =
        Timestamp::from_micros_saturating(now.micros() - i64::from(SPAN_SECONDS) * 1_000_000);
    let account = app.accounts.of(app).await;
    let mut conn = app.read().await?;
    let queues = app.queues.look(&mut conn, now).await?;
    let recent = recent::recent(&mut conn, from, now).await?;
    let waiting = recent::waiting(&mut conn).await?;
    let accepted = accepted_per_second(&mut conn, now).await?;
    let sources = by_source(&mut conn, app, recent.sources).await?;
    // Whoever was heard of and is silent accepts nothing.
    let heard = sources
        .iter()
        .any(|source| source.last_received_at.is_some());
    let accepted = accepted.or_else(|| heard.then_some(0.0));
    let verdicts: BTreeMap<String, i64> = recent.verdicts.into_iter().collect();
    let of = |name: &str| verdicts.get(name).copied().unwrap_or_default();
    let received: i64 = verdicts.values().sum();
    Ok(Stats {
        at: now.to_datetime(),
        span_seconds: SPAN_SECONDS,
        received,
        per_second: rate(received, SPAN_SECONDS),
        accepted_per_second: accepted,
        committed_per_second: rate(received - of("retrying"), SPAN_SECONDS),
        failing_per_second: rate(of("retrying") + of("dead"), SPAN_SECONDS),
        verdicts,
        latency_p50_ms: recent.latency_p50_ms,
        latency_p99_ms: recent.latency_p99_ms,
        queue_depth: queues.depth,
        oldest_age_ms: queues
            .oldest_age
            .map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        queues_seen_at: queues.at,
        unaccounted: account.unaccounted,
        accounted_until: account.until.to_datetime(),
        retrying: waiting.retrying,
        oldest_due_at: waiting.oldest_due_at,
        dead_letters: waiting.dead,
        sources,
    })
}

async fn accepted_per_second(
    conn: &mut Connection,
    now: Timestamp,
) -> Result<Option<f64>, Problem> {
    let minute = now.micros() - now.micros().rem_euclid(MINUTE_MICROS);
    let from = Timestamp::from_micros_saturating(minute - MINUTE_MICROS);
    let accepted = recent::accepted(conn, from).await?;
    let seconds = u32::try_from(now.seconds() - from.seconds()).unwrap_or(SPAN_SECONDS);
    Ok(accepted.map(|accepted| rate(accepted, seconds)))
}

/// Those that are configured, and any other that something came from.
async fn by_source(
    conn: &mut Connection,
    app: &App,
    recent: Vec<recent::SourceCount>,
) -> Result<Vec<SourceStats>, Problem> {
    let seen: BTreeMap<String, recent::SourceCount> = recent
        .into_iter()
        .map(|source| (source.source.clone(), source))
        .collect();
    let configured = app.config.sources.keys().map(String::as_str);
    let names: BTreeSet<&str> = configured.chain(seen.keys().map(String::as_str)).collect();
    let quiet: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !seen.contains_key(*name))
        .collect();
    let heard: BTreeMap<String, DateTime<Utc>> = recent::last_accepted(conn, &quiet)
        .await?
        .into_iter()
        .collect();
    let mut views: BTreeMap<String, SourceView> = sources::all(conn, &app.config, app.clock.now())
        .await?
        .into_iter()
        .map(|view| (view.name.clone(), view))
        .collect();
    let told = |name: &str| {
        let count = seen.get(name);
        let view = views.remove(name);
        SourceStats {
            source: name.to_owned(),
            received: count.map_or(0, |count| count.received),
            dead: count.map_or(0, |count| count.dead),
            last_received_at: count
                .map(|count| count.last_received_at)
                .or_else(|| heard.get(name).copied()),
            last_verified_at: view.as_ref().and_then(SourceView::last_verified_at),
            rotation: view.map(|view| view.rotation),
        }
    };
    Ok(names.into_iter().map(told).collect())
}

#[expect(clippy::float_arithmetic, reason = "a rate for people, not money")]
fn rate(events: i64, seconds: u32) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / f64::from(seconds.max(1))
}
