//! What may pass is tried again; an outage is waited for; what breaks down on one letter costs that letter alone.

use std::sync::Arc;

use diesel_async::SimpleAsyncConnection as _;
use waybill_common::config;
use waybill_common::domain::Timestamp;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::dead_letters::begin_replay;
use waybill_common::storage::pool;
use waybill_operate::Refusal;
use waybill_providers::{
    Adapter, Message, ParseError, Parsed, Request, SignatureError, Verified, adapter,
};
use waybill_replay::engine::Ended;
use waybill_replay::{Engine, one, preview};
use waybill_test_support::proxy::Proxy;
use waybill_test_support::webhooks;

use crate::support::{FAST, World, ada, all, later, reader};

/// The native adapter, but for a fault of ours: it breaks down on what tells of order A-2.
struct Faulty(Box<dyn Adapter>);

impl Faulty {
    fn new() -> anyhow::Result<Self> {
        Ok(Self(adapter("payments", &webhooks::config().sources["payments"])?))
    }
}

impl Adapter for Faulty {
    fn provider(&self) -> &'static str {
        self.0.provider()
    }

    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Verified, SignatureError> {
        self.0.verify(request, now)
    }

    fn parse(
        &self,
        request: &Request<'_>,
        verified: &Verified,
        now: Timestamp,
    ) -> Result<Vec<Parsed>, ParseError> {
        let told = String::from_utf8_lossy(request.body);
        assert!(!told.contains("\"A-2\""), "a test breaks down here");
        self.0.parse(request, verified, now)
    }

    fn sign(&self, message: Message, now: Timestamp) -> Message {
        self.0.sign(message, now)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_panics_on_a_letter_costs_that_letter_alone() -> anyhow::Result<()> {
    let mut world = World::new().await?;
    let letters = world.paid(3).await?;
    world.reader = Arc::new(reader()?.with("payments", Box::new(Faulty::new()?)));
    let mut conn = world.database.connection().await?;
    let looked = preview::of_many(&mut conn, (&world.reader, &all()), later(0)).await?;
    assert_eq!((looked.counts.applied, looked.counts.unusable), (2, 1));

    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!(looked.counts, replay.counts.into());
    let error = replay.last_error.unwrap();
    assert!(error.contains(&letters[1].to_string()) && error.contains("breaks down"), "{error}");
    assert_eq!(world.standing(letters[1]).await?.replay_state, "none");
    assert_eq!(world.order("A-3").await?.unwrap().captured, 99_99);
    let alone = one::replay(&mut conn, (&world.reader, letters[1]), ada(), later(0)).await;
    assert!(matches!(alone, Err(Refusal::Conflict(why)) if why.contains("breaks down")));

    // A release without the fault.
    world.reader = Arc::new(reader()?);
    world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    world.paid_once(3).await
}

/// Replays two letters: one is missed, for a reason that says this, and the other is applied.
async fn one_is_missed(world: &World, says: &str) -> anyhow::Result<()> {
    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.missed, replay.counts.applied), (1, 1));
    let error = replay.last_error.unwrap_or_default();
    assert!(error.contains(says), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_panics_on_a_letter_costs_that_letter_alone() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-1", "placed").await?;
    let letters = world.paid(2).await?;
    // The server swallows a row that the program sent, which no server does: a debug build asserts that, and panics.
    let order = world.order("A-1").await?.unwrap().id;
    let swallow = format!(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER swallow BEFORE INSERT ON order_changes FOR EACH ROW WHEN (NEW.order_id = '{order}') \
         EXECUTE FUNCTION swallow()"
    );
    world
        .database
        .owner()
        .await?
        .batch_execute(&swallow)
        .await?;
    one_is_missed(&world, "this program broke down on it").await?;
    assert_eq!(world.standing(letters[0]).await?.replay_state, "none");
    assert_eq!(world.order("A-2").await?.unwrap().captured, 99_99);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_names_an_order_which_is_gone_is_missed_alone() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-1", "placed").await?;
    let letters = world.paid(2).await?;
    // What no program of ours writes: a name of an order that was never there.
    world
        .database
        .owner()
        .await?
        .batch_execute("UPDATE order_aliases SET order_id = gen_random_uuid()")
        .await?;
    one_is_missed(&world, "which is not there").await?;
    assert_eq!(world.standing(letters[0]).await?.replay_state, "none");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_somebody_else_holds_is_missed_and_stays_theirs() -> anyhow::Result<()> {
    let world = World::new().await?;
    let letters = world.paid(2).await?;
    let mut conn = world.database.connection().await?;
    assert!(begin_replay(&mut conn, letters[0], (later(0), later(-60))).await?);
    one_is_missed(&world, "somebody else is replaying it").await?;
    let standing = world.standing(letters[0]).await?;
    assert_eq!((standing.replay_state.as_str(), standing.replay_id), ("replaying", None));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_order_is_busy_too_long_is_missed_and_can_be_replayed_again()
-> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-1", "placed").await?;
    let letters = world.paid(1).await?;
    let mut worker = world.database.connection().await?;
    worker
        .batch_execute("BEGIN; SELECT FROM orders FOR UPDATE")
        .await?;
    let settings = config::Database { lock_timeout_ms: 20, ..world.database.settings().clone() };
    let pool = pool::connect(&settings, 2)?;
    let engine = Engine::new(pool, Arc::clone(&world.reader), world.clock.clone());
    let id = world.ask(&all(), FAST).await?;
    let turn = engine.take().await?.expect("a replay waits");
    assert_eq!(engine.work(turn, &Shutdown::new()).await, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.missed, replay.counts.done()), (1, 1));
    assert_eq!(world.standing(letters[0]).await?.replay_state, "none");

    worker.batch_execute("ROLLBACK").await?;
    let again = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    assert_eq!(world.replay(again).await?.counts.applied, 1);
    assert_eq!(world.order("A-1").await?.unwrap().captured, 99_99);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_waited_for_and_costs_no_letter() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(8).await?;
    let id = world.ask(&all(), 20).await?;
    let (proxy, url) = Proxy::before(world.database.url()).await?;
    let settings =
        config::Database { url: url.as_str().into(), ..world.database.settings().clone() };
    let pool = pool::connect(&settings, 2)?;
    let engine = Engine::new(pool, Arc::clone(&world.reader), world.clock.clone());
    let stop = Shutdown::new();
    let turn = engine.take().await?.expect("a replay waits");
    let (ended, ()) = tokio::join!(engine.work(turn, &stop), async {
        for letters in [1, 3, 5] {
            world.counted(id, letters).await;
            proxy.cut();
        }
    });
    assert_eq!(ended, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.applied, replay.counts.done()), (8, 8), "{replay:?}");
    world.paid_once(8).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_without_a_database_stops_when_told() -> anyhow::Result<()> {
    let world = World::new().await?;
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let settings = config::Database { url: nowhere.into(), ..config::Database::default() };
    let pool = pool::connect(&settings, 1)?;
    let engine = Engine::new(pool, Arc::clone(&world.reader), world.clock.clone());
    assert!(engine.take().await.is_err());
    let (engine, stop) = (Arc::new(engine), Shutdown::new());
    stop.spawn(Arc::clone(&engine).run(stop.clone()));
    assert!(stop.finish(crate::support::SOON).await, "it stops");
    Ok(())
}
