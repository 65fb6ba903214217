//! What is rare is found at once, however much lies before it, and found whole, page by page.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use uuid::Uuid;
use waybill_common::domain::{Effect, Reference, Timestamp, Verdict};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::place::{EXAMINED_MAX, Place};
use waybill_common::storage::webhooks::{Retrying, Search, record_retrying, search};
use waybill_common::storage::{dead_letters, operator_actions, orders};
use waybill_test_support::TestDatabase;

use super::ledger::text;
use super::sender::{again, captured, now, placed, webhook};

/// Newer than everything that is sent, and more than a page looks at.
const NOISE: &str = "
INSERT INTO webhooks (received_at, id, source, provider, dedup_key, body_sha256, native_type, order_id, state, verdict,
    reason, attempts, correlation_id, committed_at, body, body_encoding, headers)
SELECT '2026-11-20T13:00:00Z'::timestamptz + n * interval '1 second',
    (lpad(to_hex(1795179600000 + n * 1000), 12, '0') || '70008000000000000000')::uuid, 'shop', 'p', n::text, sha256(''),
    't', gen_random_uuid(), 'final', 'applied', 'r', 1, 'c', now(), '', 'utf8', '{}' FROM generate_series(1, 6000) n;
INSERT INTO orders (id, namespace, status, payment, fulfilment, dispute, lifecycle, facts, version, last_seq, head_hash,
    rules, created_at, updated_at)
SELECT (lpad(to_hex(1795179600000 + n * 1000), 12, '0') || '70008000000000000000')::uuid, 'n', 'paid', 'paid',
    'unfulfilled', 'none', 'open', '{}', 1, 1, sha256(''), 1, '2026-11-20T13:00:00Z', '2026-11-20T13:00:00Z'
FROM generate_series(1, 6000) n;
ANALYZE webhooks; ANALYZE orders";

fn order(name: &str) -> [Reference; 1] {
    [Reference::order(name)]
}

async fn id_of(conn: &mut AsyncPgConnection, name: &str) -> anyhow::Result<Uuid> {
    let found = orders::find(conn, name).await?;
    Ok(found.first().expect("it was made").summary.id)
}

/// Every page from the newest to the oldest, and all the way back.
async fn walk(
    conn: &mut AsyncPgConnection,
    asked: &Search,
    limit: i64,
) -> anyhow::Result<[Vec<Uuid>; 2]> {
    let mut ways = [Vec::new(), Vec::new()];
    for (way, backward) in ways.iter_mut().zip([false, true]) {
        let mut from = None;
        if backward {
            // Behind the oldest of all.
            from = Some(Uuid::try_parse(&text(conn, OLDEST).await?)?);
        }
        loop {
            let found = search(conn, asked, Place { from, backward, limit }).await?;
            assert_eq!(found.stopped_at, None, "{asked:?}");
            way.extend(found.rows.iter().map(|row| row.id));
            let Some(last) = found.rows.last() else { break };
            from = Some(last.id);
        }
    }
    ways[1].reverse();
    Ok(ways)
}

const OLDEST: &str = "SELECT id::text AS told FROM webhooks ORDER BY received_at, id LIMIT 1";

/// What a search must find, read from the whole table.
async fn expected(conn: &mut AsyncPgConnection, condition: &str) -> anyhow::Result<Vec<Uuid>> {
    let query = format!(
        "SELECT COALESCE(string_agg(id::text, ' ' ORDER BY received_at DESC, id DESC), '') AS told \
         FROM webhooks WHERE {condition}"
    );
    let ids = text(conn, &query).await?;
    Ok(ids
        .split_whitespace()
        .map(Uuid::try_parse)
        .collect::<Result<_, _>>()?)
}

/// Two orders of which events and repeats take turns, several in one millisecond.
fn sent() -> Vec<Pending> {
    let mut oldest = webhook("nobody", &[], captured("none", 1));
    oldest.envelope.event.source = "other".into();
    let mut sent = vec![oldest];
    for nth in 0..20 {
        for name in ["A-1", "A-2"] {
            let key = format!("{name}-{nth}");
            let first = webhook(&key, &order(name), captured(&key, 1_00));
            let mut repeated = again(&first);
            if nth % 3 == 0 {
                // In the millisecond of the first, and before it.
                let received_at = first.envelope.received_at.micros() + 400;
                let mut first = first.clone();
                first.envelope.received_at =
                    Timestamp::from_micros(received_at).expect("within the years");
                repeated.envelope.received_at =
                    Timestamp::from_micros(received_at - 200).expect("within the years");
                repeated.envelope.event.webhook_id =
                    Uuid::from_u128(first.envelope.event.webhook_id.as_u128() ^ 1);
                sent.extend([first, repeated]);
            } else {
                sent.push(first);
            }
        }
    }
    sent
}

#[tokio::test]
async fn the_webhooks_of_an_order_are_found_whole_whatever_came_since() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for batch in sent().chunks(7) {
        commit(&mut conn, batch, now()).await?;
    }
    database.owner().await?.batch_execute(NOISE).await?;
    let order_id = id_of(&mut conn, "A-1").await?;
    let time = text(
        &mut conn,
        "SELECT to_char(max(received_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS told \
         FROM webhooks WHERE dedup_key = 'A-1-9'",
    )
    .await?;
    let of_order = Search { order_id: Some(order_id), ..Search::default() };
    let all = format!("order_id = '{order_id}'");
    let (from, to) = (Some(Timestamp::parse(&time)?), Some(Timestamp::parse(&time)?));
    for (asked, condition, found) in [
        (of_order.clone(), all.clone(), 27),
        (
            Search { verdict: Some(Verdict::Duplicate), ..of_order.clone() },
            format!("{all} AND verdict = 'duplicate'"),
            7,
        ),
        (Search { from, ..of_order.clone() }, format!("{all} AND received_at >= '{time}'"), 14),
        (Search { to, ..of_order.clone() }, format!("{all} AND received_at < '{time}'"), 13),
        (Search { source: Some("shop".into()), ..of_order.clone() }, "false".to_owned(), 0),
    ] {
        let expected = expected(&mut conn, &condition).await?;
        assert_eq!(expected.len(), found, "{condition}");
        for limit in [1, 4, 200] {
            let seen = walk(&mut conn, &asked, limit).await?;
            assert_eq!(seen, [expected.clone(), expected.clone()], "{condition}, {limit} a page");
        }
    }
    let nobody = Search { order_id: Some(Uuid::nil()), ..Search::default() };
    assert_eq!(walk(&mut conn, &nobody, 10).await?, [Vec::<Uuid>::new(), Vec::new()]);
    Ok(())
}

#[tokio::test]
async fn verdicts_that_are_rare_are_found_whole_whatever_came_since() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for batch in sent().chunks(7) {
        commit(&mut conn, batch, now()).await?;
    }
    database.owner().await?.batch_execute(NOISE).await?;
    let asked = Search { verdict: Some(Verdict::Duplicate), ..Search::default() };
    let expected = expected(&mut conn, "verdict = 'duplicate'").await?;
    assert_eq!(expected.len(), 14);
    assert_eq!(walk(&mut conn, &asked, 4).await?, [expected.clone(), expected]);
    Ok(())
}

#[tokio::test]
async fn the_webhooks_of_a_rare_source_are_found_whole_whatever_came_since() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for batch in sent().chunks(7) {
        commit(&mut conn, batch, now()).await?;
    }
    let mut unusable = webhook("e1", &[], Effect::Unusable { reason: "no amount".into() });
    unusable.envelope.event.source = "bank".into();
    let waits = webhook("e2", &order("A-1"), captured("e2", 1));
    let retrying = Retrying { pending: &waits, attempts: 1, due_at: now(), error: "e".into() };
    record_retrying(&mut conn, &[retrying]).await?;
    commit(&mut conn, &[unusable], now()).await?;
    database.owner().await?.batch_execute(NOISE).await?;
    for (source, found) in [("stripe", 55), ("bank", 1), ("nobody", 0)] {
        let asked = Search { source: Some(source.into()), ..Search::default() };
        let expected = expected(&mut conn, &format!("source = '{source}'")).await?;
        assert_eq!(expected.len(), found, "{source}");
        assert_eq!(walk(&mut conn, &asked, 9).await?, [expected.clone(), expected], "{source}");
    }
    Ok(())
}

#[tokio::test]
async fn orders_that_a_rare_source_has_told_of_are_found_whatever_came_since() -> anyhow::Result<()>
{
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let by = |source: &str, key: &str, names: &[Reference]| {
        let mut pending = webhook(key, names, placed(1_00));
        pending.envelope.event.source = source.into();
        pending
    };
    let orders = [Reference::order("A-1"), Reference::order("A-2")];
    let told = [
        by("bank", "e1", &orders[..1]),
        by("shop", "e2", &orders[1..]),
        // Takes two of the merchant's orders for one.
        by("forge", "e3", &orders),
    ];
    commit(&mut conn, &told, now()).await?;
    database.owner().await?.batch_execute(NOISE).await?;
    for (source, names) in [("bank", &["A-1"][..]), ("forge", &["A-2", "A-1"]), ("nobody", &[])] {
        let asked = orders::Search { source: Some(source.into()), ..orders::Search::default() };
        let place = Place { from: None, backward: false, limit: 10 };
        let found = orders::search(&mut conn, &asked, place).await?;
        let mut seen: Vec<_> = found
            .rows
            .iter()
            .map(|row| row.external_id.as_deref())
            .collect();
        seen.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(seen, names.iter().map(|name| Some(*name)).collect::<Vec<_>>(), "{source}");
        assert_eq!(found.stopped_at, None, "{source}");
    }
    Ok(())
}

/// Letters and actions, the rare ones the oldest.
const OTHER_NOISE: &str = "
INSERT INTO dead_letters (webhook_id, received_at, source, reason, error, attempts, first_failed_at, last_failed_at, message,
    replay_state, replays, replayed_at)
SELECT (lpad(to_hex(1795179600000 + n), 12, '0') || '70008000000000000000')::uuid, now(),
    CASE WHEN n <= 2 THEN 'rare' ELSE 'shop' END, CASE WHEN n <= 3 THEN 'crashed' ELSE 'unusable' END, 'e', 1, now(), now(),
    '', CASE WHEN n <= 4 THEN 'none' ELSE 'replayed' END, CASE WHEN n <= 4 THEN 0 ELSE 1 END,
    CASE WHEN n <= 4 THEN NULL ELSE now() END
FROM generate_series(1, 6000) n;
INSERT INTO operator_actions (id, at, actor, action, reason, origin, subject)
SELECT (lpad(to_hex(1795179600000 + n), 12, '0') || '70008000000000000000')::uuid, now(),
    CASE WHEN n <= 2 THEN 'operator:rare' ELSE 'operator:ada' END, CASE WHEN n <= 3 THEN 'rare' ELSE 'sign_in' END, 'r', 'o',
    CASE WHEN n <= 4 THEN 'order:rare' ELSE 'operator:ada' END
FROM generate_series(1, 6000) n";

#[tokio::test]
async fn letters_and_actions_are_found_by_each_filter_whatever_came_since() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    database.owner().await?.batch_execute(OTHER_NOISE).await?;
    let mut conn = database.connection().await?;
    let first = Place { from: None, backward: false, limit: 10 };
    let (source, reason) = (Some("rare".to_owned()), Some(dead_letters::DeathReason::Crashed));
    let letters = dead_letters::Search::default;
    for (asked, found) in [
        (dead_letters::Search { source: source.clone(), ..letters() }, 2),
        (dead_letters::Search { reason, ..letters() }, 3),
        (dead_letters::Search { replay_state: Some("none".into()), ..letters() }, 4),
        (dead_letters::Search { source, reason, replay_state: Some("none".into()) }, 2),
    ] {
        let seen = dead_letters::search(&mut conn, &asked, first).await?;
        assert_eq!((seen.rows.len(), seen.stopped_at), (found, None), "{asked:?}");
    }
    let actions = operator_actions::Search::default;
    let (actor, subject) = (Some("operator:rare".to_owned()), Some("order:rare".to_owned()));
    for (asked, found) in [
        (operator_actions::Search { actor: actor.clone(), ..actions() }, 2),
        (operator_actions::Search { action: Some("rare".into()), ..actions() }, 3),
        (operator_actions::Search { subject: subject.clone(), ..actions() }, 4),
        (operator_actions::Search { actor, subject, ..actions() }, 2),
    ] {
        let seen = operator_actions::search(&mut conn, &asked, first).await?;
        assert_eq!((seen.rows.len(), seen.stopped_at), (found, None), "{asked:?}");
    }
    Ok(())
}

#[tokio::test]
async fn of_two_filters_that_are_common_a_page_looks_at_some_thousands_and_says_where_it_stopped()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    database.owner().await?.batch_execute(OTHER_NOISE).await?;
    let mut conn = database.connection().await?;
    // Both are common, and nothing is both.
    let asked = dead_letters::Search {
        source: Some("shop".into()),
        reason: Some(dead_letters::DeathReason::Unusable),
        replay_state: Some("replaying".into()),
    };
    let (mut from, mut pages) = (None, 0);
    loop {
        let place = Place { from, backward: false, limit: 10 };
        let found = dead_letters::search(&mut conn, &asked, place).await?;
        assert_eq!(found.rows, []);
        pages += 1;
        from = found.stopped_at;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(pages, 1 + 5_997 / EXAMINED_MAX);
    Ok(())
}
