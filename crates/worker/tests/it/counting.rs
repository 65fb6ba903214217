//! Counted once, whatever is repeated, late, early or at the same moment.

use waybill_common::config::LockMode;
use waybill_common::domain::Verdict;
use waybill_common::domain::envelope::Envelope;

use crate::system::{TestSystem, counted, shuffled};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_sent_twice_is_counted_once() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let first = system.payments.native("A-1", "T-1", "paid", 99_99)?;
    let second = system.payments.again(&first);

    system.publish_all([&first, &second]).await?;

    assert_eq!(system.verdicts([&first, &second]).await, [Verdict::Applied, Verdict::Duplicate]);
    assert_eq!(system.order("A-1").await?.captured, 99_99);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_delivered_again_after_its_commit_changes_nothing() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 99_99)?;
    system.publish(&webhook).await?;
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    let before = system.order("A-1").await?;

    // The same message, as the broker delivers it whose acknowledgement was lost.
    system.publish(&webhook).await?;
    let after = system.payments.native("A-2", "T-2", "paid", 1_00)?;
    system.publish(&after).await?;
    system.verdicts([&after]).await;

    assert_eq!(system.order("A-1").await?, before);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lives_told_in_any_order_and_mostly_without_the_orders_name_end_right() -> anyhow::Result<()>
{
    let system = TestSystem::start().await?;
    let scenarios = [
        ("automatic", "paid"),
        ("authorize-capture-partial-refund", "partially_refunded"),
        ("refund-fails", "paid"),
        ("dispute-won", "paid"),
        ("dispute-lost", "charged_back"),
        ("failed-then-retried", "paid"),
    ];
    let mut sent: Vec<Envelope> = Vec::new();
    for (seed, (scenario, _)) in (1_u64..).zip(scenarios) {
        let life = system.stripe.life(scenario, scenario, (seed, false))?;
        let repeated = system.stripe.again(&life[0]);
        sent.extend(life);
        sent.push(repeated);
    }
    let sent = shuffled(sent, 7);

    system.publish_all(&sent).await?;
    let verdicts = counted(&system.verdicts(&sent).await);

    assert_eq!(verdicts.get(&Verdict::Duplicate), Some(&scenarios.len()), "{verdicts:?}");
    for (scenario, status) in scenarios {
        assert_eq!(system.order(scenario).await?.status, status, "{scenario}");
    }
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_order_takes_five_hundred_events() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    let mut sent = vec![system.payments.native("HOT", "T-0", "placed", 50_000)?];
    for nth in 1..=500 {
        sent.push(
            system
                .payments
                .native("HOT", &format!("T-{nth}"), "paid", 1_00)?,
        );
    }
    system.publish_all(&shuffled(sent.clone(), 3)).await?;
    system.start_worker()?;
    system.start_worker()?;

    let verdicts = counted(&system.verdicts(&sent).await);

    assert_eq!(verdicts.get(&Verdict::Applied), Some(&501), "{verdicts:?}");
    let order = system.order("HOT").await?;
    assert_eq!((order.captured, order.status.as_str()), (50_000, "paid"));
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_without_locks_agree_on_every_order() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.config.lock.mode = LockMode::Off;
    system.config.batch.max_events = 7;
    let mut sent = Vec::new();
    for order in 0..10 {
        for txn in 0..12 {
            let name = format!("A-{order}");
            let webhook = system
                .payments
                .native(&name, &format!("{name}-{txn}"), "paid", 1_00)?;
            sent.push(system.payments.again(&webhook));
            sent.push(webhook);
        }
    }
    system.publish_all(&shuffled(sent.clone(), 11)).await?;
    system.start_worker()?;
    system.start_worker()?;

    let verdicts = counted(&system.verdicts(&sent).await);

    assert_eq!(verdicts.get(&Verdict::Applied), Some(&120), "{verdicts:?}");
    assert_eq!(verdicts.get(&Verdict::Duplicate), Some(&120), "{verdicts:?}");
    for order in 0..10 {
        assert_eq!(system.order(&format!("A-{order}")).await?.captured, 12_00);
    }
    system.finish(&[]).await
}
