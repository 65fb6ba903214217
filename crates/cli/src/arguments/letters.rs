//! What the commands about dead letters can be told.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::looking::{Pages, Through};

#[derive(Debug, Args)]
pub(crate) struct Dead {
    #[command(flatten)]
    pub(crate) through: Through,
    #[command(subcommand)]
    pub(crate) what: DeadWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadWhat {
    /// Search dead letters, the newest first.
    List(DeadList),
    /// Count those that nobody has replayed, by source and by what is wrong.
    Groups,
    /// One dead letter, without its message.
    Show { webhook: Uuid },
    /// What replaying one would do. Writes nothing.
    Preview { webhook: Uuid },
    /// Replay one: today's adapter reads it again, and what it understands is committed. 1 where it stays dead.
    Replay {
        webhook: Uuid,
        /// Why; for the record.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DeadList {
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// What is wrong with them: `unusable`, `undecodable`, `exhausted`, `refused` or `crashed`.
    #[arg(long, value_name = "CLASS")]
    pub(crate) reason_class: Option<String>,
    /// How far their replay has come: `none`, `replaying` or `replayed`.
    #[arg(long, value_name = "STATE")]
    pub(crate) replay_state: Option<String>,
    #[command(flatten)]
    pub(crate) pages: Pages,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) through: Through,
    #[command(subcommand)]
    pub(crate) what: ReplayWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReplayWhat {
    /// Replay many letters and watch until the end. Ctrl-C cancels it: the letter in hand is ended and counted.
    ///
    /// On the database this program does the work, and SIGTERM lets go of it, so that a console or `waybill replay resume` goes
    /// on. With `--url` the console does the work.
    ///
    /// Exits with 1 where letters stay dead or it was cancelled.
    Start(ReplayStart),
    /// Replays, the newest first.
    List(Pages),
    /// How far one has come.
    Show { replay: Uuid },
    /// Watch one until its end. Ctrl-C only stops watching: it goes on. Exits as `start` does, and with 1 before the end.
    Watch { replay: Uuid },
    /// Call one off: the letter in hand is ended and counted, and no other begins.
    Cancel {
        replay: Uuid,
        /// Why; for the record.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Go on with one that nobody is at work on, because whoever was is gone. Ctrl-C cancels it. On the database only: a console
    /// goes on by itself.
    Resume { replay: Uuid },
}

#[derive(Debug, Args)]
pub(crate) struct ReplayStart {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Letters in a second at most, 1 to 500; default: 50.
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<u16>,
    /// Why; for the record. Only a dry run needs none.
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub(crate) reason: Option<String>,
    /// Only say what would happen, by the oldest 500 letters. Writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Leave the work to a console, and do not watch it.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) detach: bool,
}

/// Which letters. Each narrows it down; all of them must be said, lest somebody replays everything by leaving something out.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Which {
    /// Every letter that waits.
    #[arg(long, conflicts_with_all = ["source", "reason_class", "native_type", "from", "to", "webhook"])]
    pub(crate) all: bool,
    /// Of this source.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// With this wrong: `unusable`, `undecodable`, `exhausted`, `refused` or `crashed`.
    #[arg(long, value_name = "CLASS")]
    pub(crate) reason_class: Option<String>,
    /// Of this type, as the sender calls it.
    #[arg(long, value_name = "TYPE")]
    pub(crate) native_type: Option<String>,
    /// Received from this time on, such as `2026-11-24T12:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Received before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// These webhooks and no others; several are given by commas.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) webhook: Option<Vec<Uuid>>,
}
