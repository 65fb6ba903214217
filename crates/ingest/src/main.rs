//! The `waybill-ingest` binary: reads the configuration and runs until it is told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::service;
use waybill_common::shutdown::signalled;
use waybill_common::telemetry::Scrape;
use waybill_ingest::Application;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Takes webhooks in: verifies, publishes, answers.
#[derive(Parser)]
#[command(name = "waybill-ingest", version)]
struct Args {
    /// The configuration file; by default the one that `WAYBILL_CONFIG` names
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let file = args.config.as_deref();
    service::run("waybill-ingest", file, |config, scrape| run(config, file, scrape))
}

async fn run(config: Config, file: Option<&Path>, scrape: Scrape) -> anyhow::Result<()> {
    let application = Application::start(&config, Clock::system(), scrape)?;
    application.follow(file, config);
    signalled().await.context("could not listen to signals")?;
    application.stop().await;
    Ok(())
}
