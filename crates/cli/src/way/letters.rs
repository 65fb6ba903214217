//! Dead letters, one by one.

use uuid::Uuid;
use waybill_operate::Page;
use waybill_operate::dead_letters::{self, DeadLetterFilter, DeadLetterView, GroupView};
use waybill_replay::one::{self, ReplayRequest, ReplayResult};
use waybill_replay::preview::{self, Preview};

use super::{Answer, Way};
use crate::commands::WHO;

const LETTERS: &str = "dead-letters";

impl Way {
    pub(crate) async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Answer<Page<DeadLetterView>> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(dead_letters::find(&mut conn, filter).await?)
            }
            Self::Api(api) => api.get(&[LETTERS], filter).await,
        }
    }

    pub(crate) async fn dead_groups(&self) -> Answer<Vec<GroupView>> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(dead_letters::groups(&mut conn).await?)
            }
            Self::Api(api) => api.get(&[LETTERS, "groups"], &()).await,
        }
    }

    pub(crate) async fn dead_letter(&self, webhook: Uuid) -> Answer<DeadLetterView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(dead_letters::show(&mut conn, webhook).await?)
            }
            Self::Api(api) => api.get(&[LETTERS, &webhook.to_string()], &()).await,
        }
    }

    pub(crate) async fn preview(&self, webhook: Uuid) -> Answer<Preview> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                let now = database.clock.now();
                Ok(preview::of_one(&mut conn, (&database.reader(), webhook), now).await?)
            }
            Self::Api(api) => {
                api.get(&[LETTERS, &webhook.to_string(), "preview"], &())
                    .await
            }
        }
    }

    pub(crate) async fn replay_one(
        &self,
        webhook: Uuid,
        asked: &ReplayRequest,
    ) -> Answer<ReplayResult> {
        match self {
            Self::Database(database) => {
                let by = WHO.says(&asked.reason)?;
                let mut conn = database.connection().await?;
                let now = database.clock.now();
                Ok(one::replay(&mut conn, (&database.reader(), webhook), by, now).await?)
            }
            Self::Api(api) => {
                api.post_with(&[LETTERS, &webhook.to_string(), "replay"], asked)
                    .await
            }
        }
    }
}
