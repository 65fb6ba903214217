//! Whether anything that was accepted is lost, for the overview: of the last hour in which that can be said at all.
//!
//! What is missing is on its way until it is older than all retries take together; only then is it unaccounted for. So the
//! hour that ended that long ago is balanced, once a minute, however many look.

use tokio::sync::Mutex;
use waybill_common::domain::Timestamp;
use waybill_common::storage::reconciliation::{Page, Window, reconciliation};
use waybill_operate::reconciliation::overdue_before;

use crate::app::App;
use crate::problem::Problem;

const MINUTE_MICROS: i64 = 60_000_000;
const HOUR_MINUTES: u32 = 60;
/// More sources than anybody configures.
const SOURCES_MAX: i64 = 1_000;

/// What was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Events of the hour before `until` that were accepted and are nowhere; absent: it could not be counted.
    pub(crate) unaccounted: Option<i64>,
    pub(crate) until: Timestamp,
}

/// The last balance.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<Option<(Timestamp, Account)>>);

impl Accounts {
    /// The account of this minute.
    pub(crate) async fn of(&self, app: &App) -> Account {
        let now = app.clock.now();
        let minute = Timestamp::from_micros_saturating(
            now.micros() - now.micros().rem_euclid(MINUTE_MICROS),
        );
        // Whoever comes while it is counted waits for it: one count for all.
        let mut last = self.0.lock().await;
        if let Some((counted, account)) = *last
            && counted == minute
        {
            return account;
        }
        let until = overdue_before(&app.config, minute);
        let unaccounted = match count(app, until).await {
            Ok(unaccounted) => Some(unaccounted),
            Err(problem) => {
                tracing::warn!(error = problem.log_line(), "could not balance the last hour");
                None
            }
        };
        let account = Account { unaccounted, until };
        *last = Some((minute, account));
        account
    }
}

async fn count(app: &App, until: Timestamp) -> Result<i64, Problem> {
    let hour = i64::from(HOUR_MINUTES) * MINUTE_MICROS;
    let window = Window {
        from: Timestamp::from_micros_saturating(until.micros() - hour),
        to: until,
        minutes: HOUR_MINUTES,
        overdue_before: until,
    };
    let mut conn = app.read().await?;
    let page = Page { after: None, limit: SOURCES_MAX };
    let balances = reconciliation(&mut conn, &window, &page).await?;
    Ok(balances.iter().map(|balance| balance.unaccounted).sum())
}
