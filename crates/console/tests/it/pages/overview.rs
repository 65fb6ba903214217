//! The page Overview, and the numbers behind it.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;
use waybill_common::access::Role;
use waybill_common::age::Teller;
use waybill_common::domain::Effect;
use waybill_common::domain::counts::Count;
use waybill_common::storage::accepted_counts;
use waybill_common::storage::commit::commit;
use waybill_common::storage::queue_looks::{self, Look};
use waybill_test_support::broker::TestBroker;
use waybill_test_support::eventually;
use waybill_test_support::redis::TestRedis;

use crate::html::{assert_tells, faults};
use crate::support::{SOON, TestConsole, later, now};

/// The number that a tile shows.
fn tile<'a>(page: &'a str, key: &str) -> &'a str {
    let after = page.split_once(&format!(r#"data-stat="{key}">"#));
    after
        .and_then(|(_, rest)| rest.split_once('<'))
        .map_or("", |(value, _)| value)
}

fn count(source: &str, minute_seconds: i64, accepted: u64) -> Count {
    Count { source: source.into(), minute: later(minute_seconds), accepted, recovered: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_how_things_go() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let empty = console.shown(&browser, "/").await?;
    assert!(empty.contains("Nothing was received") && empty.contains("never heard of"), "{empty}");
    assert_eq!(tile(&empty, "accepted_per_second"), "unknown");
    assert_eq!(tile(&empty, "latency_p99_ms"), "–");
    assert_eq!(tile(&empty, "unaccounted"), "0");
    assert_eq!(faults(&empty), Vec::<String>::new());

    console.tell("A-1", &["placed", "paid"]).await?;
    let mut dead = console.pending("A-1", "paid", 9)?;
    dead.envelope.event.effect = Effect::Unusable { reason: "no amount".into() };
    let mut conn = console.database.connection().await?;
    commit(&mut conn, &[dead], later(1)).await?;
    let counts = [count("payments", 0, 6), count("payments", -60, 3), count("stripe", -600, 1)];
    accepted_counts::report(&mut conn, "r", &counts).await?;
    console.clock.set(later(30));
    let page = console.shown(&browser, "/").await?;
    // Nine in this minute and the one before, of which half a minute is still to come.
    assert_eq!(tile(&page, "accepted_per_second"), "0.1");
    assert_eq!(tile(&page, "committed_per_second"), "0.1");
    assert_eq!(tile(&page, "failing_per_second"), "0.0");
    assert_eq!(tile(&page, "latency_p99_ms"), "991");
    assert_eq!(tile(&page, "dead_letters"), "1");
    assert_tells(
        &page,
        &[
            r#"<span class="badge badge-good">applied</span>"#,
            "some are dead",
            "quiet",
            r#"<time datetime="2026-01-01T11:50:00.000000Z">"#,
            r#"<a href="/webhooks?source=payments">payments</a>"#,
        ],
    );
    assert_eq!(faults(&page), Vec::<String>::new());
    console.clock.set(later(300));
    let later = console.shown(&browser, "/").await?;
    assert_eq!(tile(&later, "accepted_per_second"), "0.0", "silent, and not unknown");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nowhere_after_all_retries_is_unaccounted_for() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| config.retry.delays_seconds = vec![600]).await?;
    console.tell("A-1", &["placed"]).await?;
    let mut conn = console.database.connection().await?;
    accepted_counts::report(&mut conn, "r", &[count("payments", 0, 3)]).await?;
    let (_, stats) = console.get("/api/v1/stats").await?;
    assert_eq!(stats["unaccounted"], 0, "it may still come");
    console.clock.set(later(660));
    let (_, stats) = console.get("/api/v1/stats").await?;
    assert_eq!(stats["unaccounted"], 2);
    assert_eq!(stats["accounted_until"], "2026-01-01T12:01:00Z");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_in_reach_the_queue_is_unknown_and_with_one_it_is_counted()
-> anyhow::Result<()> {
    let away = TestConsole::start().await?;
    let (_, stats) = away.get("/api/v1/stats").await?;
    assert_eq!((&stats["queue_depth"], &stats["oldest_age_ms"]), (&Value::Null, &Value::Null));
    away.finish().await?;

    let broker = TestBroker::new();
    broker.declare().await?;
    let redis = TestRedis::new();
    let console = TestConsole::with(|config| {
        config.broker = broker.config.clone();
        config.retry = broker.retry.clone();
        config.redis = redis.config.clone();
    })
    .await?;
    let mut worker = Teller::new(&redis.config)?;
    eventually(SOON, async || {
        worker.tell(Duration::from_millis(1_234)).await.unwrap();
        let (_, stats) = console.get("/api/v1/stats").await.unwrap();
        let known = stats["queue_depth"] == 0 && stats["oldest_age_ms"] == 1_234;
        known.then_some(()).ok_or(stats)
    })
    .await;
    console.finish().await?;
    broker.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_wall_workers_tell_how_much_waits_and_since_when_none_does() -> anyhow::Result<()>
{
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let unknown = console.shown(&browser, "/").await?;
    assert_eq!(tile(&unknown, "queue_depth"), "unknown");
    let hidden = r#"id="silent" role="status" hidden>"#;
    assert!(unknown.contains(hidden), "{unknown}");

    let mut conn = console.database.connection().await?;
    let look = Look {
        worker: Uuid::nil(),
        ready: vec![(0, 30), (1, 12)],
        oldest_age: Duration::from_millis(1_234),
        seen_at: now(),
    };
    queue_looks::tell(&mut conn, &look).await?;
    console.clock.set(later(15));
    let (_, stats) = console.get("/api/v1/stats").await?;
    assert_eq!((&stats["queue_depth"], &stats["oldest_age_ms"]), (&42.into(), &1_234.into()));
    assert_eq!(stats["queues_seen_at"], "2026-01-01T12:00:00Z");
    let page = console.shown(&browser, "/").await?;
    assert_eq!((tile(&page, "queue_depth"), tile(&page, "oldest_age_ms")), ("42", "1234"));
    assert!(page.contains(hidden), "{page}");

    console.clock.set(later(16));
    let page = console.shown(&browser, "/").await?;
    let since = r#"<span id="silent-since"><time datetime="2026-01-01T12:00:00.000000Z">"#;
    assert!(page.contains(since) && !page.contains(hidden), "{page}");
    assert_eq!(tile(&page, "queue_depth"), "42");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_follower_is_told_and_one_look_serves_all() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let mut first = Vec::new();
    for _ in 0..2 {
        let mut stream = console.page(&browser, "/api/v1/stream").await?;
        let chunk = stream.chunk().await?.unwrap_or_default();
        first.push(String::from_utf8(chunk.to_vec())?);
    }
    assert!(first[0].starts_with("event: stats\ndata: {"), "{}", first[0]);
    assert_eq!(first[0], first[1]);
    assert!(first[0].contains(&now().to_string()[..19]));
    console.finish().await
}
