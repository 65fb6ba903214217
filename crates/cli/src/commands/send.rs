//! `waybill send` and `waybill seed`: real signed webhooks into the running pipeline.

use serde::Serialize;
use waybill_common::config::Config;
use waybill_providers::{PROVIDERS, scenarios};

use crate::arguments::{Seed, Send, Sending};
use crate::output::{Ending, Output, table};
use crate::plan::{Plan, Planner};
use crate::sending::{Report, send_all};

#[derive(Serialize)]
struct Sent {
    seed: u64,
    /// The merchant's ids of the orders that were told about.
    orders: Vec<String>,
    #[serde(flatten)]
    report: Report,
}

#[derive(Serialize)]
struct Known {
    provider: &'static str,
    scenario: &'static str,
    about: &'static str,
}

pub(crate) async fn send(
    arguments: Send,
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    if arguments.scenario == "list" {
        return list(&arguments.provider, output);
    }
    let mut planner = Planner::new(config, &arguments.provider, &arguments.sending)?;
    for _ in 0..arguments.orders {
        if arguments.together {
            planner.live_together(&arguments.scenario)?;
        } else {
            planner.live_each(&arguments.scenario)?;
        }
    }
    carry_out(planner.finish(&arguments.sending), &arguments.sending, config, output).await
}

pub(crate) async fn seed(
    arguments: Seed,
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    let mut planner = Planner::new(config, "all", &arguments.sending)?;
    for _ in 0..arguments.orders {
        planner.live_any()?;
    }
    carry_out(planner.finish(&arguments.sending), &arguments.sending, config, output).await
}

async fn carry_out(
    plan: Plan,
    sending: &Sending,
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    let to = sending.to.clone().unwrap_or_else(|| ingest_of(config));
    output.note(&format!("sending {} webhooks to {to} (seed {})", plan.webhooks.len(), plan.seed));
    let progress = output.progress(u64::try_from(plan.webhooks.len())?, "sending");
    let report = send_all(plan.webhooks, &to, sending.at_once, &progress).await?;
    let sent = Sent { seed: plan.seed, orders: plan.orders, report };
    output.result(&sent, people)?;
    Ok(if sent.report.is_clean() { Ending::Well } else { Ending::NotWell })
}

/// The configured listener, seen from this machine.
fn ingest_of(config: &Config) -> String {
    let mut listen = config.ingest.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{listen}")
}

fn people(sent: &Sent) -> String {
    let Report { sent: all, accepted, repeated, refused, undelivered, retries, by_status } =
        &sent.report;
    let statuses: Vec<String> = by_status
        .iter()
        .map(|(status, count)| format!("{count} × {status}"))
        .collect();
    let first = sent
        .orders
        .first()
        .map_or(String::new(), |order| format!("\nwaybill orders show {order}"));
    format!(
        "{} orders, {all} webhooks: {accepted} accepted, {repeated} known already, {refused} refused, \
         {undelivered} undelivered, {retries} tried again ({}){first}",
        sent.orders.len(),
        statuses.join(", "),
    )
}

fn list(provider: &str, output: &Output) -> anyhow::Result<Ending> {
    let known: Vec<Known> = PROVIDERS
        .into_iter()
        .filter(|name| provider == "all" || provider == *name)
        .flat_map(|provider| {
            scenarios(provider).iter().map(move |scenario| Known {
                provider,
                scenario: scenario.name,
                about: scenario.about,
            })
        })
        .collect();
    output.result(&known, |known| {
        let rows = known
            .iter()
            .map(|one| [one.provider, one.scenario, one.about].map(str::to_owned));
        table(["provider", "scenario", "what happens"], rows)
    })?;
    Ok(if known.is_empty() { Ending::NotWell } else { Ending::Well })
}
