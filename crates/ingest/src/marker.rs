//! Redis's memory of accepted events: it saves work, nothing depends on it.
//!
//! A marker is set only after the broker has confirmed the event. Whatever goes wrong here (Redis away, slow, full,
//! emptied) means «unknown», the event is published, and the database decides.

use deadpool_redis::redis::pipe;

use crate::redis::Redis;

/// What is remembered of one event: its key, and the hash of what it meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub key: [u8; 16],
    pub body_sha256: [u8; 32],
}

/// The memory of accepted events.
#[derive(Clone)]
pub struct Markers {
    redis: Redis,
    ttl_seconds: u64,
}

impl Markers {
    #[must_use]
    pub fn new(redis: Redis, ttl_seconds: u64) -> Self {
        Self { redis, ttl_seconds }
    }

    /// Which of these events are known under their key with the same hash. Without Redis: none.
    pub async fn known(&self, marks: &[Mark]) -> Vec<bool> {
        let mut ask = pipe();
        for mark in marks {
            ask.get(self.name(mark));
        }
        let answers: Option<Vec<Option<String>>> = self.redis.run(&ask).await;
        match answers {
            Some(answers) => marks
                .iter()
                .zip(answers)
                .map(|(mark, hash)| hash == Some(hex::encode(mark.body_sha256)))
                .collect(),
            None => vec![false; marks.len()],
        }
    }

    /// Remembers confirmed events. Without Redis: does nothing.
    pub async fn remember(&self, marks: &[Mark]) {
        let mut tell = pipe();
        for mark in marks {
            tell.set_ex(self.name(mark), hex::encode(mark.body_sha256), self.ttl_seconds)
                .ignore();
        }
        self.redis.run::<()>(&tell).await;
    }

    fn name(&self, mark: &Mark) -> String {
        self.redis.key("seen", &hex::encode(mark.key))
    }
}
