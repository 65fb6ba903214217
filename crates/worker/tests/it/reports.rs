//! What ingest tells about how much it accepted, and by which secrets, is written down once, whatever comes in between.

use diesel::QueryDsl as _;
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use lapin::options::QueuePurgeOptions;
use lapin::types::FieldTable;
use uuid::Uuid;
use waybill_common::broker::{Headers, Queue, Route};
use waybill_common::domain::counts::{Count, Report, SecretKind, SecretUse};
use waybill_common::domain::{Timestamp, Verdict};
use waybill_common::storage::schema::{accepted_counts, secret_uses};
use waybill_test_support::eventually;

use crate::system::{SOON, TestSystem};

fn report(accepted: u64) -> Vec<u8> {
    let minute = Timestamp::parse("2026-11-24T10:07:00Z").expect("a time");
    let count = Count { source: "payments".into(), minute, accepted, recovered: 1 };
    Report::new("replica", vec![count]).encode()
}

async fn tell(system: &TestSystem, body: Vec<u8>) -> anyhow::Result<()> {
    system
        .send_bytes(Route::Counts, (Uuid::now_v7(), body), &Headers::default())
        .await
}

async fn until_written(system: &TestSystem, accepted: i64) {
    eventually(SOON, async || {
        let mut conn = system.pool.get().await.map_err(|error| error.to_string())?;
        let written: Vec<(String, String, i64, i64)> = accepted_counts::table
            .select((
                accepted_counts::source,
                accepted_counts::replica,
                accepted_counts::accepted,
                accepted_counts::recovered,
            ))
            .load(&mut conn)
            .await
            .map_err(|error| error.to_string())?;
        let expected = [("payments".to_owned(), "replica".to_owned(), accepted, 1)];
        if written == expected { Ok(()) } else { Err(format!("{written:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_greatest_that_was_told_stands() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    for accepted in [3, 7, 5, 7] {
        tell(&system, report(accepted)).await?;
    }
    until_written(&system, 7).await;
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_secrets_verified_is_written_with_it() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let at = |text| Timestamp::parse(text).expect("a time");
    let used = |used, told_at| SecretUse {
        source: "payments".into(),
        kind: SecretKind::Token,
        position: 1,
        since: at("2026-11-20T09:00:00Z"),
        used,
        last_used_at: Some(at("2026-11-24T10:07:12Z")),
        told_at: at(told_at),
    };
    for (count, told_at) in [(3, "2026-11-24T10:07:15Z"), (4, "2026-11-24T10:07:20Z")] {
        let report = Report::new("replica", vec![]).with_secrets(vec![used(count, told_at)]);
        tell(&system, report.encode()).await?;
    }
    eventually(SOON, async || {
        let mut conn = system.pool.get().await.map_err(|error| error.to_string())?;
        let written: Vec<(String, String, i16, String, i64)> = secret_uses::table
            .select((
                secret_uses::source,
                secret_uses::kind,
                secret_uses::position,
                secret_uses::replica,
                secret_uses::used,
            ))
            .load(&mut conn)
            .await
            .map_err(|error| error.to_string())?;
        let expected = [("payments".to_owned(), "token".to_owned(), 1, "replica".to_owned(), 4)];
        if written == expected { Ok(()) } else { Err(format!("{written:?}")) }
    })
    .await;
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_report_is_dropped_and_holds_nobody_up() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    tell(&system, b"not a report".to_vec()).await?;
    tell(&system, br#"{"v":9,"replica":"r","counts":[]}"#.to_vec()).await?;
    // An event that lost its way is no report either.
    tell(&system, webhook.encode()).await?;
    tell(&system, report(2)).await?;

    until_written(&system, 2).await;
    system.publish(&webhook).await?;
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_waits_while_somebody_holds_the_table() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.config.database.lock_timeout_ms = 200;
    let mut stranger = system.database.as_ref().expect("its own").owner().await?;
    stranger
        .batch_execute("BEGIN; LOCK TABLE accepted_counts IN EXCLUSIVE MODE")
        .await?;
    system.start_worker()?;
    tell(&system, report(2)).await?;
    // It was refused at least once when another event has been through.
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    stranger.batch_execute("ROLLBACK").await?;

    until_written(&system, 2).await;
    drop(stranger);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_refused_for_good_is_dropped() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    system
        .sql("ALTER TABLE accepted_counts ADD CONSTRAINT few CHECK (accepted < 100)")
        .await?;
    tell(&system, report(100)).await?;
    tell(&system, report(99)).await?;
    until_written(&system, 99).await;
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_nothing_wanted_finds_its_way() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    let name = system.broker.topology().name(Queue::Counts);
    let channel = system.broker.channel().await?;
    let exchange = format!("{}.counts", system.config.broker.prefix);
    channel
        .queue_purge(name.as_str().into(), QueuePurgeOptions::default())
        .await?;
    channel
        .queue_unbind(name.into(), exchange.into(), "".into(), FieldTable::default())
        .await?;
    tell(&system, report(4)).await?;
    system.until_ready(Queue::Unrouted, 1).await;

    // Declares the topology again.
    system.start_worker()?;

    until_written(&system, 4).await;
    system.finish(&[]).await
}
