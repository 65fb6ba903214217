//! Dead letters to try things on.

use waybill_common::domain::Effect;
use waybill_common::storage::commit::Pending;
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, bury};

use crate::support::{TestConsole, now};

impl TestConsole {
    /// Buries a webhook that an adapter of former days could not use, although its body is good: a replay would apply it.
    /// It was received that many milliseconds after noon.
    pub(crate) async fn bury(
        &self,
        order: &str,
        status: &str,
        nth: i64,
    ) -> anyhow::Result<Pending> {
        let mut pending = self.pending(order, status, nth)?;
        pending.envelope.event.effect = Effect::Unusable { reason: "not understood then".into() };
        self.bury_as(&pending, DeathReason::Unusable, "not understood then")
            .await?;
        Ok(pending)
    }

    /// Buries a webhook as it is.
    pub(crate) async fn bury_as(
        &self,
        pending: &Pending,
        reason: DeathReason,
        error: &str,
    ) -> anyhow::Result<()> {
        let burial =
            Burial { body: Body::Event(pending), reason, error: error.into(), attempts: 1 };
        let mut conn = self.database.connection().await?;
        anyhow::ensure!(bury(&mut conn, &[burial], now()).await?.len() == 1, "it is dead now");
        Ok(())
    }
}
