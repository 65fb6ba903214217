//! One installation of a test's own: database, topology and key prefix, a publisher in ingest's place, workers at will.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;
use diesel::QueryDsl as _;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use uuid::Uuid;
use waybill_common::broker::{Headers, Publisher, PublisherState, Queue, Route};
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::domain::Verdict;
use waybill_common::domain::audit::verify_trail;
use waybill_common::domain::envelope::Envelope;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::dead_letters::{self, DeadLetter};
use waybill_common::storage::orders::{self, Order};
use waybill_common::storage::schema::webhooks;
use waybill_common::storage::{Pool, order_events, pool};
use waybill_common::telemetry::Scrape;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::redis::TestRedis;
use waybill_test_support::webhooks::{Sender, config};
use waybill_test_support::{TestDatabase, eventually};
use waybill_worker::Worker;

/// Long enough for a busy machine; a test that needs it is failing.
pub(crate) const SOON: Duration = Duration::from_secs(40);

pub(crate) struct TestSystem {
    pub(crate) config: Config,
    pub(crate) payments: Sender,
    pub(crate) stripe: Sender,
    pub(crate) broker: TestBroker,
    pub(crate) redis: TestRedis,
    pub(crate) database: Option<TestDatabase>,
    pub(crate) pool: Pool,
    publisher: Publisher,
    workers: Vec<Worker>,
    shutdown: Shutdown,
}

impl TestSystem {
    /// Everything but a worker: on the shared servers.
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Self::among(TestBroker::new()).await
    }

    /// Everything but a worker, with queues of that kind.
    pub(crate) async fn among(broker: TestBroker) -> anyhow::Result<Self> {
        let database = TestDatabase::new().await?;
        let mut config = config();
        config.database = database.settings().clone();
        Self::with(config, (broker, TestRedis::new()), Some(database)).await
    }

    /// With one worker.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut system = Self::new().await?;
        system.start_worker()?;
        Ok(system)
    }

    /// On the database that `config` names.
    pub(crate) async fn with(
        mut config: Config,
        (broker, redis): (TestBroker, TestRedis),
        database: Option<TestDatabase>,
    ) -> anyhow::Result<Self> {
        config.broker = broker.config.clone();
        config.retry = broker.retry.clone();
        config.redis = redis.config.clone();
        config.worker.ops_listen = ([127, 0, 0, 1], 0).into();
        config.worker.breaker_open_min_ms = 300;
        config.worker.breaker_open_max_ms = 1_000;
        broker.declare().await?;
        let shutdown = Shutdown::new();
        let publisher = Publisher::start(&broker.config, broker.topology(), &shutdown, "test");
        let mut state = publisher.state();
        state
            .wait_for(|state| *state == PublisherState::Ready)
            .await?;
        let now = Clock::system().now();
        let pool = pool::connect(&config.database, 2)?;
        Ok(Self {
            payments: Sender::payments(now),
            stripe: Sender::stripe(now),
            pool,
            config,
            broker,
            redis,
            database,
            publisher,
            workers: Vec::new(),
            shutdown,
        })
    }

    pub(crate) fn start_worker(&mut self) -> anyhow::Result<()> {
        let worker = Worker::start(self.config.clone(), Clock::system(), Scrape::default())?;
        self.workers.push(worker);
        Ok(())
    }

    /// Stops the worker that was started last, in order.
    pub(crate) async fn stop_worker(&mut self) -> anyhow::Result<()> {
        let worker = self.workers.pop().context("no worker runs")?;
        anyhow::ensure!(worker.stop().await, "the worker did not stop in time");
        Ok(())
    }

    pub(crate) fn worker(&self) -> &Worker {
        self.workers.last().expect("a worker runs")
    }

    /// Publishes as ingest does.
    pub(crate) async fn publish(&self, webhook: &Envelope) -> anyhow::Result<()> {
        let shards = usize::from(self.config.broker.shards);
        let shard = u16::try_from(webhook.event.part_of(shards))?;
        self.send(Route::Work { shard }, webhook, &Headers::default())
            .await
    }

    pub(crate) async fn publish_all<'a>(
        &self,
        webhooks: impl IntoIterator<Item = &'a Envelope>,
    ) -> anyhow::Result<()> {
        for webhook in webhooks {
            self.publish(webhook).await?;
        }
        Ok(())
    }

    pub(crate) async fn send(
        &self,
        route: Route,
        webhook: &Envelope,
        headers: &Headers,
    ) -> anyhow::Result<()> {
        self.send_bytes(route, (webhook.event.webhook_id, webhook.encode()), headers)
            .await
    }

    pub(crate) async fn send_bytes(
        &self,
        route: Route,
        (id, body): (Uuid, Vec<u8>),
        headers: &Headers,
    ) -> anyhow::Result<()> {
        self.publisher
            .publish(route, id, headers, body)
            .await
            .context("could not publish")
    }

    /// Waits until every one of these webhooks has a final verdict, and returns them in the same order.
    pub(crate) async fn verdicts<'a>(
        &self,
        webhooks: impl IntoIterator<Item = &'a Envelope>,
    ) -> Vec<Verdict> {
        let ids: Vec<Uuid> = webhooks
            .into_iter()
            .map(|webhook| webhook.event.webhook_id)
            .collect();
        eventually(SOON, async || {
            let known = self.log().await.map_err(|error| format!("{error:#}"))?;
            let ended: Vec<Verdict> = ids.iter().filter_map(|id| known.get(id)?.verdict).collect();
            if ended.len() == ids.len() {
                return Ok(ended);
            }
            Err(format!("{} of {} have a verdict", ended.len(), ids.len()))
        })
        .await
    }

    /// Waits until a webhook has failed and waits for its next attempt.
    pub(crate) async fn until_retrying(&self, webhook: &Envelope) -> Logged {
        eventually(SOON, async || {
            let log = self.log().await.map_err(|error| error.to_string())?;
            log.get(&webhook.event.webhook_id)
                .filter(|logged| logged.state == "retrying")
                .cloned()
                .ok_or_else(|| format!("{log:?}"))
        })
        .await
    }

    /// The log, by webhook.
    pub(crate) async fn log(&self) -> anyhow::Result<BTreeMap<Uuid, Logged>> {
        let mut conn = self.pool.get().await?;
        let rows: Vec<LogRow> = webhooks::table
            .select((
                webhooks::id,
                webhooks::state,
                webhooks::verdict,
                webhooks::attempts,
                webhooks::last_error,
            ))
            .load(&mut conn)
            .await?;
        let logged = rows
            .into_iter()
            .map(|(id, state, verdict, attempts, last_error)| {
                let verdict = verdict.map(|verdict| verdict.parse()).transpose()?;
                Ok((id, Logged { state, verdict, attempts, last_error }))
            });
        logged.collect()
    }

    pub(crate) async fn order(&self, id: &str) -> anyhow::Result<Order> {
        let mut conn = self.pool.get().await?;
        let mut found = orders::find(&mut conn, id).await?;
        anyhow::ensure!(found.len() == 1, "{} orders are called {id}", found.len());
        found.pop().context("checked above")
    }

    pub(crate) async fn dead_letters(&self) -> anyhow::Result<Vec<DeadLetter>> {
        let mut conn = self.pool.get().await?;
        Ok(dead_letters::list(&mut conn, None, 100).await?)
    }

    /// Runs SQL as the database's owner.
    pub(crate) async fn sql(&self, text: &str) -> anyhow::Result<()> {
        let mut owner: AsyncPgConnection = self
            .database
            .as_ref()
            .context("the database is the test's own")?
            .owner()
            .await?;
        Ok(owner.batch_execute(text).await?)
    }

    /// Waits until a queue holds so many ready messages.
    pub(crate) async fn until_ready(&self, queue: Queue, count: u32) {
        eventually(SOON, async || match self.broker.ready(queue).await {
            Ok(ready) if ready == count => Ok(()),
            seen => Err(format!("{seen:?}")),
        })
        .await;
    }

    /// Waits until a lock is nobody's any more: with the worker's end, or with its batch.
    pub(crate) async fn until_unlocked(&self) {
        eventually(SOON, async || {
            let keys = self.redis.keys().map_err(|error| error.to_string())?;
            if keys.is_empty() { Ok(()) } else { Err(format!("{keys:?}")) }
        })
        .await;
    }

    /// Stops the workers and sees that nothing is left: no message anywhere, no lock, no event that waits, no trail that
    /// does not hold, and no dead letter but for these webhooks.
    pub(crate) async fn finish(mut self, dead: &[&Envelope]) -> anyhow::Result<()> {
        while !self.workers.is_empty() {
            self.stop_worker().await?;
        }
        for queue in self.broker.topology().queues() {
            let ready = self.broker.ready(queue).await?;
            anyhow::ensure!(ready == 0, "{ready} messages are left in {queue:?}");
        }
        for (id, logged) in self.log().await? {
            anyhow::ensure!(logged.state == "final", "{id} is {}", logged.state);
        }
        self.check_dead(dead).await?;
        self.check_trails().await?;
        self.until_unlocked().await;
        self.publisher.drain(Duration::from_secs(2)).await;
        self.shutdown.finish(Duration::from_secs(5)).await;
        self.pool.close();
        self.broker.finish().await
    }

    async fn check_dead(&self, expected: &[&Envelope]) -> anyhow::Result<()> {
        let expected: BTreeSet<Uuid> = expected
            .iter()
            .map(|webhook| webhook.event.webhook_id)
            .collect();
        let dead: BTreeSet<Uuid> = self
            .dead_letters()
            .await?
            .into_iter()
            .filter(|letter| letter.reason != "undecodable")
            .map(|letter| letter.webhook_id)
            .collect();
        anyhow::ensure!(dead == expected, "dead: {dead:?}");
        Ok(())
    }

    async fn check_trails(&self) -> anyhow::Result<()> {
        let mut conn = self.pool.get().await?;
        for order in orders::page(&mut conn, None, 10_000).await? {
            let rows = order_events::trail(&mut conn, order.id).await?;
            let faults = verify_trail(&rows, &order.stored()?);
            anyhow::ensure!(faults.is_empty(), "order {}: {faults:?}", order.id);
        }
        Ok(())
    }
}

/// Id, state, verdict, attempts, error.
type LogRow = (Uuid, String, Option<String>, i16, Option<String>);

/// What the log says of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) state: String,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) attempts: i16,
    pub(crate) last_error: Option<String>,
}

/// How many of each verdict.
pub(crate) fn counted(verdicts: &[Verdict]) -> BTreeMap<Verdict, usize> {
    let mut counted = BTreeMap::new();
    for verdict in verdicts {
        *counted.entry(*verdict).or_default() += 1;
    }
    counted
}

/// Some way of shuffling, the same each time.
pub(crate) fn shuffled<T>(mut items: Vec<T>, seed: u32) -> Vec<T> {
    let mut state = seed;
    for index in (1..items.len()).rev() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        items.swap(index, (state >> 8) as usize % (index + 1));
    }
    items
}
