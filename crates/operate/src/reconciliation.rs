//! Is everything that was accepted accounted for?

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_common::config::Config;
use waybill_common::domain::Timestamp;
use waybill_common::storage::reconciliation::{self, Balance, Window};

use crate::page;
use crate::parameter;
use crate::refusal::Refusal;

const HOUR_MICROS: i64 = 3_600_000_000;
/// A window is read from the log as a whole.
const WINDOW_MICROS_MAX: i64 = 24 * HOUR_MICROS;

/// One source's events that were received within a span of time:
/// accepted + recovered = applied + `no_change` + duplicate + conflict + ignored + dead + retrying + `in_flight` +
/// unaccounted − surplus.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceView {
    pub source: String,
    /// When the span begins.
    pub start: String,
    pub accepted: i64,
    pub recovered: i64,
    pub applied: i64,
    pub no_change: i64,
    pub duplicate: i64,
    pub conflict: i64,
    pub ignored: i64,
    pub dead: i64,
    pub retrying: i64,
    pub in_flight: i64,
    pub unaccounted: i64,
    pub surplus: i64,
}

impl From<Balance> for BalanceView {
    fn from(balance: Balance) -> Self {
        Self {
            source: balance.source,
            start: balance.start.to_string(),
            accepted: balance.accepted,
            recovered: balance.recovered,
            applied: balance.applied,
            no_change: balance.no_change,
            duplicate: balance.duplicate,
            conflict: balance.conflict,
            ignored: balance.ignored,
            dead: balance.dead,
            retrying: balance.retrying,
            in_flight: balance.in_flight,
            unaccounted: balance.unaccounted,
            surplus: balance.surplus,
        }
    }
}

/// Balances by start and source.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Reconciliation {
    pub items: Vec<BalanceView>,
    /// `<start> <source>` of the last one, to go on from; absent: this is the end.
    pub next: Option<String>,
}

/// The window. At most a day.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// RFC 3339; an hour before `to` by default
    #[param(value_type = Option<parameter::Time>, inline)]
    pub from: Option<String>,
    /// RFC 3339; now by default
    #[param(value_type = Option<parameter::Time>, inline)]
    pub to: Option<String>,
    /// Minutes per balance, 1 to 1440; 1 by default
    #[param(value_type = Option<parameter::Minutes>, inline)]
    pub minutes: Option<u32>,
    /// `next` of another answer
    #[param(value_type = Option<parameter::Text>, inline)]
    pub cursor: Option<String>,
    /// 1 to 200, 50 by default
    #[param(value_type = Option<parameter::Limit>, inline)]
    pub limit: Option<i64>,
}

/// Balances accepted against accounted for, per source and span.
///
/// # Errors
/// `Invalid` where the window makes no sense.
pub async fn show(
    conn: &mut AsyncPgConnection,
    asked: &Asked,
    (config, now): (&Config, Timestamp),
) -> Result<Reconciliation, Refusal> {
    let limit = page::limit(asked.limit)?;
    let window = window(asked, (config, now))?;
    let after = asked.cursor.as_deref().map(place).transpose()?;
    let page = reconciliation::Page { after, limit: limit + 1 };
    let mut found = reconciliation::reconciliation(conn, &window, &page).await?;
    let more = i64::try_from(found.len()).is_ok_and(|found| found > limit);
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let next = found.last().filter(|_| more);
    let next = next.map(|last| format!("{} {}", last.start, last.source));
    Ok(Reconciliation { items: found.into_iter().map(BalanceView::from).collect(), next })
}

fn window(asked: &Asked, (config, now): (&Config, Timestamp)) -> Result<Window, Refusal> {
    let to = page::time("to", asked.to.as_deref())?.unwrap_or(now);
    let hour_before = Timestamp::from_micros_saturating(to.micros() - HOUR_MICROS);
    let from = page::time("from", asked.from.as_deref())?.unwrap_or(hour_before);
    if !(0..=WINDOW_MICROS_MAX).contains(&(to.micros() - from.micros())) {
        return Err(Refusal::invalid(
            "from",
            "must not be after `to`, nor more than a day before it",
        ));
    }
    let minutes = asked.minutes.unwrap_or(1);
    if !(1..=1_440).contains(&minutes) {
        return Err(Refusal::invalid("minutes", "must be 1 to 1440"));
    }
    Ok(Window { from, to, minutes, overdue_before: overdue_before(config, now) })
}

/// What was received before that time and is missing is not on its way any more: all retries would be over.
#[must_use]
pub fn overdue_before(config: &Config, now: Timestamp) -> Timestamp {
    let retries: u64 = config.retry.delays_seconds.iter().sum();
    let horizon = i64::try_from(retries)
        .unwrap_or(i64::MAX / 1_000_000)
        .saturating_mul(1_000_000);
    Timestamp::from_micros_saturating(now.micros().saturating_sub(horizon))
}

fn place(cursor: &str) -> Result<(Timestamp, String), Refusal> {
    cursor
        .split_once(' ')
        .and_then(|(start, source)| Some((Timestamp::parse(start).ok()?, source.to_owned())))
        .filter(|(_, source)| !source.contains('\0'))
        .ok_or_else(|| Refusal::invalid("cursor", "must be one that an answer gave"))
}
