//! Held locks: renewed while they are held, given back once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Locks;
use super::redis::Redis;
use crate::shutdown::Shutdown;

/// The part of the time to live, at its end, in which nothing is begun any more: clocks of two machines differ in speed.
const MARGIN: u32 = 5;
/// Renewals within one time to live, so that two may fail.
const RENEWALS: u32 = 3;
/// Between tries to give back what may have been taken without an answer.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Locks in hand. Released by [`release`](Self::release), or in the background when dropped.
#[must_use]
pub struct Guard {
    held: Option<Held>,
}

struct Held {
    redis: Redis,
    token: Arc<str>,
    keys: Arc<[String]>,
    ttl: Duration,
    /// Until when nobody else can have them; moves with each renewal.
    until: watch::Sender<Instant>,
    runtime: Handle,
    shutdown: Shutdown,
    /// Ends the renewals.
    renewing: Option<DropGuard>,
}

/// A guard of keys that may or may not have been taken yet.
pub(super) fn unsure(locks: &Locks, redis: Redis, token: String, keys: Vec<String>) -> Guard {
    let held = Held {
        redis,
        token: token.into(),
        keys: keys.into(),
        ttl: locks.ttl,
        until: watch::Sender::new(Instant::now()),
        runtime: locks.runtime.clone(),
        shutdown: locks.shutdown.clone(),
        renewing: None,
    };
    Guard { held: Some(held) }
}

impl Guard {
    /// Holds nothing, and never loses it: the lock is off, or there was nothing to lock.
    pub(super) fn nothing() -> Self {
        Self { held: None }
    }

    pub(super) fn token(&self) -> &str {
        self.held.as_ref().map_or("", |held| &held.token)
    }

    /// The keys in Redis that are held.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        self.held.as_ref().map_or(&[], |held| &held.keys)
    }

    /// Keeps what was not busy, from the moment of asking on.
    pub(super) fn hold(&mut self, busy: &HashSet<usize>, asked: Instant) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        let mine = held
            .keys
            .iter()
            .enumerate()
            .filter(|(place, _)| !busy.contains(place));
        held.keys = mine.map(|(_, key)| key.clone()).collect();
        if !held.keys.is_empty() {
            held.until.send_replace(held.trusted(asked));
            held.renew();
            self.held = Some(held);
        }
    }

    /// Until when nobody else can hold these locks, by the monotonic clock; moves as they are renewed. Absent: no limit,
    /// since nothing is held.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| *held.until.borrow())
    }

    #[must_use]
    pub fn is_held(&self) -> bool {
        self.deadline()
            .is_none_or(|deadline| Instant::now() < deadline)
    }

    /// Waits until somebody else could hold one of these locks; for ever while they are renewed.
    pub async fn lost(&self) {
        let Some(held) = &self.held else {
            return std::future::pending().await;
        };
        let mut until = held.until.subscribe();
        loop {
            let deadline = *until.borrow_and_update();
            tokio::select! {
                () = sleep_until(deadline) => return,
                _ = until.changed() => {}
            }
        }
    }

    /// Gives the locks back. What cannot be given back now expires.
    pub async fn release(mut self) {
        let Some(held) = self.held.take() else {
            return;
        };
        if let Err(error) = held.redis.release(&held.token, &held.keys).await {
            tracing::debug!(error = %error, "locks were left to expire");
            held.give_back_later();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            held.give_back_later();
        }
    }
}

impl Held {
    /// Until when an answer to a question of that moment can be relied upon.
    fn trusted(&self, asked: Instant) -> Instant {
        asked + self.ttl - self.ttl / MARGIN
    }

    /// Renews in the background until the guard goes, or one lock is no longer ours.
    fn renew(&mut self) {
        let stop = CancellationToken::new();
        self.renewing = Some(stop.clone().drop_guard());
        let (redis, token, keys) =
            (self.redis.clone(), Arc::clone(&self.token), Arc::clone(&self.keys));
        let (ttl, until) = (self.ttl, self.until.clone());
        let _entered = self.runtime.enter();
        self.shutdown.spawn(async move {
            let mut asked = Instant::now();
            loop {
                tokio::select! {
                    () = sleep_until(asked + ttl / RENEWALS) => asked = Instant::now(),
                    () = stop.cancelled() => return,
                }
                match redis.renew(&token, &keys, ttl).await {
                    Ok(kept) if kept == keys.len() => {
                        until.send_replace(asked + ttl - ttl / MARGIN);
                    }
                    Ok(kept) => {
                        let lost = keys.len() - kept;
                        tracing::warn!(lost, "locks were lost; the versions decide");
                        until.send_replace(Instant::now());
                        return;
                    }
                    // Without an answer the time runs on by itself.
                    Err(_) => {}
                }
            }
        });
    }

    /// Tries until it worked, until the locks have expired, or until the service stops.
    fn give_back_later(mut self) {
        drop(self.renewing.take());
        let expired = Instant::now() + self.ttl;
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        self.shutdown.clone().spawn(async move {
            while self.redis.release(&self.token, &self.keys).await.is_err() {
                let again = Instant::now() + TRY_AGAIN;
                if again > expired {
                    return;
                }
                tokio::select! {
                    () = sleep_until(again) => {}
                    () = self.shutdown.begun() => return,
                }
            }
        });
    }
}
