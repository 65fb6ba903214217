//! What one event fails for is its own affair: its neighbours are committed, and it is retried or dead.

use waybill_common::domain::Verdict;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::database::{RAISED, refuse, refuse_once};
use waybill_test_support::eventually;

use crate::system::{SOON, TestSystem, counted};

const CHECK_VIOLATION: &str = "23514";
/// The server swallows a row that the program sent, which no server does: a debug build asserts that, and panics. The
/// sequence counts how often, for it is not rolled back.
const SWALLOW: &str = "CREATE SEQUENCE swallowed MINVALUE 0; \
    CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
    'BEGIN PERFORM nextval(''public.swallowed''); RETURN NULL; END'; \
    CREATE TRIGGER swallow BEFORE INSERT ON order_changes FOR EACH ROW WHEN (NEW.captured = 6666) \
    EXECUTE FUNCTION swallow()";
const SWALLOWED_TWICE: &str = "DO $$ BEGIN IF (SELECT last_value FROM swallowed) < 2 \
    THEN RAISE EXCEPTION 'not yet'; END IF; END $$";

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_event_is_dead_and_its_neighbours_are_committed() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.sql(&refuse("POISON", CHECK_VIOLATION)).await?;
    let mut neighbours = Vec::new();
    for nth in 0..30 {
        // On the poisonous event's own order, too.
        let order = format!("A-{}", nth % 3);
        neighbours.push(
            system
                .payments
                .native(&order, &format!("T-{nth}"), "paid", 1_00)?,
        );
    }
    let poison = system.payments.native("A-1", "POISON", "paid", 1_00)?;
    neighbours.insert(17, poison.clone());
    system.publish_all(&neighbours).await?;
    system.start_worker()?;

    let verdicts = counted(&system.verdicts(&neighbours).await);

    assert_eq!(verdicts.get(&Verdict::Applied), Some(&30), "{verdicts:?}");
    assert_eq!(verdicts.get(&Verdict::Dead), Some(&1), "{verdicts:?}");
    let letters = system.dead_letters().await?;
    assert_eq!(letters[0].reason, "refused");
    assert!(letters[0].error.contains("the test refuses"), "{}", letters[0].error);
    assert_eq!(system.order("A-1").await?.captured, 10_00);
    system.finish(&[&poison]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_for_the_moment_is_retried_and_then_counts() -> anyhow::Result<()> {
    let mut broker = TestBroker::new();
    // Long enough to be looked at.
    broker.retry.delays_seconds = vec![5];
    let mut system = TestSystem::among(broker).await?;
    system.start_worker()?;
    system.sql(&refuse_once("SHAKY")).await?;
    let shaky = system.payments.native("A-1", "SHAKY", "paid", 1_00)?;
    system.publish(&shaky).await?;
    let id = shaky.event.webhook_id;
    let retrying = system.until_retrying(&shaky).await;
    assert_eq!((retrying.verdict, retrying.attempts), (None, 1));
    assert!(retrying.last_error.unwrap().contains("the test refuses"));

    assert_eq!(system.verdicts([&shaky]).await, [Verdict::Applied]);
    assert_eq!(system.log().await?[&id].attempts, 2);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_after_every_delay_is_dead() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    system.sql(&refuse("SHAKY", RAISED)).await?;
    let shaky = system.payments.native("A-1", "SHAKY", "paid", 1_00)?;
    let good = system.payments.native("A-1", "T-1", "paid", 1_00)?;

    system.publish_all([&shaky, &good]).await?;

    assert_eq!(system.verdicts([&good, &shaky]).await, [Verdict::Applied, Verdict::Dead]);
    let letters = system.dead_letters().await?;
    assert_eq!((letters[0].reason.as_str(), letters[0].attempts), ("exhausted", 2));

    // It holds no key, so a good repeat by its sender still counts.
    system.sql("DROP TRIGGER refuse ON event_keys").await?;
    let repeated = system.payments.again(&shaky);
    system.publish(&repeated).await?;
    assert_eq!(system.verdicts([&repeated]).await, [Verdict::Applied]);
    system.finish(&[&shaky]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_a_stranger_locks_delays_its_order_and_burns_no_attempt() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    system.config.database.lock_timeout_ms = 200;
    system.start_worker()?;
    let first = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&first).await?;
    system.verdicts([&first]).await;
    let mut stranger = system.database.as_ref().unwrap().owner().await?;
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut stranger,
        "BEGIN; SELECT * FROM orders FOR UPDATE",
    )
    .await?;
    let second = system.payments.native("A-1", "T-2", "paid", 1_00)?;
    let other = system.payments.native("A-2", "T-3", "paid", 1_00)?;

    system.publish_all([&second, &other]).await?;
    assert_eq!(system.verdicts([&other]).await, [Verdict::Applied]);
    assert!(!system.log().await?.contains_key(&second.event.webhook_id));
    diesel_async::SimpleAsyncConnection::batch_execute(&mut stranger, "ROLLBACK").await?;

    assert_eq!(system.verdicts([&second]).await, [Verdict::Applied]);
    assert_eq!(system.log().await?[&second.event.webhook_id].attempts, 1);
    drop(stranger);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_settles_nothing_and_burns_no_attempt_and_the_worker_goes_on() -> anyhow::Result<()>
{
    let mut system = TestSystem::new().await?;
    system.sql(SWALLOW).await?;
    let neighbour = system.payments.native("A-1", "T-1", "placed", 70_00)?;
    let panics = system.payments.native("A-1", "T-2", "paid", 66_66)?;
    // Waiting already, so they are one batch.
    system.publish_all([&neighbour, &panics]).await?;
    system.start_worker()?;

    // The broker delivers again what the panic left unsettled.
    eventually(SOON, async || system.sql(SWALLOWED_TWICE).await).await;
    assert!(system.log().await?.is_empty(), "nothing of the batch is settled");
    system.sql("DROP TRIGGER swallow ON order_changes").await?;

    let both = [&neighbour, &panics];
    assert_eq!(system.verdicts(both).await, [Verdict::Applied, Verdict::Applied]);
    let log = system.log().await?;
    assert!(log.values().all(|logged| logged.attempts == 1), "{log:?}");
    assert_eq!(system.order("A-1").await?.captured, 66_66);
    let after = system.payments.native("A-2", "T-3", "paid", 1_00)?;
    system.publish(&after).await?;
    assert_eq!(system.verdicts([&after]).await, [Verdict::Applied]);
    system.finish(&[]).await
}
