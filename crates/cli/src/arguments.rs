//! What can be typed.

mod letters;
mod looking;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use uuid::Uuid;
use waybill_common::access::{Role, Scope};

pub(crate) use letters::{Dead, DeadList, DeadWhat, Replay, ReplayStart, ReplayWhat, Which};
pub(crate) use looking::{
    Followed, Orders, OrdersAct, OrdersEvents, OrdersList, OrdersWhat, Pages, Reconcile, Sources,
    Tail, Through, Webhooks, WebhooksList, WebhooksWhat,
};

/// Receives webhooks exactly once in effect, and keeps every order's state right.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// The configuration file; default: that of `WAYBILL_CONFIG`, else built-in defaults.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON for programs instead of tables for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the database to this version's schema; safe to run twice at once.
    Migrate,
    /// Make sample orders through the real pipeline.
    Seed(Seed),
    /// Send real signed webhooks of a provider's scenarios.
    Send(Send),
    /// Look at orders.
    Orders(Orders),
    /// Look at the log: every webhook that was accepted, and what became of it.
    Webhooks(Webhooks),
    /// Look at dead letters, and replay them one by one.
    Dead(Dead),
    /// Replay many dead letters, and watch how far that has come.
    Replay(Replay),
    /// Per source, whether everything that was accepted is accounted for; 1 where something is not.
    Reconcile(Reconcile),
    /// What is configured to send webhooks, without its secrets.
    Sources(Sources),
    /// Follow what happens, until Ctrl-C.
    Tail(Tail),
    /// Check audit chains and that every order's state is the fold of its trail.
    Verify(Verify),
    /// Print what is in force and what fails.
    Doctor,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The broker's exchanges and queues.
    #[command(subcommand)]
    Topology(Topology),
    /// Tokens that programs present to the console's API.
    #[command(subcommand)]
    Token(Token),
    /// The key that exports are signed with.
    #[command(subcommand)]
    ExportKey(ExportKey),
    /// People who may use the console.
    #[command(subcommand)]
    User(User),
    /// Print what completes this command line in a shell.
    Completions { shell: Shell },
    /// Print the manual page; with `--dir`, write one for every command.
    Man {
        /// Where to write them; made if it is not there.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// How many orders to make.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) orders: u32,
    #[command(flatten)]
    pub(crate) sending: Sending,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The provider, such as `stripe`, or `all` that are configured.
    pub(crate) provider: String,
    /// The scenario by name, or `all`; `list` prints them.
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub(crate) scenario: String,
    /// How many orders live each scenario.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) orders: u32,
    /// Each order is told about by every source at once, one of its scenarios each, instead of by one alone.
    #[arg(long)]
    pub(crate) together: bool,
    #[command(flatten)]
    pub(crate) sending: Sending,
}

/// How webhooks are sent.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// In a random order instead of the order in which they happened.
    #[arg(long)]
    pub(crate) shuffle: bool,
    /// Send each webhook this many times.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) duplicate: u32,
    /// Where ingest listens; default: the configured address on this machine.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// How many are on their way at once.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) at_once: u32,
    /// The seed of everything random; default: a new one, which is printed.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportKey {
    /// Make a private key and print it.
    New,
    /// Print the public key of the configured one.
    Public,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Only this order: Waybill's id or the merchant's.
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<String>,
    /// Compare every chain's head with this file, made by an earlier run; makes it where it is absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) heads: Option<PathBuf>,
    /// Check an exported trail instead; needs no database.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["order", "heads"])]
    pub(crate) file: Option<PathBuf>,
    /// The public key that the export must be signed with, as `waybill export-key public` prints it.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is valid, and what is wrong with it.
    Check,
    /// Print the configuration in force, secrets hidden.
    Print,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Topology {
    /// Declare every exchange and queue of the configuration.
    Declare,
    /// Delete every exchange and queue of `broker.prefix`, with everything in them.
    Delete {
        /// Really do it.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, once and never again.
    Create {
        /// What it is for, such as the program's name.
        name: String,
        #[arg(long, value_name = "ROLE", default_value = "viewer")]
        role: Role,
        /// What it may touch; several are given by commas. `all` is everything but `payload:read`.
        #[arg(long, value_name = "SCOPE", value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// How long it is good for.
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=730))]
        days: u32,
    },
    /// All tokens, without their secrets.
    List,
    /// Make a token good for nothing, at once and for ever.
    Revoke {
        /// Its id.
        id: Uuid,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person. The password is asked for, or read from standard input; with `--no-password` there is none.
    Create {
        name: String,
        #[arg(long, value_name = "ROLE", default_value = "viewer")]
        role: Role,
        /// May look at raw bodies, which hold personal data.
        #[arg(long)]
        payload_read: bool,
        /// Signs in by a link or by the identity provider only.
        #[arg(long)]
        no_password: bool,
    },
    /// Everybody.
    List,
    /// Give a person another password, read as `create` reads it.
    Password { name: String },
    /// Shut a person out, at once and for good.
    Disable { name: String },
    /// Print an address that signs a person in once, within a few minutes. In the demo profile only.
    Link { name: String },
}
