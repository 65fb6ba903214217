//! Whether the console is ready: it needs the database, and nothing else. Tidies up beside it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use waybill_common::ops::Dependency;
use waybill_common::storage::access;

use crate::app::App;
use crate::problem::Problem;

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks between two sweeps: once in ten minutes.
const SWEEP_EVERY: u32 = 300;

/// Looks until the console stops.
pub(crate) async fn watch(app: Arc<App>, database: Dependency) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for nth in 0_u32.. {
        tokio::select! {
            _ = looks.tick() => {}
            () = app.shutdown.begun() => return,
        }
        match app.read().await {
            Ok(_conn) => database.up(),
            Err(problem) => database.down(problem.log_line()),
        }
        if nth % SWEEP_EVERY == 0
            && let Err(problem) = sweep(&app).await
        {
            tracing::warn!(error = problem.log_line(), "could not forget expired sessions");
        }
    }
}

async fn sweep(app: &App) -> Result<(), Problem> {
    let mut conn = app.write().await?;
    let ended = access::sweep(&mut conn, app.clock.now()).await?;
    tracing::debug!(ended, "forgot expired sessions and links");
    Ok(())
}
