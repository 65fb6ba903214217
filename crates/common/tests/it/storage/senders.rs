//! What providers really send, in every order of arrival, against the real engine: one order, whoever tells of it and by
//! whatever name.

use waybill_common::domain::{Facts, OrderState, Told, Verdict};
use waybill_common::storage::commit::{Pending, commit};
use waybill_test_support::TestDatabase;
use waybill_test_support::webhooks::Sender;

use super::absorption::permutations;
use super::ledger::{verdicts, verified};
use super::sender::now;

/// So many events are committed together: few, so that orders are known by another name for a while.
const BATCH: usize = 7;

/// Commits the life in every order of arrival, each lived by an order of its own, and expects each to end as the fold of
/// its events, which is `(status, captured)`.
async fn check(
    life: impl Fn(&str, u64) -> anyhow::Result<Vec<Pending>>,
    expected: (&str, i64),
) -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let events = life("1", 1)?.len();
    let arrivals = permutations(events);
    let mut deck: Vec<Vec<Pending>> = vec![Vec::new(); events];
    let mut folded = Vec::new();
    for (number, arrival) in arrivals.iter().enumerate() {
        let seed = 1_000 + u64::try_from(number)?;
        let life = life(&seed.to_string(), seed)?;
        folded.push((seed.to_string(), fold(&life)));
        for (step, &event) in arrival.iter().enumerate() {
            deck[step].push(life[event].clone());
        }
    }
    let deck: Vec<Pending> = deck.into_iter().flatten().collect();
    for batch in deck.chunks(BATCH) {
        let committed = commit(&mut conn, batch, now()).await?;
        assert_eq!(committed.missed, Vec::<usize>::new());
        for settled in &committed.settled {
            let counted = matches!(settled.verdict, Verdict::Applied | Verdict::NoChange);
            assert!(counted, "{settled:?}");
        }
    }

    let all = verified(&mut conn).await?;
    let (absorbed, living): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|(order, _)| order.absorbed_into.is_some());
    assert_eq!(living.len(), arrivals.len(), "one order for each");
    for (order, _) in &living {
        let name = order.external_id.as_deref().expect("the merchant's order");
        let (_, state) = folded
            .iter()
            .find(|(folded, _)| folded == name)
            .expect("it was sent");
        assert_eq!(order.stored()?.state, *state, "{name}");
        assert_eq!((order.status.as_str(), order.captured), expected, "{name}");
    }
    // Both trails say so: what was absorbed ends with it, and whoever absorbed it has a row that carries it.
    assert!(!absorbed.is_empty(), "some payments were an order of their own first");
    let kinds = |kind: &str| {
        all.iter()
            .flat_map(|(_, trail)| trail)
            .filter(|row| row.record.kind.as_str() == kind)
            .count()
    };
    assert_eq!(kinds("absorb"), absorbed.len());
    assert_eq!(kinds("absorbed"), absorbed.len());
    for (order, trail) in &absorbed {
        let money = (order.captured, order.refunded, order.disputed, order.authorized);
        assert_eq!((order.status.as_str(), money), ("absorbed", (0, 0, 0, 0)));
        let last = trail.last().expect("every order has a trail");
        assert_eq!(last.record.kind.as_str(), "absorbed");
    }
    assert_eq!(verdicts(&mut conn).await?.len(), deck.len());
    Ok(())
}

/// The reference: all at once, in memory, in the order in which it happened.
fn fold(life: &[Pending]) -> OrderState {
    let mut facts = Facts::default();
    for pending in life {
        facts.join(Facts::of(&Told::from(&pending.envelope.event)));
    }
    facts.derive()
}

fn pending(
    sender: &Sender,
    scenario: &str,
    (order, seed): (&str, u64),
) -> anyhow::Result<Vec<Pending>> {
    let life = sender.life(scenario, order, (seed, false))?;
    let pending = life.into_iter().map(|envelope| Pending {
        envelope,
        namespace: "default".into(),
        attempts: 0,
        trace_id: None,
        replayed: false,
    });
    Ok(pending.collect())
}

/// The shop's order, and what a payment provider tells of its payments.
async fn check_with_shop(
    provider: &Sender,
    (scenario, events): (&str, usize),
    expected: (&str, i64),
) -> anyhow::Result<()> {
    let shop = Sender::shop(now());
    check(
        |order, seed| {
            let mut life = pending(&shop, "fulfilled", (order, seed))?;
            life.truncate(1);
            let payments = pending(provider, scenario, (order, seed))?;
            life.extend(payments.into_iter().take(events));
            Ok(life)
        },
        expected,
    )
    .await
}

#[tokio::test]
async fn a_stripe_refund_that_knows_its_charge_joins_the_shops_order_whenever_it_comes()
-> anyhow::Result<()> {
    let stripe = Sender::stripe(now());
    check_with_shop(&stripe, ("refund-fails", 4), ("partially_refunded", 99_99)).await
}

#[tokio::test]
async fn a_paypal_dispute_that_knows_its_transaction_joins_the_shops_order_whenever_it_comes()
-> anyhow::Result<()> {
    let paypal = Sender::paypal(now());
    check_with_shop(&paypal, ("dispute-lost", 3), ("charged_back", 99_99)).await
}
