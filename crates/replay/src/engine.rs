//! Replays many letters, one after the other.
//!
//! **Who acts.** A console runs [`Engine::run`] for as long as it lives: it takes replays that nobody is at work on. The
//! command line makes a replay that is its own from the start, or goes on with one that is nobody's, and works on that alone
//! ([`Engine::work`]). Several may look for work at once; a conditional update lets one have it (`storage::replays`).
//!
//! **What happens** to each letter, in the order of their ids: its turn comes, at most `rate` in a second; it is taken, by
//! an update that holds only while the replay is running and ours; it is committed as every other event; it is counted,
//! with the position, and that is the sign of life too. So a replay that is cancelled begins no other letter, and one that
//! somebody else took over neither begins nor counts any.
//!
//! **What goes wrong.** Where somebody else is at the letter or at its order, and where a statement fails by what may pass,
//! the letter is tried again, a few times, and then counted as missed; it stays dead. Where its adapter panics it is
//! unusable; where the commit does, it is missed. Where the database is away, everything waits and nothing is counted
//! against any letter.
//!
//! **What if it dies.** When the lease ends somebody else goes on behind the last letter that is counted. The one in hand
//! names the replay: it is committed now, or was, and is counted by its verdict.

mod attempt;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use uuid::Uuid;
use waybill_common::backoff::FullJitter;
use waybill_common::clock::Clock;
use waybill_common::domain::{Timestamp, Verdict};
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::dead_letters::{self, Turn};
use waybill_common::storage::replays::{self, Note, Outcome, Replay};
use waybill_common::storage::{Connection, Pool};

use self::attempt::Step;
use crate::pace::Pace;
use crate::reader::Reader;

/// Replays that one console works on at once; each uses one connection.
pub const AT_ONCE: usize = 2;
/// Whoever gave no sign of life for so long is gone.
const LEASE_MICROS: i64 = 30 * 1_000_000;
/// How long a replay waits for a console that was not told of it.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Letters that are looked up at once.
const PAGE: i64 = 100;
/// Between two tries while the database is away.
const AWAY_MIN: Duration = Duration::from_millis(500);
const AWAY_MAX: Duration = Duration::from_secs(15);

/// Works on replays.
pub struct Engine {
    pool: Pool,
    reader: Arc<Reader>,
    clock: Clock,
    asked: Notify,
}

/// How a holder's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every letter is counted.
    Finished,
    /// Somebody cancelled it, or took it over.
    NotOurs,
    /// This program stops; somebody else may go on.
    Stopped,
}

/// What an outcome is called that a verdict means.
#[must_use]
pub fn outcome_of(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Applied => Outcome::Applied,
        Verdict::NoChange => Outcome::NoChange,
        Verdict::Duplicate => Outcome::Duplicate,
        Verdict::Conflict => Outcome::Conflict,
        Verdict::Ignored => Outcome::Ignored,
        Verdict::Dead => Outcome::Unusable,
    }
}

/// Until when somebody is believed to be at work who gives a sign of life now.
#[must_use]
pub fn lease(now: Timestamp) -> Timestamp {
    Timestamp::from_micros_saturating(now.micros() + LEASE_MICROS)
}

impl Engine {
    #[must_use]
    pub fn new(pool: Pool, reader: Arc<Reader>, clock: Clock) -> Self {
        Self { pool, reader, clock, asked: Notify::new() }
    }

    /// There is a replay to take.
    pub fn wake(&self) {
        self.asked.notify_one();
    }

    /// Takes replays that nobody is at work on, until the program stops.
    pub async fn run(self: Arc<Self>, stop: Shutdown) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut away = FullJitter::new(AWAY_MIN, AWAY_MAX);
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let place = tokio::select! {
                place = place => place.expect("nobody closes it"),
                () = stop.begun() => return,
            };
            let wait = match self.take().await {
                Ok(Some(turn)) => {
                    stop.spawn(Arc::clone(&self).hold(turn, place, stop.clone()));
                    continue;
                }
                Ok(None) => LOOK_EVERY,
                Err(error) => {
                    tracing::debug!(error = format!("{error:#}"), "could not look for replays");
                    away.next_wait().max(AWAY_MIN)
                }
            };
            drop(place);
            tokio::select! {
                () = self.asked.notified() => {}
                () = sleep(wait) => {}
                () = stop.begun() => return,
            }
        }
    }

    /// # Errors
    /// Where the database could not be asked.
    pub async fn take(&self) -> anyhow::Result<Option<Turn>> {
        let (mut conn, now) = (self.connection().await?, self.clock.now());
        let taken = replays::take(&mut conn, Uuid::new_v4(), (now, lease(now))).await;
        taken.context("could not take a replay")
    }

    async fn hold(self: Arc<Self>, turn: Turn, _place: OwnedSemaphorePermit, stop: Shutdown) {
        self.work(turn, &stop).await;
    }

    /// Works on a replay until its end, until it is somebody else's, or until the program stops.
    pub async fn work(&self, turn: Turn, stop: &Shutdown) -> Ended {
        tracing::info!(replay.id = %turn.replay, "at work on a replay");
        let mut away = FullJitter::new(AWAY_MIN, AWAY_MAX);
        loop {
            match self.walk(turn, stop, &mut away).await {
                Ok(ended) => {
                    tracing::info!(replay.id = %turn.replay, ?ended, "done with a replay");
                    return ended;
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(replay.id = %turn.replay, error, "a replay waits");
                    // Where the database is away this fails too, and the log has it.
                    self.note(turn, None, Some(&error))
                        .await
                        .unwrap_or_default();
                }
            }
            if !waited(away.next_wait(), stop).await {
                return Ended::Stopped;
            }
        }
    }

    async fn walk(
        &self,
        turn: Turn,
        stop: &Shutdown,
        away: &mut FullJitter,
    ) -> anyhow::Result<Ended> {
        let Some(replay) = self.ours(turn).await? else { return Ok(Ended::NotOurs) };
        let selection = replay.selection()?;
        let mut position = replay.position;
        let mut pace = Pace::new(u32::try_from(replay.rate)?);
        loop {
            let mut conn = self.connection().await?;
            let asked = (&selection, replay.asked_at());
            let letters = dead_letters::of_replay(&mut conn, asked, (position, PAGE)).await?;
            if letters.is_empty() {
                let finished = replays::finish(&mut conn, turn, self.clock.now()).await?;
                return Ok(if finished { Ended::Finished } else { Ended::NotOurs });
            }
            drop(conn);
            for letter in letters {
                tokio::select! {
                    biased;
                    () = stop.begun() => return self.release(turn).await,
                    () = pace.turn() => {}
                }
                match self.letter(turn, letter, stop).await? {
                    Step::Done { outcome, error } => {
                        let done = Some((letter, outcome));
                        if !self.note(turn, done, error.as_deref()).await? {
                            return Ok(Ended::NotOurs);
                        }
                    }
                    Step::NotOurs => return Ok(Ended::NotOurs),
                    Step::Stopped => return self.release(turn).await,
                }
                away.reset();
                position = Some(letter);
            }
        }
    }

    /// The replay, if it is running and this holder's.
    async fn ours(&self, turn: Turn) -> anyhow::Result<Option<Replay>> {
        let mut conn = self.connection().await?;
        let replay = replays::find(&mut conn, turn.replay).await?;
        Ok(replay.filter(|replay| replay.is_running() && replay.holder == Some(turn.holder)))
    }

    async fn note(
        &self,
        turn: Turn,
        done: Option<(Uuid, Outcome)>,
        error: Option<&str>,
    ) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let note = Note { done, error, lease_until: lease(now), now };
        let mut conn = self.connection().await?;
        let noted = replays::note(&mut conn, turn, &note).await;
        noted.context("could not note what was done")
    }

    async fn release(&self, turn: Turn) -> anyhow::Result<Ended> {
        let mut conn = self.connection().await?;
        replays::release(&mut conn, turn).await?;
        Ok(Ended::Stopped)
    }

    async fn connection(&self) -> anyhow::Result<Connection> {
        let taken = self.pool.get().await;
        taken.map_err(|error| anyhow::anyhow!("{error}").context("the database cannot be asked"))
    }
}

/// Waits; returns whether the program goes on.
async fn waited(time: Duration, stop: &Shutdown) -> bool {
    tokio::select! {
        () = stop.begun() => false,
        () = sleep(time) => true,
    }
}
