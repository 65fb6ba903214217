//! `waybill`, the operator's command line.
//!
//! Exit codes: 0 when all is well, 1 when something does not hold, was not found or cannot be
//! done as things stand, 2 when it could not look.

mod arguments;
mod commands;
mod database;
mod heads;
mod list;
mod output;
mod plan;
mod sending;
mod show;
mod way;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
use output::{Ending, Output};
use way::Trouble;

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
        // Its reader went away (`| head`), and nobody is there to be told.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(COULD_NOT_LOOK),
        Err(error)
            if matches!(
                error.downcast_ref(),
                Some(Trouble::NotFound(_) | Trouble::Conflict(_))
            ) =>
        {
            output.error(&format!("{error:#}"));
            Ending::NotWell.into()
        }
        Err(error) => failed(&output, &error),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn failed(output: &Output, error: &anyhow::Error) -> ExitCode {
    output.error(&format!("{error:#}"));
    ExitCode::from(COULD_NOT_LOOK)
}
