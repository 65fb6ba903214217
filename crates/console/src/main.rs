//! The `waybill-console` binary: reads the configuration and runs until it is told to stop.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::service;
use waybill_common::shutdown::signalled_beyond_hangups;
use waybill_common::telemetry::Scrape;
use waybill_console::Application;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Shows operators what is going on, and lets them act: JSON API and web page.
#[derive(Parser)]
#[command(name = "waybill-console", version)]
struct Args {
    /// The configuration file; by default the one that `WAYBILL_CONFIG` names
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    service::run("waybill-console", args.config.as_deref(), run)
}

async fn run(config: Config, scrape: Scrape) -> anyhow::Result<()> {
    let application = Application::start(config, Clock::system(), scrape)?;
    signalled_beyond_hangups()
        .await
        .context("could not listen to signals")?;
    application.stop().await;
    Ok(())
}
