//! Somebody holds the lock of an order with one event in a hundred and never gives it back: what becomes of the others?

use std::time::Duration;

use deadpool_redis::redis::{AsyncCommands as _, Client, SetExpiry, SetOptions};
use tokio::time::{Instant, sleep};
use waybill_common::domain::Reference;

use super::bench::Bench;
use crate::drain::{drain_into, finish, since};
use crate::figure::{Row, Sample, Series, Target, steady_rate};
use crate::machine::{Database, Expected, Stage, Tweak};
use crate::measure::sample;
use crate::report::progress;
use crate::workload::{Accepted, LEAKY, Traffic};

/// Longer than any run: the bench gives it back itself, once the others are through.
const HELD_SECONDS: u64 = 600;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let (mut leaked, mut clean) = (Series::default(), Series::default());
    for nth in bench.repetitions() {
        progress(&format!("leaked lock, {nth}"));
        leaked.push(draining(bench, true).await?);
        clean.push(draining(bench, false).await?);
    }
    let row = Row::plain("worker, one order's lock leaked: the others", "/s", leaked);
    Ok(vec![row.beside(clean).target(Target::RatioAtLeast(0.90))])
}

async fn draining(bench: &mut Bench, is_leaked: bool) -> anyhow::Result<Sample> {
    let mut traffic = Traffic::stripe(LEAKY)?;
    let webhooks = traffic.accepted(bench.events())?;
    let leaky = traffic.order("leaky", 0);
    let stage = &mut bench.stage;
    sample(async {
        let mut database = stage.database().await?;
        if is_leaked {
            drain_without(stage, &mut database, (&webhooks, &leaky)).await?;
        } else {
            drain_into(stage, &mut database, &webhooks, Tweak::default()).await?;
        }
        let commits = database.commits(since(&webhooks)?, Some(&leaky)).await?;
        stage.drop_database(database).await?;
        Ok(steady_rate(&commits))
    })
    .await
}

/// Holds the lock until all the others have their verdict, then gives it back and waits for the rest.
async fn drain_without(
    stage: &Stage,
    database: &mut Database,
    (webhooks, leaky): (&[Accepted], &str),
) -> anyhow::Result<()> {
    let name = Reference::order(leaky).name;
    let key = format!("{}:lock:{name}", stage.redis().prefix);
    let mut redis = Client::open(stage.redis().url.expose())?
        .get_multiplexed_async_connection()
        .await?;
    let expiry = SetOptions::default().with_expiration(SetExpiry::EX(HELD_SECONDS));
    let () = redis.set_options(&key, "leaked", expiry).await?;
    stage.queues.fill(webhooks).await?;
    let worker = stage.start_worker(database, Tweak::default()).await?;
    let theirs = webhooks.iter().filter(|webhook| names(webhook, &name));
    let others = webhooks.len() - theirs.count();
    until_the_others(database, (webhooks, others)).await?;
    let () = redis.del(&key).await?;
    let expected = Expected { since: since(webhooks)?, webhooks: webhooks.len() as u64 };
    finish(stage, database, (worker, expected)).await.map(drop)
}

fn names(webhook: &Accepted, name: &str) -> bool {
    let references = &webhook.envelope.event.order_refs;
    references.iter().any(|reference| reference.name == name)
}

async fn until_the_others(
    database: &mut Database,
    (webhooks, others): (&[Accepted], usize),
) -> anyhow::Result<()> {
    let since = since(webhooks)?;
    let give_up = Instant::now() + PATIENCE;
    loop {
        let settled = database.settled(since).await?;
        if settled >= others as u64 {
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < give_up,
            "with one order's lock leaked, {settled} of {others} others got a verdict"
        );
        sleep(LOOK_EVERY).await;
    }
}
