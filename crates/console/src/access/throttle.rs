//! How often somebody may fail to sign in. Counted in the database, so that all consoles count together.

use std::net::IpAddr;

use waybill_common::client::budget_owner;
use waybill_common::domain::Timestamp;
use waybill_common::storage::Connection;
use waybill_common::storage::access::{Count, FailureKind, count_failure, forget_failures};

use crate::app::App;
use crate::problem::Problem;

const WINDOW_MICROS: i64 = 15 * 60 * 1_000_000;

/// Counts a try for the account and for the address, before the password is looked at: many tries at once all count.
///
/// # Errors
/// `TooMany` where either has failed too often.
pub(super) async fn count(
    app: &App,
    conn: &mut Connection,
    (account, address): (&str, IpAddr),
) -> Result<(), Problem> {
    let now = app.clock.now();
    let since = Timestamp::from_micros_saturating(now.micros() - WINDOW_MICROS);
    let owner = budget_owner(address).to_string();
    for (kind, subject, max) in [
        (FailureKind::Address, owner.as_str(), app.config.console.address_failures_max),
        (FailureKind::Account, account, app.config.console.account_failures_max),
    ] {
        let counted = count_failure(conn, &Count { kind, subject, since, now }).await?;
        if u32::try_from(counted.failures).is_ok_and(|failures| failures > max) {
            let left = counted.since.micros() + WINDOW_MICROS - now.micros();
            let retry_after_seconds = u64::try_from(left / 1_000_000 + 1).unwrap_or(1);
            return Err(Problem::TooMany { retry_after_seconds });
        }
    }
    Ok(())
}

/// Whoever got in has not failed. The address keeps its count: one good account must not buy tries at others.
pub(super) async fn forgive(conn: &mut Connection, account: &str) -> Result<(), Problem> {
    forget_failures(conn, FailureKind::Account, account).await?;
    Ok(())
}
