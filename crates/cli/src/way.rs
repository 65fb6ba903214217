//! The two ways to an answer: the database of the configuration, or the API of a console. Both give the same answers.

mod api;
mod by_hand;
mod letters;
mod replays;
mod trouble;

use std::path::Path;

use anyhow::Context as _;
use uuid::Uuid;
use waybill_common::clock::Clock;
use waybill_common::config::{self, Config};
use waybill_common::storage::pool::{self, Connection, Pool};
use waybill_operate::Page;
use waybill_operate::changes::{self, Changes, ChangesAfter};
use waybill_operate::explain::{self, Explanation};
use waybill_operate::orders::{self, OrderFilter, OrderView};
use waybill_operate::reconciliation::{self, Asked, Reconciliation};
use waybill_operate::sources::{self, SourceView};
use waybill_operate::trail::{self, Trail, TrailPart, Verified};
use waybill_operate::webhooks::{self, RawBody, WebhookFilter, WebhookView};
use waybill_replay::Reader;

use crate::arguments::Through;
use crate::commands::WHO;
use api::Api;

pub(crate) use by_hand::signing_key;
pub(crate) use replays::{Begun, Worker};
pub(crate) use trouble::Trouble;

/// One to work with, and one to watch the work with.
const CONNECTIONS: usize = 2;

type Answer<T> = Result<T, Trouble>;

pub(crate) enum Way {
    Database(Box<Database>),
    Api(Api),
}

/// The database itself: whoever may reach it may see everything.
pub(crate) struct Database {
    pool: Pool,
    config: Config,
    clock: Clock,
}

impl Way {
    /// Connects to nothing yet. The configuration is read only where it is needed: who has an address and a token needs no file.
    pub(crate) fn open(through: &Through, file: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(url) = &through.url {
            return Ok(Self::Api(Api::new(url, through)?));
        }
        let config = config::load(file)?;
        let pool =
            pool::connect(&config.database, CONNECTIONS).context("could not read database.url")?;
        Ok(Self::Database(Box::new(Database { pool, config, clock: Clock::system() })))
    }

    pub(crate) async fn orders(&self, filter: &OrderFilter) -> Answer<Page<OrderView>> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(orders::find(&mut conn, filter).await?)
            }
            Self::Api(api) => api.get(&["orders"], filter).await,
        }
    }

    pub(crate) async fn order(&self, called: &str) -> Answer<OrderView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(orders::show(&mut conn, called).await?)
            }
            Self::Api(api) => api.get(&["orders", called], &()).await,
        }
    }

    pub(crate) async fn events(&self, called: &str, part: &TrailPart) -> Answer<Trail> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(trail::events(&mut conn, called, part).await?)
            }
            Self::Api(api) => api.get(&["orders", called, "events"], part).await,
        }
    }

    pub(crate) async fn explain(&self, called: &str) -> Answer<Explanation> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(explain::explain(&mut conn, called).await?)
            }
            Self::Api(api) => api.get(&["orders", called, "explain"], &()).await,
        }
    }

    pub(crate) async fn verify(&self, called: &str) -> Answer<Verified> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(trail::verify(&mut conn, called).await?)
            }
            Self::Api(api) => api.post(&["orders", called, "verify"]).await,
        }
    }

    pub(crate) async fn webhooks(&self, filter: &WebhookFilter) -> Answer<Page<WebhookView>> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(webhooks::find(&mut conn, filter).await?)
            }
            Self::Api(api) => api.get(&["webhooks"], filter).await,
        }
    }

    pub(crate) async fn webhook(&self, id: Uuid) -> Answer<WebhookView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(webhooks::show(&mut conn, id).await?)
            }
            Self::Api(api) => api.get(&["webhooks", &id.to_string()], &()).await,
        }
    }

    /// Every look is recorded, by whichever way.
    pub(crate) async fn body(&self, id: Uuid) -> Answer<RawBody> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(webhooks::body(&mut conn, id, (WHO, database.clock.now())).await?)
            }
            Self::Api(api) => api.get(&["webhooks", &id.to_string(), "body"], &()).await,
        }
    }

    pub(crate) async fn reconciliation(&self, asked: &Asked) -> Answer<Reconciliation> {
        match self {
            Self::Database(database) => {
                let known = (&database.config, database.clock.now());
                let mut conn = database.connection().await?;
                Ok(reconciliation::show(&mut conn, asked, known).await?)
            }
            Self::Api(api) => api.get(&["reconciliation"], asked).await,
        }
    }

    pub(crate) async fn sources(&self) -> Answer<Vec<SourceView>> {
        match self {
            Self::Database(database) => {
                let (config, now) = (&database.config, database.clock.now());
                let mut conn = database.connection().await?;
                Ok(sources::all(&mut conn, config, now).await?)
            }
            Self::Api(api) => api.get(&["sources"], &()).await,
        }
    }

    pub(crate) async fn changes(&self, asked: &ChangesAfter) -> Answer<Changes> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(changes::after(&mut conn, asked).await?)
            }
            Self::Api(api) => api.get(&["changes"], asked).await,
        }
    }
}

impl Database {
    /// Today's adapters.
    fn reader(&self) -> Reader {
        Reader::new(&self.config)
    }

    async fn connection(&self) -> Answer<Connection> {
        let connection = self.pool.get().await;
        connection.map_err(|error| {
            Trouble::Lost(anyhow::Error::from(error).context("could not connect to the database"))
        })
    }
}
