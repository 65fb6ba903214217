//! Whoever follows orders sees each change once, in the order of commits, whatever is under way meanwhile.

use std::collections::HashSet;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use waybill_common::domain::{Effect, Operation, Outcome, Reference};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::order_changes::{Change, Position, changes_after};
use waybill_common::storage::orders;
use waybill_test_support::follower::Follower;
use waybill_test_support::{TestDatabase, eventually};

use super::beside::{commit_beside, hold_up, open_gate, until_waiting};
use super::sender::{again, captured, fact, facts, foreign, now, placed, refunded, webhook};

const SOON: Duration = Duration::from_secs(30);
async fn until(shop: &mut Follower, conn: &mut AsyncPgConnection, count: usize) {
    eventually(SOON, async || {
        shop.read(conn).await.map_err(|error| error.to_string())?;
        if shop.seen.len() >= count { Ok(()) } else { Err(format!("{:#?}", shop.seen)) }
    })
    .await;
}

fn told(shop: &Follower) -> Vec<(String, Option<&str>, &str, i64)> {
    let name = |change: &Change| change.external_id.clone().unwrap_or_default();
    shop.seen
        .iter()
        .map(|change| {
            (
                name(change),
                change.from_status.as_deref(),
                change.to_status.as_str(),
                change.captured,
            )
        })
        .collect()
}

fn paid(order: &str, minor: i64) -> Pending {
    webhook(
        &format!("paid-{order}-{minor}"),
        &[Reference::order(order)],
        captured(&format!("{order}-{minor}"), minor),
    )
}

#[tokio::test]
async fn a_life_is_told_change_by_change_and_what_changes_nothing_is_not() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = [Reference::order("A-1")];
    let shipped = facts(&[fact(Operation::Fulfil, "parcel", Outcome::Succeeded, 0)]);
    let placed = webhook("placed", &order, placed(99_99));
    let mut contradiction = again(&placed);
    contradiction.envelope.event.body_sha256 = [9; 32];
    let batch = [
        placed.clone(),
        webhook("shipped", &order, shipped),
        paid("A-1", 99_99),
        again(&placed),
        contradiction,
        webhook("ping", &[], Effect::Control { control: "ping".into() }),
    ];
    commit(&mut conn, &batch, now()).await?;
    commit(&mut conn, &[webhook("r", &order, refunded("r1", 25_00))], now()).await?;

    let mut shop = Follower::new(2);
    until(&mut shop, &mut conn, 3).await;

    assert!(!shop.read(&mut conn).await?, "{:?}", shop.seen);
    let expected = [
        ("A-1".to_owned(), None, "pending", 0),
        ("A-1".to_owned(), Some("pending"), "paid", 99_99),
        ("A-1".to_owned(), Some("paid"), "partially_refunded", 99_99),
    ];
    assert_eq!(told(&shop), expected);
    assert_eq!(
        shop.seen
            .iter()
            .map(|change| change.seq)
            .collect::<Vec<_>>(),
        [1, 3, 5]
    );
    assert_eq!(shop.seen[2].refunded, 25_00);
    shop.check(&mut conn).await
}

#[tokio::test]
async fn an_absorption_is_a_change_of_both_orders() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let (order, charge) = (Reference::order("A-1"), foreign("charge", "ch_1"));
    let apart = [
        webhook("c", std::slice::from_ref(&charge), captured("c1", 10_00)),
        webhook("p", std::slice::from_ref(&order), placed(10_00)),
    ];
    commit(&mut conn, &apart, now()).await?;
    let link = facts(&[fact(Operation::Fulfil, "parcel", Outcome::Succeeded, 0)]);
    commit(&mut conn, &[webhook("link", &[order, charge], link)], now()).await?;

    let mut shop = Follower::new(10);
    until(&mut shop, &mut conn, 4).await;

    let kinds: HashSet<(&str, &str, i64)> = shop.seen[2..]
        .iter()
        .map(|change| (change.kind.as_str(), change.to_status.as_str(), change.captured))
        .collect();
    assert_eq!(kinds, HashSet::from([("absorb", "paid", 10_00), ("absorbed", "absorbed", 0)]));
    shop.check(&mut conn).await
}

/// The transaction that began first commits last: had the other's change been shown meanwhile, this one would come behind
/// the reader's back.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_committed_late_is_never_passed_over() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut owner = database.owner().await?;
    let mut conn = database.connection().await?;
    hold_up(&mut owner, 11_00).await?;
    let slow = commit_beside(&database, vec![paid("SLOW", 11_00)]).await?;
    until_waiting(&mut conn, "advisory").await;
    commit(&mut conn, &[paid("QUICK", 22_00)], now()).await?;
    let mut shop = Follower::new(10);

    for _ in 0..3 {
        assert!(!shop.read(&mut conn).await?, "nothing is shown past what is under way");
    }
    open_gate(&mut owner).await?;
    slow.join_all().await.remove(0)?;

    until(&mut shop, &mut conn, 2).await;
    shop.check(&mut conn).await
}

/// The transaction with the lower number comes to the order last, for it waited for another order meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_orders_changes_stand_in_the_order_of_its_trail_whoever_began_first()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let mut stranger = database.owner().await?;
    for name in ["A-1", "A-2", "A-3"] {
        commit(&mut conn, &[paid(name, 1_00)], now()).await?;
    }
    let mut ids = Vec::new();
    for order in orders::page(&mut conn, None, 10).await? {
        ids.push((order.id, order.summary.external_id.expect("it has a name")));
    }
    let (middle, last) = (ids[1].0, ids[2].1.clone());
    stranger
        .batch_execute(&format!("BEGIN; SELECT FROM orders WHERE id = '{middle}' FOR UPDATE"))
        .await?;
    // Orders are locked by id: this one has the first and its number, and waits for the second.
    let all = ids.iter().map(|(_, name)| paid(name, 5_00)).collect();
    let early = commit_beside(&database, all).await?;
    until_waiting(&mut conn, "transactionid").await;
    let quick = commit(&mut conn, &[paid(&last, 7_00)], now()).await?;
    assert_eq!(quick.settled.len(), 1, "it met no lock");
    stranger.batch_execute("ROLLBACK").await?;
    assert_eq!(early.join_all().await.remove(0)?.settled.len(), 3);

    let mut shop = Follower::new(2);
    until(&mut shop, &mut conn, 7).await;
    let of_last: Vec<i64> = shop
        .seen
        .iter()
        .filter(|change| change.external_id.as_ref() == Some(&last))
        .map(|change| change.captured)
        .collect();
    assert_eq!(of_last, [1_00, 8_00, 13_00]);
    shop.check(&mut conn).await
}

#[tokio::test]
async fn a_commit_that_is_rolled_back_is_no_change() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let mut owner = database.owner().await?;
    owner
        .batch_execute(&waybill_test_support::database::refuse("paid-A-2", "23514"))
        .await?;
    let batch = [paid("A-1", 1_00), paid("A-2", 2_00)];
    commit(&mut conn, &batch, now()).await.unwrap_err();
    commit(&mut conn, &batch[..1], now()).await?;

    let mut shop = Follower::new(10);
    until(&mut shop, &mut conn, 1).await;
    assert_eq!(told(&shop), [("A-1".to_owned(), None, "paid", 1_00)]);
    shop.check(&mut conn).await
}

/// Another server counts its transactions from the beginning; the dump's rows are given the stamp 0 there.
#[tokio::test]
async fn who_followed_before_a_restore_goes_on_after_it() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for order in ["A-1", "A-2", "A-3"] {
        commit(&mut conn, &[paid(order, 1_00)], now()).await?;
    }
    let mut shop = Follower::new(1);
    until(&mut shop, &mut conn, 2).await;
    let n = shop.position().to_string();
    let (_, n) = n.split_once('-').expect("two numbers");
    let before: Position = format!("{}-{n}", "9".repeat(18)).parse()?;
    database
        .owner()
        .await?
        .batch_execute("UPDATE order_changes SET stamp = 0")
        .await?;
    commit(&mut conn, &[paid("A-4", 1_00)], now()).await?;

    let told = eventually(SOON, async || {
        let new = changes_after(&mut conn, before, 10).await;
        let new = new.map_err(|error| error.to_string())?;
        if new.len() == 2 { Ok(new) } else { Err(format!("{new:?}")) }
    })
    .await;

    let names: Vec<_> = told
        .iter()
        .map(|change| change.external_id.as_deref())
        .collect();
    assert_eq!(names, [Some("A-3"), Some("A-4")]);
    Ok(())
}
