//! What operators do to orders by hand: acknowledging flags.

use diesel_async::AsyncPgConnection;
use waybill_common::domain::audit::Kind;
use waybill_common::domain::{Flag, Reference, Verdict};
use waybill_common::storage::commit::by_hand::{NotDone, Refusal, acknowledge};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::operator_actions::{self, By, Reason};
use waybill_common::storage::orders::{self, Order};
use waybill_common::storage::place::Place;
use waybill_test_support::TestDatabase;

use super::absorption::permutations;
use super::ledger::{fingerprint, verified};
use super::sender::{again, captured, foreign, now, placed, webhook};

pub(crate) fn by_ada() -> By<'static> {
    let reason = Reason::parse("looked at it").expect("a reason");
    By { actor: "operator:ada", reason, origin: "192.0.2.1" }
}

pub(crate) async fn one(conn: &mut AsyncPgConnection, called: &str) -> anyhow::Result<Order> {
    let mut found = orders::find(conn, called).await?;
    anyhow::ensure!(found.len() == 1, "{} orders are called {called}", found.len());
    Ok(found.remove(0))
}

pub(crate) async fn tell(conn: &mut AsyncPgConnection, events: &[Pending]) -> anyhow::Result<()> {
    for event in events {
        let committed = commit(conn, std::slice::from_ref(event), now()).await?;
        anyhow::ensure!(committed.missed.is_empty(), "nobody else writes here");
    }
    Ok(())
}

fn contradicting(event: &Pending, byte: u8) -> Pending {
    let mut contradiction = again(event);
    contradiction.envelope.event.body_sha256 = [byte; 32];
    contradiction
}

#[tokio::test]
async fn an_acknowledged_conflict_is_on_the_trail_and_on_record() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let first = webhook("e1", &[Reference::order("A-1")], placed(10_00));
    tell(&mut conn, &[first.clone(), contradicting(&first, 9)]).await?;
    let order = one(&mut conn, "A-1").await?;
    assert_eq!(order.flags, ["conflict"]);

    let done = acknowledge(&mut conn, (order.id, Flag::Conflict), by_ada(), now()).await?;
    assert_eq!(
        (done.seq, done.causes, done.flags),
        (3, vec!["event stripe e1".to_owned()], vec![])
    );
    let all = verified(&mut conn).await?;
    let (order, rows) = &all[0];
    assert!(order.flags.is_empty());
    let record = &rows[2].record;
    assert_eq!(
        (record.kind, record.verdict, record.label),
        (Kind::Acknowledge, Verdict::Applied, None)
    );
    assert_eq!((record.source.as_str(), record.webhook_id), ("admin", done.id));
    assert_eq!(record.reason, "admin: operator:ada has seen what raises conflict: looked at it");

    let place = Place { from: None, backward: false, limit: 10 };
    let actions = operator_actions::list(&mut conn, place).await?;
    let action = &actions[0];
    assert_eq!((actions.len(), action.id, action.action.as_str()), (1, done.id, "acknowledge"));
    assert_eq!((action.reason.as_str(), action.origin.as_str()), ("looked at it", "192.0.2.1"));
    assert_eq!(action.subject, format!("order:{}", order.id));
    assert_eq!(action.before.as_ref().unwrap()["flags"][0], "conflict");
    assert_eq!(action.after.as_ref().unwrap()["seq"], 3);
    Ok(())
}

#[tokio::test]
async fn a_repeat_of_what_was_seen_is_quiet_and_another_contradiction_is_not() -> anyhow::Result<()>
{
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let first = webhook("e1", &[Reference::order("A-1")], placed(10_00));
    let other = webhook("e2", &[Reference::order("A-1")], captured("c", 10_00));
    tell(&mut conn, &[first.clone(), contradicting(&first, 9)]).await?;
    let id = one(&mut conn, "A-1").await?.id;
    acknowledge(&mut conn, (id, Flag::Conflict), by_ada(), now()).await?;

    tell(
        &mut conn,
        &[again(&first), contradicting(&first, 9), contradicting(&first, 8), other.clone()],
    )
    .await?;
    assert!(
        one(&mut conn, "A-1").await?.flags.is_empty(),
        "one key contradicts itself, and that was seen"
    );
    tell(&mut conn, &[contradicting(&other, 9)]).await?;
    assert_eq!(one(&mut conn, "A-1").await?.flags, ["conflict"]);
    let done = acknowledge(&mut conn, (id, Flag::Conflict), by_ada(), now()).await?;
    assert_eq!(done.causes, ["event stripe e2"]);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_not_raised_gone_or_absorbed_is_refused_and_nothing_is_written()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let charge = foreign("charge", "ch_1");
    tell(
        &mut conn,
        &[
            webhook("e1", std::slice::from_ref(&charge), captured("c", 10_00)),
            webhook("e2", &[Reference::order("A-1")], placed(10_00)),
        ],
    )
    .await?;
    let absorbed = one(&mut conn, &charge.name).await?.id;
    let link = webhook("e3", &[Reference::order("A-1"), charge], captured("c", 10_00));
    tell(&mut conn, &[link]).await?;
    let living = one(&mut conn, "A-1").await?.id;
    let before = fingerprint(&mut conn).await?;
    for (order, refusal) in [
        (living, Refusal::NotRaised),
        (absorbed, Refusal::Absorbed),
        (uuid::Uuid::nil(), Refusal::Gone),
    ] {
        let refused = acknowledge(&mut conn, (order, Flag::Overpaid), by_ada(), now()).await;
        assert!(matches!(refused, Err(NotDone::Refused(told)) if told == refusal), "{refused:?}");
    }
    assert_eq!(fingerprint(&mut conn).await?, before);
    Ok(())
}

#[tokio::test]
async fn of_two_operators_at_once_one_acknowledges() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut one_conn, mut other_conn) =
        (database.connection().await?, database.connection().await?);
    let first = webhook("e1", &[Reference::order("A-1")], placed(10_00));
    tell(&mut one_conn, &[first.clone(), contradicting(&first, 9)]).await?;
    let id = one(&mut one_conn, "A-1").await?.id;
    let (left, right) = tokio::join!(
        acknowledge(&mut one_conn, (id, Flag::Conflict), by_ada(), now()),
        acknowledge(&mut other_conn, (id, Flag::Conflict), by_ada(), now()),
    );
    assert!(left.is_ok() != right.is_ok(), "{left:?} {right:?}");
    assert_eq!(verified(&mut one_conn).await?[0].1.len(), 3);
    Ok(())
}

/// Three amounts of one capture and a repeat: whatever comes when, what was seen when all had come is quiet.
#[tokio::test]
async fn every_arrival_with_an_acknowledgement_at_its_end_leaves_the_same_state()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let orders = permutations(4);
    for (number, permutation) in orders.iter().enumerate() {
        let name = Reference::order(&format!("A-{number}"));
        let event = |key: &str, effect| {
            webhook(&format!("{key}-{number}"), std::slice::from_ref(&name), effect)
        };
        let (op, seen) = (format!("c-{number}"), captured(&format!("c-{number}"), 5_00));
        let life = [
            event("placed", placed(5_00)),
            event("one", seen),
            event("two", captured(&op, 6_00)),
            event("three", captured(&op, 7_00)),
        ];
        let arrived: Vec<Pending> = permutation
            .iter()
            .map(|&index| life[index].clone())
            .collect();
        tell(&mut conn, &arrived).await?;
        let id = one(&mut conn, &format!("A-{number}")).await?.id;
        let done = acknowledge(&mut conn, (id, Flag::Conflict), by_ada(), now()).await?;
        let causes =
            [format!("amounts capture succeeded EUR 500 EUR 700 stripe:acct_1:c-{number}")];
        assert_eq!(done.causes, causes, "{permutation:?}");
        tell(&mut conn, &arrived.iter().map(again).collect::<Vec<_>>()).await?;
        assert_eq!(
            one(&mut conn, &format!("A-{number}")).await?.flags,
            ["overpaid"],
            "{permutation:?}"
        );
    }
    assert_eq!(verified(&mut conn).await?.len(), orders.len());
    Ok(())
}

#[test]
fn a_reason_says_something_but_not_everything() {
    let long = "x".repeat(501);
    let spaced = format!("{}  ", &long[..499]);
    for text in ["", "  ", "a\0b", long.as_str(), spaced.as_str()] {
        assert!(Reason::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(Reason::parse(" seen ").map(Reason::as_str), Ok("seen"));
    assert!(Reason::parse(&long[..500]).is_ok());
}
