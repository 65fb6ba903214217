//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Measures the pipeline and its ceilings side by side.
#[derive(Debug, Parser)]
#[command(name = "waybill-bench", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How long each measured run takes, about.
    #[arg(long, global = true, value_name = "N", default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How often subject and ceiling are measured in turn.
    #[arg(long, global = true, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repetitions: u32,
    /// `growth`, `console`, `large`: how many rows the log, the trail and the keys hold before.
    #[arg(long, global = true, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) rows: u64,
    /// Write every figure with all its samples to this file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Set for the measured programs, to see what a setting costs: `WAYBILL__LOCK__MODE=off`.
    #[arg(long = "env", global = true, value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) environment: Vec<(String, String)>,
    /// Measure curves too, and draw them as SVG into this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
}

impl Options {
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Everything below, in one table.
    All,
    /// What the machine allows: HTTP alone, confirmed publishes alone, set-based SQL alone, one transaction a webhook.
    Ceilings,
    /// Accepted a second, 64 clients, beside HTTP and publishing alone.
    Ingest,
    /// Committed a second from a filled queue, beside SQL alone and the same worker with batches of one.
    Worker,
    /// Accepted and committed at once, the backlog not growing.
    EndToEnd,
    /// Open-loop latency at half the sustained rate.
    Latency,
    /// The worker on large tables, beside the worker on empty ones.
    Growth,
    /// Half of all events on one order.
    HotOrder,
    /// An order whose lock nobody gives back.
    LeakedLock,
    /// Lists and searches of the console on large tables, over HTTP. No part of `all`.
    Console,
    /// `console` and `growth` on the same tables, which are filled once.
    Large,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.05..=600.0).contains(&seconds) => Ok(seconds),
        Ok(_) | Err(_) => Err("it must be a number from 0.05 to 600".to_owned()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("it must be NAME=VALUE".to_owned()),
    }
}
