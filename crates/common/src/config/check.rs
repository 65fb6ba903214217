//! What a configuration must satisfy as a whole. Start-up refuses a set that breaks any of it.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;

use super::{Config, Oidc, Profile, SecretText, Source};
use crate::domain::Currency;
use crate::signing::SigningKey;

/// The shortest time within which every provider answers a sender's patience (Shopify: 5 s in all).
const SENDER_PATIENCE_MS: u64 = 5_000;
/// Stripe repeats for three days.
const REPEAT_HORIZON_SECONDS: u64 = 72 * 3600;
const SECRETS_MAX: usize = 3;
const SECRET_BYTES_MIN: usize = 24;
/// An outage's every give-back is one of a message's 51 deliveries, so pauses must not be short.
const BREAKER_OPEN_MIN_MS: u64 = 15_000;
/// Secrets printed in documentation: ours, and those of the providers' own pages.
const SAMPLES: [&str; 7] = [
    "demo-token",
    "demo-admin-token",
    "whsec_demo",
    "YOUR_API_TOKEN",
    "It's a Secret to Everybody",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
];

/// One rule that is broken, as a sentence that names the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut demand = |holds: bool, sentence: String| {
        if !holds {
            found.push(Problem(sentence));
        }
    };
    demand_times(config, &mut demand);
    demand_sizes(config, &mut demand);
    demand_listeners(config, &mut demand);
    demand_urls(config, &mut demand);
    demand_fetch(config, &mut demand);
    demand_console(config, &mut demand);
    for (name, source) in &config.sources {
        demand_source(name, source, &mut demand);
    }
    if config.profile == Profile::Production {
        demand_production(config, &mut demand);
    }
    found
}

type Demand<'a> = dyn FnMut(bool, String) + 'a;

fn demand_times(config: &Config, demand: &mut Demand<'_>) {
    let database = &config.database;
    demand(
        database.transaction_timeout_ms > database.statement_timeout_ms + database.lock_timeout_ms,
        "database.transaction_timeout_ms must be more than statement_timeout_ms and lock_timeout_ms together".into(),
    );
    demand(
        config.lock.ttl_ms * 2 >= database.transaction_timeout_ms * 3,
        "lock.ttl_ms must be at least 1.5 × database.transaction_timeout_ms".into(),
    );
    demand(
        config.broker.confirm_timeout_ms < config.ingest.answer_timeout_ms,
        "broker.confirm_timeout_ms must be less than ingest.answer_timeout_ms".into(),
    );
    let pressure = &config.backpressure;
    demand(
        pressure.soft_age_seconds < pressure.hard_age_seconds,
        "backpressure.soft_age_seconds must be less than hard_age_seconds".into(),
    );
    demand(
        config.ingest.answer_timeout_ms < SENDER_PATIENCE_MS,
        format!(
            "ingest.answer_timeout_ms must be less than {SENDER_PATIENCE_MS}, the least that senders wait"
        ),
    );
    demand(
        config.redis.marker_ttl_seconds >= REPEAT_HORIZON_SECONDS,
        format!(
            "redis.marker_ttl_seconds must be at least {REPEAT_HORIZON_SECONDS}, as long as senders repeat"
        ),
    );
    demand(
        config.worker.breaker_open_min_ms <= config.worker.breaker_open_max_ms,
        "worker.breaker_open_min_ms must not be more than breaker_open_max_ms".into(),
    );
    let delays = &config.retry.delays_seconds;
    demand(
        !delays.is_empty()
            && delays.iter().all(|delay| *delay > 0)
            && delays.is_sorted_by(|a, b| a < b),
        "retry.delays_seconds must be a list of rising delays".into(),
    );
    demand(
        config.retry.defer_ms > 0 && config.retry.unknown_version_ms > 0,
        "retry.defer_ms and retry.unknown_version_ms must be more than 0".into(),
    );
}

fn demand_sizes(config: &Config, demand: &mut Demand<'_>) {
    let name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    demand(
        name(&config.broker.prefix),
        "broker.prefix must be letters, digits, dots, dashes or underscores".into(),
    );
    demand(
        name(&config.redis.prefix),
        "redis.prefix must be letters, digits, dots, dashes or underscores".into(),
    );
    let role = &config.database.role;
    demand(
        !role.is_empty()
            && role
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
        "database.role must be lower-case letters and underscores".into(),
    );
    for (value, key) in [
        (usize::from(config.broker.shards), "broker.shards"),
        (config.broker.in_flight_max, "broker.in_flight_max"),
        (config.worker.lanes, "worker.lanes"),
        (config.batch.max_events, "batch.max_events"),
        (config.ingest.max_body_bytes, "ingest.max_body_bytes"),
        (config.ingest.max_connections, "ingest.max_connections"),
        (config.ingest.forwarded_for_position, "ingest.forwarded_for_position"),
        (config.console.forwarded_for_position, "console.forwarded_for_position"),
        (config.console.read_pool_max, "console.read_pool_max"),
        (config.console.write_pool_max, "console.write_pool_max"),
    ] {
        demand(value >= 1, format!("{key} must be at least 1"));
    }
    demand(config.batch.max_events <= 5_000, "batch.max_events must be at most 5000".into());
    demand(
        config.database.pool_max >= config.worker.lanes + 2,
        "database.pool_max must be at least worker.lanes + 2".into(),
    );
    demand(
        (0.0..=1.0).contains(&config.telemetry.sample_ratio),
        "telemetry.sample_ratio must lie between 0 and 1".into(),
    );
}

fn demand_urls(config: &Config, demand: &mut Demand<'_>) {
    const POSTGRES: &[&str] = &["postgres", "postgresql"];
    let servers: [(&SecretText, &str, &[&str]); 3] = [
        (&config.database.url, "database.url", POSTGRES),
        (&config.redis.url, "redis.url", &["redis", "rediss"]),
        (&config.broker.url, "broker.url", &["amqp", "amqps"]),
    ];
    let migrate_url = config.database.migrate_url.as_ref();
    let migration = migrate_url.map(|url| (url, "database.migrate_url", POSTGRES));
    for (url, key, schemes) in servers.into_iter().chain(migration) {
        // The URL itself is not repeated: it holds a password.
        demand(
            Url::parse(url.expose()).is_ok_and(|url| schemes.contains(&url.scheme())),
            format!("{key} must be a URL that begins with {}://", schemes[0]),
        );
    }
}

fn demand_fetch(config: &Config, demand: &mut Demand<'_>) {
    let fetch = &config.fetch;
    demand(
        fetch.hosts.iter().all(|host| is_host(host)),
        "fetch.hosts must be names of hosts in lower case, without scheme, port or path".into(),
    );
    demand(
        (1..config.ingest.answer_timeout_ms).contains(&fetch.timeout_ms),
        "fetch.timeout_ms must be at least 1 and less than ingest.answer_timeout_ms".into(),
    );
    demand(fetch.concurrency >= 1, "fetch.concurrency must be at least 1".into());
    let delays = &fetch.delays_seconds;
    demand(
        delays.iter().all(|delay| *delay > 0) && delays.is_sorted_by(|a, b| a < b),
        "fetch.delays_seconds must be a list of rising delays".into(),
    );
}

fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
}

fn demand_console(config: &Config, demand: &mut Demand<'_>) {
    let console = &config.console;
    demand(
        console
            .public_url
            .as_deref()
            .is_none_or(|url| origin(url).is_some()),
        "console.public_url must be a URL such as https://waybill.example.com, without a path"
            .into(),
    );
    demand(
        console.trace_url.as_deref().is_none_or(is_trace_url),
        "console.trace_url must be a URL with {trace_id} in it, such as https://jaeger.example.com/trace/{trace_id}"
            .into(),
    );
    demand(
        (1..=console.session_max_minutes).contains(&console.session_idle_minutes),
        "console.session_idle_minutes must be at least 1 and not more than session_max_minutes"
            .into(),
    );
    demand(
        console.account_failures_max >= 1 && console.address_failures_max >= 1,
        "console.account_failures_max and address_failures_max must be at least 1".into(),
    );
    if !console.export_key.is_empty()
        && let Err(error) = SigningKey::from_pem(console.export_key.expose())
    {
        demand(false, format!("console.export_key {error}"));
    }
    if let Some(fault) = config.oidc.as_ref().and_then(Oidc::fault) {
        demand(false, format!("oidc.{fault}"));
    }
    demand(
        config.oidc.is_none() || console.public_url.is_some() || config.profile == Profile::Demo,
        "console.public_url must be given where oidc is: the provider sends browsers back there"
            .into(),
    );
    if config.profile == Profile::Production {
        let plain = console
            .public_url
            .as_deref()
            .is_none_or(|url| !url.starts_with("https://"));
        demand(
            !plain || console.listen.ip().is_loopback(),
            "console.public_url must begin with https:// where console.listen is no loopback address, outside the demo profile"
                .into(),
        );
    }
}

/// The id may stand anywhere but in the host's name.
fn is_trace_url(template: &str) -> bool {
    let with = |id: &str| Url::parse(&template.replace("{trace_id}", id)).ok();
    template.contains("{trace_id}")
        && with("a").is_some_and(|url| ["http", "https"].contains(&url.scheme()))
        && with("a").map(|url| url.origin()) == with("b").map(|url| url.origin())
}

/// The URL, if it is nothing but scheme, host and port.
fn origin(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(|url| {
        ["http", "https"].contains(&url.scheme())
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    })
}

fn demand_listeners(config: &Config, demand: &mut Demand<'_>) {
    let mut taken = BTreeMap::new();
    for (listener, key) in [
        (config.ingest.listen, "ingest.listen"),
        (config.ingest.ops_listen, "ingest.ops_listen"),
        (config.worker.ops_listen, "worker.ops_listen"),
        (config.console.listen, "console.listen"),
        (config.console.ops_listen, "console.ops_listen"),
    ] {
        // Port 0 means any free one.
        if listener.port() != 0
            && let Some(other) = taken.insert(listener, key)
        {
            demand(false, format!("{other} and {key} must not be the same listener"));
        }
    }
}

fn demand_source(name: &str, source: &Source, demand: &mut Demand<'_>) {
    demand(
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)),
        format!(
            "sources.{name}: a name must be letters, digits, dashes or underscores, for it is part of a path"
        ),
    );
    for (secrets, key) in [(&source.secrets, "secrets"), (&source.tokens, "tokens")] {
        demand(
            secrets.len() <= SECRETS_MAX,
            format!("sources.{name}.{key} must be at most {SECRETS_MAX}, for every one is tried"),
        );
        demand(
            secrets.iter().all(|secret| !secret.expose().is_empty()),
            format!("sources.{name}.{key} must not be empty"),
        );
    }
    demand(
        source
            .api_key
            .as_ref()
            .is_none_or(|key| !key.expose().is_empty()),
        format!("sources.{name}.api_key must not be empty"),
    );
    demand(
        source
            .duplicate_status
            .is_none_or(|status| [200, 409].contains(&status)),
        format!("sources.{name}.duplicate_status must be 200 or 409"),
    );
    demand(
        source
            .default_currency
            .as_deref()
            .is_none_or(|code| Currency::parse(code).is_ok()),
        format!("sources.{name}.default_currency must be a currency of ISO 4217"),
    );
    demand(
        source
            .order_ref
            .as_deref()
            .is_none_or(|pointer| pointer.starts_with('/')),
        format!("sources.{name}.order_ref must be a JSON pointer, such as /metadata/order_id"),
    );
    demand(
        source
            .rate_limit
            .is_none_or(|limit| limit.requests > 0 && limit.window_seconds > 0),
        format!("sources.{name}.rate_limit must allow at least one request in at least one second"),
    );
}

fn demand_production(config: &Config, demand: &mut Demand<'_>) {
    demand(
        config.worker.breaker_open_min_ms >= BREAKER_OPEN_MIN_MS,
        format!(
            "worker.breaker_open_min_ms must be at least {BREAKER_OPEN_MIN_MS} outside the demo profile"
        ),
    );
    demand(
        config
            .ingest
            .trusted_proxies
            .iter()
            .all(|net| net.prefix_len() > 0),
        "ingest.trusted_proxies must not trust the whole internet outside the demo profile, for then everyone chooses the address that is counted"
            .into(),
    );
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, source) in &config.sources {
        for secret in source.keys() {
            let text = secret.expose();
            demand(
                text.len() >= SECRET_BYTES_MIN,
                format!(
                    "sources.{name}: a secret must have at least {SECRET_BYTES_MIN} bytes outside the demo profile"
                ),
            );
            demand(
                !SAMPLES.contains(&text),
                format!(
                    "sources.{name}: a secret from documentation is no secret outside the demo profile"
                ),
            );
            if !is_public(text)
                && let Some(other) = owners.insert(text, name).filter(|other| other != name)
            {
                demand(
                    false,
                    format!("sources.{other} and sources.{name} must not share a secret"),
                );
            }
        }
    }
}

/// Root certificates and public keys are no secrets: sources of one provider share them.
fn is_public(text: &str) -> bool {
    text.starts_with("-----BEGIN CERTIFICATE-----") || text.starts_with("whpk_")
}
