//! Retrying, dying, coming to life again.

use diesel_async::AsyncPgConnection;
use waybill_common::domain::{Effect, Reference, Timestamp, Verdict};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters::{self, Body, Burial, DeathReason, undecodable_id};
use waybill_common::storage::webhooks::{self, Retrying, record_retrying};
use waybill_test_support::TestDatabase;

use super::ledger::{fingerprint, verdicts, verified};
use super::sender::{again, now, placed, webhook};

fn sent() -> Pending {
    webhook("e1", &[Reference::order("A-1")], placed(10_00))
}

fn burial(pending: &Pending) -> Burial<'_> {
    Burial {
        body: Body::Event(pending),
        reason: DeathReason::Exhausted,
        error: "the database was away\0".into(),
        attempts: 10,
    }
}

async fn verdict(conn: &mut AsyncPgConnection, pending: &Pending) -> anyhow::Result<Verdict> {
    let committed = commit(conn, std::slice::from_ref(pending), now()).await?;
    Ok(committed.settled[0].verdict)
}

#[tokio::test]
async fn an_event_waits_for_its_retry_and_then_is_final() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let mut pending = sent();
    for attempts in [1, 2] {
        let retrying = Retrying { pending: &pending, attempts, due_at: now(), error: "no".into() };
        assert_eq!(record_retrying(&mut conn, &[retrying]).await?.len(), 1);
    }
    let after = Timestamp::from_micros(now().micros() + 1)?;
    assert_eq!(webhooks::overdue(&mut conn, now()).await?, 0);
    assert_eq!(webhooks::overdue(&mut conn, after).await?, 1);
    let logged = webhooks::find(&mut conn, pending.envelope.event.webhook_id)
        .await?
        .unwrap();
    assert_eq!((logged.state.as_str(), logged.attempts), ("retrying", 2));

    pending.attempts = 2;
    assert_eq!(verdict(&mut conn, &pending).await?, Verdict::Applied);
    let logged = webhooks::find(&mut conn, pending.envelope.event.webhook_id)
        .await?
        .unwrap();
    assert_eq!((logged.state.as_str(), logged.attempts, logged.last_error), ("final", 3, None));
    let retrying = Retrying { pending: &pending, attempts: 3, due_at: now(), error: "no".into() };
    assert!(record_retrying(&mut conn, &[retrying]).await?.is_empty(), "it is final");
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn a_retry_that_nobody_counted_still_finds_its_row() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let pending = sent();
    dead_letters::bury(&mut conn, &[burial(&pending)], now()).await?;
    // The message comes again with nothing that tells: its row is found when it is to be written.
    let before = fingerprint(&mut conn).await?;
    let others = webhook("e2", &[Reference::order("B-1")], placed(10_00));
    let committed = commit(&mut conn, &[pending], now()).await?;
    assert_eq!(
        (committed.settled[0].verdict, committed.settled[0].redelivered),
        (Verdict::Dead, true)
    );
    assert_eq!(fingerprint(&mut conn).await?, before);
    assert_eq!(verdict(&mut conn, &others).await?, Verdict::Applied);
    Ok(())
}

#[tokio::test]
async fn the_dead_hold_no_key_so_a_good_repeat_counts() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let pending = sent();
    dead_letters::bury(&mut conn, &[burial(&pending)], now()).await?;
    assert_eq!(verdict(&mut conn, &again(&pending)).await?, Verdict::Applied);
    // Replayed too late: the repeat was counted.
    let replay = Pending { replayed: true, ..pending };
    assert_eq!(verdict(&mut conn, &replay).await?, Verdict::Duplicate);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn a_replay_works_on_the_same_row_once() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let pending = sent();
    let buried =
        dead_letters::bury(&mut conn, &[burial(&pending), burial(&pending)], now()).await?;
    assert_eq!(buried.len(), 1);
    let replay = Pending { replayed: true, attempts: 0, ..pending.clone() };
    let batch = [replay.clone(), replay];
    let committed = commit(&mut conn, &batch, now()).await?;
    let told: Vec<_> = committed
        .settled
        .iter()
        .map(|end| (end.verdict, end.redelivered))
        .collect();
    assert_eq!(told, [(Verdict::Applied, false), (Verdict::Applied, true)]);
    let [letter] = dead_letters::list(&mut conn, None, 9)
        .await?
        .try_into()
        .expect("one letter");
    assert_eq!(letter.replay_state, "replayed");
    assert!(
        dead_letters::bury(&mut conn, &[burial(&pending)], now())
            .await?
            .is_empty()
    );
    assert_eq!(verdicts(&mut conn).await?.len(), 1);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn what_dies_again_is_dead_again() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let odd = webhook("e1", &[], Effect::Unusable { reason: "no amount".into() });
    assert_eq!(verdict(&mut conn, &odd).await?, Verdict::Dead);
    let replay = Pending { replayed: true, ..odd };
    assert_eq!(verdict(&mut conn, &replay).await?, Verdict::Dead);
    let committed = commit(&mut conn, &[replay.clone(), replay], now()).await?;
    assert_eq!(committed.settled.len(), 2);
    let [letter] = dead_letters::list(&mut conn, None, 9)
        .await?
        .try_into()
        .expect("one letter");
    assert_eq!((letter.replay_state.as_str(), letter.reason.as_str()), ("none", "unusable"));
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_none_of_ours_is_buried_once_and_found_by_its_id() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let message = b"\x00not ours";
    let burial = Burial {
        body: Body::Undecodable(message),
        reason: DeathReason::Undecodable,
        error: "not a message of ours".into(),
        attempts: 0,
    };
    assert_eq!(
        dead_letters::bury(&mut conn, std::slice::from_ref(&burial), now())
            .await?
            .len(),
        1
    );
    let later = Timestamp::from_micros(now().micros() + 5_000_000)?;
    assert!(
        dead_letters::bury(&mut conn, &[burial], later)
            .await?
            .is_empty()
    );
    let logged = webhooks::find(&mut conn, undecodable_id(message))
        .await?
        .unwrap();
    assert_eq!(logged.verdict.as_deref(), Some("dead"));
    assert_eq!(verdicts(&mut conn).await?.len(), 1);
    Ok(())
}
