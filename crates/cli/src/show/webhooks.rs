//! The log, for people.

use waybill_operate::webhooks::WebhookView;

use super::{at, cell, color_of, plain, word};
use crate::output::{Output, table};

pub(crate) fn list(webhooks: &[WebhookView], output: &Output) -> String {
    let rows = webhooks.iter().map(|webhook| {
        [
            cell(&at(webhook.received_at)),
            cell(&webhook.source),
            cell(&webhook.native_type),
            word(ended(webhook), output),
            cell(webhook.reason.as_deref().unwrap_or_default()),
            cell(&webhook.attempts.to_string()),
            cell(&webhook.id.to_string()),
        ]
    });
    table(["received", "source", "type", "verdict", "reason", "attempts", "id"], rows)
}

/// The verdict, or that there is none yet.
pub(crate) fn ended(webhook: &WebhookView) -> &str {
    webhook.verdict.as_deref().unwrap_or(&webhook.state)
}

pub(crate) fn one(webhook: &WebhookView, output: &Output) -> String {
    let verdict = output.paint(ended(webhook), color_of(ended(webhook)));
    let lines = [
        ("webhook", Some(webhook.id.to_string())),
        ("verdict", Some(verdict)),
        ("reason", webhook.reason.as_deref().map(plain)),
        ("order", webhook.order_id.map(|id| id.to_string())),
        ("source", Some(format!("{} ({})", plain(&webhook.source), plain(&webhook.provider)))),
        ("account", webhook.account.as_deref().map(plain)),
        ("type", Some(plain(&webhook.native_type))),
        ("key", Some(plain(&webhook.dedup_key))),
        ("sha256", Some(webhook.body_sha256.clone())),
        ("received", Some(at(webhook.received_at))),
        ("committed", webhook.committed_at.map(at)),
        ("due", webhook.due_at.map(at)),
        ("attempts", Some(webhook.attempts.to_string())),
        ("error", webhook.last_error.as_deref().map(plain)),
        ("request", Some(plain(&webhook.correlation_id))),
        ("trace", webhook.trace_id.as_deref().map(plain)),
    ];
    let told = lines
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name:<10} {value}")));
    told.collect::<Vec<_>>().join("\n")
}
