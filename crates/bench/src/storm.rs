//! Requests on ingest: as fast as 64 clients can, or by a schedule.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use waybill_common::clock::Clock;
use waybill_common::domain::Timestamp;

use crate::drain::finish;
use crate::load::{Client, Prepared, Schedule, Tally, Until, closed_loop, open_loop};
use crate::machine::{Expected, Stage, Tweak, Usage};

pub(crate) const CLIENTS: usize = 64;
/// More than ever wait for an answer at the rates of an open loop.
const OPEN_LOOP_CLIENTS: usize = 128;
/// With so many messages waiting, senders hold back: the backlog does not grow, and the worker has always enough.
const BACKLOG: u64 = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Ingest alone: nobody empties the queue.
pub(crate) async fn accept(
    stage: &mut Stage,
    requests: Vec<Prepared>,
    lasts: Duration,
) -> anyhow::Result<Tally> {
    let address = stage.ingest().await?;
    let requests = Arc::new(requests);
    let until = Until { lasts, count: requests.len(), go: None };
    let tally = closed_loop(clients(address, &requests, CLIENTS), &until).await?;
    tally.ensure_all_accepted()?;
    Ok(tally)
}

/// Empties the queue into a database of its own, and sees that every accepted webhook got its verdict.
pub(crate) async fn account_for(
    stage: &mut Stage,
    accepted: u64,
    since: Timestamp,
) -> anyhow::Result<()> {
    let mut database = stage.database().await?;
    let worker = stage.start_worker(&database, Tweak::default()).await?;
    let expected = Expected { since, webhooks: accepted };
    finish(stage, &mut database, (worker, expected)).await?;
    stage.drop_database(database).await
}

/// What ingest and a worker did together.
pub(crate) struct Together {
    pub(crate) tally: Tally,
    /// When they were committed, by the server's clock in microseconds, and how many at once.
    pub(crate) commits: Vec<(i64, u64)>,
    /// Received to committed, milliseconds within which 99 of 100 were that came after the warm-up.
    pub(crate) end_to_end_p99_ms: f64,
    /// In this run alone, and its peak since it was started.
    pub(crate) ingest: Usage,
    pub(crate) worker: Usage,
}

/// How requests come.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// As fast as both can, the backlog held.
    Sustained(Duration),
    Open(Schedule),
}

impl Load {
    fn warm_up_micros(&self) -> i64 {
        match self {
            Self::Sustained(_) => 0,
            Self::Open(schedule) => schedule.due(schedule.warm_up).as_micros() as i64,
        }
    }
}

/// Ingest and worker at once.
pub(crate) async fn together(
    stage: &mut Stage,
    requests: Vec<Prepared>,
    load: Load,
) -> anyhow::Result<Together> {
    let address = stage.ingest().await?;
    let mut database = stage.database().await?;
    let worker = stage.start_worker(&database, Tweak::default()).await?;
    let used_before = stage.ingest_usage()?;
    let since = Clock::system().now();
    let timed_since = Timestamp::from_micros_saturating(since.micros() + load.warm_up_micros());
    let requests = Arc::new(requests);
    let tally = match load {
        Load::Sustained(lasts) => {
            let until = Until { lasts, count: requests.len(), go: None };
            hold_back(stage, clients(address, &requests, CLIENTS), until).await?
        }
        Load::Open(schedule) => {
            open_loop(clients(address, &requests, OPEN_LOOP_CLIENTS), schedule).await?
        }
    };
    tally.ensure_all_accepted()?;
    let used = stage.ingest_usage()?;
    let expected = Expected { since, webhooks: tally.accepted };
    let by_worker = finish(stage, &mut database, (worker, expected)).await?;
    let cpu_seconds = used.cpu_seconds - used_before.cpu_seconds;
    let together = Together {
        commits: database.commits(since, None).await?,
        end_to_end_p99_ms: database.end_to_end_ms(timed_since, 0.99).await?,
        ingest: Usage { cpu_seconds, ..used },
        worker: by_worker,
        tally,
    };
    stage.drop_database(database).await?;
    Ok(together)
}

/// Clients that stop sending while too many webhooks wait for the worker.
async fn hold_back(stage: &Stage, clients: Vec<Client>, mut until: Until) -> anyhow::Result<Tally> {
    let (tell, go) = watch::channel(true);
    until.go = Some(go);
    let watching = async {
        loop {
            let waiting = stage.queues.waiting().await?;
            tell.send_replace(waiting < BACKLOG);
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        tally = closed_loop(clients, &until) => tally,
        failed = watching => failed,
    }
}

fn clients(
    address: std::net::SocketAddr,
    requests: &Arc<Vec<Prepared>>,
    count: usize,
) -> Vec<Client> {
    (0..count).map(|_| Client::new(address, requests)).collect()
}

/// The clients of [`accept`] and [`together`], on any server; the same requests again and again.
pub(crate) async fn storm_of(
    address: std::net::SocketAddr,
    requests: Vec<Prepared>,
    load: Load,
) -> anyhow::Result<Tally> {
    let requests = Arc::new(requests);
    let tally = match load {
        Load::Sustained(lasts) => {
            let until = Until { lasts, count: usize::MAX, go: None };
            closed_loop(clients(address, &requests, CLIENTS), &until).await?
        }
        Load::Open(schedule) => {
            open_loop(clients(address, &requests, OPEN_LOOP_CLIENTS), schedule).await?
        }
    };
    tally.ensure_all_accepted()?;
    Ok(tally)
}
