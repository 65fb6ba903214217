//! `waybill topology`: the broker's exchanges and queues.

use anyhow::Context as _;
use serde::Serialize;
use waybill_common::broker::{Topology, once};
use waybill_common::config::Config;

use crate::arguments::Topology as Command;
use crate::output::{Ending, Output};

#[derive(Serialize)]
struct Done {
    declared: bool,
    queues: Vec<String>,
}

pub(crate) async fn run(
    command: &Command,
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    let topology = Topology::new(&config.broker, &config.retry);
    let queues = topology
        .queues()
        .into_iter()
        .map(|queue| topology.name(queue))
        .collect();
    let broker = once::open(&config.broker)
        .await
        .context("could not reach the broker")?;
    let declared = match command {
        Command::Declare => {
            topology.declare(broker.channel()).await?;
            true
        }
        Command::Delete { yes: true } => {
            topology.delete(broker.channel()).await?;
            false
        }
        Command::Delete { yes: false } => {
            output.error("this deletes the queues with every message in them; say --yes to do it");
            return Ok(Ending::NotWell);
        }
    };
    output.result(&Done { declared, queues }, |done| {
        let what = if done.declared { "declared" } else { "deleted" };
        format!("{what}:\n{}", done.queues.join("\n"))
    })?;
    Ok(Ending::Well)
}
