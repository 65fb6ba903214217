//! The `waybill-ingest` binary: reads the configuration and runs until it is told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use waybill_common::clock::Clock;
use waybill_common::config::{self, Config};
use waybill_common::shutdown::signalled;
use waybill_common::telemetry::{self, Scrape};
use waybill_ingest::{Application, StartError};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// By sysexits.h: something was found in an unconfigured or misconfigured state.
const EX_CONFIG: u8 = 78;

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
    match config::load(args.config.as_deref()) {
        Ok(config) => finish(start(config, args.config.as_deref())),
        Err(error) => finish(Err(StartError::Configuration(error.into()).into())),
    }
}

fn start(config: Config, file: Option<&Path>) -> anyhow::Result<()> {
    // Before the runtime: the exporter's blocking client must not be made inside one.
    let telemetry =
        telemetry::start("waybill-ingest", &config.telemetry).map_err(StartError::Configuration)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let outcome = runtime.block_on(run(config, file, telemetry.scrape()));
    drop(runtime);
    telemetry.finish();
    outcome
}

async fn run(config: Config, file: Option<&Path>, scrape: Scrape) -> anyhow::Result<()> {
    let application = Application::start(&config, Clock::system(), scrape)?;
    application.follow(file, config);
    signalled().await.context("could not listen to signals")?;
    application.stop().await;
    Ok(())
}

/// One clear line for a person, and a code for a supervisor: a configuration that cannot work is not tried again.
#[expect(clippy::print_stderr, reason = "there is no log where the start failed")]
fn finish(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    eprintln!("waybill-ingest: {error:#}");
    match error.downcast_ref::<StartError>() {
        Some(StartError::Configuration(_)) => ExitCode::from(EX_CONFIG),
        Some(StartError::Listen { .. }) | None => ExitCode::FAILURE,
    }
}
