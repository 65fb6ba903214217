//! Who counts and who follows, while the program is killed: nothing unaccounted for, no gap, no repeat.

use std::collections::BTreeMap;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use waybill_common::broker::{Headers, Route};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{Count, Report};
use waybill_common::domain::envelope::Envelope;
use waybill_common::storage::Pool;
use waybill_common::storage::reconciliation::{Balance, Page, Window, reconciliation};
use waybill_test_support::eventually;
use waybill_test_support::follower::Follower;

use crate::binary::{signal, start};
use crate::system::{SOON, TestSystem, shuffled};

const KILLS: usize = 5;
const ORDERS: usize = 60;
const MINUTE: i64 = 60_000_000;

/// Lives of orders, shuffled, each tenth webhook sent again.
fn load(system: &TestSystem) -> anyhow::Result<Vec<Envelope>> {
    let mut sent = Vec::new();
    for order in 0..ORDERS {
        let name = format!("A-{order}");
        for (nth, status) in ["authorized", "paid", "refunded", "shipped"]
            .iter()
            .enumerate()
        {
            let txn = format!("T-{order}-{nth}");
            sent.push(system.payments.native(&name, &txn, status, 1_00)?);
        }
    }
    let again: Vec<_> = sent
        .iter()
        .step_by(10)
        .map(|webhook| system.payments.again(webhook))
        .collect();
    sent.extend(again);
    Ok(shuffled(sent, 7))
}

/// What a replica of ingest would tell after it has accepted these.
fn counted(accepted: &[Envelope]) -> Report {
    let mut by_minute: BTreeMap<(String, Timestamp), u64> = BTreeMap::new();
    for webhook in accepted {
        let micros = webhook.received_at.micros();
        let minute = Timestamp::from_micros_saturating(micros - micros % MINUTE);
        *by_minute
            .entry((webhook.event.source.clone(), minute))
            .or_default() += 1;
    }
    let counts = by_minute
        .into_iter()
        .map(|((source, minute), accepted)| Count { source, minute, accepted, recovered: 0 });
    Report::new("replica", counts.collect())
}

async fn tell(system: &TestSystem, report: &Report) -> anyhow::Result<()> {
    let message = (Uuid::now_v7(), report.encode());
    system
        .send_bytes(Route::Counts, message, &Headers::default())
        .await
}

/// Reads changes until it is told to stop.
async fn follow(pool: Pool, stop: CancellationToken) -> anyhow::Result<Follower> {
    let mut shop = Follower::new(7);
    while !stop.is_cancelled() {
        shop.read(&mut *pool.get().await?).await?;
        tokio::task::yield_now().await;
    }
    Ok(shop)
}

async fn balances(system: &TestSystem) -> anyhow::Result<Vec<Balance>> {
    let window = Window {
        from: Timestamp::parse("2020-01-01T00:00:00Z")?,
        to: Timestamp::parse("2040-01-01T00:00:00Z")?,
        minutes: u32::MAX,
        overdue_before: Timestamp::parse("2040-01-01T00:00:00Z")?,
    };
    let mut conn = system.pool.get().await?;
    Ok(reconciliation(&mut conn, &window, &Page { after: None, limit: 10 }).await?)
}

/// Kills the program whenever another part of the load is committed, and starts it again at once.
async fn under_fire(system: &TestSystem, sent: &[Envelope]) -> anyhow::Result<()> {
    let part = sent.len() / (KILLS + 1);
    let (mut process, mut _file) = start(system)?;
    for kill in 1..=KILLS {
        system
            .publish_all(&sent[part * (kill - 1)..part * kill])
            .await?;
        // Repeats and reports that come late change nothing.
        tell(system, &counted(&sent[..part * kill])).await?;
        tell(system, &counted(&sent[..part])).await?;
        eventually(SOON, async || match system.log().await {
            Ok(log) if log.len() >= part * kill - part / 2 => Ok(()),
            Ok(log) => Err(log.len().to_string()),
            Err(error) => Err(error.to_string()),
        })
        .await;
        process.kill()?;
        process.wait()?;
        (process, _file) = start(system)?;
    }
    system.publish_all(&sent[part * KILLS..]).await?;
    tell(system, &counted(sent)).await?;
    system.verdicts(sent).await;
    eventually(SOON, async || {
        let told = balances(system).await.map_err(|error| error.to_string())?;
        let accepted: i64 = told.iter().map(|balance| balance.accepted).sum();
        if accepted == i64::try_from(sent.len()).expect("few") {
            Ok(())
        } else {
            Err(format!("{told:?}"))
        }
    })
    .await;
    signal(&process, "TERM")?;
    anyhow::ensure!(process.wait()?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_kills_leave_nothing_unaccounted_for_no_gap_and_no_repeat() -> anyhow::Result<()> {
    let system = TestSystem::new().await?;
    let sent = load(&system)?;
    let done = CancellationToken::new();
    let mut following = JoinSet::new();
    following.spawn(follow(system.pool.clone(), done.clone()));

    under_fire(&system, &sent).await?;

    let told = balances(&system).await?;
    let sums = |of: fn(&Balance) -> i64| told.iter().map(of).sum::<i64>();
    assert_eq!(sums(|balance| balance.unaccounted + balance.surplus), 0, "{told:?}");
    assert_eq!(sums(|balance| balance.accepted), i64::try_from(sent.len())?);
    done.cancel();
    let mut shop = following.join_all().await.remove(0)?;
    let mut conn = system.pool.get().await?;
    // The server is shared: whoever writes on it holds readers up for a while.
    eventually(SOON, async || {
        shop.read(&mut conn)
            .await
            .map_err(|error| error.to_string())?;
        shop.check(&mut conn)
            .await
            .map_err(|error| format!("{error:#}"))
    })
    .await;
    assert!(shop.seen.len() > ORDERS * 2, "{}", shop.seen.len());
    drop(conn);
    system.finish(&[]).await
}
