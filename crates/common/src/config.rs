//! Configuration: defaults ← one TOML file ← environment. The only place that reads the environment.
//!
//! One file serves every binary; each reads its own sections. Unknown keys are refused, so that a typo never
//! silently means the default. What the whole set must satisfy is in [`check`].

mod check;
mod fault;
mod fetch;
mod layers;
mod load;
mod oidc;
mod secret;
mod sections;
mod source;

pub use check::Problem;
pub use fault::Fault;
pub use fetch::Fetch;
pub use load::{ConfigError, file_in_force, from_toml, load, redacted};
pub use oidc::{Oidc, is_encrypted};
pub use secret::{Secret, SecretText};
pub use sections::{
    Backpressure, Batch, Broker, Console, Database, Ingest, Lock, LockMode, Profile, Redis, Retry,
    Telemetry, Worker,
};
pub use source::{Algorithm, Encoding, Map, RateLimit, RateLimitPer, Signature, Source};

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Everything that can be set. Names and defaults: `docs/CONFIGURATION.md`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub profile: Profile,
    pub database: Database,
    pub redis: Redis,
    pub broker: Broker,
    pub backpressure: Backpressure,
    pub ingest: Ingest,
    pub worker: Worker,
    pub batch: Batch,
    pub lock: Lock,
    pub retry: Retry,
    pub fetch: Fetch,
    pub console: Console,
    /// Where people sign in besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
    pub telemetry: Telemetry,
    /// By name; the name is the path: `POST /webhooks/<name>`.
    pub sources: BTreeMap<String, Source>,
}

impl Config {
    /// The namespace in which a source's references are looked up. A source that is not configured (any more)
    /// stands alone.
    #[must_use]
    pub fn namespace_of<'a>(&'a self, source: &'a str) -> &'a str {
        self.sources
            .get(source)
            .and_then(|configured| configured.namespace.as_deref())
            .unwrap_or(source)
    }

    /// The files that secrets of sources were read from.
    pub fn secret_files(&self) -> impl Iterator<Item = &Path> {
        self.sources
            .values()
            .flat_map(Source::keys)
            .filter_map(Secret::file)
    }
}

#[cfg(test)]
mod tests;
