//! How much waits in the broker, as workers tell it in the database.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::storage::queue_looks::{Look, Seen, seen, tell};
use waybill_test_support::TestDatabase;

use super::ledger::text;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

async fn told(
    conn: &mut AsyncPgConnection,
    (worker, seen_at): (u128, &str),
    ready: &[(u16, u32)],
    age_ms: u64,
) -> anyhow::Result<()> {
    let look = Look {
        worker: Uuid::from_u128(worker),
        ready: ready.to_vec(),
        oldest_age: Duration::from_millis(age_ms),
        seen_at: time(seen_at),
    };
    Ok(tell(conn, &look).await?)
}

fn known(ready: u64, age_ms: u64, at: &str) -> Option<Seen> {
    let oldest_age = Duration::from_millis(age_ms);
    Some(Seen { ready, oldest_age, at: time(at).to_datetime() })
}

#[tokio::test]
async fn of_each_shard_the_newest_look_counts_and_of_all_workers_the_oldest_message()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    assert_eq!(seen(&mut conn).await?, None);
    told(&mut conn, (1, "2026-11-24T12:00:00Z"), &[(0, 7), (1, 1)], 900).await?;
    told(&mut conn, (2, "2026-11-24T12:00:01Z"), &[(0, 5), (1, 2)], 100).await?;
    assert_eq!(seen(&mut conn).await?, known(7, 900, "2026-11-24T12:00:01Z"));
    told(&mut conn, (1, "2026-11-24T12:00:02Z"), &[(0, 0), (1, 0)], 0).await?;
    assert_eq!(seen(&mut conn).await?, known(0, 100, "2026-11-24T12:00:02Z"));
    Ok(())
}

#[tokio::test]
async fn workers_and_shards_that_are_gone_count_no_more_and_the_last_look_stays()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    told(&mut conn, (1, "2026-11-24T12:00:00Z"), &[(0, 7), (1, 1)], 900).await?;
    told(&mut conn, (2, "2026-11-24T12:00:30Z"), &[(0, 3)], 10).await?;
    assert_eq!(seen(&mut conn).await?, known(3, 10, "2026-11-24T12:00:30Z"));
    let rows = "SELECT count(*)::text AS told FROM queue_looks";
    assert_eq!(text(&mut conn, rows).await?, "3");
    // Even a worker that comes back after hours finds its own row.
    told(&mut conn, (2, "2026-11-24T14:00:00Z"), &[(0, 4)], 20).await?;
    assert_eq!(seen(&mut conn).await?, known(4, 20, "2026-11-24T14:00:00Z"));
    assert_eq!(text(&mut conn, rows).await?, "1");
    Ok(())
}
