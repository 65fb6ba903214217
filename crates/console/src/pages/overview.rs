//! How things go, as of now; a script (`assets/overview.js`) goes on from there by the stream of [`crate::api::stats`].

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use chrono::TimeDelta;
use url::form_urlencoded::Serializer;

use super::badge::Badge;
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::api::stats::{self, SourceStats, Stats};
use crate::app::App;
use crate::problem::Problem;

/// Workers tell every two seconds how much waits.
const SILENT_AFTER: TimeDelta = TimeDelta::seconds(15);

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    at: Moment,
    tiles: Vec<Tile>,
    verdicts: Vec<(Badge, i64)>,
    sources: Vec<Source>,
    span_seconds: u32,
    accounted_until: Moment,
    oldest_due: Option<Moment>,
    /// When workers last told how much waits, where that is too long ago to be so still.
    silent_since: Option<Moment>,
}

/// A number, under the name that the stream has for it.
struct Tile {
    key: &'static str,
    what: &'static str,
    value: String,
    unit: &'static str,
    /// Where one sees what is behind it.
    link: Option<&'static str>,
}

struct Source {
    /// Where its webhooks are listed.
    link: String,
    name: String,
    state: Badge,
    received: i64,
    dead: i64,
    last: Option<Moment>,
    /// How far a change of secrets has come, and when one was last used.
    rotation: String,
    verified: Option<Moment>,
}

pub(super) async fn show(layout: Layout, app: Data<App>) -> Result<HttpResponse, Problem> {
    let stats = stats::look(&app).await?;
    let verdict = |(name, count): (&String, &i64)| (Badge::verdict(Some(name.as_str())), *count);
    let page = OverviewPage {
        layout,
        at: stats.at.into(),
        tiles: tiles(&stats),
        verdicts: stats.verdicts.iter().map(verdict).collect(),
        span_seconds: stats.span_seconds,
        accounted_until: stats.accounted_until.into(),
        oldest_due: stats.oldest_due_at.map(Moment::from),
        silent_since: stats
            .queues_seen_at
            .filter(|seen_at| stats.at - *seen_at > SILENT_AFTER)
            .map(Moment::from),
        sources: stats.sources.into_iter().map(Source::from).collect(),
    };
    layout::page(&page)
}

impl From<SourceStats> for Source {
    fn from(source: SourceStats) -> Self {
        let state = match (source.received, source.dead) {
            (0, _) if source.last_received_at.is_none() => Badge::new("plain", "never heard of"),
            (0, _) => Badge::new("plain", "quiet"),
            (_, 0) => Badge::new("good", "receiving"),
            (_, _) => Badge::new("bad", "some are dead"),
        };
        let name = [("source", source.source.as_str())];
        let query = Serializer::new(String::new()).extend_pairs(name).finish();
        Self {
            link: format!("/webhooks?{query}"),
            name: source.source,
            state,
            received: source.received,
            dead: source.dead,
            last: source.last_received_at.map(Moment::from),
            rotation: source
                .rotation
                .unwrap_or_else(|| "not configured".to_owned()),
            verified: source.last_verified_at.map(Moment::from),
        }
    }
}

fn tiles(stats: &Stats) -> Vec<Tile> {
    let rate = |value: f64| format!("{value:.1}");
    let whole = |value: f64| format!("{value:.0}");
    let unknown = || "unknown".to_owned();
    let count = |value: Option<u64>| value.map_or_else(unknown, |value| value.to_string());
    let tile = |key, what, value, unit| Tile { key, what, value, unit, link: None };
    let accepted = stats.accepted_per_second.map_or_else(unknown, rate);
    let p50 = stats.latency_p50_ms.map_or_else(|| "–".to_owned(), whole);
    let p99 = stats.latency_p99_ms.map_or_else(|| "–".to_owned(), whole);
    let unaccounted = stats
        .unaccounted
        .map_or_else(unknown, |events| events.to_string());
    vec![
        tile("accepted_per_second", "Accepted", accepted, "per second"),
        tile("committed_per_second", "Committed", rate(stats.committed_per_second), "per second"),
        Tile {
            link: Some("/webhooks?verdict=dead"),
            ..tile("failing_per_second", "Failing", rate(stats.failing_per_second), "per second")
        },
        tile("latency_p50_ms", "Latency, median", p50, "ms to the commit"),
        tile("latency_p99_ms", "Latency, p99", p99, "ms to the commit"),
        tile("queue_depth", "In the queue", count(stats.queue_depth), "messages ready"),
        tile("oldest_age_ms", "Oldest in hand", count(stats.oldest_age_ms), "ms on its way"),
        Tile {
            link: Some("/webhooks?state=retrying"),
            ..tile("retrying", "Waiting for a retry", stats.retrying.to_string(), "webhooks")
        },
        Tile {
            link: Some("/dead-letters"),
            ..tile("dead_letters", "Dead letters", stats.dead_letters.to_string(), "not replayed")
        },
        tile("unaccounted", "Unaccounted for", unaccounted, "events of an hour"),
    ]
}
