//! Orders that were known as several, in whatever order their events come.

use waybill_common::domain::{Reference, Verdict};
use waybill_common::storage::commit::{Pending, commit};
use waybill_test_support::TestDatabase;

use super::ledger::{verdicts, verified};
use super::sender::{captured, foreign, now, placed, refunded, webhook};

/// An order that is told by its own name, by a payment, by a charge, and by what links them.
fn life(number: usize) -> Vec<Pending> {
    let order = Reference::order(&format!("A-{number}"));
    let intent = foreign("payment_intent", &format!("pi_{number}"));
    let charge = foreign("charge", &format!("ch_{number}"));
    let key = |name: &str| format!("{name}-{number}");
    vec![
        webhook(&key("placed"), std::slice::from_ref(&order), placed(50_00)),
        webhook(&key("captured"), std::slice::from_ref(&intent), captured(&key("c"), 50_00)),
        webhook(&key("refunded"), std::slice::from_ref(&charge), refunded(&key("r"), 20_00)),
        webhook(&key("intent"), &[order, intent.clone()], captured(&key("c"), 50_00)),
        webhook(&key("charge"), &[charge, intent], captured(&key("c"), 50_00)),
    ]
}

pub(crate) fn permutations(count: usize) -> Vec<Vec<usize>> {
    match count {
        0 => vec![Vec::new()],
        _ => permutations(count - 1)
            .into_iter()
            .flat_map(|shorter| {
                (0..count).map(move |place| {
                    let mut longer = shorter.clone();
                    longer.insert(place, count - 1);
                    longer
                })
            })
            .collect(),
    }
}

/// Every permutation, each with an order of its own, in batches of the given size.
async fn check(batch_size: usize) -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let orders = permutations(5);
    // The same step of every permutation is committed together: absorption meets absorption in one batch too.
    let mut deck: Vec<Vec<Pending>> = vec![Vec::new(); 5];
    for (number, permutation) in orders.iter().enumerate() {
        let life = life(number);
        for (step, &event) in permutation.iter().enumerate() {
            deck[step].push(life[event].clone());
        }
    }
    let deck: Vec<Pending> = deck.into_iter().flatten().collect();
    for batch in deck.chunks(batch_size) {
        let committed = commit(&mut conn, batch, now()).await?;
        assert_eq!(committed.missed, Vec::<usize>::new());
        assert!(
            committed
                .settled
                .iter()
                .all(|settled| settled.verdict != Verdict::Conflict)
        );
    }

    let all = verified(&mut conn).await?;
    let living: Vec<_> = all
        .iter()
        .filter(|(order, _)| order.absorbed_into.is_none())
        .collect();
    assert_eq!(living.len(), orders.len());
    for (order, _) in living {
        assert_eq!(order.status, "partially_refunded", "{order:?}");
        assert_eq!((order.captured, order.refunded, order.total), (50_00, 20_00, Some(50_00)));
        assert!(order.external_id.is_some() && order.flags.is_empty());
    }
    for (order, trail) in all
        .iter()
        .filter(|(order, _)| order.absorbed_into.is_some())
    {
        assert_eq!((order.status.as_str(), order.captured), ("absorbed", 0));
        assert_eq!(
            trail
                .last()
                .expect("every order has a trail")
                .record
                .to_status
                .as_str(),
            "absorbed"
        );
    }
    assert_eq!(verdicts(&mut conn).await?.len(), deck.len());
    Ok(())
}

#[tokio::test]
async fn every_permutation_of_a_life_of_three_names_ends_in_one_order() -> anyhow::Result<()> {
    check(1).await
}

#[tokio::test]
async fn every_permutation_of_it_in_batches_ends_in_one_order() -> anyhow::Result<()> {
    check(37).await
}

#[tokio::test]
async fn a_life_within_one_batch_ends_in_one_order() -> anyhow::Result<()> {
    check(600).await
}

#[tokio::test]
async fn a_key_whose_order_was_absorbed_contradicts_the_one_that_lives() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let life = life(1);
    for pending in &life {
        commit(&mut conn, std::slice::from_ref(pending), now()).await?;
    }
    let mut contradiction = life[2].clone();
    contradiction.envelope.event.webhook_id = uuid::Uuid::now_v7();
    contradiction.envelope.event.body_sha256 = [1; 32];
    let committed = commit(&mut conn, &[contradiction], now()).await?;
    assert_eq!(committed.settled[0].verdict, Verdict::Conflict);
    let all = verified(&mut conn).await?;
    let living = all
        .iter()
        .find(|(order, _)| order.absorbed_into.is_none())
        .unwrap();
    assert_eq!(living.0.flags, ["conflict"]);
    assert_eq!(committed.settled[0].order_id, Some(living.0.id));
    Ok(())
}
