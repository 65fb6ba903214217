//! `waybill-bench`: what the pipeline does in a second, beside what the machine allows, in one run.
//!
//! It drives the release binaries as a user runs them, on a PostgreSQL of its own and under names of its own on the shared
//! RabbitMQ and Redis, and measures the ceilings with the same client, the same events and in turn with the subject, so
//! that a machine that slows down slows down both. Exit codes: 0 when every target was met, 1 when not, 2 when it could
//! not measure.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and durations are measured, not counted; there is no money here"
)]

mod arguments;
mod ceiling;
mod chart;
mod commands;
mod drain;
mod figure;
mod load;
mod machine;
mod measure;
mod report;
mod storm;
mod workload;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use waybill_common::shutdown::signalled;

use arguments::Arguments;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// It could not measure, or the arguments make no sense (clap exits with the same code).
const COULD_NOT_MEASURE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(std::io::stderr(), "waybill-bench: {error:#}").unwrap_or_default();
            ExitCode::from(COULD_NOT_MEASURE)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    runtime.block_on(async {
        tokio::select! {
            done = commands::run(arguments) => done,
            // What was started goes with its handles; what was declared is deleted by the next run.
            stopped = signalled() => {
                stopped?;
                anyhow::bail!("interrupted")
            }
        }
    })
}
