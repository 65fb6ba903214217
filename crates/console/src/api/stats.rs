//! How things go: rates, latencies, what waits.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::Serialize;
use tokio::time::sleep;
use utoipa::ToSchema;
use waybill_common::domain::Timestamp;
use waybill_common::storage::recent;

use super::live;
use crate::app::App;
use crate::problem::Problem;

const SPAN_SECONDS: u32 = 60;
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The last minute, and what waits now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    pub at: DateTime<Utc>,
    pub span_seconds: u32,
    /// Webhooks received within the span and committed (or waiting for a retry) by now.
    pub received: i64,
    pub per_second: f64,
    /// By verdict; `retrying` for those without.
    pub verdicts: BTreeMap<String, i64>,
    /// From receipt to commit.
    pub latency_p50_ms: Option<f64>,
    pub latency_p99_ms: Option<f64>,
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
    pub last_received_at: DateTime<Utc>,
}

/// Tells how the last minute went and what waits.
#[utoipa::path(get, path = "/api/v1/stats", tag = "stats",
    responses((status = 200, description = "The last minute", body = Stats)))]
pub async fn show(app: Data<App>) -> Result<Json<Stats>, Problem> {
    look(&app).await.map(Json)
}

/// Tells it again every two seconds, as server-sent events named `stats`.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stats",
    responses((status = 200, description = "Events without end", content_type = "text/event-stream", body = String)))]
pub async fn stream(app: Data<App>) -> HttpResponse {
    let looks = stream::unfold((app.clone(), true), |(app, first)| async move {
        if !first {
            sleep(LOOK_EVERY).await;
        }
        let told = match look(&app).await {
            Ok(stats) => live::event(None, "stats", &stats),
            Err(problem) => {
                tracing::warn!(error = problem.log_line(), "could not tell how things go");
                live::event(None, "problem", &problem.body())
            }
        };
        Some((told, (app, false)))
    });
    live::answer(&app, looks)
}

/// The same for pages.
///
/// # Errors
/// As any query.
pub async fn look(app: &App) -> Result<Stats, Problem> {
    let now = app.clock.now();
    let from =
        Timestamp::from_micros_saturating(now.micros() - i64::from(SPAN_SECONDS) * 1_000_000);
    let mut conn = app.read().await?;
    let recent = recent::recent(&mut conn, from, now).await?;
    let waiting = recent::waiting(&mut conn).await?;
    let received: i64 = recent.verdicts.iter().map(|(_, count)| count).sum();
    Ok(Stats {
        at: now.to_datetime(),
        span_seconds: SPAN_SECONDS,
        received,
        per_second: rate(received),
        verdicts: recent.verdicts.into_iter().collect(),
        latency_p50_ms: recent.latency_p50_ms,
        latency_p99_ms: recent.latency_p99_ms,
        retrying: waiting.retrying,
        oldest_due_at: waiting.oldest_due_at,
        dead_letters: waiting.dead,
        sources: recent
            .sources
            .into_iter()
            .map(|source| SourceStats {
                source: source.source,
                received: source.received,
                dead: source.dead,
                last_received_at: source.last_received_at,
            })
            .collect(),
    })
}

#[expect(clippy::float_arithmetic, reason = "a rate for people, not money")]
fn rate(received: i64) -> f64 {
    f64::from(u32::try_from(received).unwrap_or(u32::MAX)) / f64::from(SPAN_SECONDS)
}
