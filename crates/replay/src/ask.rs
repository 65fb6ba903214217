//! Asking for a replay: which letters, how fast, and why; and calling it off.

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::storage::dead_letters::{Selection, Turn};
use waybill_common::storage::operator_actions::By;
use waybill_common::storage::replays::{self, NewReplay, RATE_MAX};
use waybill_operate::who::reason;
use waybill_operate::{Refusal, Who, page, parameter};

use crate::engine::lease;
use crate::view::{self, ReplayView};

/// Letters in a second, unless something else is asked for.
pub const RATE: u16 = 50;
const ENDED: &str = "it has ended already";
/// Most letters that can be named one by one.
pub const WEBHOOKS_MAX: usize = 1_000;

/// Which letters, how fast, and why.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequested {
    pub filter: ReplayFilter,
    /// Only look at what it would do
    #[serde(default)]
    pub dry_run: bool,
    /// Letters in a second at most, 50 by default
    #[schema(minimum = 1, maximum = 500)]
    pub rate: Option<u16>,
    /// For the record, 1 to 500 characters; a dry run needs none
    #[schema(schema_with = parameter::reason_or_null)]
    pub reason: Option<String>,
}

/// Which dead letters. Each field narrows it down; at least one must be there, or `all`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayFilter {
    /// Every letter that waits; then nothing else may be there.
    pub all: bool,
    #[schema(pattern = r"^[^\x00]*$")]
    pub source: Option<String>,
    /// `unusable`, `undecodable`, `exhausted`, `refused` or `crashed`
    #[schema(pattern = "^(unusable|undecodable|exhausted|refused|crashed)$")]
    pub reason: Option<String>,
    /// The sender's own type of event
    #[schema(pattern = r"^[^\x00]*$")]
    pub native_type: Option<String>,
    /// Received at that time or later
    #[schema(format = DateTime, example = "2026-11-27T00:00:00Z")]
    pub from: Option<String>,
    /// Received before that time
    #[schema(format = DateTime, example = "2026-11-28T00:00:00Z")]
    pub to: Option<String>,
    /// These webhooks, 1 to 1000
    #[schema(min_items = 1, max_items = 1000)]
    pub webhooks: Option<Vec<Uuid>>,
}

/// Why a replay is called off.
#[derive(Clone, Debug, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Cancelling {
    /// For the record, 1 to 500 characters
    #[param(value_type = parameter::Reason, inline)]
    pub reason: String,
}

impl ReplayFilter {
    /// Which letters that is.
    ///
    /// # Errors
    /// `Invalid` where it cannot be understood, or says nothing: all must be said, lest somebody replays everything by
    /// leaving something out.
    pub fn selection(&self) -> Result<Selection, Refusal> {
        let selection = Selection {
            source: page::text("filter.source", self.source.as_deref())?,
            reason: page::named("filter.reason", self.reason.as_deref())?,
            native_type: page::text("filter.native_type", self.native_type.as_deref())?,
            from: page::time("filter.from", self.from.as_deref())?,
            to: page::time("filter.to", self.to.as_deref())?,
            webhooks: self.webhooks.clone(),
        };
        if self.all == (selection != Selection::default()) {
            let must = "must have `all` or something that narrows it down, and not both";
            return Err(Refusal::invalid("filter", must));
        }
        let count = selection.webhooks.as_ref().map_or(1, Vec::len);
        if count == 0 || count > WEBHOOKS_MAX {
            let must = format!("must be 1 to {WEBHOOKS_MAX}");
            return Err(Refusal::invalid("filter.webhooks", must));
        }
        Ok(selection)
    }
}

impl ReplayRequested {
    /// Which letters, and how many of them in a second.
    ///
    /// # Errors
    /// `Invalid` where it makes no sense; a reason that is not needed must be one too.
    pub fn read(&self) -> Result<(Selection, u16), Refusal> {
        self.reason.as_deref().map(reason).transpose()?;
        Ok((self.filter.selection()?, rate(self.rate)?))
    }
}

/// The rate that was asked for, or the usual one.
///
/// # Errors
/// `Invalid` outside 1 to [`RATE_MAX`].
pub fn rate(asked: Option<u16>) -> Result<u16, Refusal> {
    let rate = asked.unwrap_or(RATE);
    match rate {
        1..=RATE_MAX => Ok(rate),
        _ => Err(Refusal::invalid("rate", format!("must be 1 to {RATE_MAX}"))),
    }
}

/// Begins a replay for whoever takes it, and shows it.
///
/// # Errors
/// `Invalid` where what is asked for makes no sense.
pub async fn begin(
    conn: &mut AsyncPgConnection,
    asked: (&ReplayRequested, Who<'_>),
    now: Timestamp,
) -> Result<ReplayView, Refusal> {
    create(conn, asked, None, now).await
}

/// Begins a replay that is the asking program's from the start, and shows it.
///
/// # Errors
/// As [`begin`].
pub async fn begin_held(
    conn: &mut AsyncPgConnection,
    asked: (&ReplayRequested, Who<'_>),
    now: Timestamp,
) -> Result<(ReplayView, Turn), Refusal> {
    let holder = Uuid::new_v4();
    let replay = create(conn, asked, Some((holder, lease(now))), now).await?;
    let turn = Turn { replay: replay.id, holder };
    Ok((replay, turn))
}

/// Takes a replay that nobody is at work on, to go on with it, and shows it.
///
/// # Errors
/// `NotFound`; `Conflict` where it has ended, or somebody is at work on it.
pub async fn resume(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: Timestamp,
) -> Result<(ReplayView, Turn), Refusal> {
    let turn = Turn { replay: id, holder: Uuid::new_v4() };
    let taken = replays::take_one(conn, turn, (now, lease(now))).await?;
    let replay = view::find(conn, id).await?;
    match (taken, replay.finished_at) {
        (true, _) => Ok((replay, turn)),
        (false, Some(_)) => Err(Refusal::Conflict(ENDED)),
        (false, None) => {
            Err(Refusal::Conflict("somebody is at work on it, or was within the last 30 seconds"))
        }
    }
}

async fn create(
    conn: &mut AsyncPgConnection,
    (asked, who): (&ReplayRequested, Who<'_>),
    held: Option<(Uuid, Timestamp)>,
    now: Timestamp,
) -> Result<ReplayView, Refusal> {
    let (selection, rate) = asked.read()?;
    let by = who.says(asked.reason.as_deref().unwrap_or_default())?;
    let new = NewReplay { by, selection: &selection, rate, held };
    let id = replays::create(conn, &new, now).await?;
    view::find(conn, id).await
}

/// Calls a replay off, and shows it.
///
/// # Errors
/// `NotFound`; `Conflict` where it has ended.
pub async fn cancel(
    conn: &mut AsyncPgConnection,
    (id, by): (Uuid, By<'_>),
    now: Timestamp,
) -> Result<ReplayView, Refusal> {
    let cancelled = replays::cancel(conn, id, by, now).await?;
    let replay = view::find(conn, id).await?;
    if cancelled { Ok(replay) } else { Err(Refusal::Conflict(ENDED)) }
}

#[cfg(test)]
mod tests;
