//! Replays of many dead letters. On the database this program does the work of those that it begins; through a console, the
//! console does.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use uuid::Uuid;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::dead_letters::Turn;
use waybill_operate::Page;
use waybill_replay::Engine;
use waybill_replay::ask::{self, Cancelling, ReplayRequested};
use waybill_replay::preview::{self, ReplayPreview};
use waybill_replay::view::{self, ReplayPaging, ReplayView};

use super::{Answer, Database, Trouble, Way};
use crate::commands::WHO;

const REPLAYS: &str = "replays";

/// A replay that is under way.
pub(crate) struct Begun {
    pub(crate) replay: ReplayView,
    /// Absent: a console is at work on it.
    pub(crate) worker: Option<Worker>,
}

/// The engine in this program, at work on one replay. When the program dies, the replay's lease ends and somebody else goes
/// on.
pub(crate) struct Worker {
    stop: Shutdown,
    /// Absent: it was waited for.
    task: Option<JoinHandle<()>>,
}

impl Worker {
    fn at(turn: Turn, database: &Database) -> Self {
        let reader = Arc::new(database.reader());
        let engine = Engine::new(database.pool.clone(), reader, database.clock.clone());
        let stop = Shutdown::new();
        let watched = stop.clone();
        let task = stop.spawn(async move {
            engine.work(turn, &watched).await;
        });
        Self { stop, task: Some(task) }
    }

    /// Waits until it is done, whatever ended it.
    pub(crate) async fn done(&mut self) -> anyhow::Result<()> {
        if let Some(task) = &mut self.task {
            let ended = task.await;
            self.task = None;
            ended.context("the replay broke down here")?;
        }
        Ok(())
    }

    /// Lets go of the replay once the letter in hand is ended and counted, so that somebody else goes on.
    pub(crate) fn let_go(&self) {
        self.stop.begin();
    }
}

impl Way {
    pub(crate) async fn foresee(&self, asked: &ReplayRequested) -> Answer<ReplayPreview> {
        match self {
            Self::Database(database) => {
                let (selection, _rate) = asked.read()?;
                let mut conn = database.connection().await?;
                let read = (&database.reader(), &selection);
                Ok(preview::of_many(&mut conn, read, database.clock.now()).await?)
            }
            Self::Api(api) => api.post_with(&[REPLAYS], asked).await,
        }
    }

    /// Begins a replay; on the database, this program is at work on it from the start.
    pub(crate) async fn begin(&self, asked: &ReplayRequested) -> Answer<Begun> {
        let Self::Database(database) = self else {
            let replay = self.leave(asked).await?;
            return Ok(Begun { replay, worker: None });
        };
        let mut conn = database.connection().await?;
        let begun = ask::begin_held(&mut conn, (asked, WHO), database.clock.now()).await?;
        Ok(database.at_work(begun))
    }

    /// Begins a replay for a console.
    pub(crate) async fn leave(&self, asked: &ReplayRequested) -> Answer<ReplayView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(ask::begin(&mut conn, (asked, WHO), database.clock.now()).await?)
            }
            Self::Api(api) => api.post_with(&[REPLAYS], asked).await,
        }
    }

    /// Goes on with a replay that nobody is at work on.
    pub(crate) async fn resume(&self, id: Uuid) -> Answer<Begun> {
        let Self::Database(database) = self else {
            let why = "a console goes on with replays by itself: `waybill replay watch` shows it";
            return Err(Trouble::Refused(why.to_owned()));
        };
        let mut conn = database.connection().await?;
        let begun = ask::resume(&mut conn, id, database.clock.now()).await?;
        Ok(database.at_work(begun))
    }

    pub(crate) async fn replays(&self, asked: &ReplayPaging) -> Answer<Page<ReplayView>> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(view::list(&mut conn, asked).await?)
            }
            Self::Api(api) => api.get(&[REPLAYS], asked).await,
        }
    }

    pub(crate) async fn replay(&self, id: Uuid) -> Answer<ReplayView> {
        match self {
            Self::Database(database) => {
                let mut conn = database.connection().await?;
                Ok(view::find(&mut conn, id).await?)
            }
            Self::Api(api) => api.get(&[REPLAYS, &id.to_string()], &()).await,
        }
    }

    pub(crate) async fn cancel(&self, id: Uuid, asked: &Cancelling) -> Answer<ReplayView> {
        match self {
            Self::Database(database) => {
                let by = WHO.says(&asked.reason)?;
                let mut conn = database.connection().await?;
                Ok(ask::cancel(&mut conn, (id, by), database.clock.now()).await?)
            }
            Self::Api(api) => api.delete(&[REPLAYS, &id.to_string()], asked).await,
        }
    }
}

impl Database {
    fn at_work(&self, (replay, turn): (ReplayView, Turn)) -> Begun {
        Begun { replay, worker: Some(Worker::at(turn, self)) }
    }
}
