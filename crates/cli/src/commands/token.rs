//! `waybill token`: what programs present to the console's API.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;
use waybill_common::access::{Grant, Role, Scope, Secret};
use waybill_common::clock::Clock;
use waybill_common::config::Config;
use waybill_common::domain::Timestamp;
use waybill_common::id;
use waybill_common::storage::access::{self, ApiToken, NewToken};
use waybill_common::storage::operator_actions::{self, NewAction};

use crate::arguments::Token;
use crate::commands::WHO;
use crate::database;
use crate::output::{Ending, Output, table};

const DAY_MICROS: i64 = 86_400_000_000;
/// Lets secret scanners and people see what it is.
const PREFIX: &str = "wb_";

#[derive(Serialize)]
struct Created {
    id: Uuid,
    token: String,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Listed {
    id: Uuid,
    name: String,
    role: String,
    scopes: Vec<String>,
    state: &'static str,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

pub(crate) async fn run(
    command: Token,
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    match command {
        Token::Create { name, role, scope, days } => {
            create(&name, (role, scope, days), config, output).await
        }
        Token::List => list(config, output).await,
        Token::Revoke { id } => revoke(id, config, output).await,
    }
}

async fn create(
    name: &str,
    (role, scopes, days): (Role, Vec<Scope>, u32),
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let (secret, now) = (Secret::new(PREFIX), Clock::system().now());
    let grant = Grant { role, scopes: scopes.into_iter().collect() };
    let expires_at = Timestamp::from_micros_saturating(now.micros() + i64::from(days) * DAY_MICROS);
    let new = NewToken {
        id: id::at(now),
        name,
        hash: secret.hash(),
        grant: &grant,
        created_by: WHO.actor,
        expires_at,
    };
    access::create_token(&mut conn, &new, now).await?;
    record(&mut conn, ("create_token", &format!("token:{}", new.id)), now).await?;
    let created = Created { id: new.id, token: secret.expose().to_owned(), expires_at };
    output.note("keep it now: it is not shown again");
    output.result(&created, |created| created.token.clone())?;
    Ok(Ending::Well)
}

/// Every change to who may do what is on record.
pub(super) async fn record(
    conn: &mut waybill_common::storage::Connection,
    (action, subject): (&str, &str),
    now: Timestamp,
) -> anyhow::Result<()> {
    let action = NewAction {
        actor: WHO.actor,
        action,
        reason: "typed by whoever may reach the database",
        origin: WHO.origin,
        subject,
        before: None,
        after: None,
    };
    operator_actions::record(conn, &action, now).await?;
    Ok(())
}

async fn list(config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let now = Clock::system().now();
    let tokens = access::tokens(&mut conn).await?;
    let listed: Vec<Listed> = tokens.into_iter().map(|token| listed(token, now)).collect();
    output.result(&listed, |listed| {
        let rows = listed.iter().map(|token| {
            [
                token.id.to_string(),
                token.name.clone(),
                token.role.clone(),
                token.scopes.join(", "),
                token.state.to_owned(),
                token.expires_at.to_rfc3339(),
                token
                    .last_used_at
                    .map_or("never".to_owned(), |at| at.to_rfc3339()),
            ]
        });
        table(["id", "name", "role", "scopes", "state", "expires", "last used"], rows)
    })?;
    Ok(Ending::Well)
}

fn listed(token: ApiToken, now: Timestamp) -> Listed {
    let state = match token.revoked_at {
        Some(_) => "revoked",
        None if token.is_valid(now) => "good",
        None => "expired",
    };
    Listed {
        id: token.id,
        name: token.name,
        role: token.role,
        scopes: token.scopes,
        state,
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
    }
}

async fn revoke(id: Uuid, config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let now = Clock::system().now();
    if !access::revoke_token(&mut conn, id, now).await? {
        output.error(&format!("no token {id} stands"));
        return Ok(Ending::NotWell);
    }
    record(&mut conn, ("revoke_token", &format!("token:{id}")), now).await?;
    output.result(&serde_json::json!({ "revoked": id }), |_revoked| format!("revoked {id}"))?;
    Ok(Ending::Well)
}
