//! What is configured, without its secrets.

use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;
use waybill_common::config::Secret;
use waybill_common::domain::Timestamp;

use crate::app::App;

/// One configured sender.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceView {
    pub name: String,
    pub provider: String,
    pub namespace: String,
    /// Whether live events count, or test-mode events.
    pub live: bool,
    pub book: Option<String>,
    pub path: String,
    pub secrets: Vec<SecretView>,
    pub tokens: Vec<SecretView>,
}

/// A secret's state, never the secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretView {
    /// Whether it is tried at this moment.
    pub active: bool,
    /// Whether it stands in a file of its own.
    pub from_file: bool,
    pub not_before: Option<String>,
    pub not_after: Option<String>,
}

/// Lists the configured sources; secrets are told by their state alone.
#[utoipa::path(get, path = "/api/v1/sources", tag = "sources",
    responses((status = 200, description = "All sources, by name", body = Vec<SourceView>)))]
pub async fn list(app: Data<App>) -> Json<Vec<SourceView>> {
    Json(all(&app))
}

/// The same for pages.
#[must_use]
pub fn all(app: &App) -> Vec<SourceView> {
    let now = app.clock.now();
    let states = |secrets: &[Secret]| secrets.iter().map(|secret| state(secret, now)).collect();
    app.config
        .sources
        .iter()
        .map(|(name, source)| SourceView {
            name: name.clone(),
            provider: source.provider.clone(),
            namespace: app.config.namespace_of(name).to_owned(),
            live: source.live,
            book: source.book.clone(),
            path: format!("/webhooks/{name}"),
            secrets: states(&source.secrets),
            tokens: states(&source.tokens),
        })
        .collect()
}

fn state(secret: &Secret, now: Timestamp) -> SecretView {
    let (not_before, not_after) = match secret {
        Secret::Text(_) => (None, None),
        Secret::Table(table) => (table.not_before, table.not_after),
    };
    SecretView {
        active: secret.is_active(now),
        from_file: secret.file().is_some(),
        not_before: not_before.map(|time| time.to_string()),
        not_after: not_after.map(|time| time.to_string()),
    }
}
