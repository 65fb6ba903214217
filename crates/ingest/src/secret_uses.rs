//! Which of a source's secrets and tokens verify its requests: how often, and when last, so that people see when an old
//! one can go.
//!
//! A request costs one addition, and a store once a second: no lock, no allocation. A secret that stays when the
//! configuration is read again keeps what it has verified, wherever it then stands. What is told of it goes with the
//! report of [`crate::counts`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use waybill_common::config::{Secret, Source};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{SecretKind, SecretUse};
use waybill_providers::Verified;

/// Whether or not anything has changed: whoever is silent for longer is taken for gone.
const TELL_EVERY_SECONDS: i64 = 60;

/// Those of one source.
#[derive(Debug, Default)]
pub struct SecretUses {
    secrets: Box<[Used]>,
    tokens: Box<[Used]>,
}

#[derive(Debug)]
struct Used {
    secret: Secret,
    /// Shared with the configuration before, by which requests may still be on their way.
    tally: Arc<Tally>,
}

#[derive(Debug)]
struct Tally {
    since: Timestamp,
    used: AtomicU64,
    /// The second of the last use.
    last: AtomicI64,
    /// What the broker has confirmed to have been told, and the second in which it was so.
    told: AtomicU64,
    told_at: AtomicI64,
}

impl SecretUses {
    /// Those of a source as it is configured now, after what was there before.
    pub(crate) fn of(source: &Source, before: Option<&Self>, now: Timestamp) -> Self {
        let (secrets, tokens) =
            before.map_or_else(Default::default, |before| (&*before.secrets, &*before.tokens));
        Self {
            secrets: after(&source.secrets, secrets, now),
            tokens: after(&source.tokens, tokens, now),
        }
    }

    /// A request was believed by these.
    pub(crate) fn count(&self, verified: &Verified, now: Timestamp) {
        let places = [(&self.secrets, verified.secret), (&self.tokens, verified.token)];
        for (all, place) in places {
            if let Some(used) = place.and_then(|place| all.get(place)) {
                used.tally.count(now.seconds());
            }
        }
    }

    /// What has changed since it was told, or was not told for long.
    pub(crate) fn untold(&self, source: &str, now: Timestamp) -> Vec<SecretUse> {
        self.all()
            .filter(|(_, _, used)| used.tally.is_untold(now.seconds()))
            .map(|(kind, position, used)| used.tally.tell((source, kind, position), now))
            .collect()
    }

    /// These were told; those of other sources are left alone.
    pub(crate) fn told(&self, source: &str, uses: &[SecretUse]) {
        for (kind, position, used) in self.all() {
            let told = uses.iter().find(|told| {
                (told.source.as_str(), told.kind, told.position) == (source, kind, position)
                    && told.since == used.tally.since
            });
            if let Some(told) = told {
                used.tally.told.store(told.used, Ordering::Relaxed);
                used.tally
                    .told_at
                    .store(told.told_at.seconds(), Ordering::Relaxed);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (SecretKind, u16, &Used)> {
        let secrets = (0..).zip(&self.secrets);
        let tokens = (0..).zip(&self.tokens);
        secrets
            .map(|(position, used)| (SecretKind::Secret, position, used))
            .chain(tokens.map(|(position, used)| (SecretKind::Token, position, used)))
    }
}

fn after(secrets: &[Secret], before: &[Used], now: Timestamp) -> Box<[Used]> {
    let used = |secret: &Secret| {
        let known = before
            .iter()
            .find(|used| used.secret.expose() == secret.expose());
        let tally = known.map_or_else(|| Arc::new(Tally::new(now)), |used| Arc::clone(&used.tally));
        Used { secret: secret.clone(), tally }
    };
    secrets.iter().map(used).collect()
}

impl Tally {
    fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            used: AtomicU64::new(0),
            last: AtomicI64::new(0),
            told: AtomicU64::new(0),
            told_at: AtomicI64::new(i64::MIN),
        }
    }

    fn count(&self, second: i64) {
        if self.last.load(Ordering::Relaxed) < second {
            self.last.fetch_max(second, Ordering::Relaxed);
        }
        // After the time: whoever sees the use finds a time.
        self.used.fetch_add(1, Ordering::Release);
    }

    fn is_untold(&self, second: i64) -> bool {
        let told_at = self.told_at.load(Ordering::Relaxed);
        self.used.load(Ordering::Relaxed) != self.told.load(Ordering::Relaxed)
            || second.saturating_sub(told_at) >= TELL_EVERY_SECONDS
    }

    fn tell(&self, (source, kind, position): (&str, SecretKind, u16), now: Timestamp) -> SecretUse {
        let used = self.used.load(Ordering::Acquire);
        let last = Timestamp::from_seconds(self.last.load(Ordering::Relaxed)).ok();
        SecretUse {
            source: source.to_owned(),
            kind,
            position,
            since: self.since,
            used,
            last_used_at: last.filter(|_| used > 0),
            told_at: now,
        }
    }
}

#[cfg(test)]
mod tests;
