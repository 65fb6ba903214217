//! `waybill`, the operator's command line.
//!
//! Exit codes: 0 when all is well, 1 when something does not hold or was not found, 2 when it could not look.

mod arguments;
mod commands;
mod database;
mod heads;
mod output;
mod plan;
mod sending;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Something could not be looked at, or the arguments make no sense (clap exits with the same code).
const COULD_NOT_LOOK: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&output, &anyhow::Error::from(error)),
    };
    match runtime.block_on(commands::run(arguments, &output)) {
        Ok(ending) => ending.into(),
        Err(error) => failed(&output, &error),
    }
}

fn failed(output: &Output, error: &anyhow::Error) -> ExitCode {
    output.error(&format!("{error:#}"));
    ExitCode::from(COULD_NOT_LOOK)
}
