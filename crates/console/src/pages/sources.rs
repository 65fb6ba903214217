//! Who may send: what is configured, without its secrets, and what they have verified.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use serde::Deserialize;
use waybill_common::access::Role;
use waybill_providers::Scenario;

use super::badge::Badge;
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::access::{Acting, Caller};
use crate::api::sources::{self, SecretView, SourceView, Standing};
use crate::app::App;
use crate::problem::Problem;
use crate::sample::{self, Sent};

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    layout: Layout,
    sources: Vec<Shown>,
    /// What was just sent.
    sent: Option<Sent>,
}

/// What the form of a sample sends.
#[derive(Deserialize)]
pub(super) struct Sample {
    scenario: String,
}

/// A source with the state of its secrets in words.
struct Shown {
    source: SourceView,
    credentials: Vec<Credential>,
    /// What may be sent to try it; none where nobody may.
    lives: &'static [Scenario],
}

/// One secret or token.
struct Credential {
    /// Such as `secret 1`.
    name: String,
    state: Badge,
    usage: Option<Usage>,
    /// By replicas of ingest that have ended.
    used_before: Option<Moment>,
    not_before: Option<String>,
    not_after: Option<String>,
    from_file: bool,
}

/// What the replicas of ingest that run have verified by it.
struct Usage {
    used: i64,
    since: Moment,
    last: Option<Moment>,
}

pub(super) async fn show(
    layout: Layout,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    layout::page(&page(layout, &caller, &app).await?)
}

/// Sends a sample from a source, and shows what came of it.
pub(super) async fn send(
    layout: Layout,
    source: Path<String>,
    asked: Form<Sample>,
    (caller, acting): (Caller, Acting),
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let sent = sample::send(&app, (&source, &asked.scenario), &acting).await?;
    layout::page(&SourcesPage { sent: Some(sent), ..page(layout, &caller, &app).await? })
}

async fn page(layout: Layout, caller: &Caller, app: &App) -> Result<SourcesPage, Problem> {
    let may_send = caller.grant.role >= Role::Operator;
    let shown = |source: SourceView| {
        let credentials = credentials("secret", &source.secrets)
            .chain(credentials("token", &source.tokens))
            .collect();
        let lives = sample::lives(&app.config, &source.provider);
        let lives = if may_send { lives } else { &[] };
        Shown { source, credentials, lives }
    };
    let sources = sources::all(app).await?.into_iter().map(shown).collect();
    Ok(SourcesPage { layout, sources, sent: None })
}

fn credentials(kind: &str, secrets: &[SecretView]) -> impl Iterator<Item = Credential> {
    let named = (1..).zip(secrets);
    named.map(move |(number, secret)| credential(format!("{kind} {number}"), secret))
}

fn credential(name: String, secret: &SecretView) -> Credential {
    Credential {
        name,
        state: match secret.standing {
            Standing::ToCome => Badge::new("info", "not yet"),
            Standing::Unknown | Standing::Used => Badge::new("good", "in use"),
            Standing::Unused => Badge::new("info", "not used yet"),
            Standing::Replaced => Badge::new("warn", "can go"),
            Standing::Over => Badge::new("plain", "over"),
        },
        usage: secret.usage.as_ref().map(|usage| Usage {
            used: usage.used,
            since: usage.since.into(),
            last: usage.last_used_at.map(Moment::from),
        }),
        used_before: secret.used_before_at.map(Moment::from),
        not_before: secret.not_before.clone(),
        not_after: secret.not_after.clone(),
        from_file: secret.from_file,
    }
}
