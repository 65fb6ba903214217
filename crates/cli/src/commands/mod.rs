//! One file per command.

mod by_hand;
mod config;
mod dead;
mod doctor;
mod export;
mod manual;
mod migrate;
mod orders;
mod patience;
mod reconcile;
mod replay;
mod send;
mod sources;
mod tail;
mod token;
mod topology;
mod user;
mod verify;
mod verify_file;
mod webhooks;

use waybill_operate::Who;

use crate::arguments::{Arguments, Command, ExportKey};
use crate::output::{Ending, Output};
use crate::way::Way;

/// Who acts, as operator actions name it: whoever may reach the database. There is no address.
pub(crate) const WHO: Who<'static> = Who { actor: "command line", origin: "command line" };

/// Runs what was typed.
pub(crate) async fn run(arguments: Arguments, output: &Output) -> anyhow::Result<Ending> {
    let file = arguments.config.as_deref();
    // Read where it is needed: `config` works on a broken one, and whoever asks a console has none.
    let config = || waybill_common::config::load(file);
    match arguments.command {
        Command::Config(command) => config::run(&command, file, output),
        Command::Completions { shell } => manual::completions(shell, output),
        Command::Man { dir } => manual::man(dir.as_deref(), output),
        Command::Migrate => migrate::run(&config()?, output).await,
        Command::Send(arguments) => send::send(arguments, &config()?, output).await,
        Command::Seed(arguments) => send::seed(arguments, &config()?, output).await,
        // Whoever checks an export, or makes a key, has no installation.
        Command::Verify(arguments) => match &arguments.file {
            Some(file) => verify_file::run(file, arguments.key.as_deref(), output),
            None => verify::run(arguments, &config()?, output).await,
        },
        Command::ExportKey(ExportKey::New) => export::new_key(output),
        Command::ExportKey(ExportKey::Public) => export::public_key(&config()?, output),
        Command::Doctor => doctor::run(&config()?, output).await,
        Command::Topology(command) => topology::run(&command, &config()?, output).await,
        Command::Token(command) => token::run(command, &config()?, output).await,
        Command::User(command) => user::run(command, &config()?, output).await,
        Command::Orders(asked) => {
            orders::run(asked.what, &Way::open(&asked.through, file)?, output).await
        }
        Command::Webhooks(asked) => {
            webhooks::run(asked.what, &Way::open(&asked.through, file)?, output).await
        }
        Command::Dead(asked) => {
            dead::run(asked.what, &Way::open(&asked.through, file)?, output).await
        }
        Command::Replay(asked) => {
            replay::run(asked.what, &Way::open(&asked.through, file)?, output).await
        }
        Command::Reconcile(asked) => {
            let way = Way::open(&asked.through, file)?;
            reconcile::run(asked, &way, output).await
        }
        Command::Sources(asked) => sources::run(&Way::open(&asked.through, file)?, output).await,
        Command::Tail(asked) => {
            let way = Way::open(&asked.through, file)?;
            tail::run(asked, &way, output).await
        }
    }
}
