//! What was accepted equals what is accounted for, minute by minute.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use waybill_common::domain::counts::Count;
use waybill_common::domain::{Effect, Reference, Timestamp};
use waybill_common::storage::accepted_counts::report;
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::partitions::{drop_before, make_ahead};
use waybill_common::storage::reconciliation::{Balance, Page, Window, reconciliation};
use waybill_common::storage::webhooks;
use waybill_test_support::TestDatabase;

use super::ledger::text;
use super::sender::{again, captured, now, webhook};

const FIRST: &str = "2026-11-20T10:00:00Z";
const SECOND: &str = "2026-11-20T10:01:00Z";
const THIRD: &str = "2026-11-20T10:02:00Z";

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// A webhook of a source that was received some seconds into that minute.
fn received(source: &str, key: &str, minute: &str, seconds: i64) -> Pending {
    let mut pending = webhook(key, &[Reference::order(key)], captured(key, 1_00));
    pending.envelope.event.source = source.into();
    pending.envelope.received_at =
        Timestamp::from_micros(time(minute).micros() + seconds * 1_000_000)
            .expect("within the years");
    pending
}

fn count(source: &str, minute: &str, accepted: u64, recovered: u64) -> Count {
    Count { source: source.into(), minute: time(minute), accepted, recovered }
}

/// Everything is overdue.
fn window(from: &str, to: &str, minutes: u32) -> Window {
    Window { from: time(from), to: time(to), minutes, overdue_before: time("2030-01-01T00:00:00Z") }
}

fn whole(limit: i64) -> Page {
    Page { after: None, limit }
}

fn nothing(source: &str, start: &str) -> Balance {
    Balance {
        source: source.into(),
        start: time(start),
        accepted: 0,
        recovered: 0,
        applied: 0,
        no_change: 0,
        duplicate: 0,
        conflict: 0,
        ignored: 0,
        dead: 0,
        retrying: 0,
        in_flight: 0,
        unaccounted: 0,
        surplus: 0,
    }
}

/// One event of each verdict, and one that waits for a retry; all in the first minute.
async fn one_of_each(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let applied = received("shop", "e1", FIRST, 0);
    let in_minute = |mut pending: Pending| {
        pending.envelope.event.source = "shop".into();
        pending.envelope.received_at = applied.envelope.received_at;
        pending
    };
    let mut contradiction = in_minute(again(&applied));
    contradiction.envelope.event.body_sha256 = [9; 32];
    let knew = webhook("e1-other-key", &[Reference::order("e1")], captured("e1", 1_00));
    let batch = [
        applied.clone(),
        in_minute(knew),
        in_minute(again(&applied)),
        contradiction,
        in_minute(webhook("ping", &[], Effect::Control { control: "ping".into() })),
        in_minute(webhook("odd", &[], Effect::Unusable { reason: "no amount".into() })),
    ];
    commit(conn, &batch, now()).await?;
    let waits = received("shop", "e2", FIRST, 59);
    let retrying =
        webhooks::Retrying { pending: &waits, attempts: 1, due_at: now(), error: "no".into() };
    webhooks::record_retrying(conn, &[retrying]).await?;
    Ok(())
}

#[tokio::test]
async fn each_verdict_accounts_for_one_and_the_rest_is_missing() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    one_of_each(&mut conn).await?;
    report(&mut conn, "r1", &[count("shop", FIRST, 5, 1)]).await?;
    report(&mut conn, "r2", &[count("shop", FIRST, 3, 0)]).await?;
    let accounted = Balance {
        accepted: 8,
        recovered: 1,
        applied: 1,
        no_change: 1,
        duplicate: 1,
        conflict: 1,
        ignored: 1,
        dead: 1,
        retrying: 1,
        ..nothing("shop", FIRST)
    };

    let old = reconciliation(&mut conn, &window(FIRST, SECOND, 1), &whole(10)).await?;
    assert_eq!(old, [Balance { unaccounted: 2, ..accounted.clone() }]);

    let young = Window { overdue_before: time(FIRST), ..window(FIRST, SECOND, 1) };
    let young = reconciliation(&mut conn, &young, &whole(10)).await?;
    assert_eq!(young, [Balance { in_flight: 2, ..accounted }]);
    Ok(())
}

#[tokio::test]
async fn a_surplus_is_no_loss_and_hides_none() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    // A replica was killed before it reported the first minute; the second minute lost an event.
    let batch = [
        received("shop", "e1", FIRST, 1),
        received("shop", "e2", FIRST, 2),
        received("shop", "e3", SECOND, 0),
    ];
    commit(&mut conn, &batch, now()).await?;
    report(&mut conn, "r1", &[count("shop", FIRST, 1, 0), count("shop", SECOND, 2, 0)]).await?;

    let both = reconciliation(&mut conn, &window(FIRST, THIRD, 2), &whole(10)).await?;

    let expected =
        Balance { accepted: 3, applied: 3, unaccounted: 1, surplus: 1, ..nothing("shop", FIRST) };
    assert_eq!(both, [expected]);
    Ok(())
}

#[tokio::test]
async fn reports_that_come_twice_late_or_torn_apart_count_once() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let (early, late) = (count("shop", FIRST, 3, 1), count("shop", FIRST, 7, 2));
    for counts in [vec![&late], vec![&early], vec![&late, &early], vec![], vec![&late]] {
        let counts: Vec<Count> = counts.into_iter().cloned().collect();
        report(&mut conn, "r1", &counts).await?;
    }
    let told = reconciliation(&mut conn, &window(FIRST, SECOND, 1), &whole(10)).await?;
    let expected = Balance { accepted: 7, recovered: 2, unaccounted: 9, ..nothing("shop", FIRST) };
    assert_eq!(told, [expected]);

    // A name that nobody can store, a minute that is none, more than a column holds.
    let odd =
        Count { minute: time("2026-11-20T10:01:30Z"), ..count("sh\0op", SECOND, u64::MAX, 0) };
    report(&mut conn, "r\0", &[odd]).await?;
    let query = "SELECT source || ' ' || minute || ' ' || accepted AS told FROM accepted_counts WHERE source <> 'shop'";
    conn.batch_execute("SET timezone = 'UTC'").await?;
    let expected = format!("sh\u{fffd}op 2026-11-20 10:01:00+00 {}", i64::MAX);
    assert_eq!(text(&mut conn, query).await?, expected);
    Ok(())
}

#[tokio::test]
async fn a_window_is_told_by_spans_and_page_by_page() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let counts = [
        count("a", FIRST, 1, 0),
        count("a", SECOND, 2, 0),
        count("a", THIRD, 4, 0),
        count("b", FIRST, 8, 0),
        count("b", "2026-11-20T10:03:00Z", 16, 0),
        // Beside the window.
        count("b", "2026-11-20T09:59:00Z", 32, 0),
        count("b", "2026-11-20T10:04:00Z", 64, 0),
    ];
    report(&mut conn, "r1", &counts).await?;
    // Cut to whole minutes.
    let asked = window("2026-11-20T10:00:59Z", "2026-11-20T10:04:30Z", 2);
    let (mut told, mut page) = (Vec::new(), whole(2));
    loop {
        let balances = reconciliation(&mut conn, &asked, &page).await?;
        let Some(last) = balances.last() else { break };
        page.after = Some((last.start, last.source.clone()));
        told.extend(
            balances
                .into_iter()
                .map(|balance| (balance.start, balance.source, balance.accepted)),
        );
    }

    let expected = [
        (time(FIRST), "a".to_owned(), 3),
        (time(FIRST), "b".to_owned(), 8),
        (time(THIRD), "a".to_owned(), 4),
        (time(THIRD), "b".to_owned(), 16),
    ];
    assert_eq!(told, expected);
    Ok(())
}

#[tokio::test]
async fn a_month_that_is_dropped_is_not_a_month_that_is_lost() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    make_ahead(&mut conn, time("2020-02-15T00:00:00Z")).await?;
    let (old, kept) = ("2020-01-31T23:59:00Z", "2020-02-01T00:00:00Z");
    let batch = [received("shop", "e1", old, 3), received("shop", "e2", kept, 3)];
    commit(&mut conn, &batch, now()).await?;
    report(&mut conn, "r1", &[count("shop", old, 1, 0), count("shop", kept, 1, 0)]).await?;

    assert_eq!(drop_before(&mut conn, time("2020-02-10T00:00:00Z")).await?, ["webhooks_2020_01"]);

    let told =
        reconciliation(&mut conn, &window(old, "2020-02-02T00:00:00Z", 1), &whole(10)).await?;
    assert_eq!(told, [Balance { accepted: 1, applied: 1, ..nothing("shop", kept) }]);
    Ok(())
}
