//! What is configured, and what its secrets have verified.

use chrono::{DateTime, Utc};
use comfy_table::Cell;
use waybill_operate::sources::{SecretView, SourceView, Standing};

use super::{at, cell, maybe};
use crate::output::table;

pub(crate) fn list(sources: &[SourceView]) -> String {
    let rows = sources.iter().map(|source| {
        [
            cell(&source.name),
            cell(&source.provider),
            cell(&source.namespace),
            cell(if source.live { "live" } else { "test" }),
            maybe(source.book.as_deref()),
            cell(&source.path),
            cell(&source.rotation),
        ]
    });
    let heading = ["name", "provider", "namespace", "mode", "book", "path", "rotation"];
    let secrets = sources.iter().flat_map(|source| {
        let named = |kind, secrets| named((source, kind), secrets);
        named("secret", &source.secrets).chain(named("token", &source.tokens))
    });
    format!("{}\n{}", table(heading, rows), table(SECRETS, secrets))
}

const SECRETS: [&str; 7] =
    ["source", "secret", "state", "requests", "last used", "counted since", "before that"];

/// Each secret of one kind, with what it has verified.
fn named(
    (source, kind): (&SourceView, &'static str),
    secrets: &[SecretView],
) -> impl Iterator<Item = [Cell; 7]> {
    (1..).zip(secrets).map(move |(number, secret)| {
        let usage = secret.usage.as_ref();
        let time = |time: Option<DateTime<Utc>>| maybe(time.map(at).as_deref());
        [
            cell(&source.name),
            cell(&format!("{kind} {number}")),
            cell(standing(secret.standing)),
            cell(&usage.map_or_else(|| "–".to_owned(), |usage| usage.used.to_string())),
            time(usage.and_then(|usage| usage.last_used_at)),
            time(usage.map(|usage| usage.since)),
            time(secret.used_before_at),
        ]
    })
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::ToCome => "not yet",
        Standing::Unknown | Standing::Used => "in use",
        Standing::Unused => "not used yet",
        Standing::Replaced => "can go",
        Standing::Over => "over",
    }
}
