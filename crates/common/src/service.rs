//! What the `main` of every service does around the service itself.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::config::{self, Config};
use crate::telemetry::{self, Scrape};

/// By sysexits.h: something was found in an unconfigured or misconfigured state.
const EX_CONFIG: u8 = 78;

/// Why a service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No second try mends it.
    #[error("the configuration cannot work")]
    Configuration(#[source] anyhow::Error),
    #[error("could not listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
}

/// Reads the configuration (`file`, else what `WAYBILL_CONFIG` names), starts telemetry and a runtime, and runs the service
/// to its end. What it could not do is one clear line for a person, and a code for a supervisor: a configuration that
/// cannot work (78) is not tried again.
#[expect(clippy::print_stderr, reason = "there is no log where the start failed")]
pub fn run<Running>(
    name: &'static str,
    file: Option<&Path>,
    service: impl FnOnce(Config, Scrape) -> Running,
) -> ExitCode
where
    Running: Future<Output = anyhow::Result<()>>,
{
    let ended = config::load(file)
        .map_err(|error| StartError::Configuration(error.into()).into())
        .and_then(|config| run_with(name, config, service));
    let Err(error) = ended else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{name}: {error:#}");
    match error.downcast_ref::<StartError>() {
        Some(StartError::Configuration(_)) => ExitCode::from(EX_CONFIG),
        Some(StartError::Listen { .. }) | None => ExitCode::FAILURE,
    }
}

fn run_with<Running>(
    name: &'static str,
    config: Config,
    service: impl FnOnce(Config, Scrape) -> Running,
) -> anyhow::Result<()>
where
    Running: Future<Output = anyhow::Result<()>>,
{
    // Before the runtime: the exporter's blocking client must not be made inside one.
    let telemetry = telemetry::start(name, &config.telemetry).map_err(StartError::Configuration)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let ended = runtime.block_on(service(config, telemetry.scrape()));
    drop(runtime);
    telemetry.finish();
    ended
}
