//! `waybill doctor`: what is in force, and what fails.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use deadpool_redis::redis::{AsyncConnectionConfig, Client};
use serde::Serialize;
use waybill_common::broker::{Topology, once};
use waybill_common::clock::Clock;
use waybill_common::config::{self, Config};
use waybill_common::domain::Timestamp;
use waybill_common::storage::{migrate, survey, webhooks};
use waybill_providers::adapter;

use crate::database;
use crate::output::{Ending, Output, table};

/// A retry that is due for longer is stuck (BROKER.md, section 2).
const OVERDUE: Duration = Duration::from_secs(200);

#[derive(Serialize)]
struct Finding {
    subject: &'static str,
    well: bool,
    /// What was found, or what is wrong and its cure.
    detail: String,
}

pub(crate) async fn run(config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let findings = [
        finding("sources", sources(config)),
        finding("database", postgresql(config).await),
        finding("retries", retries(config).await),
        finding("broker", broker(config).await),
        finding("redis", redis(config).await),
    ];
    output.result(&findings, |findings| {
        let rows = findings.iter().map(|finding| {
            let state = if finding.well { "well" } else { "NOT WELL" };
            [finding.subject.to_owned(), state.to_owned(), finding.detail.clone()]
        });
        table(["subject", "state", "detail"], rows)
    })?;
    let well = findings.iter().all(|finding| finding.well);
    Ok(if well { Ending::Well } else { Ending::NotWell })
}

fn finding(subject: &'static str, looked: anyhow::Result<String>) -> Finding {
    match looked {
        Ok(detail) => Finding { subject, well: true, detail },
        Err(error) => Finding { subject, well: false, detail: format!("{error:#}") },
    }
}

fn sources(config: &Config) -> anyhow::Result<String> {
    ensure!(!config.sources.is_empty(), "none is configured: every webhook would be answered 401");
    let mut names = Vec::new();
    for (name, source) in &config.sources {
        adapter(name, source)?;
        names.push(format!("{name} ({})", source.provider));
    }
    Ok(names.join(", "))
}

async fn postgresql(config: &Config) -> anyhow::Result<String> {
    let mut conn = database::connect(config).await?;
    let condition = survey::condition(&mut conn).await?;
    for (setting, value) in [
        ("fsync", &condition.fsync),
        ("full_page_writes", &condition.full_page_writes),
        ("synchronous_commit", &condition.synchronous_commit),
    ] {
        ensure!(value != "off", "{setting} is off: a webhook that was committed could be lost");
    }
    ensure!(
        !condition.default_is_used,
        "rows lie in webhooks_default: run `waybill migrate` to make their months"
    );
    Ok(format!(
        "PostgreSQL {}, role {}, schema {}, {} months ahead and behind",
        condition.server_version,
        condition.role,
        migrate::newest(),
        condition.months,
    ))
}

async fn retries(config: &Config) -> anyhow::Result<String> {
    let mut conn = database::connect(config).await?;
    let before = Clock::system().now().micros() - i64::try_from(OVERDUE.as_micros())?;
    let overdue = webhooks::overdue(&mut conn, Timestamp::from_micros_saturating(before)).await?;
    ensure!(
        overdue == 0,
        "{overdue} events wait for a retry that is overdue: see docs/OPERATIONS.md, stuck retries"
    );
    Ok("none is overdue".to_owned())
}

async fn broker(config: &Config) -> anyhow::Result<String> {
    let broker = once::open(&config.broker).await?;
    let topology = Topology::new(&config.broker, &config.retry);
    // Declaring again is a no-op, and the only check of every argument.
    topology
        .declare(broker.channel())
        .await
        .context("the topology is not what this version needs")?;
    Ok(format!("{} queues under «{}»", topology.queues().len(), config.broker.prefix))
}

async fn redis(config: &Config) -> anyhow::Result<String> {
    ping(&config.redis)
        .await
        .context("Waybill works without it, with more contention in the database")?;
    Ok(format!("answers; keys under «{}»", config.redis.prefix))
}

async fn ping(settings: &config::Redis) -> anyhow::Result<()> {
    let patience = Duration::from_millis(settings.connect_timeout_ms);
    let timeouts = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience))
        .set_response_timeout(Some(patience));
    let client = Client::open(settings.url.expose())?;
    let mut conn = client
        .get_multiplexed_async_connection_with_config(&timeouts)
        .await?;
    let () = deadpool_redis::redis::cmd("PING")
        .query_async(&mut conn)
        .await?;
    Ok(())
}
