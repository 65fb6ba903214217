//! Whatever is taken away or put in its place behind the program's back is found.

use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use waybill_common::domain::{Effect, Flag, Reference, Timestamp};
use waybill_common::storage::commit::by_hand::acknowledge;
use waybill_common::storage::commit::commit;
use waybill_common::storage::loose_ends::{LooseEnds, loose_ends};
use waybill_common::storage::orders;
use waybill_common::storage::partitions::{drop_before, make_ahead};
use waybill_test_support::TestDatabase;

use super::by_hand::by_ada;
use super::sender::{again, captured, foreign, now, placed, refunded, webhook};

/// One event of each verdict, an absorption, and a torn conflict.
async fn filled() -> anyhow::Result<TestDatabase> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let (order, other) = (Reference::order("A-1"), Reference::order("A-2"));
    let charge = foreign("charge", "ch_1");
    let first = webhook("e1", std::slice::from_ref(&order), placed(10_00));
    let mut contradiction = again(&first);
    contradiction.envelope.event.body_sha256 = [9; 32];
    let batch = [
        webhook("e2", std::slice::from_ref(&charge), captured("c1", 10_00)),
        first.clone(),
        again(&first),
        contradiction,
        webhook("e3", &[order.clone(), charge.clone()], refunded("r1", 1_00)),
        webhook("e4", std::slice::from_ref(&order), captured("c1", 10_00)),
        webhook("e5", std::slice::from_ref(&other), placed(5_00)),
        webhook("torn", &[other, charge], captured("c2", 1_00)),
        webhook("ping", &[], Effect::Control { control: "ping".into() }),
        webhook("odd", &[], Effect::Unusable { reason: "no amount".into() }),
    ];
    for pending in batch {
        commit(&mut conn, &[pending], now()).await?;
    }
    let contradicted = orders::find(&mut conn, "A-1").await?.remove(0).id;
    acknowledge(&mut conn, (contradicted, Flag::Conflict), by_ada(), now()).await?;
    Ok(database)
}

async fn found(conn: &mut AsyncPgConnection) -> anyhow::Result<Vec<(&'static str, i64)>> {
    Ok(counted(&loose_ends(conn).await?))
}

fn counted(found: &[LooseEnds]) -> Vec<(&'static str, i64)> {
    for ends in found {
        let named = i64::try_from(ends.examples.len()).expect("few");
        assert_eq!(named, ends.count.min(5), "{ends:?}");
    }
    found.iter().map(|ends| (ends.what, ends.count)).collect()
}

#[tokio::test]
async fn nothing_hangs_loose_of_what_was_committed() -> anyhow::Result<()> {
    let database = filled().await?;
    let mut conn = database.connection().await?;
    assert_eq!(found(&mut conn).await?, []);
    Ok(())
}

const NO_KEY: &str = "webhooks that count hold no key";
const NO_TRAIL: &str = "webhooks that count are on no trail";
const NOT_TAKEN: &str = "keys are held by webhooks that did not take them";
const KEY_WITHOUT_TRAIL: &str = "keys of events that reached an order are on no trail";
const NOT_LOGGED: &str =
    "rows of trails come from webhooks that are not in the log, or ended otherwise";
const ROW_WITHOUT_KEY: &str = "rows of trails hold no key";
const NO_ORDER: &str = "trails belong to no order";
const NO_LIFE: &str = "names lead to no living order";
const NO_LETTER: &str = "dead webhooks have no dead letter";
const NO_ACTION: &str = "rows of trails are no operator's action, though they say so";
const CHANGE_WITHOUT_TRAIL: &str = "changes are told that stand on no trail";

/// What somebody does, and what is found then, how often.
fn tamperings() -> Vec<(String, Vec<(&'static str, i64)>)> {
    let webhook_of = |key: &str| {
        format!("(SELECT id FROM webhooks WHERE dedup_key = '{key}' ORDER BY id LIMIT 1)")
    };
    let (e1, e3, ping) = (webhook_of("e1"), webhook_of("e3"), webhook_of("ping"));
    vec![
        ("DELETE FROM event_keys WHERE dedup_key = 'ping'".to_owned(), vec![(NO_KEY, 1)]),
        (
            "DELETE FROM event_keys WHERE dedup_key = 'e1'".to_owned(),
            vec![(NO_KEY, 1), (ROW_WITHOUT_KEY, 1)],
        ),
        // Whose key it is counts, not only that there is one.
        (
            format!("UPDATE event_keys SET webhook_id = {ping} WHERE dedup_key = 'e1'"),
            vec![(NO_KEY, 1), (KEY_WITHOUT_TRAIL, 1), (ROW_WITHOUT_KEY, 1)],
        ),
        (
            format!("DELETE FROM order_events WHERE webhook_id = {e3} AND kind = 'event'"),
            vec![(NO_TRAIL, 1), (KEY_WITHOUT_TRAIL, 1), (CHANGE_WITHOUT_TRAIL, 1)],
        ),
        (
            format!("DELETE FROM webhooks WHERE id = {e1}"),
            vec![(NOT_TAKEN, 1), (NOT_LOGGED, 1)],
        ),
        (
            format!("UPDATE webhooks SET verdict = 'duplicate' WHERE id = {e1}"),
            vec![(NOT_TAKEN, 1), (NOT_LOGGED, 1)],
        ),
        (
            format!("UPDATE webhooks SET verdict = 'no_change' WHERE id = {e1}"),
            vec![(NO_TRAIL, 1), (NOT_LOGGED, 1)],
        ),
        (
            "UPDATE webhooks SET verdict = 'applied', order_id = id WHERE dedup_key = 'odd'".to_owned(),
            vec![(NO_KEY, 1), (NO_TRAIL, 1)],
        ),
        (
            "DELETE FROM orders WHERE external_id = 'A-2'".to_owned(),
            vec![(NO_ORDER, 1), (NO_LIFE, 1)],
        ),
        (
            "UPDATE order_aliases SET order_id = (SELECT id FROM orders WHERE absorbed_into IS NOT NULL) WHERE ref = 'order:A-1'"
                .to_owned(),
            vec![(NO_LIFE, 1)],
        ),
        ("DELETE FROM dead_letters".to_owned(), vec![(NO_LETTER, 1)]),
        ("DELETE FROM operator_actions".to_owned(), vec![(NO_ACTION, 1)]),
    ]
}

#[tokio::test]
async fn each_kind_of_tampering_is_found() -> anyhow::Result<()> {
    let database = filled().await?;
    let mut owner = database.owner().await?;
    owner
        .batch_execute(
            "ALTER TABLE order_events DISABLE TRIGGER ALL; ALTER TABLE orders DISABLE TRIGGER ALL; \
             ALTER TABLE operator_actions DISABLE TRIGGER ALL",
        )
        .await?;
    for (tampering, expected) in tamperings() {
        let mut seen = Vec::new();
        let undone = owner
            .transaction(async |conn| -> QueryResult<()> {
                conn.batch_execute(&tampering).await?;
                seen = loose_ends(conn).await?;
                Err(Error::RollbackTransaction)
            })
            .await;
        assert_eq!(undone, Err(Error::RollbackTransaction), "{tampering}");
        assert_eq!(counted(&seen), expected, "{tampering}");
    }
    assert_eq!(found(&mut owner).await?, []);
    Ok(())
}

#[tokio::test]
async fn what_retention_dropped_is_not_missed() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let time = |text| Timestamp::parse(text).expect("a time");
    make_ahead(&mut conn, time("2020-02-15T00:00:00Z")).await?;
    let mut old = webhook("old", &[Reference::order("A-1")], placed(1_00));
    old.envelope.received_at = time("2020-01-10T00:00:00Z");
    let seconds = u64::try_from(old.envelope.received_at.seconds())?;
    let id = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0));
    old.envelope.event.webhook_id = id;
    commit(&mut conn, &[old], now()).await?;
    assert_eq!(found(&mut conn).await?, []);

    assert_eq!(drop_before(&mut conn, time("2020-02-10T00:00:00Z")).await?, ["webhooks_2020_01"]);

    assert_eq!(found(&mut conn).await?, []);
    Ok(())
}
