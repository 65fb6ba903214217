//! What the commands that only look can be told.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Url;
use uuid::Uuid;
use waybill_common::access::Secret;

const HEADING: &str = "Through a console";

/// Where to look: in the database, or where a console's API tells of it.
#[derive(Debug, Args)]
pub(crate) struct Through {
    /// Ask the API of this console, such as `https://waybill.example`, instead of the database.
    #[arg(long, global = true, value_name = "URL", help_heading = HEADING)]
    pub(crate) url: Option<Url>,
    /// The token to present with `--url`. The environment hides it better than the command line does.
    #[arg(long, global = true, value_name = "TOKEN", env = "WAYBILL_TOKEN", hide_env_values = true, value_parser = secret, help_heading = HEADING)]
    pub(crate) token: Option<Secret>,
    /// Let the token travel in the clear, by plain http, to another machine.
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) allow_http: bool,
}

/// Takes anything: what is wrong with it must be said without showing it, and clap would.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::presented(text))
}

/// Which part of a list.
#[derive(Debug, Args)]
pub(crate) struct Pages {
    /// How many on a page, 1 to 200.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<i64>,
    /// `next` or `previous` of another page.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// Page after page to the end. `--json` then prints a line for each item.
    #[arg(long)]
    pub(crate) all: bool,
}

/// Bounds of time.
#[derive(Debug, Args)]
pub(crate) struct Times {
    /// From this time on, such as `2026-11-24T12:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Orders {
    #[command(flatten)]
    pub(crate) through: Through,
    #[command(subcommand)]
    pub(crate) what: OrdersWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrdersWhat {
    /// Search orders, the newest first.
    List(OrdersList),
    /// One order with its audit trail; `--json` prints the order alone.
    Show {
        /// Waybill's id, the merchant's, or a whole reference.
        order: String,
    },
    /// Rows of an order's audit trail, the oldest first.
    Events(OrdersEvents),
    /// Why an order is in its state: each event with its verdict, the rule that decided, and what it changed.
    Explain { order: String },
    /// Check an order's audit chain, and that its state is the fold of its trail.
    Verify { order: String },
    #[command(flatten)]
    Act(OrdersAct),
}

/// What is done to an order, or taken away of it.
#[derive(Debug, Subcommand)]
pub(crate) enum OrdersAct {
    /// Acknowledge a flag: what raises it now raises it no more, whatever comes after does.
    Acknowledge {
        /// Waybill's id or the merchant's.
        order: String,
        /// The flag, such as `conflict`.
        flag: String,
        /// Why that is well; for the record.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Undo a wrong link: a name that others gave the order, and what came by it, leaves for an order of its own.
    Unlink {
        /// Waybill's id or the merchant's.
        order: String,
        /// The name, such as `stripe.payment_intent:acct_1:pi_1`.
        name: String,
        /// Why it is wrong; for the record.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// One order's whole audit trail as a signed file, which `waybill verify --file` checks anywhere.
    Export {
        /// Waybill's id or the merchant's.
        order: String,
        /// Where it goes; default: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OrdersList {
    /// A headline, such as `paid`.
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// A payment state, such as `overpaid`.
    #[arg(long)]
    pub(crate) payment: Option<String>,
    /// A flag, such as `conflict`.
    #[arg(long)]
    pub(crate) flag: Option<String>,
    /// A source that has told of the order.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// What it is called: an id, a reference, a webhook's id, an event's id at its sender; or the beginning of a name.
    #[arg(long, short)]
    pub(crate) q: Option<String>,
    #[command(flatten)]
    pub(crate) times: Times,
    #[command(flatten)]
    pub(crate) pages: Pages,
}

#[derive(Debug, Args)]
pub(crate) struct OrdersEvents {
    pub(crate) order: String,
    /// Rows beyond this one.
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<i64>,
    /// How many, 1 to 200.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<i64>,
    /// The whole trail. `--json` then prints a line for each row.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Webhooks {
    #[command(flatten)]
    pub(crate) through: Through,
    #[command(subcommand)]
    pub(crate) what: WebhooksWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksWhat {
    /// Search the log, the newest first.
    List(WebhooksList),
    /// One webhook, without its body.
    Show { webhook: Uuid },
    /// What the sender sent, byte for byte. It may hold personal data: every look is recorded.
    Body { webhook: Uuid },
}

#[derive(Debug, Args)]
pub(crate) struct WebhooksList {
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// A verdict, such as `conflict`.
    #[arg(long)]
    pub(crate) verdict: Option<String>,
    /// `retrying`: those that wait to be tried again; or `final`.
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Waybill's id of the order that they are about.
    #[arg(long, value_name = "ID")]
    pub(crate) order: Option<Uuid>,
    #[command(flatten)]
    pub(crate) times: Times,
    #[command(flatten)]
    pub(crate) pages: Pages,
}

#[derive(Debug, Args)]
pub(crate) struct Reconcile {
    #[command(flatten)]
    pub(crate) through: Through,
    #[command(flatten)]
    pub(crate) times: Times,
    /// Minutes per balance, 1 to 1440; default: 1.
    #[arg(long, value_name = "N")]
    pub(crate) minutes: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Sources {
    #[command(flatten)]
    pub(crate) through: Through,
}

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Followed {
    /// Changes of orders' status or money, in the order of commits, each once.
    Changes,
    /// Webhooks as they are committed, in the order of receipt.
    Webhooks,
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) through: Through,
    /// What to follow.
    #[arg(value_enum, default_value = "changes")]
    pub(crate) what: Vec<Followed>,
    /// Changes after this position; `start` is the beginning. Default: from now on.
    #[arg(long, value_name = "POSITION")]
    pub(crate) after: Option<String>,
    /// Webhooks that were received at this time or later. Default: from now on.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}
