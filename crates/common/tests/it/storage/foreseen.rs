//! Looking ahead: it says what the commit then does, writes nothing, and waits for nobody.

use std::collections::BTreeMap;

use diesel::result::Error;
use diesel::sql_query;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;
use waybill_common::domain::{Effect, OrderState, Reference, Status, Verdict};
use waybill_common::storage::commit::by_hand::unlink;
use waybill_common::storage::commit::{Pending, Settled, commit, foresee};
use waybill_common::storage::orders;
use waybill_test_support::TestDatabase;

use super::by_hand::{by_ada, one, tell};
use super::ledger::{fingerprint, verified};
use super::sender::{again, captured, foreign, now, placed, refunded, webhook};

/// The states of all orders, by id.
async fn states(conn: &mut AsyncPgConnection) -> anyhow::Result<BTreeMap<Uuid, OrderState>> {
    let all = orders::page(conn, None, 1_000).await?;
    all.iter()
        .map(|order| Ok((order.id, order.stored()?.state)))
        .collect()
}

/// Looks ahead, sees that nothing was written, commits, and compares.
async fn check(conn: &mut AsyncPgConnection, batch: &[Pending]) -> anyhow::Result<Vec<Verdict>> {
    let (before, untouched) = (states(conn).await?, fingerprint(conn).await?);
    let foreseen = foresee(conn, batch, now()).await?;
    assert_eq!(fingerprint(conn).await?, untouched, "nothing was written");
    let committed = commit(conn, batch, now()).await?;
    let after = states(conn).await?;
    let verdicts =
        |settled: &[Settled]| -> Vec<Verdict> { settled.iter().map(|end| end.verdict).collect() };
    assert_eq!(verdicts(&foreseen.settled), verdicts(&committed.settled));
    let mut begun: Vec<&OrderState> = Vec::new();
    for order in &foreseen.orders {
        if order.begins {
            begun.push(&order.after);
        } else {
            assert_eq!((&order.before, &order.after), (&before[&order.id], &after[&order.id]));
        }
    }
    let foretold: Vec<Uuid> = foreseen.orders.iter().map(|order| order.id).collect();
    for (id, state) in &after {
        match before.get(id) {
            Some(was) => assert!(was == state || foretold.contains(id), "{id} was not foreseen"),
            None => assert!(begun.contains(&state), "{state:?} was not foreseen"),
        }
    }
    verified(conn).await?;
    Ok(verdicts(&foreseen.settled))
}

#[tokio::test]
async fn what_is_foreseen_is_what_the_commit_does() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let (order, charge) = (Reference::order("A-1"), foreign("charge", "ch_1"));
    let paid = webhook("e2", std::slice::from_ref(&charge), captured("c1", 10_00));
    let first = [webhook("e1", std::slice::from_ref(&order), placed(10_00)), paid.clone()];
    assert_eq!(check(&mut conn, &first).await?, [Verdict::Applied, Verdict::Applied]);

    let mut contradicting = again(&first[0]);
    contradicting.envelope.event.body_sha256 = [7; 32];
    let second = [
        again(&paid),
        contradicting,
        webhook("e3", &[], Effect::Unusable { reason: "no amount".into() }),
        // Links the two orders, and is judged by what it leaves behind.
        webhook("e4", &[order, charge.clone()], captured("c1", 10_00)),
        webhook("e5", &[charge], refunded("r1", 4_00)),
        webhook("e6", &[Reference::order("B-1")], placed(1_00)),
    ];
    let told = check(&mut conn, &second).await?;
    assert_eq!(told[..3], [Verdict::Duplicate, Verdict::Conflict, Verdict::Dead]);
    assert_eq!(told[3..], [Verdict::Applied, Verdict::Applied, Verdict::Applied]);
    // All of them a second time: they are settled.
    let foreseen = foresee(&mut conn, &second, now()).await?;
    assert!(foreseen.settled.iter().all(|settled| settled.redelivered));
    assert_eq!(foreseen.orders, []);
    Ok(())
}

#[tokio::test]
async fn orders_that_an_event_would_link_are_seen_as_one() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let (order, charge) = (Reference::order("A-1"), foreign("charge", "ch_1"));
    let first = [
        webhook("e1", std::slice::from_ref(&order), placed(10_00)),
        webhook("e2", std::slice::from_ref(&charge), captured("c1", 10_00)),
    ];
    let committed = commit(&mut conn, &first, now()).await?;
    let [merchants, provisional] = [0, 1].map(|index: usize| {
        committed.settled[index]
            .order_id
            .expect("it reached an order")
    });
    let link = webhook("e3", &[order, charge], refunded("r1", 4_00));
    let foreseen = foresee(&mut conn, &[link], now()).await?;
    let by_id: BTreeMap<Uuid, _> = foreseen
        .orders
        .iter()
        .map(|order| (order.id, order))
        .collect();
    let (absorbing, absorbed) = (by_id[&merchants], by_id[&provisional]);
    assert_eq!(absorbed.absorbed_into, Some(merchants));
    assert_eq!((absorbed.before.status, absorbed.after.status), (Status::Paid, Status::Absorbed));
    assert_eq!((absorbing.before.captured, absorbing.after.captured), (0, 10_00));
    assert_eq!(absorbing.after.refunded, 4_00);
    Ok(())
}

/// Whatever names come together again, in one event or over several, and whoever else has them by now.
#[tokio::test]
async fn what_an_operator_has_parted_is_seen_apart() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let [intent, charge] = [foreign("payment_intent", "pi_1"), foreign("charge", "ch_1")];
    let [first, second] = ["A-1", "A-2"].map(Reference::order);
    let linked = [
        webhook("e1", std::slice::from_ref(&first), placed(50_00)),
        webhook("e2", &[first.clone(), intent.clone()], captured("c1", 50_00)),
        webhook("e3", &[intent.clone(), charge.clone()], captured("c1", 50_00)),
    ];
    tell(&mut conn, &linked).await?;
    let order = one(&mut conn, "A-1").await?.id;
    let undone = unlink(&mut conn, (order, &intent.name), by_ada(), now()).await?;
    let foreseen_at = async |conn: &mut AsyncPgConnection, pending: Pending| {
        anyhow::Ok(foresee(conn, &[pending], now()).await?.settled[0].order_id)
    };
    let again = webhook("e4", &[first.clone(), charge.clone()], refunded("r1", 10_00));
    assert_eq!(foreseen_at(&mut conn, again.clone()).await?, Some(undone.other_id));
    let batch = [
        again,
        // A name that is new, told with the order's own and with one that left.
        webhook("e5", &[first.clone(), charge.clone(), foreign("refund", "re_1")], placed(9_00)),
        webhook("e6", &[foreign("refund", "re_1")], refunded("r2", 1_00)),
        // The one that left finds its own order, in the same batch.
        webhook("e7", &[second.clone(), intent.clone()], placed(50_00)),
        webhook("e8", &[first.clone(), intent.clone()], refunded("r3", 2_00)),
        linked[1].clone(),
    ];
    check(&mut conn, &batch).await?;
    assert_eq!(one(&mut conn, &charge.name).await?.id, one(&mut conn, "A-2").await?.id);
    let later = webhook("e9", &[charge, first], refunded("r4", 3_00));
    let reached = Some(one(&mut conn, "A-2").await?.id);
    assert_eq!(foreseen_at(&mut conn, later.clone()).await?, reached);
    check(&mut conn, &[later]).await?;
    Ok(())
}

#[tokio::test]
async fn looking_ahead_waits_for_nobody_and_holds_nobody_up() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = [Reference::order("A-1")];
    commit(&mut conn, &[webhook("e1", &order, placed(10_00))], now()).await?;
    let mut worker = database.connection().await?;
    worker
        .batch_execute("BEGIN; SELECT FROM orders FOR UPDATE")
        .await?;
    let next = [webhook("e2", &order, captured("c1", 10_00))];
    conn.batch_execute("SET lock_timeout = 1; SET default_transaction_read_only = on")
        .await?;
    let foreseen = foresee(&mut conn, &next, now()).await?;
    assert_eq!(foreseen.orders[0].after.status, Status::Paid);
    sql_query("ROLLBACK").execute(&mut worker).await?;
    Ok(())
}

#[tokio::test]
async fn a_name_that_leads_to_an_absorbed_order_is_an_error_and_no_panic() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let (order, charge) = (Reference::order("A-1"), foreign("charge", "ch_1"));
    let batch = [
        webhook("e1", std::slice::from_ref(&order), placed(10_00)),
        webhook("e2", std::slice::from_ref(&charge), captured("c1", 10_00)),
    ];
    commit(&mut conn, &batch, now()).await?;
    let linking = webhook("e3", &[order, charge.clone()], captured("c1", 10_00));
    commit(&mut conn, &[linking], now()).await?;
    let back = "UPDATE order_aliases a SET order_id = o.id FROM orders o \
                WHERE o.absorbed_into IS NOT NULL AND a.ref LIKE '%ch_1'";
    assert_eq!(sql_query(back).execute(&mut conn).await?, 1);
    // Alone it would be joined, and its contradiction told to an order that nobody has read.
    let first = webhook("e4", &[charge], captured("c2", 5_00));
    let mut contradicting = again(&first);
    contradicting.envelope.event.body_sha256 = [7; 32];
    let foreseen = foresee(&mut conn, &[first, contradicting], now()).await;
    assert!(matches!(foreseen, Err(Error::DeserializationError(_))), "{foreseen:?}");
    Ok(())
}
