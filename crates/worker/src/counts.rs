//! Writes down what ingest tells about how much it accepted, and by which secrets.

use std::time::Duration;

use diesel::QueryResult;
use waybill_common::domain::counts::Report;
use waybill_common::storage::{Connection, accepted_counts, secret_uses};

use crate::engine::Engine;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::taken::Hand;

/// Tries for what may go better the next time: a lock that somebody holds, above all.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Writes a report and acknowledges it. One that cannot be read or is refused is dropped: no event is lost with it, but
    /// what it told will show as a surplus. In an outage, or when the session ends, it stays in hand and comes again.
    pub(crate) async fn take_report(&self, session: &Session, hand: Hand) {
        let written = match Report::decode(&hand.delivery.body) {
            Ok(report) => self.write_report(session, &report).await,
            Err(error) => Some(Err(Outcome::Permanent(error.into()))),
        };
        match written {
            None => return,
            Some(Ok(())) => {}
            Some(Err(Outcome::Infrastructure(cause))) => return self.outage(&cause),
            Some(Err(Outcome::Transient(cause) | Outcome::Permanent(cause))) => {
                let cause = format!("{cause:#}");
                tracing::error!(cause, "a report of what was accepted is dropped");
            }
        }
        session.acknowledge(vec![hand]).await;
    }

    /// `None` where the session ended before it was written.
    async fn write_report(
        &self,
        session: &Session,
        report: &Report,
    ) -> Option<Result<(), Outcome>> {
        let mut tries = 1;
        loop {
            match self.try_report(report).await {
                Err(Outcome::Transient(_)) if tries < TRIES => tries += 1,
                ended => return Some(ended),
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = session.ended() => return None,
            }
        }
    }

    async fn try_report(&self, report: &Report) -> Result<(), Outcome> {
        let mut conn = self.connection().await?;
        let written = write(&mut conn, report).await;
        drop(conn);
        match written {
            Ok(()) => Ok(()),
            Err(error) => Err(self.outcome(error).await),
        }
    }
}

/// Each half may be written without the other: what is told twice changes nothing.
async fn write(conn: &mut Connection, report: &Report) -> QueryResult<()> {
    accepted_counts::report(conn, &report.replica, &report.counts).await?;
    secret_uses::report(conn, &report.replica, &report.secrets).await
}
