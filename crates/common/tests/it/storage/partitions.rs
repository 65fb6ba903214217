//! The months of `webhooks`.

use diesel_async::SimpleAsyncConnection as _;
use waybill_common::domain::{Reference, Timestamp, Verdict};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::partitions::{drop_before, make_ahead};
use waybill_common::storage::webhooks;
use waybill_test_support::TestDatabase;

use super::beside::{commit_beside, until_waiting};
use super::ledger::text;
use super::sender::{now, placed, webhook};

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// A webhook that was received at that time.
fn sent(key: &str, received_at: Timestamp) -> Pending {
    let mut pending = webhook(key, &[Reference::order(key)], placed(1_00));
    pending.envelope.received_at = received_at;
    let seconds = u64::try_from(received_at.seconds()).expect("after 1970");
    let id = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0));
    pending.envelope.event.webhook_id = id;
    pending
}

const WHERE_ROWS_ARE: &str = "SELECT coalesce(string_agg(tableoid::regclass::text, ' ' ORDER BY received_at), '') AS told \
                              FROM webhooks";

#[tokio::test]
async fn months_are_made_ahead_once_and_take_what_came_too_early() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    // Years that migration did not make.
    let batch = [
        sent("last", time("2030-01-31T23:59:59Z")),
        sent("first", time("2030-02-01T00:00:00Z")),
        sent("far", time("2030-09-01T00:00:00Z")),
    ];
    commit(&mut conn, &batch, now()).await?;
    let all_default = ["webhooks_default"; 3].join(" ");
    assert_eq!(text(&mut conn, WHERE_ROWS_ARE).await?, all_default);

    let (mut one, mut other) = (database.connection().await?, database.connection().await?);
    let at = time("2030-02-15T12:00:00Z");
    let (first, second) = tokio::join!(make_ahead(&mut one, at), make_ahead(&mut other, at));
    assert_eq!(first? + second?, 5, "last month, this one, three more; once");
    let expected = "webhooks_2030_01 webhooks_2030_02 webhooks_default";
    assert_eq!(text(&mut conn, WHERE_ROWS_ARE).await?, expected);
    for pending in &batch {
        let id = pending.envelope.event.webhook_id;
        assert!(webhooks::find(&mut conn, id).await?.is_some(), "found by its id alone");
    }
    Ok(())
}

/// PostgreSQL refuses the row as one that breaks a constraint, which is not the event's fault: its month has just been made.
#[tokio::test]
async fn an_event_that_comes_while_its_month_is_made_is_missed_and_not_to_blame()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut maker, mut watcher) = (database.connection().await?, database.connection().await?);
    let event = sent("meanwhile", time("2030-01-15T00:00:00Z"));
    maker.batch_execute("BEGIN").await?;
    make_ahead(&mut maker, time("2030-01-01T00:00:00Z")).await?;
    let mut beside = commit_beside(&database, vec![event.clone()]).await?;
    until_waiting(&mut watcher, "relation").await;

    maker.batch_execute("COMMIT").await?;
    let committed = beside.join_next().await.expect("it was begun")??;

    assert_eq!((committed.settled.len(), committed.missed), (0, vec![0]));
    let again = commit(&mut watcher, &[event], now()).await?;
    assert_eq!(again.settled[0].verdict, Verdict::Applied);
    assert_eq!(text(&mut watcher, WHERE_ROWS_ARE).await?, "webhooks_2030_01");
    Ok(())
}

#[tokio::test]
async fn old_months_go_unless_something_in_them_waits() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for month in ["2020-02-15T00:00:00Z", "2020-05-15T00:00:00Z"] {
        make_ahead(&mut conn, time(month)).await?;
    }
    let done = sent("done", time("2020-03-10T00:00:00Z"));
    let waits = sent("waits", time("2020-04-10T00:00:00Z"));
    commit(&mut conn, std::slice::from_ref(&done), now()).await?;
    let retrying =
        webhooks::Retrying { pending: &waits, attempts: 1, due_at: now(), error: "no".into() };
    webhooks::record_retrying(&mut conn, &[retrying]).await?;

    let dropped = drop_before(&mut conn, time("2020-05-20T00:00:00Z")).await?;
    let expected = ["webhooks_2020_01", "webhooks_2020_02", "webhooks_2020_03"];
    assert_eq!(dropped, expected, "April waits, May is not over");
    // The month is gone, the memory is not.
    let committed = commit(&mut conn, &[done], now()).await?;
    assert!(committed.settled[0].redelivered);
    Ok(())
}
