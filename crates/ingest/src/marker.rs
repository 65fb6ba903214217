//! Redis's memory of accepted events: it saves work, nothing depends on it.
//!
//! A marker is set only after the broker has confirmed the event. Whatever goes wrong here (Redis away, slow, full,
//! emptied) means «unknown», the event is published, and the database decides.
//!
//! One clerk speaks to Redis for all requests: what comes in while he waits for an answer goes out with his next question,
//! so that a busy replica shares its round trips, and one with a single request waits for nobody ([`pace`]). He keeps the
//! order, so whoever asks for an event that is confirmed already finds it known.

mod pace;

use deadpool_redis::redis::{Pipeline, pipe};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use waybill_common::shutdown::Shutdown;

use self::pace::Pace;
use crate::redis::Redis;

/// Questions and tidings that share a round trip, at most.
const SHARED_MAX: usize = 500;

/// What is remembered of one event: its key, and the hash of what it meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub key: [u8; 16],
    pub body_sha256: [u8; 32],
}

/// The memory of accepted events. Clones share its clerk.
#[derive(Clone)]
pub struct Markers(UnboundedSender<Note>);

/// For the clerk. What waits is bounded: a request asks before it has anything remembered, and Redis answers within its time
/// limit, or everybody goes on without.
enum Note {
    Ask(Vec<Mark>, oneshot::Sender<Vec<bool>>),
    Remember(Mark),
}

struct Clerk {
    redis: Redis,
    ttl_seconds: u64,
}

impl Markers {
    /// Starts the clerk. What he is not asked before the shutdown is unknown, or forgotten; what he was, he still does.
    #[must_use]
    pub fn start(redis: Redis, ttl_seconds: u64, shutdown: &Shutdown) -> Self {
        let (notes, inbox) = unbounded_channel();
        let stop = shutdown.token().clone();
        shutdown.spawn(Clerk { redis, ttl_seconds }.work(inbox, stop));
        Self(notes)
    }

    /// Which of these events are known under their key with the same hash. Without Redis: none.
    pub async fn known(&self, marks: Vec<Mark>) -> Vec<bool> {
        let unknown = vec![false; marks.len()];
        if marks.is_empty() {
            return unknown;
        }
        let (answer, answered) = oneshot::channel();
        if self.0.send(Note::Ask(marks, answer)).is_err() {
            return unknown;
        }
        answered.await.unwrap_or(unknown)
    }

    /// Has a confirmed event remembered; nobody waits for it. Without Redis: does nothing.
    pub fn remember(&self, mark: Mark) {
        // Without a clerk nobody is asked any more either.
        drop(self.0.send(Note::Remember(mark)));
    }
}

impl Clerk {
    async fn work(self, mut inbox: UnboundedReceiver<Note>, stop: CancellationToken) {
        let mut notes = Vec::new();
        let mut pace = Pace::new(Instant::now());
        loop {
            sleep_until(pace.next()).await;
            tokio::select! {
                count = inbox.recv_many(&mut notes, SHARED_MAX) => match count {
                    0 => return,
                    _ => {
                        pace.begin(count, Instant::now());
                        self.tell(&mut notes).await;
                    }
                },
                () = stop.cancelled(), if !inbox.is_closed() => inbox.close(),
            }
        }
    }

    /// One round trip for all of them.
    async fn tell(&self, notes: &mut Vec<Note>) {
        let mut commands = pipe();
        notes
            .iter()
            .for_each(|note| self.write(&mut commands, note));
        let hashes: Option<Vec<Option<String>>> = self.redis.run(&commands).await;
        let mut hashes = hashes.unwrap_or_default().into_iter();
        for note in notes.drain(..) {
            let Note::Ask(marks, answer) = note else { continue };
            let known = marks
                .iter()
                .map(|mark| hashes.next().flatten() == Some(hex::encode(mark.body_sha256)));
            // Whoever asked may have left.
            answer.send(known.collect()).unwrap_or_default();
        }
    }

    fn write(&self, commands: &mut Pipeline, note: &Note) {
        match note {
            Note::Ask(marks, _) => {
                for mark in marks {
                    commands.get(self.name(mark));
                }
            }
            Note::Remember(mark) => {
                let hash = hex::encode(mark.body_sha256);
                commands
                    .set_ex(self.name(mark), hash, self.ttl_seconds)
                    .ignore();
            }
        }
    }

    fn name(&self, mark: &Mark) -> String {
        self.redis.key("seen", &hex::encode(mark.key))
    }
}
