//! How far a change of secrets has come: which can go, which is not used yet.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_common::domain::Timestamp;

use super::SecretView;

/// A secret that was not used for so long is used no more, where another one is.
const IDLE_AFTER: TimeDelta = TimeDelta::days(1);

/// Where a secret stands between its beginning and its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its time has not come.
    ToCome,
    /// It is tried; whether it is used nobody tells.
    #[default]
    Unknown,
    /// It is tried, and has verified nothing yet.
    Unused,
    /// It is tried, and has verified requests.
    Used,
    /// It is tried, and was not used for a day in which another one was: it can go.
    Replaced,
    /// Its time is over.
    Over,
}

impl SecretView {
    fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.used_since().max(self.used_before_at)
    }

    /// By the replicas that run: certainly this secret and no other.
    fn used_since(&self) -> Option<DateTime<Utc>> {
        self.usage.as_ref()?.last_used_at
    }

    fn is_to_come(&self, now: Timestamp) -> bool {
        let from = self.not_before.as_deref().map(Timestamp::parse);
        from.is_some_and(|from| from.is_ok_and(|from| from > now))
    }

    fn standing(&self, others: Option<DateTime<Utc>>, now: Timestamp) -> Standing {
        let idle_since = now.to_datetime() - IDLE_AFTER;
        match self.last_used_at() {
            _ if !self.active && self.is_to_come(now) => Standing::ToCome,
            _ if !self.active => Standing::Over,
            _ if self.usage.is_none() => Standing::Unknown,
            None => Standing::Unused,
            Some(last) if last <= idle_since && others > Some(last) => Standing::Replaced,
            Some(_) => Standing::Used,
        }
    }
}

/// Secrets of one kind, with how each stands among them.
pub(super) fn stand(secrets: Vec<SecretView>, now: Timestamp) -> Vec<SecretView> {
    let standings: Vec<Standing> = (0..)
        .zip(&secrets)
        .map(|(place, secret)| {
            let others = (0..).zip(&secrets).filter(|(other, _)| *other != place);
            let used = others.filter_map(|(_, other)| other.used_since()).max();
            secret.standing(used, now)
        })
        .collect();
    let stood = secrets.into_iter().zip(standings);
    stood
        .map(|(secret, standing)| SecretView { standing, ..secret })
        .collect()
}

/// What a person needs to know first.
pub(super) fn in_words(secrets: &[SecretView], tokens: &[SecretView]) -> String {
    let named = |kind, secrets| named(kind, secrets, Standing::Replaced);
    if let Some(name) = named("secret", secrets).or_else(|| named("token", tokens)) {
        return format!("{name} is not used any more: it can go");
    }
    if let Some(name) = awaited("secret", secrets).or_else(|| awaited("token", tokens)) {
        return format!("{name} has not been used yet");
    }
    by_time(secrets, tokens).to_owned()
}

/// The first that stands so, by its name for people.
fn named(kind: &str, secrets: &[SecretView], standing: Standing) -> Option<String> {
    let place = secrets
        .iter()
        .position(|secret| secret.standing == standing)?;
    Some(format!("{kind} {}", place + 1))
}

/// One that is not used, while another one is.
fn awaited(kind: &str, secrets: &[SecretView]) -> Option<String> {
    named(kind, secrets, Standing::Used)?;
    named(kind, secrets, Standing::Unused)
}

fn by_time(secrets: &[SecretView], tokens: &[SecretView]) -> &'static str {
    let all = || secrets.iter().chain(tokens);
    let active = all().filter(|secret| secret.active).count();
    let ends = all().any(|secret| secret.active && secret.not_after.is_some());
    let comes = all().any(|secret| secret.standing == Standing::ToCome);
    match (active, ends, comes) {
        (0, _, _) if all().next().is_none() => "no secret: everything is refused",
        (0, _, _) => "none is in use: everything is refused",
        (1, true, false) => "the only one ends, and no other follows",
        (1, _, true) => "another one follows",
        (1, false, false) => "one is in use",
        (_, true, _) => "several are in use while one ends",
        (_, false, _) => "several are in use",
    }
}

#[cfg(test)]
mod tests;
