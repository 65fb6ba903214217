//! Undoing wrong links: what came by a name leaves, counts once elsewhere, and never comes back.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use uuid::Uuid;
use waybill_common::domain::{Flag, Reference, Verdict};
use waybill_common::storage::commit::by_hand::{
    NotDone, Refusal, Unlinked, acknowledge, preview, unlink,
};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::loose_ends::loose_ends;
use waybill_common::storage::operator_actions;
use waybill_common::storage::order_changes::{Position, changes_after};
use waybill_common::storage::orders::{self, Order};
use waybill_common::storage::place::Place;
use waybill_test_support::{TestDatabase, eventually};

use super::absorption::permutations;
use super::by_hand::{by_ada, one, tell};
use super::ledger::{fingerprint, verified};
use super::sender::{again, captured, foreign, now, placed, refunded, webhook};

/// The names of one payment that its sender linked with the wrong order.
struct Names {
    order: Reference,
    intent: Reference,
    charge: Reference,
}

impl Names {
    fn of(number: usize) -> Self {
        Self {
            order: Reference::order(&format!("A-{number}")),
            intent: foreign("payment_intent", &format!("pi_{number}")),
            charge: foreign("charge", &format!("ch_{number}")),
        }
    }
}

/// Placed; captured under the wrong order; the same under its charge; refunded under the charge alone.
fn life(number: usize) -> [Pending; 4] {
    let Names { order, intent, charge } = Names::of(number);
    let key = |name: &str| format!("{name}-{number}");
    [
        webhook(&key("placed"), std::slice::from_ref(&order), placed(50_00)),
        webhook(&key("captured"), &[order, intent.clone()], captured(&key("c"), 50_00)),
        webhook(&key("charge"), &[charge.clone(), intent], captured(&key("c"), 50_00)),
        webhook(&key("refunded"), &[charge], refunded(&key("r"), 20_00)),
    ]
}

async fn undo(conn: &mut AsyncPgConnection, order: Uuid, name: &str) -> Result<Unlinked, NotDone> {
    unlink(conn, (order, name), by_ada(), now()).await
}

fn money(order: &Order) -> (&str, i64, i64, Option<i64>) {
    (&order.status, order.captured, order.refunded, order.total)
}

#[tokio::test]
async fn an_undone_link_moves_its_payment_and_is_on_both_trails_and_on_record() -> anyhow::Result<()>
{
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    tell(&mut conn, &life(1)).await?;
    let order = one(&mut conn, "A-1").await?;
    assert_eq!(money(&order), ("partially_refunded", 50_00, 20_00, Some(50_00)));
    let Names { intent, charge, .. } = Names::of(1);
    let before = fingerprint(&mut conn).await?;
    let expected = preview(&mut conn, (order.id, &intent.name)).await?;
    assert_eq!(fingerprint(&mut conn).await?, before, "a preview writes nothing");

    let done = undo(&mut conn, order.id, &intent.name).await?;
    assert_eq!(done.what, expected);
    assert_eq!(done.what.names, [charge.name.clone(), intent.name.clone()]);
    verified(&mut conn).await?;
    assert!(loose_ends(&mut conn).await?.is_empty());
    assert_eq!(money(&one(&mut conn, "A-1").await?), ("pending", 0, 0, Some(50_00)));
    for name in [&intent.name, &charge.name] {
        let other = one(&mut conn, name).await?;
        assert_eq!(other.id, done.other_id);
        assert_eq!(money(&other), ("partially_refunded", 50_00, 20_00, None));
    }
    let place = Place { from: None, backward: false, limit: 10 };
    let action = operator_actions::list(&mut conn, place).await?.remove(0);
    assert_eq!((action.action.as_str(), action.id), ("unlink", done.id));
    assert_eq!(action.before.unwrap()["state"]["captured"], 50_00);
    assert_eq!(action.after.unwrap()["state"]["captured"], 0);
    Ok(())
}

/// In whatever order the four events come, and wherever among them the link is undone once it is there: the same two
/// orders, also after everything came once more.
#[tokio::test]
async fn every_arrival_with_the_undoing_anywhere_in_it_ends_in_the_same_two_orders()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let mut number = 0;
    for permutation in permutations(4) {
        let link = permutation.iter().position(|&event| event == 1).unwrap();
        for moment in link..4 {
            number += 1;
            let (life, names) = (life(number), Names::of(number));
            let arrived: Vec<Pending> = permutation
                .iter()
                .map(|&event| life[event].clone())
                .collect();
            tell(&mut conn, &arrived[..=moment]).await?;
            let called = format!("A-{number}");
            let order = one(&mut conn, &called).await?.id;
            let told = format!("{permutation:?}, undone after {moment}");
            undo(&mut conn, order, &names.intent.name).await?;
            tell(&mut conn, &arrived[moment + 1..]).await?;
            tell(&mut conn, &arrived.iter().map(again).collect::<Vec<_>>()).await?;

            assert_eq!(
                money(&one(&mut conn, &called).await?),
                ("pending", 0, 0, Some(50_00)),
                "{told}"
            );
            let other = one(&mut conn, &names.intent.name).await?;
            assert_eq!(money(&other), ("partially_refunded", 50_00, 20_00, None), "{told}");
            assert_eq!(one(&mut conn, &names.charge.name).await?.id, other.id, "{told}");
        }
    }
    let living = verified(&mut conn).await?;
    let living = living
        .iter()
        .filter(|(order, _)| order.absorbed_into.is_none());
    assert_eq!(living.count(), 2 * number);
    assert!(loose_ends(&mut conn).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn no_later_event_links_again_what_was_parted() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    tell(&mut conn, &life(1)).await?;
    let Names { order, intent, charge } = Names::of(1);
    let id = one(&mut conn, "A-1").await?.id;
    undo(&mut conn, id, &charge.name).await?;

    // Its sender still believes that it is the order's; somebody else links it through a name of his own.
    let dispute = foreign("dispute", "dp_1");
    let stubborn = webhook("late", &[intent.clone(), order.clone()], refunded("r2", 10_00));
    let indirect = webhook("indirect", &[dispute.clone(), charge.clone()], captured("c-1", 50_00));
    let through = webhook("through", &[order.clone(), dispute], refunded("r3", 1_00));
    tell(&mut conn, &[stubborn.clone(), indirect, through]).await?;
    assert_eq!(money(&one(&mut conn, "A-1").await?), ("pending", 0, 0, Some(50_00)));
    let other = one(&mut conn, &intent.name).await?;
    assert_eq!((other.captured, other.refunded), (50_00, 31_00));
    let all = verified(&mut conn).await?;
    let rows = &all
        .iter()
        .find(|(known, _)| known.id == other.id)
        .unwrap()
        .1;
    let late = rows
        .iter()
        .find(|row| row.record.dedup_key == "late")
        .unwrap();
    assert_eq!(late.record.order_refs, std::slice::from_ref(&intent));
    assert!(late.record.reason.contains("which is not believed"), "{}", late.record.reason);

    // The right order is told in the end, and takes it in; the wrong one still does not.
    let right = Reference::order("B-1");
    tell(&mut conn, &[webhook("right", &[right, intent.clone()], captured("c-1", 50_00))]).await?;
    assert_eq!(one(&mut conn, "B-1").await?.id, one(&mut conn, &charge.name).await?.id);
    tell(&mut conn, &[webhook("later", &[order, intent], refunded("r4", 1_00))]).await?;
    assert_eq!(money(&one(&mut conn, "A-1").await?), ("pending", 0, 0, Some(50_00)));
    assert_eq!(one(&mut conn, "B-1").await?.refunded, 32_00);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn an_absorption_is_undone_whole_and_its_order_goes_along() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let [placed, linked, charged, refund] = life(1);
    let Names { intent, .. } = Names::of(1);
    // The charge and its refund are an order of their own before the wrong link takes them in.
    tell(&mut conn, &[charged, refund.clone(), placed, linked]).await?;
    let absorbed = verified(&mut conn).await?;
    let absorbed = absorbed
        .iter()
        .find(|(order, _)| order.absorbed_into.is_some())
        .unwrap()
        .0
        .id;
    let id = one(&mut conn, "A-1").await?.id;
    let done = undo(&mut conn, id, &intent.name).await?;
    let follower = one(&mut conn, &absorbed.to_string()).await?;
    assert_eq!(follower.absorbed_into, Some(done.other_id));
    verified(&mut conn).await?;

    // A contradiction of what left is told to the order where it counts.
    let mut contradiction = again(&refund);
    contradiction.envelope.event.body_sha256 = [9; 32];
    let committed = commit(&mut conn, &[contradiction], now()).await?;
    let settled = &committed.settled[0];
    assert_eq!((settled.verdict, settled.order_id), (Verdict::Conflict, Some(done.other_id)));
    assert!(one(&mut conn, "A-1").await?.flags.is_empty());
    acknowledge(&mut conn, (done.other_id, Flag::Conflict), by_ada(), now()).await?;
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn a_contradiction_goes_with_the_name_it_came_by() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let [placed, linked, ..] = life(1);
    let mut contradiction = again(&linked);
    contradiction.envelope.event.body_sha256 = [9; 32];
    tell(&mut conn, &[placed, linked.clone(), contradiction]).await?;
    let id = one(&mut conn, "A-1").await?.id;
    assert_eq!(one(&mut conn, "A-1").await?.flags, ["conflict"]);
    let name = Names::of(1).intent.name;
    undo(&mut conn, id, &name).await?;
    assert!(one(&mut conn, "A-1").await?.flags.is_empty());
    assert_eq!(one(&mut conn, &name).await?.flags, ["conflict"]);
    verified(&mut conn).await?;
    let mut another = again(&linked);
    another.envelope.event.body_sha256 = [8; 32];
    tell(&mut conn, &[another]).await?;
    assert!(one(&mut conn, "A-1").await?.flags.is_empty());
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn an_order_of_which_only_the_link_told_stays_without_money() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let [placed, linked, ..] = life(1);
    tell(&mut conn, &[linked]).await?;
    let id = one(&mut conn, "A-1").await?.id;
    undo(&mut conn, id, &Names::of(1).intent.name).await?;
    assert_eq!(money(&one(&mut conn, "A-1").await?), ("pending", 0, 0, None));
    verified(&mut conn).await?;
    tell(&mut conn, &[placed]).await?;
    assert_eq!(one(&mut conn, "A-1").await?.total, Some(50_00));
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn followers_see_both_orders_change() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    tell(&mut conn, &life(1)).await?;
    let id = one(&mut conn, "A-1").await?.id;
    let done = undo(&mut conn, id, &Names::of(1).intent.name).await?;
    // Readers wait for whatever else runs on the server.
    let last = eventually(Duration::from_secs(30), async || {
        let changes = changes_after(&mut conn, Position::START, 100).await;
        let changes = changes.map_err(|error| error.to_string())?;
        let all = changes
            .iter()
            .map(|change| (change.order_id, change.captured));
        let all: Vec<_> = all.collect();
        if all.len() < 5 { Err(format!("{all:?}")) } else { Ok(all[all.len() - 2..].to_vec()) }
    })
    .await;
    assert_eq!(last, [(id, 0), (done.other_id, 50_00)]);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_undone_is_refused_and_nothing_is_written() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    tell(&mut conn, &life(1)).await?;
    let (two, three) = (foreign("charge", "x"), foreign("payment_intent", "y"));
    let provisional = webhook("prov", &[two.clone(), three], captured("p", 1_00));
    tell(&mut conn, &[provisional]).await?;
    let id = one(&mut conn, "A-1").await?.id;
    let alone = one(&mut conn, &two.name).await?.id;
    let before = fingerprint(&mut conn).await?;
    for (order, name, refusal) in [
        (id, "stripe.charge:acct_1:nobody", Refusal::NoSuchName),
        (id, "order:A-1", Refusal::OwnName),
        (alone, two.name.as_str(), Refusal::NothingLeft),
        (Uuid::nil(), two.name.as_str(), Refusal::Gone),
    ] {
        let refused = undo(&mut conn, order, name).await;
        assert!(matches!(refused, Err(NotDone::Refused(told)) if told == refusal), "{refused:?}");
        let refused = preview(&mut conn, (order, name)).await;
        assert!(matches!(refused, Err(NotDone::Refused(told)) if told == refusal), "{refused:?}");
    }
    assert_eq!(fingerprint(&mut conn).await?, before);
    let name = Names::of(1).intent.name;
    undo(&mut conn, id, &name).await?;
    let twice = undo(&mut conn, id, &name).await;
    assert!(matches!(twice, Err(NotDone::Refused(Refusal::NoSuchName))), "{twice:?}");
    assert_eq!(orders::find(&mut conn, &name).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn events_that_come_while_a_link_is_undone_end_where_they_belong() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    for number in 1..=20 {
        let [placed, linked, charged, refund] = life(number);
        tell(&mut conn, &[placed, linked]).await?;
        let id = one(&mut conn, &format!("A-{number}")).await?.id;
        let mut workers = (database.connection().await?, database.connection().await?);
        let name = Names::of(number).intent.name;
        let late = webhook(
            &format!("late-{number}"),
            &charged.envelope.event.order_refs,
            charged.envelope.event.effect.clone(),
        );
        let (undone, one_batch, other_batch) = tokio::join!(
            undo(&mut conn, id, &name),
            settle(&mut workers.0, vec![charged, refund]),
            settle(&mut workers.1, vec![late]),
        );
        undone?;
        one_batch?;
        other_batch?;
        let order = one(&mut conn, &format!("A-{number}")).await?;
        let other = one(&mut conn, &name).await?;
        assert_eq!((order.captured, other.captured), (0, 50_00), "{number}");
        assert_eq!(order.refunded + other.refunded, 20_00, "{number}");
    }
    verified(&mut conn).await?;
    Ok(())
}

/// As a worker does: what was missed is tried again.
async fn settle(conn: &mut AsyncPgConnection, mut batch: Vec<Pending>) -> anyhow::Result<()> {
    while !batch.is_empty() {
        let missed = commit(conn, &batch, now()).await?.missed;
        batch = missed
            .into_iter()
            .map(|index| batch[index].clone())
            .collect();
    }
    Ok(())
}
