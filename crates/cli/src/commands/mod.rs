//! One file per command.

mod config;
mod doctor;
mod migrate;
mod orders;
mod send;
mod token;
mod topology;
mod user;
mod verify;

use crate::arguments::{Arguments, Command, Orders};
use crate::output::{Ending, Output};

/// Runs what was typed.
pub(crate) async fn run(arguments: Arguments, output: &Output) -> anyhow::Result<Ending> {
    let file = arguments.config.as_deref();
    if let Command::Config(command) = &arguments.command {
        // Must work on a broken configuration.
        return config::run(command, file, output);
    }
    let config = waybill_common::config::load(file)?;
    match arguments.command {
        Command::Config(_) => unreachable!("it ran above"),
        Command::Migrate => migrate::run(&config, output).await,
        Command::Send(arguments) => send::send(arguments, &config, output).await,
        Command::Seed(arguments) => send::seed(arguments, &config, output).await,
        Command::Orders(Orders::Show { order }) => orders::show(&order, &config, output).await,
        Command::Verify(arguments) => verify::run(arguments, &config, output).await,
        Command::Doctor => doctor::run(&config, output).await,
        Command::Topology(command) => topology::run(&command, &config, output).await,
        Command::Token(command) => token::run(command, &config, output).await,
        Command::User(command) => user::run(command, &config, output).await,
    }
}
