//! What is done to an order by hand, and what is taken away of it.

use waybill_common::config::Config;
use waybill_common::signing::SigningKey;
use waybill_operate::by_hand::{
    self, AcknowledgeRequest, AcknowledgedView, UnlinkRequest, UnlinkedView,
};
use waybill_operate::export;

use super::{Answer, Trouble, Way};
use crate::commands::WHO;

impl Way {
    pub(crate) async fn acknowledge(
        &self,
        (order, flag): (&str, &str),
        asked: &AcknowledgeRequest,
    ) -> Answer<AcknowledgedView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                let now = database.clock.now();
                Ok(by_hand::acknowledge(&mut conn, (order, flag), (asked, WHO), now).await?)
            }
            Self::Api(api) => {
                api.post_with(&["orders", order, "flags", flag, "acknowledge"], asked)
                    .await
            }
        }
    }

    pub(crate) async fn unlink(&self, order: &str, asked: &UnlinkRequest) -> Answer<UnlinkedView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                let now = database.clock.now();
                Ok(by_hand::unlink(&mut conn, order, (asked, WHO), now).await?)
            }
            Self::Api(api) => api.post_with(&["orders", order, "unlink"], asked).await,
        }
    }

    /// Signed with the key of the configuration, or of the console.
    pub(crate) async fn export(&self, order: &str) -> Answer<Vec<u8>> {
        match self {
            Self::Database(database) => {
                let key = signing_key(&database.config)?;
                let mut conn = database.connection().await?;
                Ok(export::export(&mut conn, order, &key, database.clock.now()).await?)
            }
            Self::Api(api) => api.bytes(&["orders", order, "export"]).await,
        }
    }
}

/// The key that exports are signed with.
pub(crate) fn signing_key(config: &Config) -> Answer<SigningKey> {
    let configured = &config.console.export_key;
    if configured.is_empty() {
        return Err(Trouble::Conflict(export::NO_KEY.to_owned()));
    }
    SigningKey::from_pem(configured.expose())
        .map_err(|error| Trouble::Refused(format!("console.export_key {error}")))
}
