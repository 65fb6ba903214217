//! `waybill user`: people who may use the console.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;
use waybill_common::access::{PasswordHash, Role, Secret};
use waybill_common::clock::Clock;
use waybill_common::config::{Config, Profile};
use waybill_common::domain::Timestamp;
use waybill_common::id;
use waybill_common::storage::access::{self, NewOperator, Operator};

use super::token::record;
use crate::arguments::User;
use crate::database;
use crate::output::{Ending, Output, table};

/// How long a link is good for.
const LINK_MICROS: i64 = 10 * 60 * 1_000_000;

#[derive(Serialize)]
struct Listed {
    id: Uuid,
    name: String,
    role: String,
    payload_read: bool,
    signs_in_by: &'static str,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
}

pub(crate) async fn run(command: User, config: &Config, output: &Output) -> anyhow::Result<Ending> {
    match command {
        User::Create { name, role, payload_read, no_password } => {
            let password = if no_password { None } else { Some(password(output)?) };
            create(&name, (role, payload_read), password, (config, output)).await
        }
        User::List => list(config, output).await,
        User::Password { name } => change_password(&name, config, output).await,
        User::Disable { name } => disable(&name, config, output).await,
        User::Link { name } => link(&name, config, output).await,
    }
}

async fn create(
    name: &str,
    (role, payload_read): (Role, bool),
    password: Option<PasswordHash>,
    (config, output): (&Config, &Output),
) -> anyhow::Result<Ending> {
    ensure!(is_plain(name), "a name is lower-case letters, digits and ._@+-, at most 100");
    let mut conn = database::connect(config).await?;
    let now = Clock::system().now();
    let new = NewOperator {
        id: id::at(now),
        name,
        role,
        payload_read,
        password: password.as_ref(),
        identity: None,
    };
    if !access::create_operator(&mut conn, &new, now).await? {
        output.error(&format!("«{name}» is there already"));
        return Ok(Ending::NotWell);
    }
    record(&mut conn, ("create_operator", &format!("operator:{name}")), now).await?;
    done("created", name, output)
}

/// As the table's CHECK has it.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=100).contains(&name.len())
        && name.bytes().next().is_some_and(plain)
        && name
            .bytes()
            .all(|byte| plain(byte) || b"._@+-".contains(&byte))
}

/// One line of standard input, so that it stands in no list of processes and no history of a shell.
fn password(output: &Output) -> anyhow::Result<PasswordHash> {
    if io::stdin().is_terminal() {
        output.note("type the password and press return (it is shown: mind who looks):");
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("could not read the password")?;
    PasswordHash::of(line.trim_end_matches(['\r', '\n'])).context("the password")
}

async fn list(config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let operators = access::operators(&mut conn).await?;
    let listed: Vec<Listed> = operators.into_iter().map(listed).collect();
    output.result(&listed, |listed| {
        let rows = listed.iter().map(|person| {
            [
                person.name.clone(),
                person.role.clone(),
                if person.payload_read { "payload:read" } else { "" }.to_owned(),
                person.signs_in_by.to_owned(),
                person
                    .disabled_at
                    .map_or("may sign in", |_at| "disabled")
                    .to_owned(),
            ]
        });
        table(["name", "role", "more", "signs in by", "state"], rows)
    })?;
    Ok(Ending::Well)
}

fn listed(operator: Operator) -> Listed {
    let signs_in_by = match (&operator.password_hash, &operator.subject) {
        (_, Some(_)) => "identity provider",
        (Some(_), None) => "password",
        (None, None) => "link",
    };
    Listed {
        id: operator.id,
        name: operator.name,
        role: operator.role,
        payload_read: operator.payload_read,
        signs_in_by,
        created_at: operator.created_at,
        disabled_at: operator.disabled_at,
    }
}

async fn change_password(name: &str, config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let password = password(output)?;
    let mut conn = database::connect(config).await?;
    if !access::set_password(&mut conn, name, &password).await? {
        return nobody(name, output);
    }
    record(&mut conn, ("set_password", &format!("operator:{name}")), Clock::system().now()).await?;
    done("changed", name, output)
}

async fn disable(name: &str, config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let now = Clock::system().now();
    if !access::disable_operator(&mut conn, name, now).await? {
        return nobody(name, output);
    }
    record(&mut conn, ("disable_operator", &format!("operator:{name}")), now).await?;
    done("disabled", name, output)
}

async fn link(name: &str, config: &Config, output: &Output) -> anyhow::Result<Ending> {
    if config.profile != Profile::Demo {
        bail!("links sign in without a password: they are for the demo profile only");
    }
    let mut conn = database::connect(config).await?;
    let Some(operator) = access::operator_by_name(&mut conn, name).await? else {
        return nobody(name, output);
    };
    let (secret, now) = (Secret::new(""), Clock::system().now());
    let expires_at = Timestamp::from_micros_saturating(now.micros() + LINK_MICROS);
    access::put_link(&mut conn, &secret.hash(), operator.id, expires_at).await?;
    record(&mut conn, ("make_link", &format!("operator:{name}")), now).await?;
    let listen = format!("http://{}", config.console.listen);
    let origin = config.console.public_url.as_deref().unwrap_or(&listen);
    let url = format!("{}/sign-in/{}", origin.trim_end_matches('/'), secret.expose());
    output.result(&serde_json::json!({ "url": url, "expires_at": expires_at }), |_link| {
        url.clone()
    })?;
    Ok(Ending::Well)
}

fn done(what: &str, name: &str, output: &Output) -> anyhow::Result<Ending> {
    output.result(&serde_json::json!({ what: name }), |_done| format!("{what} {name}"))?;
    Ok(Ending::Well)
}

fn nobody(name: &str, output: &Output) -> anyhow::Result<Ending> {
    output.error(&format!("nobody called «{name}» may sign in"));
    Ok(Ending::NotWell)
}
