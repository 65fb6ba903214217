//! What secrets have verified: told by replicas that come, run and go.

use chrono::{DateTime, Utc};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{SecretKind, SecretUse};
use waybill_common::storage::secret_uses::{Running, Use, fold, report, uses};
use waybill_test_support::TestDatabase;

use super::ledger::text;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn moment(text: &str) -> DateTime<Utc> {
    time(text).to_datetime()
}

/// A token of `shop` in that place.
fn token(position: u16, (used, last): (u64, Option<&str>), told_at: &str) -> SecretUse {
    SecretUse {
        source: "shop".into(),
        kind: SecretKind::Token,
        position,
        since: time("2026-11-20T09:00:00Z"),
        used,
        last_used_at: last.map(time),
        told_at: time(told_at),
    }
}

fn known(position: u16, running: Option<(i64, Option<&str>)>, before: Option<&str>) -> Use {
    let running = running.map(|(used, last)| Running {
        since: moment("2026-11-20T09:00:00Z"),
        used,
        last_used_at: last.map(moment),
    });
    Use {
        source: "shop".into(),
        kind: SecretKind::Token,
        position,
        running,
        used_before_at: before.map(moment),
    }
}

#[tokio::test]
async fn the_latest_that_each_replica_told_stands_and_those_that_run_are_added_up()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let first = token(0, (3, Some("2026-11-24T09:00:00Z")), "2026-11-24T09:00:01Z");
    let second = token(0, (5, Some("2026-11-24T10:00:00Z")), "2026-11-24T10:00:01Z");
    let unused = token(1, (0, None), "2026-11-24T10:00:01Z");
    report(&mut conn, "a", &[second.clone(), unused.clone()]).await?;
    // Late, and repeated.
    report(&mut conn, "a", &[first.clone(), first.clone()]).await?;
    report(&mut conn, "a", &[second]).await?;
    report(&mut conn, "b", &[first, SecretUse { since: time("2026-11-21T00:00:00Z"), ..unused }])
        .await?;
    report(&mut conn, "b", &[]).await?;
    let seen = uses(&mut conn, time("2026-11-24T09:02:00Z")).await?;
    let both = known(0, Some((8, Some("2026-11-24T10:00:00Z"))), None);
    assert_eq!(seen, [both, known(1, Some((0, None)), None)]);
    Ok(())
}

#[tokio::test]
async fn whoever_is_silent_for_minutes_is_gone_and_only_its_last_use_is_told() -> anyhow::Result<()>
{
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let gone = token(0, (7, Some("2026-11-23T08:00:00Z")), "2026-11-24T09:00:00Z");
    let runs = token(0, (1, Some("2026-11-24T09:04:00Z")), "2026-11-24T09:04:01Z");
    report(&mut conn, "gone", &[gone]).await?;
    let now = time("2026-11-24T09:04:02Z");
    assert_eq!(
        uses(&mut conn, now).await?,
        [known(0, None, Some("2026-11-23T08:00:00Z"))],
        "nobody runs"
    );
    report(&mut conn, "runs", &[runs]).await?;
    let running = Some((1, Some("2026-11-24T09:04:00Z")));
    assert_eq!(uses(&mut conn, now).await?, [known(0, running, Some("2026-11-23T08:00:00Z"))]);
    // Whatever was used so long ago was another secret, most likely.
    let a_month_later = time("2026-12-23T08:00:01Z");
    assert_eq!(
        uses(&mut conn, a_month_later).await?,
        [known(0, None, Some("2026-11-24T09:04:00Z"))]
    );
    Ok(())
}

#[tokio::test]
async fn of_replicas_that_are_long_gone_one_row_stays() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for (replica, last, told_at) in [
        ("a", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"),
        ("b", "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"),
        ("c", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"),
    ] {
        report(&mut conn, replica, &[token(0, (2, Some(last)), told_at)]).await?;
        fold(&mut conn, time("2026-11-24T12:00:00Z")).await?;
    }
    let rows =
        "SELECT string_agg(replica || ' ' || used, ',' ORDER BY replica) AS told FROM secret_uses";
    assert_eq!(text(&mut conn, rows).await?, " 4,c 2");
    let now = time("2026-11-24T11:00:00Z");
    let running = Some((2, Some("2026-11-24T10:00:00Z")));
    assert_eq!(uses(&mut conn, now).await?, [known(0, running, Some("2026-11-21T10:00:00Z"))]);
    Ok(())
}
