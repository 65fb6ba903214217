//! A database with dead letters in it, and engines that work on them.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use waybill_common::clock::Clock;
use waybill_common::config;
use waybill_common::domain::{Effect, Timestamp};
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters::{
    self, Body, Burial, DeathReason, Selection, Standing, bury,
};
use waybill_common::storage::operator_actions::{By, Reason};
use waybill_common::storage::orders::{self, Order};
use waybill_common::storage::replays::{self, NewReplay, Replay};
use waybill_replay::engine::Ended;
use waybill_replay::{Engine, Reader};
use waybill_test_support::webhooks::Sender;
use waybill_test_support::{TestDatabase, eventually};

/// Long enough for a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// When every test begins: 2026-01-01T12:00:00Z.
const NOON_SECONDS: i64 = 1_767_268_800;
/// As fast as it goes.
pub(crate) const FAST: u16 = replays::RATE_MAX;

const CONFIG: &str = r#"
profile = "demo"
[sources.payments]
provider = "native"
tokens = ["test-token"]
default_currency = "EUR"
"#;

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) clock: Clock,
    pub(crate) reader: Arc<Reader>,
}

/// That many seconds after noon.
pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOON_SECONDS + seconds).expect("it is in range")
}

pub(crate) fn ada() -> By<'static> {
    by("operator:ada", "the adapter is mended")
}

pub(crate) fn by<'a>(actor: &'a str, reason: &'a str) -> By<'a> {
    By { actor, reason: Reason::parse(reason).expect("a reason"), origin: "::1" }
}

/// The adapters of the configuration.
pub(crate) fn reader() -> anyhow::Result<Reader> {
    Ok(Reader::new(&config::from_toml(CONFIG)?))
}

pub(crate) fn all() -> Selection {
    Selection::default()
}

impl World {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let database = TestDatabase::new().await?;
        let reader = Arc::new(reader()?);
        Ok(Self { database, clock: Clock::fixed_at(later(0)), reader })
    }

    pub(crate) fn engine(&self) -> Engine {
        let pool = self.database.pool().clone();
        Engine::new(pool, Arc::clone(&self.reader), self.clock.clone())
    }

    /// What a native sender says of an order, received that many milliseconds before noon.
    pub(crate) fn pending(
        &self,
        order: &str,
        status: &str,
        (nth, minor): (i64, i64),
    ) -> anyhow::Result<Pending> {
        let at = Timestamp::from_micros(later(0).micros() - nth * 1_000)?;
        let transaction = format!("{order}-{status}");
        let envelope = Sender::payments(at).native(order, &transaction, status, minor)?;
        let namespace = "payments".to_owned();
        Ok(Pending { envelope, namespace, attempts: 0, replayed: false, trace_id: None })
    }

    /// Tells an order something, as a worker commits it.
    pub(crate) async fn tell(&self, order: &str, status: &str) -> anyhow::Result<()> {
        let pending = self.pending(order, status, (60_000, 99_99))?;
        let mut conn = self.database.connection().await?;
        let committed = commit(&mut conn, &[pending], later(0)).await?;
        anyhow::ensure!(committed.missed.is_empty(), "nobody else writes here");
        Ok(())
    }

    /// Buries what an adapter of former days could not use. Today's can, if its body is good.
    pub(crate) async fn bury(&self, mut pending: Pending) -> anyhow::Result<Uuid> {
        pending.envelope.event.effect = Effect::Unusable { reason: "not understood then".into() };
        self.bury_as_it_is(&pending, DeathReason::Unusable).await
    }

    pub(crate) async fn bury_as_it_is(
        &self,
        pending: &Pending,
        reason: DeathReason,
    ) -> anyhow::Result<Uuid> {
        let error = "not understood then".to_owned();
        let burial = Burial { body: Body::Event(pending), reason, error, attempts: 1 };
        let mut conn = self.database.connection().await?;
        let buried = bury(&mut conn, &[burial], self.clock.now()).await?;
        anyhow::ensure!(buried.len() == 1, "it is dead now");
        Ok(pending.envelope.event.webhook_id)
    }

    /// Dead letters of that many orders, A-1, A-2, …, the first being the oldest: each would be paid.
    pub(crate) async fn paid(&self, orders: i64) -> anyhow::Result<Vec<Uuid>> {
        let mut ids = Vec::new();
        for nth in 1..=orders {
            let pending = self.pending(&format!("A-{nth}"), "paid", (1_000 - nth, 99_99))?;
            ids.push(self.bury(pending).await?);
        }
        Ok(ids)
    }

    pub(crate) async fn ask(&self, selection: &Selection, rate: u16) -> anyhow::Result<Uuid> {
        let new = NewReplay { by: ada(), selection, rate, held: None };
        let mut conn = self.database.connection().await?;
        Ok(replays::create(&mut conn, &new, self.clock.now()).await?)
    }

    /// Takes the replay that waits and works on it.
    pub(crate) async fn work(&self) -> anyhow::Result<Ended> {
        let engine = self.engine();
        let turn = engine.take().await?.expect("a replay waits");
        Ok(engine.work(turn, &Shutdown::new()).await)
    }

    pub(crate) async fn replay(&self, id: Uuid) -> anyhow::Result<Replay> {
        let mut conn = self.database.connection().await?;
        Ok(replays::find(&mut conn, id).await?.expect("it is there"))
    }

    /// Waits until at least that many letters are counted.
    pub(crate) async fn counted(&self, id: Uuid, letters: i64) -> Replay {
        let look = async || {
            let replay = self.replay(id).await.map_err(|error| error.to_string())?;
            let done = replay.counts.done();
            if done >= letters { Ok(replay) } else { Err(format!("{done} are counted")) }
        };
        eventually(SOON, look).await
    }

    pub(crate) async fn standing(&self, letter: Uuid) -> anyhow::Result<Standing> {
        let mut conn = self.database.connection().await?;
        let standing = dead_letters::standing(&mut conn, letter).await?;
        Ok(standing.expect("it is there"))
    }

    pub(crate) async fn order(&self, called: &str) -> anyhow::Result<Option<Order>> {
        let mut conn = self.database.connection().await?;
        Ok(orders::find(&mut conn, called).await?.pop())
    }

    /// Each of that many orders was paid, once.
    pub(crate) async fn paid_once(&self, orders: i64) -> anyhow::Result<()> {
        for nth in 1..=orders {
            let order = self.order(&format!("A-{nth}")).await?.expect("it began");
            assert_eq!((order.captured, order.version, order.last_seq), (99_99, 1, 1), "A-{nth}");
        }
        Ok(())
    }
}
