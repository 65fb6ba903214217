//! What is configured, without its secrets, and how far a change of secrets has come.

mod rotation;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_common::config::{Config, Secret};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::SecretKind;
use waybill_common::storage::secret_uses::{self, Use};

use crate::refusal::Refusal;

pub use rotation::Standing;

/// One configured sender.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SourceView {
    pub name: String,
    pub provider: String,
    pub namespace: String,
    /// Whether live events count, or test-mode events.
    pub live: bool,
    pub book: Option<String>,
    pub path: String,
    /// How far a change of secrets has come, in a few words.
    pub rotation: String,
    pub secrets: Vec<SecretView>,
    pub tokens: Vec<SecretView>,
}

/// A secret's state, never the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretView {
    /// Whether it is tried at this moment.
    pub active: bool,
    /// Whether it stands in a file of its own.
    pub from_file: bool,
    pub not_before: Option<String>,
    pub not_after: Option<String>,
    pub standing: Standing,
    /// What it has verified; absent: no replica of ingest that runs tells of it.
    pub usage: Option<SecretUsage>,
    /// When replicas of ingest that have ended last verified something by what stood in this place then, within 30 days.
    pub used_before_at: Option<DateTime<Utc>>,
}

/// What the replicas of ingest that run have verified by a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretUsage {
    /// When the first of them first had it.
    pub since: DateTime<Utc>,
    /// Requests since then.
    pub used: i64,
    /// To the second; absent: none since then.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl SourceView {
    /// When a request of it was last verified, as far as replicas of ingest that run tell.
    #[must_use]
    pub fn last_verified_at(&self) -> Option<DateTime<Utc>> {
        let secrets = self.secrets.iter().chain(&self.tokens);
        secrets
            .filter_map(|secret| secret.usage.as_ref()?.last_used_at)
            .max()
    }
}

/// What is known of a source's secrets, by place.
type Places = BTreeMap<(SecretKind, usize), Use>;

/// All sources, by name; secrets are told by their state alone.
///
/// # Errors
/// As any query.
pub async fn all(
    conn: &mut AsyncPgConnection,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<SourceView>, Refusal> {
    let mut known = BTreeMap::<String, Places>::new();
    for told in secret_uses::uses(conn, now).await? {
        let place = (told.kind, usize::from(told.position));
        let places = known.entry(told.source.clone()).or_default();
        places.insert(place, told);
    }
    let views = config.sources.iter().map(|(name, source)| {
        let places = known.remove(name).unwrap_or_default();
        let of = |kind, secrets: &[Secret]| {
            let placed = secrets.iter().enumerate();
            let views =
                placed.map(|(place, secret)| state(secret, places.get(&(kind, place)), now));
            rotation::stand(views.collect(), now)
        };
        let secrets = of(SecretKind::Secret, &source.secrets);
        let tokens = of(SecretKind::Token, &source.tokens);
        SourceView {
            name: name.clone(),
            provider: source.provider.clone(),
            namespace: config.namespace_of(name).to_owned(),
            live: source.live,
            book: source.book.clone(),
            path: format!("/webhooks/{name}"),
            rotation: rotation::in_words(&secrets, &tokens),
            secrets,
            tokens,
        }
    });
    Ok(views.collect())
}

/// All but how it stands.
fn state(secret: &Secret, known: Option<&Use>, now: Timestamp) -> SecretView {
    let (not_before, not_after) = match secret {
        Secret::Text(_) => (None, None),
        Secret::Table(table) => (table.not_before, table.not_after),
    };
    let usage = known.and_then(|known| known.running.as_ref());
    SecretView {
        active: secret.is_active(now),
        from_file: secret.file().is_some(),
        not_before: not_before.map(|time| time.to_string()),
        not_after: not_after.map(|time| time.to_string()),
        standing: Standing::default(),
        usage: usage.map(|running| SecretUsage {
            since: running.since,
            used: running.used,
            last_used_at: running.last_used_at,
        }),
        used_before_at: known.and_then(|known| known.used_before_at),
    }
}
